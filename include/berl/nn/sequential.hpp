#pragma once
#include <berl/nn/layer.hpp>     // Layer, Pass, Forget

#include <algorithm>    // max
#include <type_traits>  // is_same_v
#include <utility>      // index_sequence

namespace berl::nn {
template <class... Ls>
struct List {
  static constexpr int size = sizeof...(Ls);
};

/// Layers one after the other. A network is a named struct, struct Stem : Sequential<...> {}, so that what runs over it,
/// and every error and symbol, says Stem.
template <class... Ls>
struct Sequential {
  using layers = List<Ls...>;
};
/// N equal layers, compiled once. In a Sequential they count as N.
template <int N, class L>
struct Repeat {
  static_assert(N >= 1, "berl::nn::Repeat<N, L>: N, how often the layer comes, must be at least 1.");
  static constexpr int times = N;
  using layer = L;
};
/// A text as a template argument.
template <std::size_t N>
struct Name {
  char text[N];
  constexpr Name(char const (&from)[N]) { std::copy_n(from, N, text); }
};
/// A layer that is saved under a name of its own instead of its number.
template <Name name, class L>
struct Named {
  using layer = L;
};
/// y = body(x) + shortcut(x). The body's last layer adds to what the shortcut has left.
///   shapes  body and shortcut: In to the same Out; without a shortcut Out is In
struct Identity {};
template <class Body, class Shortcut = Identity>
struct Residual {
  using body = Body;
  using shortcut = Shortcut;
};

template <class L>
concept IsSequential = requires { typename L::layers; };
template <class L>
concept IsRepeat = requires { L::times; };
template <class L>
concept IsResidual = requires { typename L::body; };
template <class L>
inline constexpr bool is_named = false;
template <Name name, class L>
inline constexpr bool is_named<Named<name, L>> = true;
template <class L>
concept IsNamed = is_named<L>;

namespace detail {
template <int I, class L, class... Ls>
struct at : at<I - 1, Ls...> {};
template <class L, class... Ls>
struct at<0, L, Ls...> {
  using type = L;
};
template <int I, class List>
struct layer_at;
template <int I, class... Ls>
struct layer_at<I, List<Ls...>> : at<I, Ls...> {};
template <class L>
inline constexpr int count = 1;  // how many numbers an entry takes
template <int N, class L>
inline constexpr int count<Repeat<N, L>> = N;

template <class A, class B>
struct SameShape {
  static_assert(std::is_same_v<A, B>,
                "berl::nn::Residual, Repeat: the shapes do not fit. A residual body and its shortcut must give the same shape, and what is "
                "repeated must give the shape that it takes.");
  using type = B;
};
}  // namespace detail
template <class L, int I>
using layer_of = typename detail::layer_at<I, typename L::layers>::type;

// --- shapes --------------------------------------------------------------------------------------
template <class L, class In>
struct output_of {
  using type = typename L::template output<In>;
};
template <class L, class In>
using OutputOf = typename output_of<L, In>::type;

/// The shape that layer I of a Sequential takes; I = size is what comes out.
template <class L, class In, int I>
struct hidden_of {
  using type = OutputOf<layer_of<L, I - 1>, typename hidden_of<L, In, I - 1>::type>;
};
template <class L, class In>
struct hidden_of<L, In, 0> {
  using type = In;
};
template <class L, class In, int I>
using HiddenOf = typename hidden_of<L, In, I>::type;

template <IsSequential L, class In>
struct output_of<L, In> {
  using type = HiddenOf<L, In, L::layers::size>;
};
template <IsRepeat L, class In>
struct output_of<L, In> : detail::SameShape<OutputOf<typename L::layer, In>, In> {};
template <IsNamed L, class In>
struct output_of<L, In> : output_of<typename L::layer, In> {};
template <IsResidual L, class In>
struct output_of<L, In> : detail::SameShape<OutputOf<typename L::shortcut, In>, OutputOf<typename L::body, In>> {};
template <class In>
struct output_of<Identity, In> {
  using type = In;
};

// --- parameters ----------------------------------------------------------------------------------
/// The arrays of a layer or a network, as a struct of structs. visit(f, path) calls f(name, array) for each, in order.
template <class L, class T, class D>
struct ParamsOf : L::template Params<T, D> {};

namespace detail {
template <class L, int I, class T, class D>
struct Child {
  ParamsOf<layer_of<L, I>, T, D> params;
};
template <class L, class T, class D, class Indices>
struct Children;
template <class L, class T, class D, int... I>
struct Children<L, T, D, std::integer_sequence<int, I...>> : Child<L, I, T, D>... {
  constexpr void visit(auto&& f, auto const& path) {
    int number = 0;
    (visit_entry<layer_of<L, I>>(static_cast<Child<L, I, T, D>&>(*this).params, f, path, number), ...);
  }

 private:
  template <class Entry>
  static constexpr void visit_entry(auto& params, auto& f, auto const& path, int& number) {
    if constexpr (IsRepeat<Entry>)
      for (auto& one : params.layers) one.visit(f, path / number++);
    else if constexpr (IsNamed<Entry>)
      params.visit(f, path);
    else
      params.visit(f, path / number++);
  }
};
}  // namespace detail

template <IsSequential L, class T, class D>
struct ParamsOf<L, T, D> : detail::Children<L, T, D, std::make_integer_sequence<int, L::layers::size>> {
  template <int I>
  constexpr auto& at() {
    return static_cast<detail::Child<L, I, T, D>&>(*this).params;
  }
};
template <IsRepeat L, class T, class D>
struct ParamsOf<L, T, D> {
  ParamsOf<typename L::layer, T, D> layers[L::times];
  constexpr void visit(auto&& f, auto const& path) {
    int number = 0;
    for (auto& one : layers) one.visit(f, path / number++);
  }
};
template <Name name, class L, class T, class D>
struct ParamsOf<Named<name, L>, T, D> {
  ParamsOf<L, T, D> named;
  constexpr void visit(auto&& f, auto const& path) { named.visit(f, path / name.text); }
};
template <IsResidual L, class T, class D>
struct ParamsOf<L, T, D> {
  ParamsOf<typename L::body, T, D> body;
  ParamsOf<typename L::shortcut, T, D> shortcut;
  constexpr void visit(auto&& f, auto const& path) {
    body.visit(f, path);
    shortcut.visit(f, path);
  }
};
template <class T, class D>
struct ParamsOf<Identity, T, D> {
  constexpr void visit(auto&&, auto const&) {}
};

// --- sizes ---------------------------------------------------------------------------------------
namespace detail {
template <class L, class F>
constexpr void for_layers(F&& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    (f(std::integral_constant<int, I>{}), ...);
  }(std::make_integer_sequence<int, L::layers::size>{});
}
template <class L, class In>
constexpr std::size_t widest_hidden() {
  std::size_t widest = 0;
  for_layers<L>([&](auto i) {
    if constexpr (i > 0) widest = std::max(widest, static_cast<std::size_t>(HiddenOf<L, In, i>::size));
  });
  return widest;
}
template <class T, class S>
constexpr std::size_t elements(int batch) {
  return padded<T>(static_cast<std::size_t>(batch) * S::size);
}
}  // namespace detail

/// Elements of T that a pass keeps between forward and backward, besides the input.
template <class L, class T, class In>
constexpr std::size_t kept(int batch) {
  if constexpr (IsSequential<L>) {
    std::size_t n = 0;
    detail::for_layers<L>([&](auto i) {
      using X = HiddenOf<L, In, i>;
      n += kept<layer_of<L, i>, T, X>(batch);
      if constexpr (i + 1 < L::layers::size) n += detail::elements<T, HiddenOf<L, In, i + 1>>(batch);
    });
    return n;
  } else if constexpr (IsRepeat<L>) {
    return L::times * kept<typename L::layer, T, In>(batch) + (L::times - 1) * detail::elements<T, In>(batch);
  } else if constexpr (IsNamed<L>) {
    return kept<typename L::layer, T, In>(batch);
  } else if constexpr (IsResidual<L>) {
    return kept<typename L::shortcut, T, In>(batch) + kept<typename L::body, T, In>(batch);
  } else if constexpr (std::is_same_v<L, Identity>) {
    return 0;
  } else {
    return L::template kept<T, In>(batch);
  }
}

/// Bytes of ctx.scratch that forward, without keeping, or backward takes at the most.
template <class L, class T, class In>
constexpr std::size_t scratch(int batch, int threads) {
  if constexpr (IsSequential<L>) {
    std::size_t most = 0;
    detail::for_layers<L>([&](auto i) { most = std::max(most, scratch<layer_of<L, i>, T, HiddenOf<L, In, i>>(batch, threads)); });
    return most + 2 * sizeof(T) * padded<T>(static_cast<std::size_t>(batch) * detail::widest_hidden<L, In>());
  } else if constexpr (IsRepeat<L>) {
    return scratch<typename L::layer, T, In>(batch, threads) + 2 * sizeof(T) * detail::elements<T, In>(batch);
  } else if constexpr (IsNamed<L>) {
    return scratch<typename L::layer, T, In>(batch, threads);
  } else if constexpr (IsResidual<L>) {
    return std::max(scratch<typename L::shortcut, T, In>(batch, threads), scratch<typename L::body, T, In>(batch, threads));
  } else if constexpr (std::is_same_v<L, Identity>) {
    return 0;
  } else {
    return L::template scratch<T, In>(batch, threads);
  }
}

/// Multiply-adds of convolutions and linear layers for one sample (spec: biases and norms do not count).
template <class L, class In>
constexpr std::int64_t macs() {
  if constexpr (IsSequential<L>) {
    std::int64_t n = 0;
    detail::for_layers<L>([&](auto i) { n += macs<layer_of<L, i>, HiddenOf<L, In, i>>(); });
    return n;
  } else if constexpr (IsRepeat<L>) {
    return L::times * macs<typename L::layer, In>();
  } else if constexpr (IsNamed<L>) {
    return macs<typename L::layer, In>();
  } else if constexpr (IsResidual<L>) {
    return macs<typename L::body, In>() + macs<typename L::shortcut, In>();
  } else if constexpr (std::is_same_v<L, Identity>) {
    return 0;
  } else {
    return L::template macs<In>;
  }
}

// --- forward and backward ------------------------------------------------------------------------
/// Runs a network. With a Pass, what lies between the layers is kept for backward; with Forget it goes back and forth
/// between two blocks of scratch.
template <class L, class Mode, class T, class In, class D, class Y, class P>
void forward(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Y y, P pass);
/// Pulls dy back to dx, and adds the gradients of the parameters. Takes the pass that forward has filled.
template <class L, class Mode, class T, class In, class D, class DX>
void backward(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Read<T, OutputOf<L, In>, D> dy, DX dx, Pass<T> pass);

namespace detail {
/// Two blocks of scratch, which neighbours of a chain hand to one another.
template <class T>
struct Between {
  T* block[2] = {};
  Between(Arena& arena, int batch, std::size_t widest) {
    if (widest > 0)
      for (T*& b : block) b = arena.take<T>(static_cast<std::size_t>(batch) * widest);
  }
};

template <class L, int I, class Mode, class T, class X, class D, class Y, class P>
void forward_from(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, X, D> x, Y y, P pass, Between<T> const& between) {
  using Entry = layer_of<L, I>;
  auto& own = params.template at<I>();
  if constexpr (I + 1 == L::layers::size) {
    forward<Entry, Mode>(ctx, own, x, y, pass);
  } else if constexpr (std::is_same_v<P, Forget>) {
    Write<T, OutputOf<Entry, X>, D> const hidden(between.block[I % 2], x.batch());
    forward<Entry, Mode>(ctx, own, x, hidden, pass);
    forward_from<L, I + 1, Mode>(ctx, params, hidden.read(), y, pass, between);
  } else {
    using H = OutputOf<Entry, X>;
    Write<T, H, D> const hidden(pass.take(static_cast<std::size_t>(x.batch()) * H::size), x.batch());
    forward<Entry, Mode>(ctx, own, x, hidden, pass.part(kept<Entry, T, X>(x.batch())));
    forward_from<L, I + 1, Mode>(ctx, params, hidden.read(), y, pass, between);
  }
}

template <class L, int I, class Mode, class T, class X, class Out, class D, class DX>
void backward_from(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, X, D> x, Read<T, Out, D> dy, DX dx, Pass<T> pass, Between<T> const& between) {
  using Entry = layer_of<L, I>;
  auto& own = params.template at<I>();
  if constexpr (I + 1 == L::layers::size) {
    backward<Entry, Mode>(ctx, own, x, dy, dx, pass);
  } else {
    using H = OutputOf<Entry, X>;
    Read<T, H, D> const hidden(pass.take(static_cast<std::size_t>(x.batch()) * H::size), x.batch());
    Pass<T> const here = pass.part(kept<Entry, T, X>(x.batch()));
    Write<T, H, D> const dhidden(between.block[I % 2], x.batch());
    backward_from<L, I + 1, Mode>(ctx, params, hidden, dy, dhidden, pass, between);
    backward<Entry, Mode>(ctx, own, x, dhidden.read(), dx, here);
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
    detail::Between<T> const between(ctx.scratch, x.batch(), std::is_same_v<P, Forget> ? detail::widest_hidden<L, In>() : 0);
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
  } else {
    L::template forward<Mode>(ctx, params, x, y, pass);
  }
}

template <class L, class Mode, class T, class In, class D, class DX>
void backward(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Read<T, OutputOf<L, In>, D> dy, DX dx, Pass<T> pass) {
  if constexpr (IsSequential<L>) {
    Scope const scope(ctx.scratch);
    detail::Between<T> const between(ctx.scratch, x.batch(), detail::widest_hidden<L, In>());
    detail::backward_from<L, 0, Mode>(ctx, params, x, dy, dx, pass, between);
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
  } else {
    L::template backward<Mode>(ctx, params, x, dy, dx, pass);
  }
}
}  // namespace berl::nn
