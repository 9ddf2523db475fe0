#pragma once
#include <berl/core/random.hpp>    // Random
#include <berl/core/tensor.hpp>    // Tensor
#include <berl/nn/sequential.hpp>  // forward, backward, kept
#include <berl/nn/state.hpp>       // Weights

#include <algorithm>  // max
#include <cmath>      // abs
#include <limits>     // quiet_NaN
#include <span>
#include <vector>

namespace berl::testing {
/// What check_gradients found.
struct GradientCheck {
  double worst = 0;         ///< largest |derived - difference| / max(1, |difference|); infinite where one is not a number
  int compared = 0;         ///< entries that were compared
  bool finite = true;       ///< every entry of dx was written: none kept the poison that lay there
  bool accumulates = true;  ///< parameter gradients were added to what lay there, and Add and Write agree
};

namespace detail {
/// A layer without its type, so that the comparison is compiled once for all of them.
struct Subject {
  struct Array {
    std::span<double> value, gradient;  // no gradient for a buffer
  };
  std::vector<Array> arrays;
  std::span<double> x, y, dy, dx, dx_added;
  void* layer = nullptr;
  void (*forward)(void*) = nullptr;
  void (*backward)(void*) = nullptr;        // writes dx
  void (*backward_added)(void*) = nullptr;  // adds to dx_added; null where a layer only writes
};

inline void draw(Random& random, std::span<double> to, double low, double high, double keep_away) {
  for (double& v : to) {
    v = random.uniform(low, high);
    if (std::abs(v) < keep_away) v = keep_away;
  }
}
inline double loss(Subject const& s) {
  s.forward(s.layer);
  double sum = 0;
  for (std::size_t i = 0; i < s.y.size(); ++i) sum += s.y[i] * s.dy[i];
  return sum;
}
inline void compare(Subject const& s, double& at, double derived, double step, GradientCheck& result) {
  double const old = at;
  at = old + step;
  double const up = loss(s);
  at = old - step;
  double const down = loss(s);
  at = old;
  double const difference = (up - down) / (2 * step);
  double const error = std::abs(derived - difference) / std::max(1.0, std::abs(difference));
  if (!(error <= result.worst)) result.worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
  ++result.compared;
}

inline GradientCheck check(Subject& s, int samples, double step, double keep_away) {
  GradientCheck result;
  Random random(Seed{7});
  for (auto& a : s.arrays)
    if (!a.gradient.empty()) draw(random, a.value, -0.9, 0.9, keep_away);
  for (auto& a : s.arrays)
    if (a.gradient.empty()) draw(random, a.value, 0.5, 1.5, keep_away);  // running variances are positive
  draw(random, s.x, -1, 1, keep_away);
  draw(random, s.dy, -1, 1, keep_away);
  std::fill(s.dx.begin(), s.dx.end(), std::numeric_limits<double>::quiet_NaN());
  std::fill(s.dx_added.begin(), s.dx_added.end(), 3.0);

  s.forward(s.layer);
  for (auto& a : s.arrays) std::fill(a.gradient.begin(), a.gradient.end(), 5.0);
  s.backward(s.layer);
  std::vector<std::vector<double>> gradients;
  for (auto& a : s.arrays) gradients.emplace_back(a.gradient.begin(), a.gradient.end());

  auto const spread = [&](std::size_t n) { return std::max<std::size_t>(1, n / static_cast<std::size_t>(samples)); };
  for (double const d : s.dx)
    if (!std::isfinite(d)) result.finite = false;
  for (std::size_t i = 0; i < s.x.size(); i += spread(s.x.size())) compare(s, s.x[i], s.dx[i], step, result);
  for (std::size_t k = 0; k < s.arrays.size(); ++k)
    for (std::size_t i = 0; i < gradients[k].size(); i += spread(gradients[k].size()))
      compare(s, s.arrays[k].value[i], gradients[k][i] - 5, step, result);

  // once more, added: dx grows by what it was, parameter gradients by the same once more
  if (!s.backward_added) return result;
  s.forward(s.layer);
  s.backward_added(s.layer);
  auto const same = [](double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)); };
  for (std::size_t i = 0; i < s.x.size(); ++i)
    if (!same(s.dx_added[i] - 3, s.dx[i], 1e-12)) result.accumulates = false;
  for (std::size_t k = 0; k < s.arrays.size(); ++k)
    for (std::size_t i = 0; i < gradients[k].size(); ++i)
      if (!same(s.arrays[k].gradient[i] - gradients[k][i], gradients[k][i] - 5, 1e-11)) result.accumulates = false;
  return result;
}

/// Whether a network's first layer is a Residual, which writes dx and does not add to it.
template <class L>
constexpr bool begins_with_residual() {
  if constexpr (nn::IsResidual<L>)
    return true;
  else if constexpr (nn::IsSequential<L>)
    return begins_with_residual<nn::layer_of<L, 0>>();
  else if constexpr (nn::IsRepeat<L> || nn::IsNamed<L>)
    return begins_with_residual<typename L::layer>();
  else
    return false;
}
}  // namespace detail

/// Compares a layer's or network's backward with central differences, in double, for random input, parameters and dy.
/// dx is poisoned before it is written; parameter gradients are seeded before they are added to.
///   samples    entries of x and of each parameter that are compared, spread evenly
///   keep_away  inputs nearer to a kink at 0 than this are moved away from it
template <class L, class Mode, class In>
GradientCheck check_gradients(int batch = 2, int samples = 40, double step = 1e-5, double keep_away = 1e-3, int threads = 2) {
  struct Layer {
    Context<Host> ctx;
    nn::Weights<L, double> weights;
    Tensor<double, In> x, dx, dx_added;
    Tensor<double, nn::OutputOf<L, In>> y, dy;
    Arena memory;
    double* kept;
    Layer(int n, int t)
        : x(n),
          dx(n),
          dx_added(n),
          y(n),
          dy(n),
          memory((nn::kept<L, double, In>(n) + 8) * sizeof(double)),
          kept(memory.take<double>(nn::kept<L, double, In>(n))) {
      ctx.threads = t;
      ctx.scratch = Arena(nn::scratch<L, double, In>(n, t));
    }
    Pass<double> pass() const { return {kept, 5, 11}; }
  };
  Layer layer(batch, threads);
  detail::Subject s;
  s.layer = &layer;
  s.x = layer.x.span();
  s.y = layer.y.span();
  s.dy = layer.dy.span();
  s.dx = layer.dx.span();
  s.dx_added = layer.dx_added.span();
  layer.weights.params.visit(
      [&](Nameless, auto& array) {
        using P = std::remove_cvref_t<decltype(array)>;
        constexpr auto size = static_cast<std::size_t>(P::shape::size);
        if constexpr (Trainable<P>)
          s.arrays.push_back({{array.value(), size}, {array.gradient(), size}});
        else
          s.arrays.push_back({{array.value(), size}, {}});
      },
      Nameless{});
  s.forward = [](void* p) {
    auto& l = *static_cast<Layer*>(p);
    nn::forward<L, Mode>(l.ctx, l.weights.params, l.x.read(), l.y.write(), l.pass());
  };
  s.backward = [](void* p) {
    auto& l = *static_cast<Layer*>(p);
    nn::backward<L, Mode>(l.ctx, l.weights.params, l.x.read(), l.dy.read(), l.dx.write(), l.pass());
  };
  if constexpr (!detail::begins_with_residual<L>())
    s.backward_added = [](void* p) {
      auto& l = *static_cast<Layer*>(p);
      nn::backward<L, Mode>(l.ctx, l.weights.params, l.x.read(), l.dy.read(), l.dx_added.add(), l.pass());
    };
  return detail::check(s, samples, step, keep_away);
}
}  // namespace berl::testing
