#pragma once
#include <berl/core/view.hpp>  // Read, Write

#include <array>
#include <xtensor/xadapt.hpp>  // adapt

namespace berl::interop {
namespace detail {
template <int... E>
std::array<std::size_t, sizeof...(E) + 1> extents(Shape<E...>, int batch) {
  return {static_cast<std::size_t>(batch), static_cast<std::size_t>(E)...};
}
}  // namespace detail

/// A batch as a tensor of xtensor's. Nothing is copied: it is the view's memory,
/// which must be plain: maps of a multiple of 16 channels name their layout, Tensor<T, S, Host, Nchw>.
///   shapes  view: (N, S...) -> the same extents, row-major
template <class T, class S>
auto tensor(Read<T, S, Host, Nchw> view) {
  return xt::adapt(view.data(), view.size(), xt::no_ownership(), detail::extents(S{}, view.batch()));
}
template <class T, class S>
auto tensor(Write<T, S, Host, Nchw> view) {
  return xt::adapt(view.data(), view.size(), xt::no_ownership(), detail::extents(S{}, view.batch()));
}
}  // namespace berl::interop
