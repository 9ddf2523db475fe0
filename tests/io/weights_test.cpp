#include <berl/io/weights.hpp>

#include <doctest/doctest.h>

#include "scratch_folder.hpp"
#include "torch_archive.hpp"

using namespace berl;

TEST_CASE("weights: either kind of file, told by its first bytes") {
  test::ScratchFolder const folder;
  io::SafeTensorsWriter writer;
  writer.add("fc.bias", {2}, std::vector<float>{1, 2});
  writer.write(folder / "a");
  CHECK(io::read_weights(folder / "a").get<float>("fc.bias") == std::vector<float>{1, 2});
  test::spit(folder / "b", test::torch_archive({{"fc.bias", {2}, {3, 4}}, {"fc.weight", {1, 2}, {5, 6}}}));
  auto const b = io::read_weights(folder / "b");
  CHECK(b.get<float>("fc.bias", {2}) == std::vector<float>{3, 4});
  CHECK(b.get<float>("fc.weight", {1, 2}) == std::vector<float>{5, 6});
}

TEST_CASE("weights: CurricularFace's names become InsightFace's") {
  test::ScratchFolder const folder;
  test::spit(folder / "ir", test::torch_archive({{"input_layer.0.weight", {1}, {3}}, {"output_layer.3.bias", {1}, {4}}}));
  CHECK(io::read_weights(folder / "ir").names() == std::vector<std::string>{"conv1.weight", "fc.bias"});
}

TEST_CASE("weights: files that are neither are named") {
  test::ScratchFolder const folder;
  test::spit(folder / "old.pth", std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.", 16));  // how files began before PyTorch 1.6
  CHECK(test::message_of<Error>([&] { (void)io::read_weights(folder / "old.pth"); }).find("before 1.6") != std::string::npos);
  CHECK(test::message_of<Error>([&] { (void)io::read_weights(folder / "none"); }).find("no readable file") != std::string::npos);
  test::spit(folder / "text", "no weights at all");
  CHECK_THROWS_AS((void)io::read_weights(folder / "text"), Error);
}
