#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/shape.hpp>   // Shape, LayoutOf

#include <cassert>  // assert
#include <cstddef>  // ptrdiff_t

namespace berl {
namespace detail {
/// A pointer to a batch of samples, whose shape, device and layout are part of the type.
template <class Element, class S, class D, class Layout>
class View {
 public:
  using shape = S;
  using device = D;
  using layout = Layout;
  using element = Element;

  constexpr View() = default;
  BERL_FN constexpr View(Element* data, int batch) : data_(data), batch_(batch) {}

  BERL_FN constexpr Element* sample(int n) const {
#if BERL_CHECKED && !BERL_CUDA
    assert(n >= 0 && n < batch_ && "berl: a view was asked for a sample beyond its batch.");
#endif
    return data_ + static_cast<std::ptrdiff_t>(n) * S::size;
  }
  BERL_FN constexpr Element* data() const { return data_; }
  BERL_FN constexpr int batch() const { return batch_; }
  BERL_FN constexpr std::size_t size() const { return static_cast<std::size_t>(batch_) * S::size; }

 private:
  Element* data_ = nullptr;
  int batch_ = 0;
};
}  // namespace detail

/// What may be done with the memory is in the argument's type: read it, overwrite it, or add to it.
/// Skip stands for a gradient that nobody wants: nothing is computed and nothing is stored.
template <class T, class S, class D, class L = LayoutOf<S, D>>
struct Read : detail::View<T const, S, D, L> {
  using detail::View<T const, S, D, L>::View;
};
template <class T, class S, class D, class L = LayoutOf<S, D>>
struct Write : detail::View<T, S, D, L> {
  using detail::View<T, S, D, L>::View;
  BERL_FN constexpr Read<T, S, D, L> read() const { return {this->data(), this->batch()}; }
};
template <class T, class S, class D, class L = LayoutOf<S, D>>
struct Add : detail::View<T, S, D, L> {
  using detail::View<T, S, D, L>::View;
};
template <class T, class S, class D, class L = LayoutOf<S, D>>
struct Skip : detail::View<T, S, D, L> {
  using detail::View<T, S, D, L>::View;
};

template <class V>
inline constexpr bool adds = false;
template <class T, class S, class D, class L>
inline constexpr bool adds<Add<T, S, D, L>> = true;

template <class V>
inline constexpr bool skips = false;
template <class T, class S, class D, class L>
inline constexpr bool skips<Skip<T, S, D, L>> = true;

/// Stores d as the view's type says: Write overwrites, Add adds.
template <class V, class T>
BERL_FN constexpr void put(T& to, T d) {
  if constexpr (adds<V>)
    to += d;
  else
    to = d;
}

/// Some of a view's samples: the given number of them, from the first one given. A Skip has none to choose from.
template <class V>
constexpr V samples(V const& view, int first, int count) {
  if constexpr (skips<V>)
    return view;
  else
    return V(view.data() + first * static_cast<std::ptrdiff_t>(V::shape::size), count);
}
}  // namespace berl
