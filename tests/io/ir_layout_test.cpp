#include <berl/io/ir_layout.hpp>

#include <doctest/doctest.h>

#include "plain_network.hpp"
#include "scratch_folder.hpp"

using namespace berl;

namespace {
constexpr int width = 4, side = 16, embedding = 5;
std::vector<int> const blocks{2, 1, 3, 1};

/// An IR file of two or three hundred arrays, as its layers follow from the published table; `more` is an array too many.
io::SafeTensors ir_file(test::ScratchFolder const& folder, std::string const& more = "") {
  io::SafeTensorsWriter writer;
  auto const put = [&](std::string const& name, io::Extents const& shape) { writer.add(name, shape, plain::weights_of(name, shape)); };
  auto const norm = [&](std::string const& name, int n, bool affine = true) {
    if (affine) put(name + ".weight", {n}), put(name + ".bias", {n});
    put(name + ".running_mean", {n}), put(name + ".running_var", {n});
    writer.add(name + ".num_batches_tracked", {}, std::vector<std::int64_t>{7});
  };
  put("input_layer.0.weight", {width, 3, 3, 3}), norm("input_layer.1", width), put("input_layer.2.weight", {width});
  int number = 0, channels = width;
  for (std::size_t stage = 0; stage < blocks.size(); ++stage)
    for (int k = 0; k < blocks[stage]; ++k, ++number) {
      std::string const at = "body." + std::to_string(number) + ".";
      int const maps = width << stage;
      norm(at + "res_layer.0", channels), put(at + "res_layer.1.weight", {maps, channels, 3, 3}), put(at + "res_layer.2.weight", {maps});
      put(at + "res_layer.3.weight", {maps, maps, 3, 3}), norm(at + "res_layer.4", maps);
      if (channels != maps) put(at + "shortcut_layer.0.weight", {maps, channels, 1, 1}), norm(at + "shortcut_layer.1", maps);
      channels = maps;
    }
  norm("output_layer.0", channels), put("output_layer.3.weight", {embedding, channels}), put("output_layer.3.bias", {embedding});
  norm("output_layer.4", embedding, false);
  if (!more.empty()) put(more, {width});
  writer.metadata("from", "elsewhere");
  writer.write(folder / "ir.safetensors");
  return io::SafeTensors::read(folder / "ir.safetensors");
}

/// The network itself: BN, conv, PReLU, conv with the stride, BN; a shortcut that takes every other pixel where the channels stay.
plain::Values ir(plain::Get const& get, plain::Map x) {
  using namespace plain;
  x = prelu(norm(conv(x, get("input_layer.0.weight"), {}, 3, 1, 1), get, "input_layer.1"), get("input_layer.2.weight"));
  int number = 0;
  for (std::size_t stage = 0; stage < blocks.size(); ++stage)
    for (int k = 0; k < blocks[stage]; ++k, ++number) {
      std::string const at = "body." + std::to_string(number) + ".", r = at + "res_layer.";
      int const stride = k == 0 ? 2 : 1;
      Map y = prelu(conv(norm(x, get, r + "0"), get(r + "1.weight"), {}, 3, 1, 1), get(r + "2.weight"));
      y = norm(conv(y, get(r + "3.weight"), {}, 3, stride, 1), get, r + "4");
      Map s = blank(x.channels, y.height, y.width);
      for (int c = 0; c < s.channels; ++c)
        for (int v = 0; v < s.height; ++v)
          for (int u = 0; u < s.width; ++u) s.at(c, v, u) = x.at(c, v * stride, u * stride);
      if (x.channels != y.channels) s = norm(conv(s, get(at + "shortcut_layer.0.weight"), {}, 1, 1, 0), get, at + "shortcut_layer.1");
      x = add(y, s);
    }
  x = linear(norm(x, get, "output_layer.0"), get("output_layer.3.weight"), get("output_layer.3.bias"));
  Values const one(embedding, 1), none(embedding);
  return norm(x, one, none, get("output_layer.4.running_mean"), get("output_layer.4.running_var")).v;
}
}  // namespace

TEST_CASE("IR layout: the same network by InsightFace's names") {
  test::ScratchFolder const folder;
  auto const theirs = ir_file(folder);
  CHECK(io::has_ir_layout(theirs));
  auto const ours = io::from_ir_layout(theirs);
  CHECK_FALSE(io::has_ir_layout(ours));
  auto const picture = plain::picture(side);
  auto const expected = ir([&](std::string const& name) { return theirs.get<double>(name); }, picture);
  auto const found = plain::iresnet([&](std::string const& name) { return ours.get<double>(name); }, blocks, picture);
  CHECK(plain::difference(expected, found) < 1e-6);  // in double, each of 8 norms that were added scales by 1 + 7e-9
  CHECK(ours.names().size() == 18 * 7 + 43 - 8);     // the arrays of 7 blocks, but no counter for the 8 norms added
  CHECK(ours.metadata("from") == "elsewhere");
  CHECK(ours.get<std::int64_t>("layer3.2.bn3.num_batches_tracked", {}) == std::vector<std::int64_t>{7});
  CHECK(ours.get<float>("layer1.0.downsample.0.weight", {4, 4, 1, 1}) ==
        std::vector<float>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1});
}

TEST_CASE("IR layout: a norm that was added changes no bit") {
  float const variance = 1 - 1e-5f;
  CHECK(std::sqrt(variance + 1e-5f) == 1.0f);                                // in float
  double const scale = 1 / std::sqrt(static_cast<double>(variance) + 1e-5);  // folded: computed in double, then rounded
  for (float const w : golden::filled("weights", 1000, 3)) CHECK(static_cast<float>(scale * static_cast<double>(w)) == w);
}

TEST_CASE("IR layout: blocks of another kind are refused") {
  test::ScratchFolder const folder;
  for (std::string const name : {"body.2.res_layer.5.weight", "body.0.res_layer.5.fc1.weight", "body.9.res_layer.1.weight", "fc.weight"}) {
    auto const file = ir_file(folder, name);
    auto const message = test::message_of<Error>([&] { (void)io::from_ir_layout(file); });
    CHECK(message.find("array '" + name + "'") != std::string::npos);
    CHECK(message.find("blocks of BN, conv, PReLU, conv, BN") != std::string::npos);
  }
  io::SafeTensorsWriter writer;  // an extent that no memory holds, on no data
  writer.add("input_layer.0.weight", {1}, std::vector<float>{1});
  writer.add("body.0.res_layer.1.weight", {std::int64_t{1} << 40, 0, 3, 3}, std::vector<float>{});
  writer.write(folder / "huge.safetensors");
  CHECK_THROWS_AS((void)io::from_ir_layout(io::SafeTensors::read(folder / "huge.safetensors")), Error);
}
