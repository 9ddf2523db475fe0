#include <berl/losses/softmax.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

namespace {
/// Two classes in the plane, by hand: z = (1 + 0.5, 2 - 0.25) of f = (1, 2) and w = (1, 0), (0, 1).
struct Plane {
  berl::Tensor<double, berl::Shape<2>> f{1}, w{2}, df{1}, dw{2};
  head_golden::Keeps<double, Softmax> keeps{Softmax{}, 2};
  Plane() {
    f[0] = 1, f[1] = 2, w[0] = w[3] = 1;
    keeps.number = {0.5, -0.25};
  }
  HeadResult run(std::vector<int> const& labels) {
    berl::Context<berl::Host> ctx;
    ctx.scratch = berl::Arena(scratch_bytes<double, berl::Shape<2>>(1, 2, layout_of(Softmax{})));
    return forward_backward(ctx, Softmax{}, f.read(), labels, w.read(), dw.add(), df.write(), keeps.kept());
  }
};
}  // namespace

TEST_CASE("softmax is that of an affine map, with its gradients") {
  Plane plane;
  auto const result = plane.run({0});
  double const p = 1 / (1 + std::exp(1.75 - 1.5)), rounding = 4e-16;  // of the first class; numbers about 1
  CHECK(std::abs(result.loss + std::log(p)) < rounding);
  CHECK(result.accuracy == 0);
  double const dz = p - 1;  // and 1 - p of the second
  CHECK(std::abs(plane.df[0] - dz) < rounding);
  CHECK(std::abs(plane.df[1] + dz) < rounding);
  double const dw[] = {dz, 2 * dz, -dz, -2 * dz};
  for (std::size_t k = 0; k < 4; ++k) CHECK(std::abs(plane.dw[k] - dw[k]) < 2 * rounding);
  CHECK(std::abs(plane.keeps.d_number[0] - dz) < rounding);
  CHECK(std::abs(plane.keeps.d_number[1] + dz) < rounding);
  CHECK(plane.run({1}).accuracy == 1);
}

TEST_CASE("softmax has its loss's gradients, of biases too, and no direction to lose") {
  head_golden::differentiate(Softmax{}, 2);
  Plane plane;
  plane.w[0] = plane.w[1] = 0;  // a class of length 0 is one like any other
  CHECK(std::isfinite(plane.run({0}).loss));
  plane.keeps.number[1] = std::nan("");
  CHECK(std::isnan(plane.run({0}).loss));
  plane.keeps.number[1] = 0;
  plane.w[3] = std::nan("");
  CHECK(std::isnan(plane.run({0}).loss));
}

TEST_CASE("softmax without its biases, or with a filter of cosines, is a mistake of the program") {
  Plane plane;
  double t = 0;
  berl::Context<berl::Host> ctx;
  CHECK_THROWS_AS(forward(ctx, Softmax{}, plane.f.read(), std::vector{0}, plane.w.read(), t), std::logic_error);
  CHECK_THROWS_AS(forward(ctx, Softmax{}, plane.f.read(), std::vector{0}, plane.w.read(), Kept<double const>(plane.keeps.kept()), 0.5),
                  std::logic_error);
}
