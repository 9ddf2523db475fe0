#include "../compare.hpp"
#include "../crew.hpp"

#include <berl/cuda/optim/clip.hpp>

using namespace berl;
using namespace berl::gpu;
using Gradient = Shape<1027>;

TEST_CASE("a team finds the norm that the host finds, and shortens by it") {
  auto const dx = filled<float, Gradient>(1, "dx");
  Context<Host> host;
  auto expected = dx;
  double const norm = optim::clip_norm(host, expected.span(), 3.0);
  CHECK(norm > 3);
  auto const by = [&](auto team) {
    double sums[optim::sum_pieces];
    for (std::size_t p = 0; p < optim::sum_pieces; ++p) sums[p] = squares_of_piece(team, dx.span().data(), dx.size(), p);
    return norm_of_pieces(team, sums);
  };
  CHECK(by(Solo{}) == doctest::Approx(norm).epsilon(1e-14));  // a thousand roundings of 1e-16, most of which cancel
  double by_five[5];
  Crew<5>::work([&] {
    double const found = by(Crew<5>{});
    by_five[Crew<5>::rank()] = found;
  });
  for (double const found : by_five) CHECK(found == doctest::Approx(norm).epsilon(1e-14));
  auto shortened = dx, short_enough = dx;
  for (std::size_t i = 0; i < pieces_of<float>(dx.size()); ++i) {
    update_piece<float>(Shorten<float>{&norm, 3.0}, i, dx.size(), shortened.span().data());
    update_piece<float>(Shorten<float>{&norm, 1000.0}, i, dx.size(), short_enough.span().data());
  }
  CHECK(same_bits(shortened, expected));
  CHECK(same_bits(short_enough, dx));
}

TEST_CASE("gradients are clipped on the GPU as on the host" * needs_gpu()) {
  auto const dx = filled<float, Gradient>(1, "dx");
  Context<Host> host;
  auto ctx = test_context();
  for (double const longest : {3.0, 1000.0}) {
    auto expected = dx;
    double const norm = optim::clip_norm(host, expected.span(), longest);
    auto there = on_gpu(ctx, dx);
    Tensor<double, Shape<1>, Cuda> found;
    optim::clip_norm(ctx, std::span<float>(there.write().data(), there.size()), longest, found.write().data());
    CHECK(on_host(ctx, found)[0] == doctest::Approx(norm).epsilon(1e-14));
    CHECK(difference(on_host(ctx, there), expected) < 1e-7);
  }
}
