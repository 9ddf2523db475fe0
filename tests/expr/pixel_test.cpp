#include <berl/expr/pixel.hpp>

#include "expression.hpp"

using namespace expression;
namespace d = expr::detail;

/// One pixel at a time, as evaluate and gradient call it, on maps of 2 x 3 pixels whose values are small whole numbers: all exact.
namespace {
using Small = Shape<2, 2, 3>;
constexpr auto x = leaf<struct X, Small>;
constexpr auto grey = leaf<struct Grey, Shape<1, 2, 3>>;
constexpr auto across = leaf<struct Across, Shape<1, 1, 3>>;
constexpr auto down = leaf<struct Down, Shape<2, 2, 1>>;
constexpr auto gain = leaf<struct Gain, Shape<2, 1, 1>>;
constexpr auto one = leaf<struct One, Shape<1, 1, 1>>;
using X_ = std::remove_const_t<decltype(x)>;
using Gain_ = std::remove_const_t<decltype(gain)>;
using One_ = std::remove_const_t<decltype(one)>;

template <class S>
Tensor<double, S> counted(int batch, double first) {
  Tensor<double, S> t(batch);
  for (double& v : t.span()) v = first++;
  return t;
}
template <class N, class B>
auto rows_of(N const&, B const& values, int sample) {
  return d::Rows<double, d::leaves_of<N>, d::sample_lets_of<N>>(values, sample);
}
}  // namespace

static_assert(d::plane_index<Small, Small>(5) == 5);
static_assert(d::plane_index<Shape<2, 1, 1>, Small>(5) == 0, "a value per sample");
static_assert(d::plane_index<Shape<2, 2, 1>, Small>(2) == 0 && d::plane_index<Shape<2, 2, 1>, Small>(4) == 1,
              "one column for all: the row");
static_assert(d::plane_index<Shape<1, 1, 3>, Small>(2) == 2 && d::plane_index<Shape<1, 1, 3>, Small>(4) == 1,
              "one row for all: the column");
static_assert(!d::NoSink::wants<X_> && !d::NoSink::keeps_traces);

TEST_CASE("a pixel reads each leaf where its shape says") {
  auto const a = counted<Small>(2, 100);
  auto const k = counted<Shape<1, 1, 3>>(2, 10), once = counted<Shape<1, 1, 3>>(1, 10);
  auto const l = counted<Shape<2, 2, 1>>(2, 1000);
  auto const sum = x + across + down;
  double y[2];
  d::evaluate_pixel<double>(sum, rows_of(sum, bind(x = a, across = k, down = l), 1), 5, y);  // row 1, column 2 of the second sample
  CHECK(y[0] == (100 + 12 + 5) + (10 + 3 + 2) + (1000 + 4 + 1));
  CHECK(y[1] == (100 + 18 + 5) + (10 + 3 + 2) + (1000 + 6 + 1));
  d::evaluate_pixel<double>(sum, rows_of(sum, bind(x = a, across = once, down = l), 1), 5, y);  // a batch of one serves all
  CHECK(y[0] == (100 + 12 + 5) + (10 + 2) + (1000 + 4 + 1));
}

TEST_CASE("a value per sample is a copy: a store to its memory does not change it") {
  auto a = counted<Small>(1, 1);
  Tensor<double, Shape<1, 1, 1>> k(1, 3);
  auto const node = x * one;
  auto const rows = rows_of(node, bind(x = a, one = k), 0);
  k[0] = 1000;
  a[0] = 5;  // a map is read where it lies
  double y[2];
  d::evaluate_pixel<double>(node, rows, 0, y);
  CHECK(y[0] == 15);
  CHECK(y[1] == 7 * 3);
}

TEST_CASE("a let of one pixel is computed before its users, inner ones first") {
  auto const a = counted<Small>(1, 1);
  auto const square = let<struct Square>(grey * grey);
  auto const more = let<struct More>(x + square);
  auto const node = more * square - more;
  double y[2];
  Tensor<double, Shape<1, 2, 3>> s(1, 2);
  d::evaluate_pixel<double>(node, rows_of(node, bind(x = a, grey = s), 0), 4, y);
  CHECK(y[0] == (5 + 4) * 4 - (5 + 4));
  CHECK(y[1] == (11 + 4) * 4 - (11 + 4));
}

TEST_CASE("gradients gather in the slots of the leaves that are wanted") {
  auto const a = counted<Small>(1, 1);  // channel 0: 1 to 6, channel 1: 7 to 12
  auto const k = counted<Shape<2, 1, 1>>(1, 3);
  auto const u = counted<Shape<1, 1, 1>>(1, 5);
  auto const node = gain * x * one;
  auto const rows = rows_of(node, bind(x = a, gain = k, one = u), 0);
  double const dy[12] = {1, 1, 1, 1, 10, 1, 1, 1, 1, 1, 100, 1};
  d::Slots<double, Types<X_, Gain_, One_>, Types<>> sink;
  d::pull_pixel<double>(node, rows, 4, d::MapDy<double, 6>{dy}, sink);  // x = 5 and 11, gain = 3 and 4, one = 5
  CHECK(sink.at<X_>(0) == 10 * 3 * 5);
  CHECK(sink.at<X_>(1) == 100 * 4 * 5);
  CHECK(sink.at<Gain_>(0) == 10 * 5 * 5);
  CHECK(sink.at<Gain_>(1) == 100 * 11 * 5);
  CHECK(sink.at<One_>(0) == 10 * 3 * 5 + 100 * 4 * 11);  // one channel: the sum over those of the node

  d::pull_pixel<double>(node, rows, 0, d::SameDy<double, 1>{{2}}, sink);  // adds; x = 1 and 7
  CHECK(sink.at<X_>(0) == 10 * 3 * 5 + 2 * 3 * 5);
  CHECK(sink.at<One_>(0) == 10 * 3 * 5 + 100 * 4 * 11 + 2 * (3 * 1 + 4 * 7));
}

TEST_CASE("a gradient goes through a let however often it is used; a leaf that is not wanted gets none") {
  auto const a = counted<Small>(1, 1);
  Tensor<double, Shape<1, 2, 3>> const g(1, 2);
  auto const named = let<struct Named>(x * grey);
  auto const node = named * named + named;
  using Tree = std::remove_const_t<decltype(node)>;
  auto const rows = rows_of(node, bind(x = a, grey = g), 0);
  double const dy[12] = {0, 0, 1, 0, 0, 0, 0, 0, 10, 0, 0, 0};
  d::Slots<double, Types<X_>, d::lets_of<Tree>> sink;
  static_assert(decltype(sink)::wants<Tree> && !decltype(sink)::wants<std::remove_const_t<decltype(grey)>>);
  d::pull_pixel<double>(node, rows, 2, d::MapDy<double, 6>{dy}, sink);
  CHECK(sink.at<X_>(0) == 1 * (2 * (3 * 2) + 1) * 2);  // y = v^2 + v, v = 2 x: dy (2 v + 1) 2
  CHECK(sink.at<X_>(1) == 10 * (2 * (9 * 2) + 1) * 2);
  CHECK(sink.at<std::remove_const_t<decltype(named)>>(0) == 13);
}
