#include "steps.hpp"

#include <berl/cuda/optim/adam.hpp>

#include <cmath>

using namespace berl;
using namespace berl::gpu;

namespace {
struct Move {
  optim::Adam adam{.rate = 0.01, .weight_decay = 0.1};
  static constexpr int moments = 2;
  template <class D, class T>
  void operator()(Context<D>& ctx, std::span<T> x, std::span<T const> dx, std::span<T> (&m)[2], long k) const {
    adam.step(ctx, x, dx, m[0], m[1], adam.rate, adam.weight_decay, k);
  }
  template <class T>
  void by_pieces(std::size_t n, T* x, T const* dx, T* (&m)[2], long k) const {
    double const c1 = 1 - std::pow(adam.beta1, k), c2 = 1 - std::pow(adam.beta2, k);
    optim::Adam::Now<T> const now{static_cast<T>(adam.beta1),     static_cast<T>(1 - adam.beta1),   static_cast<T>(adam.beta2),
                                  static_cast<T>(1 - adam.beta2), static_cast<T>(adam.rate / c1),   static_cast<T>(std::sqrt(c2)),
                                  static_cast<T>(adam.epsilon),   static_cast<T>(adam.weight_decay)};
    for (std::size_t i = 0; i < pieces_of<T>(n); ++i) update_piece<T>(now, i, n, x, dx, m[0], m[1]);
  }
};
}  // namespace

TEST_CASE_TEMPLATE("pieces of a block take Adam's steps", T, float, double) { check_pieces<T>(Move{}, 0); }
TEST_CASE_TEMPLATE("Adam on the GPU takes the host's steps" * needs_gpu(), T, float, double) { check_gpu<T>(Move{}, 0); }
