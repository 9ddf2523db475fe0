#pragma once
#include <berl/core/device.hpp>    // Context
#include <berl/core/tensor.hpp>    // Tensor
#include <berl/expr/evaluate.hpp>  // evaluate
#include <berl/expr/gradient.hpp>  // gradient
#include <berl/optim/adam.hpp>     // Adam

#include <span>

namespace berl::optim {
/// One leaf that is looked for, with what Adam keeps of it.
template <class L, class T>
struct Unknown {
  Tensor<T, expr::shape_of<L>> x, dx, m, v;
  explicit Unknown(int batch) : x(batch, T(0.5)), dx(batch), m(batch), v(batch) {}
};
/// What fit found, by leaf: found[ambient][0].
template <class T, class... Ws>
struct Found : Unknown<Ws, T>... {
  explicit Found(int batch) : Unknown<Ws, T>(batch)... {}
  template <class W>
  Tensor<T, expr::shape_of<W>> const& operator[](W) const {
    return static_cast<Unknown<W, T> const&>(*this).x;
  }
};

/// The leaves of wrt that bring the expression nearest to the target, in the mean square; they start at 0.5.
///   L = 1/2 sum of (y - target)^2 for each sample, the gradient dy = y - target
///   errors  as expr::gradient
template <expr::Node N, class... Ws, class... Ls, class... Vs, class T>
Found<T, Ws...> fit(N node, expr::Types<Ws...> wanted, expr::Bindings<expr::Bound<Ls, Vs>...> known,
                    Tensor<T, expr::shape_of<N>> const& target, Adam adam, int steps = 300) {
  int const batch = target.batch();
  Context<Host> ctx;
  Found<T, Ws...> found(batch);
  Tensor<T, expr::shape_of<N>> dy(batch);
  auto const values = bind(expr::Bound<Ls, Vs>{known[Ls{}]}..., Ws{} = static_cast<Unknown<Ws, T>&>(found).x...);
  auto const gradients = bind(Ws{} = static_cast<Unknown<Ws, T>&>(found).dx.write()...);
  for (int step = 1; step <= steps; ++step) {
    evaluate(ctx, node, values, dy.write());
    for (std::size_t i = 0; i < dy.size(); ++i) dy[i] -= target[i];
    gradient(ctx, node, wanted, values, dy.read(), gradients);
    auto const update = [&](auto& u) {
      adam.step(ctx, u.x.span(), std::span<T const>(u.dx.span()), u.m.span(), u.v.span(), adam.rate, adam.weight_decay, step);
    };
    (update(static_cast<Unknown<Ws, T>&>(found)), ...);
  }
  return found;
}
}  // namespace berl::optim
