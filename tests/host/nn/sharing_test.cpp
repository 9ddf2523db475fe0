#include <berl/host/nn/sharing.hpp>

#include <doctest/doctest.h>

using namespace berl;
using namespace berl::host::detail;

namespace {
constexpr host::Convolution same(int C, int side, int M) { return {C, side, side, M, side, side, 3, 1, 1, false}; }
constexpr host::Convolution transposed(int C, int side, int M) { return {C, side, side, M, 2 * side, 2 * side, 4, 2, 1, true}; }
}  // namespace

TEST_CASE("many weights for few pixels are shared by groups, others by bands") {
  CHECK(sharing_of<float>(same(512, 7, 512), 8, 2).by_groups);  // 9.4 MB of weights, 1.3 MB of frames
  CHECK(sharing_of<float>(same(512, 7, 512), 1, 2).by_groups);
  CHECK_FALSE(sharing_of<float>(same(64, 56, 64), 8, 2).by_groups);
  CHECK_FALSE(sharing_of<float>(same(512, 7, 512), 8, 200).by_groups);  // which would leave threads without work
}

TEST_CASE("bands cover all rows, and their frames fit the second cache") {
  for (auto const& g : {same(64, 112, 64), same(64, 20, 64), same(16, 1, 16), transposed(128, 16, 64), transposed(32, 100, 32)})
    for (int const batch : {1, 2, 3, 8})
      for (int const threads : {1, 2, 5}) {
        Sharing const s = sharing_of<float>(g, batch, threads);
        CAPTURE(g.C);
        CAPTURE(batch);
        CAPTURE(threads);
        CHECK(s.bands * s.rows >= rows_of(g));
        CHECK((s.bands - 1) * s.rows < rows_of(g));
        CHECK(s.together >= 1);
        if (!s.by_groups) CHECK(static_cast<std::size_t>(s.together * frame_of(g, s.rows).size()) * sizeof(float) <= bytes_of_frames);
      }
}

TEST_CASE("a picture that is not one thread's has a band for each") {
  CHECK(sharing_of<float>(same(64, 56, 64), 1, 2).bands >= 2);
  CHECK(sharing_of<float>(same(64, 20, 64), 3, 2).bands == 2);
  CHECK(sharing_of<float>(same(64, 20, 64), 4, 2).bands == 1);
  CHECK(sharing_of<float>(same(64, 20, 64), 8, 16).bands == 2);
}
