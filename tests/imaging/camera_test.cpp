#include <doctest/doctest.h>

#include <berl/imaging/camera.hpp>
#include <utility>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;
using maps::noise;

TEST_CASE("the camera of 64 x 64 has the focal length of Eq. 3") {
  auto const k = camera<double, 64>(Settings{});
  CHECK(k.focal == doctest::Approx(360.0466475369823).epsilon(1e-14));  // a few roundings
  CHECK(k.centre == 31.5);
  CHECK(k.pitch == doctest::Approx(0.00277742).epsilon(1e-6));        // six digits given
  CHECK(k.ray(63.0) == doctest::Approx(0.0874886635).epsilon(1e-9));  // tan 5 degrees, nine digits given
}

TEST_CASE("points and their gradient are those of the published code") {
  golden::File const file("render_pieces");
  auto const depth = maps::tensor<Shape<1, 64, 64>>(file.get("in/depth"));
  Context<Host> ctx;
  Tensor<double, Shape<3, 64, 64>> p(3);
  points(ctx, Settings{}, depth.read(), p.write());
  CHECK(maps::deviation(maps::interleaved(p), file, "grid_3d/y") < 1e-11);  // stored in double
  auto const dp = maps::planar<Shape<3, 64, 64>>(maps::doubles(golden::filled("g/grid_3d", 3 * 64 * 64 * 3, 1)));
  Tensor<double, Shape<1, 64, 64>> dd(3);
  points_backward(ctx, Settings{}, dp.read(), dd.write());
  CHECK(maps::deviation(maps::values(dd), file, "grid_3d/gdepth") < 1e-6);  // stored in float
}

TEST_CASE("points have the same bits for any number of threads") {
  auto const depth = maps::bumps<16>(2);
  auto const dp = noise<Shape<3, 16, 16>>("dp", 2, 1);
  auto const run = [&](int threads) {
    Context<Host> ctx{threads, {}};
    Tensor<double, Shape<3, 16, 16>> p(2);
    Tensor<double, Shape<1, 16, 16>> dd(2);
    points(ctx, Settings{}, depth.read(), p.write());
    points_backward(ctx, Settings{}, dp.read(), dd.write());
    return std::pair(maps::values(p), maps::values(dd));
  };
  auto const one = run(1);
  for (int const threads : {2, 7}) CHECK(run(threads) == one);
}

TEST_CASE("a gradient is overwritten, added to or left out as its view says") {
  Context<Host> ctx;
  auto const dp = noise<Shape<3, 8, 8>>("dp", 2, 1);
  Tensor<double, Shape<1, 8, 8>> written(2, 7.0), added(2, 7.0);
  points_backward(ctx, Settings{}, dp.read(), written.write());
  points_backward(ctx, Settings{}, dp.read(), added.add());
  points_backward(ctx, Settings{}, dp.read(), Skip<double, Shape<1, 8, 8>, Host>{});
  for (std::size_t i = 0; i < written.size(); ++i) CHECK(added[i] == doctest::Approx(written[i] + 7).epsilon(1e-15));
}
