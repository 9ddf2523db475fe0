#pragma once
#include <berl/core/device.hpp>    // Context
#include <berl/core/random.hpp>    // Random
#include <berl/core/tensor.hpp>    // Tensor
#include <berl/expr/evaluate.hpp>  // evaluate
#include <berl/expr/gradient.hpp>  // gradient

#include <cmath>   // fabs, fmax
#include <limits>  // quiet_NaN

namespace berl::testing {
/// Leaves are drawn from [lower, upper), where the node should be smooth.
struct Range {
  double lower = 0.2, upper = 0.9;
  int batch = 2;
  double step = 1e-5;
};

namespace detail {
template <class L>
struct Trial {
  Tensor<double, expr::shape_of<L>> x, dx, added;
  explicit Trial(int batch) : x(batch), dx(batch, std::numeric_limits<double>::quiet_NaN()), added(batch, 3.0) {}
};
template <class Leaves>
struct Trials;
template <class... Ls>
struct Trials<expr::Types<Ls...>> : Trial<Ls>... {
  explicit Trials(int batch) : Trial<Ls>(batch)... {}
};
}  // namespace detail

/// The largest difference between the gradients of a node's leaves and central differences of L = sum of y dy, with respect to the
/// larger of 1 and the gradient: about 1e-9 when right. Gradients are stored once over NaN, and once added to 3.
template <expr::Node N>
double check_gradients(N const& node, Range range = {}) {
  using Leaves = expr::detail::leaves_of<N>;
  return [&]<class... Ls>(expr::Types<Ls...> leaves) {
    Context<Host> ctx;
    detail::Trials<Leaves> all(range.batch);
    Tensor<double, expr::shape_of<N>> y(range.batch), dy(range.batch);
    std::uint64_t stream = 0;
    auto const fill = [&](auto& t, double lower, double upper) {
      Random random(Seed{5}, ++stream);
      for (double& value : t.span()) value = random.uniform(lower, upper);
    };
    (fill(static_cast<detail::Trial<Ls>&>(all).x, range.lower, range.upper), ...);
    fill(dy, -1, 1);
    auto const values = expr::bind(Ls{} = static_cast<detail::Trial<Ls>&>(all).x...);
    expr::gradient(ctx, node, leaves, values, dy.read(), expr::bind(Ls{} = static_cast<detail::Trial<Ls>&>(all).dx.write()...));
    expr::gradient(ctx, node, leaves, values, dy.read(), expr::bind(Ls{} = static_cast<detail::Trial<Ls>&>(all).added.add()...));
    auto const loss = [&] {
      expr::evaluate(ctx, node, values, y.write());
      double sum = 0;
      for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * dy[i];
      return sum;
    };
    double worst = 0;
    auto const worse = [&](double error) { worst = error > worst || std::isnan(error) ? error : worst; };
    auto const compare = [&](auto& t) {
      for (std::size_t i = 0; i < t.x.size() && !std::isnan(worst); ++i) {
        double const x = t.x[i];
        t.x[i] = x + range.step;
        double const above = loss();
        t.x[i] = x - range.step;
        double const below = loss();
        t.x[i] = x;
        double const scale = std::fmax(1.0, std::fabs(t.dx[i]));
        worse(std::fabs((above - below) / (2 * range.step) - t.dx[i]) / scale);
        worse(std::fabs(t.added[i] - 3 - t.dx[i]) / scale);
      }
    };
    (compare(static_cast<detail::Trial<Ls>&>(all)), ...);
    return worst;
  }(Leaves{});
}
}  // namespace berl::testing
