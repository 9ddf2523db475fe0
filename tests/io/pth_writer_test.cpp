#include <berl/io/pth_writer.hpp>

#include <doctest/doctest.h>

#include "plain_network.hpp"
#include "scratch_folder.hpp"

using namespace berl;

TEST_CASE("pth writer: what it writes is read again, every bit") {
  test::ScratchFolder const folder;
  auto const graph = plain::small_graph();
  io::write_pth(folder / "n.pth", graph);
  auto const file = io::read_pth(folder / "n.pth");
  std::size_t arrays = 0;
  for (auto const& o : graph.operations)
    for (auto const& a : o.arrays) {
      CHECK(file.get<float>(a.name, a.shape) == std::vector<float>(a.values.begin(), a.values.end()));
      ++arrays;
    }
  CHECK(file.names().size() == arrays);
}

TEST_CASE("pth writer: the archive's entries are those that PyTorch looks for") {
  test::ScratchFolder const folder;
  io::write_pth(folder / "n.pth", plain::small_graph());
  io::detail::StoredZip zip(folder / "n.pth");
  auto const text = [&](std::string const& name) {
    auto const bytes = zip.read(name);
    return std::string(bytes.begin(), bytes.end());
  };
  CHECK(text("backbone/version") == "3\n");
  CHECK(text("backbone/byteorder") == "little");
  CHECK(text("backbone/data/0").size() == 4 * 5 * 3 * 3 * 3);  // the first convolution
  CHECK_THROWS_AS(io::write_pth("/nowhere/n.pth", plain::small_graph()), Error);
}
