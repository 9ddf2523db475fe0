#include "../compare.hpp"
#include "../crew.hpp"

#include <berl/cuda/imaging/pixels.hpp>

using namespace berl;
using namespace berl::gpu;
using imaging::Vector;

namespace {
constexpr int H = 3, W = 5;
/// 100 n + 10 v + u, at each pixel
struct Number {
  Write<float, Shape<1, H, W>, Cuda> to;
  BERL_FN void operator()(int n, int v, int u) const { to.sample(n)[v * W + u] += static_cast<float>(100 * n + 10 * v + u); }
};
void check_numbers(Tensor<float, Shape<1, H, W>> const& x) {
  for (int n = 0; n < x.batch(); ++n)
    for (int i = 0; i < H * W; ++i) CHECK(x.read().sample(n)[i] == static_cast<float>(100 * n + 10 * (i / W) + i % W));
}
/// Each member adds some of 7 products (k, 1, 0) (0, k, 2)^T and shifts (1, k, 0), before which the gradient was 1.
template <class Team>
Tensor<double, Shape<12>> movement() {
  Tensor<double, Shape<12>> d(1, 1.0);
  work<Team>([&](Team team) {
    imaging::detail::MovementShare<double> share;
    for (int k = Team::rank(); k < 7; k += Team::size) {
      double const x = k;
      share.add({x, 1, 0}, {0, x, 2}, {1, x, 0});
    }
    share.template put_to<Add<double, Shape<12>, Cuda>>(team, d.span().data());
  });
  return d;
}
}  // namespace

TEST_CASE("pixels are visited once, image after image and row after row") {
  Tensor<float, Shape<1, H, W>> x(2);
  imaging::detail::PixelsOf<H, W, Number> const all{{as_gpu(x.write())}};
  for (std::size_t i = 0; i < x.size(); ++i) all(i);
  check_numbers(x);
}
TEST_CASE("a vector's parts lie in three planes") {
  Tensor<float, Shape<3, 4, 4>> x;
  imaging::detail::store_vector<4>(x.span().data(), 6, Vector<float>{1, 2, 3});
  CHECK((x[6] == 1 && x[22] == 2 && x[38] == 3));
  auto const a = imaging::detail::load_vector<4>(x.span().data(), 6);
  CHECK((a.x == 1 && a.y == 2 && a.z == 3));
}
TEST_CASE_TEMPLATE("shares of a movement's gradient add up to outer products and shifts", Team, Solo, Crew<5>) {
  // sums over k of 1, k and k^2 are 7, 21 and 91
  double const expected[12] = {0, 91, 42, 0, 21, 14, 0, 0, 0, 7, 21, 0};
  auto const d = movement<Team>();
  for (std::size_t i = 0; i < 12; ++i) CHECK(d[i] == 1 + expected[i]);
}
TEST_CASE("the GPU visits all pixels of a batch" * needs_gpu()) {
  auto ctx = test_context();
  Tensor<float, Shape<1, H, W>, Cuda> x(70);  // more than one block
  imaging::detail::each_pixel<H, W>(ctx, "number", 70, Number{x.write()});
  check_numbers(on_host(ctx, x));
}
