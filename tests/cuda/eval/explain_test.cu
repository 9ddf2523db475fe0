#include <berl/cuda/eval/explain.hpp>

#include "../compare.hpp"
#include "explained.hpp"

#include <thread>

using namespace berl;
using namespace berl::gpu;
using namespace berl::test;

namespace {
using OnGpu = eval::Explainer<SmallModel, Cuda>;

/// The part of the numbers that differ by more than a tolerance, which is relative to the largest.
template <class S>
double others(Tensor<float, S> const& found, Tensor<float, S> const& expected, double tolerance) {
  double size = 0, count = 0;
  for (float const x : expected.span()) size = std::max(size, std::abs(static_cast<double>(x)));
  for (std::size_t i = 0; i < found.size(); ++i)
    count += std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i])) <= tolerance * size ? 0 : 1;
  return count / static_cast<double>(found.size());
}
/// The albedo network magnifies what is off before it thirty times. Slopes of the depth do so where it is nearly flat, and pixels on an
/// edge may be drawn as another face: a few of each map, two in a thousand on the host when its weights are off by 1e-5.
void check_near(std::vector<eval::Explanation<>> const& found, std::vector<eval::Explanation<>> const& expected, double tolerance) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    auto const &a = found[i], &b = expected[i];
    CHECK(difference(a.input, b.input) < 1e-5);
    CHECK(difference(a.view, b.view) < tolerance);
    CHECK(difference(a.light, b.light) < tolerance);
    CHECK(difference(a.depth, b.depth) < tolerance);
    CHECK(difference(a.albedo, b.albedo) < 5 * tolerance);
    auto const few = [&](auto const& x, auto const& y) { return others(x, y, 5 * tolerance) < 0.02; };
    CHECK(few(a.normal, b.normal));
    CHECK(few(a.shading, b.shading));
    CHECK(few(a.canonical, b.canonical));
    CHECK(few(a.mask, b.mask));
    CHECK(few(a.seen_depth, b.seen_depth));
    CHECK(few(a.seen_normal, b.seen_normal));
    CHECK(few(a.reconstruction, b.reconstruction));
    CHECK(a.l1 == doctest::Approx(b.l1).epsilon(5 * tolerance));
    CHECK(a.settings.supersampling == b.settings.supersampling);
  }
}
}  // namespace

TEST_CASE("explanations of any number of pictures are the host's, in either precision" * needs_gpu()) {
  auto const x = pictures<float>(5);
  SmallParameters parameters;
  for (Precision const precision : {Precision::fp32, Precision::tf32}) {
    // Twenty layers of sums in another order; in tf32 each of their factors is off by up to 5e-4, either way: weights that are so on the
    // host move the light by 2e-3.
    double const tolerance = precision == Precision::fp32 ? 2e-4 : 1e-2;
    eval::ExplainOptions const options{.batch = 2, .resize = data::Resize::area, .precision = precision};
    auto const expected = explained_by_the_host(options, 5);
    OnGpu explain(parameters, options);
    for (int const n : {5, 1, 2}) {
      std::vector<eval::Explanation<>> const some(expected.begin(), expected.begin() + n);
      check_near(explain(Read<float, SmallModel::Input, Host>(x.read().data(), n)), some, tolerance);
    }
  }
}

TEST_CASE("and of maps that are stored in 16 bits, but for their rounding" * needs_gpu()) {
  auto const x = pictures<float>(3);
  SmallParameters parameters;
  eval::ExplainOptions options{.batch = 2, .resize = data::Resize::area};
  auto const expected = explained_by_the_host(options, 3);
  eval::Explainer<SmallModel, Cuda, Bf16> explain(parameters, options);
  auto const found = explain(Read<float, SmallModel::Input, Host>(x.read().data(), 3));
  REQUIRE(found.size() == 3);
  // Weights are off by eight times as much as in tf32, where that moves the light by 2e-3, and so are maps, but for the last layer's.
  // Normals are made of differences of a depth, in which the rounding of the maps before it remains: no more than of a depth that has eight
  // bits itself, and on the host such a depth turns them by some degrees at the most.
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(difference(found[i].view, expected[i].view) < 0.05);
    CHECK(difference(found[i].light, expected[i].light) < 0.05);
    CHECK(difference(found[i].depth, expected[i].depth) < 0.05);
    CHECK(others(found[i].normal, expected[i].normal, 0.15) < 0.05);
  }
  options.precision = Precision::bf16;
  CHECK_THROWS_AS(OnGpu(parameters, options), Error);
}

TEST_CASE("pictures are explained by another thread than made the explainer, with the same bits" * needs_gpu()) {
  SmallParameters parameters;
  OnGpu explain(parameters, {.batch = 2});
  std::vector<io::Image> faces(3, io::blank(112, 112, 3));
  for (std::size_t k = 0; k < faces.size(); ++k)
    for (std::size_t i = 0; i < faces[k].pixels.size(); ++i) faces[k].pixels[i] = static_cast<std::uint8_t>(i * (k + 2) / 200);
  auto const once = explain(faces);
  std::vector<eval::Explanation<>> again;
  std::jthread([&] { again = explain(faces); }).join();
  REQUIRE(again.size() == 3);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(same_bits(again[k].reconstruction, once[k].reconstruction));
    CHECK(again[k].l1 == once[k].l1);
  }
}

TEST_CASE("weights that make numbers which are not finite are refused" * needs_gpu()) {
  SmallParameters parameters;
  parameters.albedo.visit([](auto const&, auto& array) { array.value()[0] = std::nanf(""); }, Path{});
  OnGpu explain(parameters);
  CHECK_THROWS_AS(explain(pictures<float>(1).read()), Error);
  CHECK_THROWS_AS(OnGpu(parameters, {.batch = 0}), Error);
}
