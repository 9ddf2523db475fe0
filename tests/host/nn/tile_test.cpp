#include <berl/host/nn/tile.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace berl::host;
using namespace berl::host::detail;

TEST_CASE("tiles cover every width, and none is wider than what is left") {
  for (int rows = 1; rows <= 3; ++rows)
    for (int cols = 1; cols <= 60; ++cols) {
      TileSize const size = tile_for(rows, cols);
      CHECK(size.rows >= 1);
      CHECK(size.rows <= rows);
      CHECK(size.cols >= 1);
      CHECK(size.cols <= cols);
      CHECK(size.rows * size.cols <= tile_pixels);
    }
}

TEST_CASE("a tile is the sum over blocks, taps and channels") {
  constexpr int L = lanes_of<float>, B = 16, taps = 2, blocks = 9;  // more than are summed in a row
  std::ptrdiff_t const offsets[taps] = {0, 3 * B};
  std::ptrdiff_t const plane = 32 * B;
  std::vector<float> frame(static_cast<std::size_t>(blocks * plane)), weights(static_cast<std::size_t>(blocks * taps * B * 2 * L));
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<float>(i % 7) - 3;  // small whole numbers: no rounding
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 5) - 2;
  for (TileSize const size : {tile_for(1, 14), tile_for(1, 6), tile_for(2, 4), tile_for(2, 2), tile_for(1, 1)}) {
    std::vector<float> sums(static_cast<std::size_t>(tile_pixels * 2 * L));
    std::ptrdiff_t const line = 15 * B;
    Tile<float> const tile{size, frame.data(), sums.data()};
    convolve_tiles<float>({weights.data(), nullptr, offsets, taps, blocks, line, plane}, B, 2, &tile, 1);
    for (int k = 0; k < size.rows * size.cols; ++k)
      for (int m = 0; m < 2 * L; ++m) {
        float expected = 0;
        for (int block = 0; block < blocks; ++block)
          for (int t = 0; t < taps; ++t)
            for (int c = 0; c < B; ++c)
              expected += weights[static_cast<std::size_t>(((block * taps + t) * B + c) * 2 * L + m)] *
                          frame[static_cast<std::size_t>(block * plane + offsets[t] + k / size.cols * line + k % size.cols * B + c)];
        CHECK(sums[static_cast<std::size_t>(k * 2 * L + m)] == expected);
      }
  }
}

TEST_CASE("tiles that share their weights are what each is alone") {
  constexpr int L = lanes_of<float>, B = 16, taps = 2, blocks = 9;
  std::ptrdiff_t const offsets[taps] = {0, 3 * B}, plane = 64 * B, line = 30 * B;
  std::vector<float> frame(static_cast<std::size_t>(blocks * plane)), weights(static_cast<std::size_t>(blocks * taps * B * 2 * L));
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<float>(i % 89) / 89 - 0.4f;
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 97) / 97 - 0.6f;
  TileInput<float> const in{weights.data(), nullptr, offsets, taps, blocks, line, plane};
  constexpr std::size_t size = tile_pixels * 2 * L;
  std::vector<float> together(4 * size, -1), alone(4 * size, -1);
  std::vector<Tile<float>> tiles;
  for (TileSize const s : {tile_for(1, 14), tile_for(2, 2), tile_for(1, 6), tile_for(1, 1)})
    tiles.push_back({s, frame.data() + static_cast<std::ptrdiff_t>(tiles.size()) * 5 * B, together.data() + tiles.size() * size});
  convolve_tiles(in, B, 2, tiles.data(), 4);
  for (std::size_t k = 0; k < 4; ++k) {
    Tile<float> const one{tiles[k].size, tiles[k].frame, alone.data() + k * size};
    convolve_tiles(in, B, 2, &one, 1);
  }
  CHECK(together == alone);
  CHECK(alone.front() != -1);
}
