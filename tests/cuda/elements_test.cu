#include "compare.hpp"

#include <berl/cuda/elements.hpp>

using namespace berl;
using namespace berl::gpu;

static_assert(pieces_of<float>(8) == 2 && pieces_of<float>(11) == 5 && pieces_of<double>(11) == 6 && pieces_of<float>(3) == 3);

namespace {
/// x = 2 x + y
struct TwiceAnd {
  template <class T>
  BERL_FN void operator()(T& x, T y) const {
    x = 2 * x + y;
  }
};
struct Idle : TwiceAnd {
  BERL_FN static bool idle() { return true; }
};
constexpr int n = 1027;  // no multiple of a pack
using Line = Shape<n>;
template <class T>
Tensor<T, Line> counted(int from) {
  Tensor<T, Line> x;
  for (int i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = static_cast<T>(from + i);
  return x;
}
template <class T>
void check_updated(Tensor<T, Line> const& x) {  // whole numbers: exact
  for (int i = 0; i < n; ++i) CHECK(x[static_cast<std::size_t>(i)] == static_cast<T>(2 * (5 + i) + i));
}
}  // namespace

TEST_CASE_TEMPLATE("pieces are all elements, each once", T, float, double) {
  auto x = counted<T>(5);
  auto const y = counted<T>(0);
  for (std::size_t piece = pieces_of<T>(n) + 3; piece-- > 0;)  // in any order; those beyond the last do nothing
    update_piece<T>(TwiceAnd{}, piece, n, x.span().data(), y.span().data());
  check_updated(x);
}
TEST_CASE("what is idle reads nothing") {
  float* const nowhere = nullptr;
  update_piece<float>(Idle{}, 0, n, nowhere, static_cast<float const*>(nowhere));
  auto x = counted<float>(5);
  update_piece<float>(Idle{}, 0, n, x.span().data(), x.span().data() + 4);
  CHECK(same_bits(x, counted<float>(5)));
}
TEST_CASE_TEMPLATE("the GPU updates them all, and refuses what is not aligned" * needs_gpu(), T, float, double) {
  auto ctx = test_context();
  auto x = on_gpu(ctx, counted<T>(5));
  auto const y = on_gpu(ctx, counted<T>(0));
  T const* const ys = y.read().data();
  update_elements<T>(ctx, "twice", TwiceAnd{}, n, x.write().data(), ys);
  check_updated(on_host(ctx, x));
  CHECK_THROWS_AS(update_elements<T>(ctx, "twice", TwiceAnd{}, n - 1, x.write().data(), ys + 1), Error);
}
