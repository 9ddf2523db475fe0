#include "steps.hpp"

#include <berl/cuda/optim/sgd.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
struct Descend {
  optim::Sgd sgd{.rate = 0.05};
  static constexpr int moments = 1;
  template <class D, class T>
  void operator()(Context<D>& ctx, std::span<T> x, std::span<T const> dx, std::span<T> (&b)[1], long k) const {
    sgd.step(ctx, x, dx, b[0], sgd.rate, sgd.weight_decay, k);
  }
  template <class T>
  void by_pieces(std::size_t n, T* x, T const* dx, T* (&b)[1], long k) const {
    SgdStep<T> const step{{static_cast<T>(sgd.momentum), static_cast<T>(sgd.rate), static_cast<T>(sgd.weight_decay)}, k == 1};
    for (std::size_t i = 0; i < pieces_of<T>(n); ++i) update_piece<T>(step, i, n, x, dx, b[0]);
  }
};
}  // namespace

TEST_CASE_TEMPLATE("pieces of a block take sgd's steps", T, float, double) { check_pieces<T>(Descend{}); }
TEST_CASE_TEMPLATE("sgd on the GPU takes the host's steps" * needs_gpu(), T, float, double) { check_gpu<T>(Descend{}); }
