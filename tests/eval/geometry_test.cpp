#include <berl/eval/geometry.hpp>

#include <doctest/doctest.h>

#include <golden_plain.hpp>

using namespace berl;

namespace {
constexpr int S = 32;
using Map = Shape<1, S, S>;

template <class T>
Tensor<T, Map> load(golden::File const& file, std::string const& name) {
  Tensor<T, Map> map(3);
  auto const values = file.get<T>(name);
  std::copy(values.begin(), values.end(), map.span().begin());
  return map;
}
template <class T>
void compare(std::string const& family, Tensor<T, Map> const& mask, double tolerance, double angle) {
  golden::File const file("metrics_depth");
  auto const depth = load<T>(file, "depth_pred"), truth = load<T>(file, "depth_gt");
  Context<Host> ctx;
  auto const errors = eval::geometry_errors(ctx, imaging::Settings{}, depth.read(), truth.read(), mask.read());
  for (std::size_t n = 0; n < 3; ++n) {
    CHECK(std::abs(errors[n].side / file.get(family + "/side")[n] - 1) < tolerance);
    CHECK(std::abs(errors[n].absolute / file.get(family + "/mae")[n] - 1) < tolerance);
    CHECK(std::abs(errors[n].squared / file.get(family + "/mse")[n] - 1) < tolerance);
    CHECK(std::abs(errors[n].mad - file.get(family + "/mad")[n]) < angle);
  }
  auto const mean = eval::mean(errors);
  CHECK(std::abs(mean.side / file.get(family + "/side_mad_mean")[0] - 1) < tolerance);
  CHECK(std::abs(mean.mad - file.get(family + "/side_mad_mean")[1]) < angle);
}
}  // namespace

TEST_CASE_TEMPLATE("depth and normal errors are those of the published program", T, float, double) {
  // the fixture's own statement: 1e-10 and 1e-6 degrees in double (arc cosine near 1), 1e-4 and 1e-2 degrees in float
  bool constexpr exact = std::is_same_v<T, double>;
  double const tolerance = exact ? 1e-10 : 1e-4, angle = exact ? 1e-6 : 1e-2;
  compare<T>("full", Tensor<T, Map>(3, T(1)), tolerance, angle);
  compare<T>("masked", load<T>(golden::File("metrics_depth"), "mask"), tolerance, angle);
}

TEST_CASE("the mask is both masks without their rims") {
  golden::File const file("metrics_depth");
  auto const seen = load<double>(file, "mask_pred_raw"), truth = load<double>(file, "depth_gt"), expected = load<double>(file, "mask");
  Tensor<double, Map> depth(3, 1.0);
  imaging::Settings const settings;
  for (std::size_t i = 0; i < depth.size(); ++i)
    if (seen[i] < 0.5) depth[i] = settings.depth_max + settings.margin();
  auto const mask = eval::face_mask(settings, depth.read(), truth.read());
  CHECK(std::equal(mask.span().begin(), mask.span().end(), expected.span().begin()));
  for (int u = 0; u < S; ++u) CHECK(mask[static_cast<std::size_t>(u)] == 0);
}

TEST_CASE("two equal flat maps are 6.5 degrees apart as published, and 0 with unit normals") {
  using Flat = Shape<1, 64, 64>;
  Tensor<double, Flat> const flat(1, 1.0), all(1, 1.0);
  auto const mask = eval::erode(all.read());
  Context<Host> ctx;
  CHECK(eval::geometry_errors(ctx, {}, flat.read(), flat.read(), mask.read())[0].mad == doctest::Approx(6.5).epsilon(0.01));
  // arc cosine turns a rounding of 1e-16 near 1 into 1e-8 radians
  CHECK(eval::geometry_errors(ctx, {.normal_epsilon = 0}, flat.read(), flat.read(), mask.read())[0].mad < 3e-6);
}

TEST_CASE("a scaled depth has no scale-invariant error") {
  std::vector<double> depth, truth, mask;
  for (int i = 0; i < 50; ++i) {
    truth.push_back(1 + 0.1 * std::sin(i));
    depth.push_back(1.3 * truth.back());
    mask.push_back(i % 4 == 0 ? 0 : 1);
  }
  depth[4] = truth[4] = 0;  // outside the mask
  std::span<double const> const d(depth), t(truth), m(mask);
  auto const e = eval::depth_error(d, t, m);
  CHECK(e.side < 1e-15);
  CHECK(e.pixels == 37);
  CHECK(e.absolute == doctest::Approx(0.3).epsilon(0.05));
  depth[5] = -0.5;
  CHECK_THROWS_WITH_AS(
      eval::depth_error(d, t, m),
      "berl::eval::depth_error: pixel 5: found -0.500000; expected a positive depth. Leave the pixel out of the mask, or look for "
      "what made it.",
      Error);
}

TEST_CASE("an image with an empty mask does not enter the mean") {
  std::vector<eval::GeometryError> const errors{{.side = 1, .mad = 2, .absolute = 3, .squared = 4, .pixels = 5}, {}};
  auto const m = eval::mean(errors);
  CHECK(m.side == 1);
  CHECK(m.mad == 2);
  CHECK(m.pixels == 5);
  CHECK(eval::mean({}).side == 0);
}
