#include <berl/eval/pair_pictures.hpp>

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

using namespace berl;
using test::message_of;
using test::ScratchFolder;
using test::spit;

TEST_CASE("pairs: each picture is embedded once, and every pair has its distance") {
  ScratchFolder scratch;
  for (int i = 0; i < 4; ++i) {
    auto picture = io::blank(i == 3 ? 60 : 112, 112, i % 2 == 0 ? 3 : 1);
    std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(i * 85));
    io::write_png(scratch / (std::to_string(i) + ".png"), picture);
  }
  spit(scratch / "pairs.csv", "path_a,path_b,same\n0.png,1.png,1\n1.png,2.png,0\n0.png,3.png,0\n2.png,2.png,1\n");
  eval::PairPictures const pairs((scratch / "pairs.csv").string());
  CHECK(pairs.size() == 4);
  CHECK(pairs.paths().size() == 4);
  CHECK(pairs.same() == std::vector<std::uint8_t>{1, 0, 0, 1});
  int embedded = 0;
  auto const corner = [&](std::span<io::Image const> pictures) {  // an angle in the plane for each picture
    std::vector<std::vector<float>> all;
    for (auto const& picture : pictures) {
      ++embedded;
      CHECK(picture.width == 112);
      CHECK(picture.height == 112);
      CHECK(picture.channels == 3);
      float const k = static_cast<float>(picture.at(56, 56, 1)) / 85;
      all.push_back({std::cos(k), std::sin(k)});
    }
    return all;
  };
  for (std::size_t const batch : {1u, 3u, 32u}) {
    embedded = 0;
    auto const distances = pairs.distances(corner, batch);
    CHECK(embedded == 4);
    auto const apart = [](double angle) { return doctest::Approx(2 - 2 * std::cos(angle)).epsilon(1e-6); };  // of unit vectors, in float
    REQUIRE(distances.size() == 4);
    CHECK(distances[0] == apart(1));
    CHECK(distances[1] == apart(1));
    CHECK(distances[2] == apart(3));
    CHECK(distances[3] == 0);
  }
  CHECK(pairs.accuracy(corner).per_fold.size() == 4);  // as many folds as pairs
  spit(scratch / "one.csv", "0.png,1.png,1\n");
  CHECK(message_of<Error>([&] {
          eval::PairPictures((scratch / "one.csv").string()).accuracy(corner);
        }).find("found 1 pair; expected at least 2") != std::string::npos);
  auto const pixels = eval::raw_pixels(std::vector<io::Image>{pairs.load(0)});
  CHECK(pixels[0].size() == 3 * 112 * 112);
  CHECK(pixels[0][0] == -1);
}
