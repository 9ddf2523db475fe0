#include <berl/host/nn/frame.hpp>

#include <doctest/doctest.h>

#include <algorithm>  // equal
#include <vector>

using namespace berl;
using namespace berl::host::detail;

namespace {
std::vector<float> counted(int n) {
  std::vector<float> x(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = static_cast<float>(i + 1);
  return x;
}
}  // namespace

TEST_CASE("a frame is the picture within its padding") {
  host::Convolution const g{1, 2, 3, 1, 2, 3, 3, 1, 1, false};
  Frame const f = frame_of(g);
  CHECK(f.phases == 1);
  CHECK(f.rows == 4);
  CHECK(f.cols == 5);
  auto const x = counted(6);
  std::vector<float> frame(static_cast<std::size_t>(f.size()), -1);
  fill_frame(g, f, x.data(), 0, frame.data());
  CHECK(frame == std::vector<float>{0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("with a stride there is a frame for each phase that a tap meets, in which neighbours of a tap are neighbours") {
  struct Sizes {
    int K, S, P, out, phases;
  };
  for (auto const [K, S, P, out, phases] : {Sizes{3, 2, 1, 3, 2}, Sizes{1, 2, 0, 3, 1}, Sizes{2, 3, 0, 2, 2}, Sizes{5, 4, 1, 1, 4}}) {
    CAPTURE(K);
    host::Convolution const g{1, 5, 5, 1, out, out, K, S, P, false};
    Frame const f = frame_of(g);
    CHECK(f.phases == phases);
    CHECK_FALSE(is_frame(g, f));
    auto const x = counted(25);
    std::vector<float> frames(static_cast<std::size_t>(f.size()), -1);
    fill_frame(g, f, x.data(), 0, frames.data());
    Taps const t = taps_of(g, f, 0, 0);
    CHECK(t.count == K * K);
    for (int k = 0; k < t.count; ++k)
      for (int p = 0; p < out; ++p)
        for (int q = 0; q < out; ++q) {  // output (p, q) at tap (i, j) sees input (S p + i - P, S q + j - P)
          int const v = S * p + t.weight[k] / K - P, u = S * q + t.weight[k] % K - P;
          float const expected = v < 0 || u < 0 || v > 4 || u > 4 ? 0 : x[static_cast<std::size_t>(v * 5 + u)];
          CHECK(frames[static_cast<std::size_t>(t.offset[k] + p * f.cols + q)] == expected);
        }
  }
}

TEST_CASE("a band's frames are the rows of the whole picture's from its first on") {
  host::Convolution const strided{16, 11, 5, 16, 6, 3, 3, 2, 1, false}, up{16, 5, 3, 16, 10, 6, 4, 2, 1, true};
  for (auto const& g : {strided, up}) {
    int const rows = rows_of(g), first = 2, band = rows - first;  // the picture's last band
    Frame const f = frame_of(g), b = frame_of(g, band);
    CHECK(b.rows == f.rows - first);
    auto const x = counted(16 * g.H * g.W);
    std::vector<float> whole(static_cast<std::size_t>(f.size()), -1), part(static_cast<std::size_t>(b.size()), -1);
    fill_frame(g, f, x.data(), 0, whole.data());
    fill_frame(g, b, x.data(), 0, part.data(), first);
    std::ptrdiff_t const line = static_cast<std::ptrdiff_t>(f.cols) * f.block;
    for (int phase = 0; phase < f.phases * f.phases; ++phase)
      CHECK(std::equal(part.begin() + phase * b.plane(), part.begin() + (phase + 1) * b.plane(),
                       whole.begin() + phase * f.plane() + first * line));
  }
}

TEST_CASE("the phases of a transposed convolution share its taps") {
  host::Convolution const g{1, 3, 3, 1, 6, 6, 4, 2, 1, true};
  Frame const f = frame_of(g);
  int taps = 0;
  for (int row = 0; row < 2; ++row)
    for (int col = 0; col < 2; ++col) {
      Taps const t = taps_of(g, f, row, col);
      CHECK(t.rows == 3);
      CHECK(t.cols == 3);
      taps += t.count;
    }
  CHECK(taps == 16);
}

TEST_CASE("a picture that needs no padding is its own frame") {
  CHECK(is_frame({16, 4, 4, 16, 4, 4, 1, 1, 0, false}, frame_of({16, 4, 4, 16, 4, 4, 1, 1, 0, false})));
  CHECK_FALSE(is_frame({16, 4, 4, 16, 4, 4, 3, 1, 1, false}, frame_of({16, 4, 4, 16, 4, 4, 3, 1, 1, false})));
}
