#pragma once
#include <berl/nn/params.hpp>   // ParamsOf
#include <berl/nn/sizes.hpp>    // kept, scratch
#include <berl/nn/watched.hpp>  // Watched

#include <type_traits>  // is_same_v

namespace berl::nn {
/// The same numbers in another type: Kernel<Conversion, D>::run(ctx, from, to).
struct Conversion {};

/// Runs a network. With a Pass, what lies between the layers is kept for backward, or computed again there; with Forget it goes back and
/// forth between two blocks of scratch.
template <class L, class Mode, class T, class In, class D, class Y, class P>
void forward(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Y y, P pass);
/// Pulls dy back to dx, and adds the gradients of the parameters. Takes the pass that forward has filled. What a network gives, and so dy,
/// has elements of T, or numbers where it ends InNumbers.
template <class L, class Mode, class T, class In, class E, class D, class DX>
void backward(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Read<E, OutputOf<L, In>, D> dy, DX dx, Pass<T> pass);

namespace detail {
/// Two blocks of scratch, which neighbours of a chain hand to one another, and one for a norm's sums over what its neighbour writes.
template <class T>
struct Between {
  T* block[2] = {};
  double* sums = nullptr;
  Between(Arena& arena, int batch, std::size_t widest, std::size_t run_sums = 0) {
    if (widest > 0)
      for (T*& b : block) b = arena.take<T>(static_cast<std::size_t>(batch) * widest);
    if (run_sums > 0) sums = arena.take<double>(run_sums);
  }
};

/// The block for what layer I gives, and for its gradient. A layer that works in place leaves its result where it has found its input.
template <class L, int I>
constexpr int block_of_output() {
  int block = 0;
  for_units<L>([&](auto i) {
    if constexpr (i > 0 && i <= I && !in_place<UnitOf<L, i>>) block = 1 - block;
  });
  return block;
}
template <class L, int I>
constexpr int block_of_gradient() {
  int block = 0;
  for_units<L>([&](auto i) {
    if constexpr (i > I && after<L, i> < L::layers::size && !in_place<UnitOf<L, i>>) block = 1 - block;
  });
  return block;
}

/// The layers that run as one from I on. Sums: none, or what was summed over runs already.
template <class L, int I, class Mode, class T, class X, class D, class Y, class P, class... Sums>
void forward_unit(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, X, D> x, Y y, P pass, Sums... sums) {
  if constexpr (together<L, I> == 2)
    UnitOf<L, I>::template forward<Mode>(ctx, own(params.template at<I>()), own(params.template at<I + 1>()), x, y, pass, sums...);
  else if constexpr (sizeof...(Sums) > 0)
    Unnamed<UnitOf<L, I>>::template forward<Mode>(ctx, own(params.template at<I>()), x, y, pass, sums...);
  else
    forward<layer_of<L, I>, Mode>(ctx, params.template at<I>(), x, y, pass);
}
template <class L, int I, class Mode, class T, class X, class E, class Out, class D, class DX, class... Sums>
void backward_unit(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, X, D> x, Read<E, Out, D> dy, DX dx, Pass<T> pass, Sums... sums) {
  if constexpr (together<L, I> == 2)
    UnitOf<L, I>::template backward<Mode>(ctx, own(params.template at<I>()), own(params.template at<I + 1>()), x, dy, dx, pass, sums...);
  else if constexpr (sizeof...(Sums) > 0)
    Unnamed<UnitOf<L, I>>::template backward<Mode>(ctx, own(params.template at<I>()), x, dy, dx, pass, sums...);
  else
    backward<layer_of<L, I>, Mode>(ctx, params.template at<I>(), x, dy, dx, pass);
}
/// What is summed over the runs of dy.
template <class L, int I, class T, class X, class Out>
auto sums_of_runs(ParamsOf<L, T, Host>& params, Read<T, X, Host> x, Read<T, Out, Host> dy, Pass<T> pass, double* sums) {
  if constexpr (together<L, I> == 2)
    return UnitOf<L, I>::sums_of_runs(own(params.template at<I>()), own(params.template at<I + 1>()), x, dy, pass, sums);
  else
    return Unnamed<UnitOf<L, I>>::sums_of_runs(own(params.template at<I>()), x, dy, pass, sums);
}

/// The output of these layers once more.
template <class L, int I, class T, class X, class D, class Y>
void unit_again(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, X, D> x, Y y, Pass<T> pass) {
  if constexpr (together<L, I> == 2)
    UnitOf<L, I>::again(ctx, own(params.template at<I>()), own(params.template at<I + 1>()), x, y, pass);
  else
    Unnamed<UnitOf<L, I>>::again(ctx, own(params.template at<I>()), x, y, pass);
}

template <class L, int I, class Mode, class T, class X, class D, class Y, class P, class... Sums>
void forward_from(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, X, D> x, Y y, P pass, Between<T> const& between, Sums... sums) {
  using Unit = UnitOf<L, I>;
  if constexpr (after<L, I> == L::layers::size) {
    forward_unit<L, I, Mode>(ctx, params, x, y, pass, sums...);
  } else {
    using H = typename output_of<Unit, X>::type;  // no alias: see docs/pitfalls.md, nvcc
    T* at;
    P here = pass;
    if constexpr (std::is_same_v<P, Forget>) {
      at = between.block[block_of_output<L, I>()];
    } else {
      at = recomputed<L, I> ? between.block[0] : pass.take(static_cast<std::size_t>(x.batch()) * H::size);
      here = pass.part(kept<Unit, T, X>(x.batch()));
    }
    Write<T, H, D> const hidden(at, x.batch());
    if constexpr (std::is_same_v<D, Host> && std::is_same_v<Mode, Training> && sums_next_input<L, I>) {
      auto const moments = Unnamed<UnitOf<L, after<L, I>>>::moments_of_runs(hidden.read(), between.sums);
      forward_unit<L, I, Mode>(ctx, params, x, Watched<T, H>(hidden, moments), here, sums...);
      forward_from<L, after<L, I>, Mode>(ctx, params, hidden.read(), y, pass, between, between.sums);
    } else {
      forward_unit<L, I, Mode>(ctx, params, x, hidden, here, sums...);
      forward_from<L, after<L, I>, Mode>(ctx, params, hidden.read(), y, pass, between);
    }
  }
}

/// refill() brings x where it was not kept.
template <class L, int I, class Mode, class T, class X, class E, class Out, class D, class DX, class Refill>
void backward_from(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, X, D> x, Read<E, Out, D> dy, DX dx, Pass<T> pass,
                   Between<T> const& between, Refill const& refill) {
  using Unit = UnitOf<L, I>;
  if constexpr (after<L, I> == L::layers::size) {
    refill();
    backward_unit<L, I, Mode>(ctx, params, x, dy, dx, pass);
  } else {
    using H = typename output_of<Unit, X>::type;
    Write<T, H, D> const dhidden(between.block[block_of_gradient<L, I>()], x.batch());
    T* const at = recomputed<L, I> ? dhidden.data() : pass.take(static_cast<std::size_t>(x.batch()) * H::size);
    Read<T, H, D> const hidden(at, x.batch());
    Pass<T> const here = pass.part(kept<Unit, T, X>(x.batch()));
    auto const again = [&] {
      if constexpr (recomputed<L, I>) unit_again<L, I>(ctx, params, x, dhidden, here);
    };
    if constexpr (std::is_same_v<D, Host> &&
                  sums_own_dy<L, I>) {  // x was kept: what is computed again lies in front of a layer with dx_over_x
      auto const of_runs = sums_of_runs<L, I>(params, x, dhidden.read(), here, between.sums);
      backward_from<L, after<L, I>, Mode>(ctx, params, hidden, dy, Watched<T, H>(dhidden, of_runs), pass, between, again);
      backward_unit<L, I, Mode>(ctx, params, x, dhidden.read(), dx, here, between.sums);
    } else {
      backward_from<L, after<L, I>, Mode>(ctx, params, hidden, dy, dhidden, pass, between, again);
      refill();
      backward_unit<L, I, Mode>(ctx, params, x, dhidden.read(), dx, here);
    }
  }
}

/// The end of a network, on a wide copy of what lies before it.
template <class L, class Mode, class T, class In, class D, class Y, class P>
void forward_in_numbers(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Y y, P pass) {
  using Number = number_of<T>;
  Scope const scope(ctx.scratch);
  Write<Number, In, D> const wide(ctx.scratch.template take<Number>(x.size()), x.batch());
  Kernel<Conversion, D>::run(ctx, x, wide);
  ParamsOf<typename L::numbers, Number, D>& own = params;
  if constexpr (std::is_same_v<P, Forget>)
    forward<typename L::numbers, Mode>(ctx, own, wide.read(), y, pass);
  else
    forward<typename L::numbers, Mode>(ctx, own, wide.read(), y, pass.numbers());
}
template <class L, class Mode, class T, class In, class E, class Out, class D, class DX>
void backward_in_numbers(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Read<E, Out, D> dy, DX dx, Pass<T> pass) {
  using Number = number_of<T>;
  Scope const scope(ctx.scratch);
  Write<Number, In, D> const wide(ctx.scratch.template take<Number>(x.size()), x.batch());
  Kernel<Conversion, D>::run(ctx, x, wide);
  ParamsOf<typename L::numbers, Number, D>& own = params;
  if constexpr (skips<DX>) {
    backward<typename L::numbers, Mode>(ctx, own, wide.read(), dy, Skip<Number, In, D>(nullptr, x.batch()), pass.numbers());
  } else {
    Write<Number, In, D> const wide_dx(wide_dx_over_x<L> ? wide.data() : ctx.scratch.template take<Number>(x.size()), x.batch());
    backward<typename L::numbers, Mode>(ctx, own, wide.read(), dy, wide_dx, pass.numbers());
    Kernel<Conversion, D>::run(ctx, wide_dx.read(), dx);
  }
}

/// y = layer N-1( ... layer 0(x)), where all layers are of one type: a loop at run time.
template <class R, class Mode, class T, class In, class D, class Y, class P>
void forward_repeat(Context<D>& ctx, ParamsOf<R, T, D>& params, Read<T, In, D> x, Y y, P pass) {
  using L = typename R::layer;
  Scope const scope(ctx.scratch);
  Between<T> const between(ctx.scratch, x.batch(), std::is_same_v<P, Forget> ? In::size : 0);
  for (int k = 0; k + 1 < R::times; ++k) {
    if constexpr (std::is_same_v<P, Forget>) {
      Write<T, In, D> const hidden(between.block[k % 2], x.batch());
      forward<L, Mode>(ctx, params.layers[k], x, hidden, pass);
      x = hidden.read();
    } else {
      Write<T, In, D> const hidden(pass.take(static_cast<std::size_t>(x.batch()) * In::size), x.batch());
      forward<L, Mode>(ctx, params.layers[k], x, hidden, pass.part(kept<L, T, In>(x.batch())));
      x = hidden.read();
    }
  }
  forward<L, Mode>(ctx, params.layers[R::times - 1], x, y, pass);
}
template <class R, class Mode, class T, class In, class D, class DX>
void backward_repeat(Context<D>& ctx, ParamsOf<R, T, D>& params, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T> pass) {
  using L = typename R::layer;
  Scope const scope(ctx.scratch);
  Between<T> const between(ctx.scratch, x.batch(), In::size);
  std::size_t const stride = elements<T, In>(x.batch()) + kept<L, T, In>(x.batch());
  auto const at = [&](int k) { return Pass<T>(pass).part_at(static_cast<std::size_t>(k) * stride); };
  auto const block = [&](int k) { return at(k).take(static_cast<std::size_t>(x.batch()) * In::size); };  // what layer k gave
  auto const own = [&](int k) { return k + 1 < R::times ? at(k).part_at(elements<T, In>(x.batch())) : at(k); };
  for (int k = R::times - 1; k > 0; --k) {
    Write<T, In, D> const dhidden(between.block[k % 2], x.batch());
    backward<L, Mode>(ctx, params.layers[k], Read<T, In, D>(block(k - 1), x.batch()), dy, dhidden, own(k));
    dy = dhidden.read();
  }
  backward<L, Mode>(ctx, params.layers[0], x, dy, dx, own(0));
}
}  // namespace detail

template <class L, class Mode, class T, class In, class D, class Y, class P>
void forward(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Y y, P pass) {
  if constexpr (IsSequential<L>) {
    Scope const scope(ctx.scratch);
    detail::Between<T> const between(ctx.scratch, x.batch(),
                                     std::is_same_v<P, Forget> ? detail::widest_hidden<L, In>() : detail::widest_recomputed<L, In>(),
                                     std::is_same_v<D, Host> ? detail::most_run_sums<L, In>(x.batch()) : 0);
    detail::forward_from<L, 0, Mode>(ctx, params, x, y, pass, between);
  } else if constexpr (IsRepeat<L>) {
    detail::forward_repeat<L, Mode>(ctx, params, x, y, pass);
  } else if constexpr (IsNamed<L>) {
    forward<typename L::layer, Mode>(ctx, params.named, x, y, pass);
  } else if constexpr (IsResidual<L>) {
    static_assert(std::is_same_v<Y, Write<T, OutputOf<L, In>, D>>, "berl::nn::Residual: its output is overwritten, not added to.");
    using Body = typename L::body;
    using Shortcut = typename L::shortcut;
    if constexpr (std::is_same_v<Shortcut, Identity>) {
      forward<Body, Mode>(ctx, params.body, x, Onto<T, In, D>(y, x), pass);
    } else {
      if constexpr (std::is_same_v<P, Forget>)
        forward<Shortcut, Mode>(ctx, params.shortcut, x, y, pass);
      else
        forward<Shortcut, Mode>(ctx, params.shortcut, x, y, pass.part(kept<Shortcut, T, In>(x.batch())));
      forward<Body, Mode>(ctx, params.body, x, Onto<T, OutputOf<L, In>, D>(y, y.read()), pass);
    }
  } else if constexpr (IsInNumbers<L>) {
    detail::forward_in_numbers<L, Mode>(ctx, params, x, y, pass);
  } else {
    L::template forward<Mode>(ctx, params, x, y, pass);
  }
}

template <class L, class Mode, class T, class In, class E, class D, class DX>
void backward(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Read<E, OutputOf<L, In>, D> dy, DX dx, Pass<T> pass) {
  if constexpr (IsSequential<L>) {
    Scope const scope(ctx.scratch);
    detail::Between<T> const between(ctx.scratch, x.batch(), detail::widest_hidden<L, In>(),
                                     std::is_same_v<D, Host> ? detail::most_run_sums<L, In>(x.batch()) : 0);
    detail::backward_from<L, 0, Mode>(ctx, params, x, dy, dx, pass, between, [] {});
  } else if constexpr (IsRepeat<L>) {
    detail::backward_repeat<L, Mode>(ctx, params, x, dy, dx, pass);
  } else if constexpr (IsNamed<L>) {
    backward<typename L::layer, Mode>(ctx, params.named, x, dy, dx, pass);
  } else if constexpr (IsResidual<L>) {
    using Body = typename L::body;
    using Shortcut = typename L::shortcut;
    static_assert(std::is_same_v<DX, Write<T, In, D>>, "berl::nn::Residual: the gradient of its input is overwritten, not added to.");
    if constexpr (std::is_same_v<Shortcut, Identity>) {
      backward<Body, Mode>(ctx, params.body, x, dy, Onto<T, In, D>(dx, dy), pass);
    } else {
      backward<Shortcut, Mode>(ctx, params.shortcut, x, dy, dx, pass.part(kept<Shortcut, T, In>(x.batch())));
      backward<Body, Mode>(ctx, params.body, x, dy, Onto<T, In, D>(dx, dx.read()), pass);
    }
  } else if constexpr (IsInNumbers<L>) {
    detail::backward_in_numbers<L, Mode>(ctx, params, x, dy, dx, pass);
  } else {
    L::template backward<Mode>(ctx, params, x, dy, dx, pass);
  }
}
}  // namespace berl::nn
