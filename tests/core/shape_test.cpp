#include <doctest/doctest.h>

#include <berl/core/check.hpp>
#include <berl/core/shape.hpp>

#include <type_traits>

using namespace berl;
using Picture = Shape<3, 5, 7>;

static_assert(Picture::rank == 3 && Picture::size == 105);
static_assert(channels<Picture> == 3 && height<Picture> == 5 && width<Picture> == 7 && plane<Picture> == 35);
static_assert(channels<Shape<9>> == 9 && plane<Shape<9>> == 1 && height<Shape<9>> == 1 && width<Shape<9>> == 1);
static_assert(broadcasts<Picture, Shape<1, 5, 7>> && broadcasts<Shape<1, 1, 1>, Picture> && broadcasts<Shape<3, 1, 7>, Shape<3, 5, 1>>);
static_assert(!broadcasts<Picture, Shape<2, 5, 7>> && !broadcasts<Picture, Shape<5, 7>>);
static_assert(std::is_same_v<broadcast<Shape<3, 1, 7>, Shape<1, 5, 7>>::type, Picture>);
static_assert(std::is_same_v<check::Broadcast<Picture, Shape<1, 1, 1>>::type, Picture>);
static_assert(std::is_empty_v<Picture> && std::is_trivially_copyable_v<Picture>);

TEST_CASE("shapes are types, and what is asserted above is all there is to them") { CHECK(Picture::size == 3 * plane<Picture>); }

TEST_CASE("maps of whole blocks of channels lie in blocks, everything else plain") {
  static_assert(std::is_same_v<LayoutOf<Shape<16, 2, 3>>, Blocked> && std::is_same_v<LayoutOf<Shape<48, 1, 1>>, Blocked>);
  static_assert(std::is_same_v<LayoutOf<Shape<3, 4, 5>>, Nchw> && std::is_same_v<LayoutOf<Shape<17, 4, 5>>, Nchw>);
  static_assert(std::is_same_v<LayoutOf<Shape<512>>, Nchw> && std::is_same_v<LayoutOf<Shape<64, 16, 3, 3>>, Nchw>);  // vectors and weights
  CHECK(offset_of<Shape<32, 4, 5>>(0, 0, 1) == 16);
  CHECK(offset_of<Shape<32, 4, 5>>(1, 0, 0) == 1);
  CHECK(offset_of<Shape<32, 4, 5>>(0, 1, 0) == 5 * 16);
  CHECK(offset_of<Shape<32, 4, 5>>(16, 0, 0) == 4 * 5 * 16);
  CHECK(offset_of<Shape<32, 4, 5>>(31, 3, 4) == 32 * 4 * 5 - 1);
  CHECK(offset_of<Shape<32, 4, 5>, Nchw>(2, 1, 3) == (2 * 4 + 1) * 5 + 3);
  CHECK(offset_of<Shape<3, 4, 5>>(2, 1, 3) == (2 * 4 + 1) * 5 + 3);
}

TEST_CASE("on CUDA all channels of such maps lie beside one another") {
  static_assert(std::is_same_v<LayoutOf<Shape<48, 2, 3>, Cuda>, Nhwc> && std::is_same_v<LayoutOf<Shape<3, 4, 5>, Cuda>, Nchw>);
  static_assert(std::is_same_v<LayoutOf<Shape<512>, Cuda>, Nchw> && std::is_same_v<LayoutOf<Shape<16, 2, 3>, Host>, Blocked>);
  CHECK(offset_of<Shape<32, 4, 5>, Nhwc>(2, 1, 3) == (1 * 5 + 3) * 32 + 2);
  CHECK(offset_of<Shape<3, 4, 5>, Nhwc>(2, 1, 3) == (1 * 5 + 3) * 3 + 2);
}

TEST_CASE_TEMPLATE("an element is where its offset says", Layout, Nchw, Blocked, Nhwc) {
  using S = Shape<32, 4, 5>;
  for (int i = 0; i < S::size; ++i) {
    auto const [c, pixel] = element_at<S, Layout>(i);
    CHECK(offset_of<S, Layout>(c, pixel / 5, pixel % 5) == i);
  }
}
