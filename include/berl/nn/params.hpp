#pragma once
#include <berl/nn/structure.hpp>  // Sequential, Repeat, Residual

#include <utility>  // integer_sequence

namespace berl::nn {
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
    visit_from(f, path, number);
  }
  /// The same, where the first of these layers has another number than 0.
  constexpr void visit_from(auto& f, auto const& path, int& number) {
    (visit_entry<layer_of<L, I>>(static_cast<Child<L, I, T, D>&>(*this).params, f, path, number), ...);
  }

 private:
  template <class Entry>
  static constexpr void visit_entry(auto& params, auto& f, auto const& path, int& number) {
    if constexpr (IsRepeat<Entry>)
      for (auto& one : params.layers) one.visit(f, path / number++);
    else if constexpr (IsNamed<Entry>)
      params.visit(f, path);
    else if constexpr (IsInNumbers<Entry>)
      params.visit_from(f, path, number);
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
template <IsNamed L, class T, class D>
struct ParamsOf<L, T, D> {
  ParamsOf<typename L::layer, T, D> named;
  constexpr void visit(auto&& f, auto const& path) { named.visit(f, path / L::saved_as); }
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
template <IsInNumbers L, class T, class D>
struct ParamsOf<L, T, D> : ParamsOf<typename L::numbers, number_of<T>, D> {};
template <class T, class D>
struct ParamsOf<Identity, T, D> {
  constexpr void visit(auto&&, auto const&) {}
};

namespace detail {
/// The parameters of a layer, by whatever name they are saved.
template <class Params>
auto& own(Params& params) {
  if constexpr (requires { params.named; })
    return own(params.named);
  else
    return params;
}
}  // namespace detail
}  // namespace berl::nn
