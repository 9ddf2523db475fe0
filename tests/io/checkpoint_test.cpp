#include <berl/io/checkpoint.hpp>
#include <berl/model.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "scratch_folder.hpp"

using namespace berl;
using test::message_of;
using test::ScratchFolder;
using test::slurp;
using test::spit;

namespace {
template <int Width = 4, int Embedding = 8, int Blocks = 2>
using Tiny = Model<networks::IResNet<2, 2, Blocks, 2, Width, 112, Embedding>, losses::CurricularFace, networks::Bypass<4 * Width, 4, 4>>;

/// A model's arrays without a trainer, each number different.
template <class M>
struct Arrays {
  Arena memory;
  train::States<M, float> states;
  train::Parameters<M, float, Host> params;
  explicit Arrays(int identities, float first = 0, bool confidence = false)
      : memory(train::States<M, float>::bytes(identities, confidence)),
        states(memory, identities, confidence) {
    params.place(states, identities);
    params.visit([&](Path const&, auto& array) {
      for (std::size_t i = 0; i < array.read().size(); ++i) array.value()[i] = first += 0.001f;
    });
  }
  std::vector<float> all() {
    std::vector<float> values;
    params.visit([&](Path const&, auto& array) { values.insert(values.end(), array.value(), array.value() + array.read().size()); });
    return values;
  }
};
io::ModelInfo const info{"tiny", 3, 17, {.depth_min = 0.8, .supersampling = 1, .padding = imaging::Padding::border}, data::Resize::area};
}  // namespace

TEST_CASE("checkpoint: the arrays have the published names and shapes") {
  ScratchFolder scratch;
  Arrays<Tiny<>> model(3);
  io::save_model(scratch / "model.safetensors", model.params, info);
  auto const file = io::SafeTensors::read(scratch / "model.safetensors");
  std::size_t backbone = 0;
  for (auto const& name : file.names())
    if (!name.starts_with("head.") && !name.starts_with("iia.") && !name.starts_with("ira.")) ++backbone;
  CHECK(backbone == 18 * 8 + 43);  // spec 3.1, of 8 blocks
  CHECK(file.shape("conv1.weight") == io::Extents{4, 3, 3, 3});
  CHECK(file.shape("bn1.running_var") == io::Extents{4});
  CHECK(file.shape("bn1.num_batches_tracked") == io::Extents{});
  CHECK(file.get<std::int64_t>("bn1.num_batches_tracked").front() == 0);
  CHECK(file.dtype("bn1.num_batches_tracked") == io::DType::I64);
  CHECK(file.shape("layer1.0.downsample.0.weight") == io::Extents{4, 4, 1, 1});
  CHECK(file.shape("layer4.1.prelu.weight") == io::Extents{32});
  CHECK(file.shape("fc.weight") == io::Extents{8, 32 * 49});
  CHECK(file.shape("features.running_mean") == io::Extents{8});
  CHECK(file.shape("head.weight") == io::Extents{3, 8});
  CHECK(file.shape("head.t") == io::Extents{1});
  for (char const* name : {"iia.view.network.0.weight", "iia.light.network.10.weight", "ira.depth.encoder.1.bias",
                           "ira.depth.encoder.5.weight", "ira.depth.decoder.29.weight", "ira.albedo.decoder.27.bias"})
    CHECK(file.contains(name));

  auto const read = io::read_info(file);
  CHECK(read.network == "tiny");
  CHECK(read.identities == 3);
  CHECK(read.step == 17);
  CHECK(read.imaging.depth_min == 0.8);
  CHECK(read.imaging.supersampling == 1);
  CHECK(read.imaging.padding == imaging::Padding::border);
  CHECK(read.imaging.raster_offset == imaging::RasterOffset::reference);
  CHECK(read.resize == data::Resize::area);
  CHECK(file.metadata("resize") == "area");
  CHECK(!file.contains("confidence.network.0.weight"));

  Arrays<Tiny<>> confident(3, 0, true);
  io::save_model(scratch / "confident.safetensors", confident.params, info);
  auto const more = io::SafeTensors::read(scratch / "confident.safetensors");
  CHECK(more.names().size() == file.names().size() + 25);  // trunk 18, pixels 7
  CHECK(more.shape("confidence.network.0.weight") == io::Extents{4, 3, 4, 4});
  CHECK(more.shape("confidence.out_net1.6.weight") == io::Extents{2, 4, 5, 5});
}

TEST_CASE("checkpoint: what was saved comes back, bit for bit") {
  ScratchFolder scratch;
  Arrays<Tiny<>> from(3, 1), to(3, 2), more(4, 2);
  io::save_model(scratch / "a", from.params, info);
  auto const file = io::SafeTensors::read(scratch / "a");
  io::load_start<float>(file, to.params);
  CHECK(to.all() == from.all());
  auto const head = std::vector<float>(more.params.head.weight.value(), more.params.head.weight.value() + 32);
  io::load_start<float>(file, more.params);  // another number of identities: the head stays
  CHECK(std::equal(head.begin(), head.end(), more.params.head.weight.value()));
  CHECK(more.params.trunk.template at<0>().named.weight.value()[5] == from.params.trunk.template at<0>().named.weight.value()[5]);
}

TEST_CASE("checkpoint: the confidence network comes back, is left out, or begins anew") {
  ScratchFolder scratch;
  Arrays<Tiny<>> with(3, 1, true), without(3, 2), other(3, 3, true), plain(3, 4);
  io::save_model(scratch / "with", with.params, info);
  io::save_model(scratch / "without", without.params, info);
  io::load_start<float>(io::SafeTensors::read(scratch / "with"), other.params);
  CHECK(other.all() == with.all());
  io::load_start<float>(io::SafeTensors::read(scratch / "with"), plain.params);
  auto const all = with.all(), part = plain.all();
  CHECK(all.size() > part.size());
  CHECK(std::equal(part.begin(), part.end(), all.begin()));
  Arrays<Tiny<>> const before(3, 5, true);
  Arrays<Tiny<>> after(3, 5, true);
  io::load_start<float>(io::SafeTensors::read(scratch / "without"), after.params);
  auto const* const first = after.states.values + after.states.recognition + after.states.auxiliary - 16;
  CHECK(std::equal(first, first + 16, before.states.values + before.states.recognition + before.states.auxiliary - 16));
  auto const weight = [](auto& arrays) { return arrays.params.view.template at<0>().named.template at<0>().weight.value()[0]; };
  CHECK(weight(after) == weight(without));
}

TEST_CASE("checkpoint: the one before is kept") {
  ScratchFolder scratch;
  Arrays<Tiny<>> first(3, 1), second(3, 2);
  io::save_model(scratch / "a", first.params, info);
  std::string const bytes = slurp(scratch / "a");
  io::save_model(scratch / "a", second.params, info);
  CHECK((slurp(scratch / "a.previous") == bytes));
  CHECK((slurp(scratch / "a") != bytes));
}

TEST_CASE("checkpoint: another network, another size, damage: the first array is named, and nothing changes") {
  ScratchFolder scratch;
  Arrays<Tiny<>> from(3, 1);
  io::save_model(scratch / "a", from.params, info);
  auto const refused = [&](auto model) {
    auto const before = model.all();
    std::string const text = message_of<Error>([&] { io::load_start<float>(io::SafeTensors::read(scratch / "a"), model.params); });
    CHECK(model.all() == before);
    return text;
  };
  CHECK(refused(Arrays<Tiny<8>>(3)).find("a, array 'conv1.weight': found shape [4, 3, 3, 3]; expected [8, 3, 3, 3]") != std::string::npos);
  CHECK(refused(Arrays<Tiny<4, 16>>(3)).find("array 'fc.weight': found shape [8, 1568]; expected [16, 1568]") != std::string::npos);
  CHECK(refused(Arrays<Tiny<4, 8, 3>>(3)).find("array 'layer3.2.bn1.weight': found no such array; expected shape [16]") !=
        std::string::npos);
  {
    Arrays<Tiny<4, 8, 3>> deeper(3, 1);
    io::save_model(scratch / "a", deeper.params, info);
    CHECK(refused(Arrays<Tiny<>>(3)).find("array 'layer3.2.") != std::string::npos);  // has all arrays of the other, and more
  }
  from.params.top.visit(
      [&](Path const& path, auto& array) {
        if (path.text == "fc.bias") array.value()[2] = std::numeric_limits<float>::quiet_NaN();
      },
      Path{});
  io::save_model(scratch / "a", from.params, info);
  CHECK(refused(Arrays<Tiny<>>(3)).find("array 'fc.bias': found nan at 2; expected numbers that are finite") != std::string::npos);

  spit(scratch / "a", slurp(scratch / "a").substr(0, 5000));
  CHECK(refused(Arrays<Tiny<>>(3)).find("a: found a header of") != std::string::npos);
  std::filesystem::remove(scratch / "a");
  CHECK(refused(Arrays<Tiny<>>(3)).find("a: found no readable file") != std::string::npos);
}

TEST_CASE("checkpoint: a file of another program is told apart") {
  ScratchFolder scratch;
  io::SafeTensorsWriter writer;
  writer.add("weight", {2}, std::vector<float>{1, 2});
  writer.write(scratch / "foreign");
  CHECK(message_of<Error>([&] { io::read_info(io::SafeTensors::read(scratch / "foreign")); }).find("no mark of berl's") !=
        std::string::npos);
  writer.metadata("format", "berl model");
  writer.metadata("network", "tiny");
  writer.metadata("identities", "many");
  writer.write(scratch / "foreign");
  CHECK(message_of<Error>([&] {
          io::read_info(io::SafeTensors::read(scratch / "foreign"));
        }).find("metadata 'identities': found 'many'; expected a whole number") != std::string::npos);
}

TEST_CASE("checkpoint: how pictures are resized is read where the file says it, else it is bilinear") {
  ScratchFolder scratch;
  io::SafeTensorsWriter writer;
  writer.add("weight", {1}, std::vector<float>{1});
  io::write_info(writer, info);
  writer.metadata("format", "berl model");
  writer.write(scratch / "now");
  CHECK(io::read_info(io::SafeTensors::read(scratch / "now")).resize == data::Resize::area);
  writer.metadata("resize", "cubic");
  writer.write(scratch / "wrong");
  CHECK(message_of<Error>([&] {
          io::read_info(io::SafeTensors::read(scratch / "wrong"));
        }).find("metadata 'resize': found 'cubic'; expected one of bilinear, triangle, area") != std::string::npos);

  io::SafeTensorsWriter old;  // as files were written before
  old.add("weight", {1}, std::vector<float>{1});
  auto const now = io::SafeTensors::read(scratch / "now");
  for (auto const& [key, value] : now.metadata())
    if (key != "resize") old.metadata(key, value);
  old.write(scratch / "old");
  CHECK(io::read_info(io::SafeTensors::read(scratch / "old")).resize == data::Resize::bilinear);
}
