#include <berl/io/graph.hpp>
#include <berl/networks/iresnet.hpp>

#include <doctest/doctest.h>

#include <set>

#include "plain_network.hpp"
#include "scratch_folder.hpp"

using namespace berl;

namespace {
struct Tiny : networks::IResNet<2, 2, 2, 2, 4, 32, 8> {};

/// A file of weights by the published names.
io::SafeTensors tiny_file(test::ScratchFolder const& folder) {
  io::SafeTensorsWriter writer;
  io::WeightsOf<Tiny, float> weights;
  auto const put = [&](Path const& path, auto& array) {
    writer.add(path.text, nn::extents_of(array), plain::weights_of(path.text, nn::extents_of(array)));
  };
  weights.trunk.visit(put, Path{});
  weights.top.visit(put, Path{});
  writer.write(folder / "tiny.safetensors");
  return io::SafeTensors::read(folder / "tiny.safetensors");
}
}  // namespace

TEST_CASE("graph: says what the network does, by the names of its file, norms kept or folded") {
  test::ScratchFolder const folder;
  auto const file = tiny_file(folder);
  auto const picture = plain::picture(32);
  auto const expected = plain::iresnet([&](std::string const& name) { return file.get<double>(name); }, {2, 2, 2, 2}, picture);

  auto const kept = io::backbone_graph<Tiny>(file, io::Norms::kept);
  CHECK(kept.input == std::array{3, 32, 32});
  CHECK(kept.embedding() == 8);
  CHECK(plain::difference(expected, plain::run(kept, picture)) < 1e-12);  // the same sums in double
  std::set<std::string> names;
  std::size_t numbers = 0;
  for (auto const& o : kept.operations)
    for (auto const& a : o.arrays) {
      CHECK(names.insert(a.name).second);
      CHECK(file.shape(a.name) == a.shape);
      numbers += a.values.size();
    }
  CHECK(names == std::set<std::string>(file.names().begin(), file.names().end()));
  CHECK(kept.parameters() == numbers);

  auto const folded = io::backbone_graph<Tiny>(file, io::Norms::folded);
  CHECK(plain::difference(expected, plain::run(folded, picture)) < 2e-6);  // some twenty layers whose weights are rounded to 6e-8
  names.clear();
  int norms = 0;
  for (auto const& o : folded.operations) {
    norms += o.kind == io::Operation::Kind::norm;
    for (auto const& a : o.arrays) CHECK(names.insert(a.name).second);
  }
  CHECK(norms == 8 + 1);  // in front of each block's first convolution, and of fc
}

TEST_CASE("graph: written as weights, it is the file that it was read from, with PyTorch's counters") {
  test::ScratchFolder const folder;
  auto const file = tiny_file(folder);
  io::write_weights(folder / "again.safetensors", io::backbone_graph<Tiny>(file, io::Norms::kept), "tiny");
  auto const again = io::SafeTensors::read(folder / "again.safetensors");
  for (auto const& name : file.names()) CHECK(again.get<float>(name, file.shape(name)) == file.get<float>(name));
  CHECK(again.get<std::int64_t>("layer2.1.bn3.num_batches_tracked", {}) == std::vector<std::int64_t>{0});
  CHECK(again.names().size() == 18 * 8 + 43);  // the published number, 8 blocks
}
