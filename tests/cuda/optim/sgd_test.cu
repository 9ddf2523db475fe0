#include "../compare.hpp"
#include "steps.hpp"

#include <berl/cuda/optim/sgd.hpp>

#include <vector>

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

namespace {
constexpr int row_width = 5, rows = 7;
std::vector<int> const some{5, 0, 2};
template <class T>
struct Table {
  using S = Shape<row_width>;
  Tensor<T, S> x = filled<T, S>(rows, "x"), dx = filled<T, S>(rows, "dx"), b = filled<T, S>(rows, "b");
};
template <class T>
Table<T> by_the_host(optim::Sgd const& sgd, long k) {
  Table<T> t;
  Context<Host> ctx;
  sgd.step_rows(ctx, some, row_width, t.x.span().data(), t.dx.span().data(), t.b.span().data(), sgd.rate, sgd.weight_decay, k);
  return t;
}
}  // namespace

TEST_CASE_TEMPLATE("the rows that are named take the host's steps", T, float, double) {
  optim::Sgd const sgd{.rate = 0.05};
  for (long const k : {1, 2}) {
    Table<T> t;
    SgdStep<T> const step{{static_cast<T>(sgd.momentum), static_cast<T>(sgd.rate), static_cast<T>(sgd.weight_decay)}, k == 1};
    SgdRowStep<T> const one{step, some.data(), row_width, t.x.span().data(), t.dx.span().data(), t.b.span().data()};
    for (std::size_t i = 0; i < some.size() * row_width; ++i) one(i);
    auto const expected = by_the_host<T>(sgd, k);
    CHECK(difference(t.x, expected.x) < rounding<T>);  // a fused multiply-add here and not there
    CHECK(difference(t.b, expected.b) < rounding<T>);
  }
}
TEST_CASE_TEMPLATE("and on the GPU" * needs_gpu(), T, float, double) {
  optim::Sgd const sgd{.rate = 0.05};
  auto ctx = test_context();
  Tensor<int, Shape<1>> named(static_cast<int>(some.size()));
  std::copy(some.begin(), some.end(), named.span().begin());
  auto const there = on_gpu(ctx, named);
  for (long const k : {1, 2}) {
    Table<T> const t;
    auto x = on_gpu(ctx, t.x);
    auto b = on_gpu(ctx, t.b);
    auto const dx = on_gpu(ctx, t.dx);
    sgd.step_rows(ctx, std::span<int const>(there.read().data(), some.size()), row_width, x.write().data(), dx.read().data(),
                  b.write().data(), sgd.rate, sgd.weight_decay, k);
    auto const expected = by_the_host<T>(sgd, k);
    CHECK(difference(on_host(ctx, x), expected.x) < rounding<T>);
    CHECK(difference(on_host(ctx, b), expected.b) < rounding<T>);
  }
}
