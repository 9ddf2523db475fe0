#include <doctest/doctest.h>

#include <berl/imaging/viewpoint.hpp>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;

namespace {
using View = Tensor<double, Shape<6, 1, 1>>;
using Moves = Tensor<double, Shape<12, 1, 1>>;

View example() { return maps::tensor<Shape<6, 1, 1>>({0.1, -0.2, 0.05, 0.3, -0.4, 0.2}); }  // appendix A.1
Moves moves(Settings const& settings, View const& view) {
  Context<Host> ctx;
  Moves m(view.batch());
  viewpoint(ctx, settings, view.read(), m.write());
  return m;
}
}  // namespace

TEST_CASE("rotation and translation of appendix A.1") {
  auto const m = moves(Settings{}, example());
  double const expected[12] = {0.9768071, -0.0737522, -0.2010188, 0.0511923, 0.9920215, -0.1152069,
                               0.2079117, 0.1022443,  0.9727892,  0.03,      -0.04,     0};
  for (std::size_t i = 0; i < 12; ++i) CHECK(std::abs(m[i] - expected[i]) < 1e-7);  // seven digits given
}

TEST_CASE("rotation, translation and gradient are those of the published code") {
  golden::File const file("render_pieces");
  auto const view = maps::view(file.get("in/view"));
  auto const settings = maps::with_z();
  auto const m = moves(settings, view);
  auto const r = file.get("transform/rot_mat"), t = file.get("transform/trans_xyz");
  auto const dr = golden::filled("g/rot_mat", 27, 1), dt = golden::filled("g/trans_xyz", 9, 1);
  Moves dm(3);
  for (std::size_t n = 0; n < 3; ++n)
    for (std::size_t i = 0; i < 12; ++i) {
      CHECK(std::abs(m[12 * n + i] - (i < 9 ? r[9 * n + i] : t[3 * n + i - 9])) < 1e-13);  // double, numbers of size 1
      dm[12 * n + i] = static_cast<double>(i < 9 ? dr[9 * n + i] : dt[3 * n + i - 9]);
    }
  Context<Host> ctx;
  View dp(3);
  viewpoint_backward(ctx, settings, view.read(), dm.read(), dp.write());
  CHECK(golden::deviation(maps::view_gradient(dp), file.get("transform/gview")) < 1e-11);
}

TEST_CASE("without a z range the last output moves nothing and has no gradient") {
  Context<Host> ctx;
  View dp(1, 5.0);
  Moves const dm(1, 1.0);
  viewpoint_backward(ctx, Settings{}, example().read(), dm.read(), dp.write());
  CHECK(dp[5] == 0);
  CHECK(moves(Settings{}, example())[11] == 0);
}

TEST_CASE("moving back undoes moving, and moves as the published code does") {
  golden::File const file("render_pieces");
  auto const settings = maps::with_z();
  auto const m = moves(settings, maps::view(file.get("in/view")));
  auto const depth = file.get("in/depth");
  auto const k = camera<double, 64>(settings);
  ViewRange<double> const range(settings);
  std::vector<double> moved;
  double worst = 0;
  for (int n = 0; n < 3; ++n)
    for (int i = 0; i < 64 * 64; ++i) {
      auto const move = range.movement(m.read().sample(n));
      auto const p = k.point(i % 64, i / 64, depth[static_cast<std::size_t>(n * 64 * 64 + i)]);
      auto const q = move.move(p);
      auto const back = move.move_back(q) - p;
      worst = std::max(worst, dot(back, back));
      for (double const x : {q.x, q.y, q.z}) moved.push_back(x);
    }
  CHECK(worst < 1e-29);  // a few roundings of numbers of size 1, squared
  CHECK(maps::deviation(moved, file, "warped_3d/y") < 1e-11);
}

TEST_CASE("the centre of rotation is a translation of Eq. 2") {
  Settings centred, none;
  none.rotation_centre = RotationCentre::none;
  auto const m = moves(centred, example());
  auto const about_face = ViewRange<double>(centred).movement(m.read().sample(0));
  auto about_camera = ViewRange<double>(none).movement(m.read().sample(0));
  Vector<double> const c{0, 0, 1};
  about_camera.t = about_face.t + c - about_face.rotate(c);  // t of Eq. 2 is t + C - R C
  Vector<double> const p{0.03, -0.05, 1.04};
  auto const difference = about_face.move(p) - about_camera.move(p), back = about_face.move_back(p) - about_camera.move_back(p);
  CHECK(dot(difference, difference) < 1e-30);  // roundings of numbers of size 1
  CHECK(dot(back, back) < 1e-30);
}

TEST_CASE("the gradient of the viewpoint is that of central differences") {
  auto const settings = maps::with_z();
  auto const dm = maps::noise<Shape<12, 1, 1>>("dm", 2, 1);
  auto view = maps::noise<Shape<6, 1, 1>>("view", 2, 0.9);
  Context<Host> ctx;
  View dp(2, 3.0);
  viewpoint_backward(ctx, settings, view.read(), dm.read(), dp.write());
  auto const loss = [&] { return maps::inner(moves(settings, view).span(), dm.span()); };
  CHECK(maps::gradient_error(view, dp, loss, 1e-5) < 1e-9);  // h^2 of the third derivative
  auto twice = dp;
  viewpoint_backward(ctx, settings, view.read(), dm.read(), twice.add());
  for (std::size_t i = 0; i < dp.size(); ++i) CHECK(twice[i] == 2 * dp[i]);
}
