#pragma once
#include <berl/core/bf16.hpp>      // number_of
#include <berl/nn/sequential.hpp>  // forward, backward

#include <type_traits>  // conditional_t, is_same_v

/// Networks whose maps are stored as T, between arrays of numbers. Where T is the numbers' own type, nothing is converted or copied.
namespace berl::nn {
template <class T>
inline constexpr bool narrow = !std::is_same_v<T, number_of<T>>;

/// Elements of the operands beside so many values of parameters, and bytes of a batch beside its numbers, where they are stored as T: the
/// room of `stored`. 0 where T is no other type.
template <class T>
constexpr std::size_t operands(std::size_t values) {
  return narrow<T> ? padded<T>(values) : 0;
}
template <class T, class S>
constexpr std::size_t stored_bytes(int batch) {
  return operands<T>(static_cast<std::size_t>(batch) * S::size) * sizeof(T);
}
/// A batch as networks read it: itself, or a copy in `room`.
template <class T, class S, class D>
Read<T, S, D> stored(Context<D>& ctx, Read<number_of<T>, S, D> x, Write<T, S, D> room) {
  if constexpr (narrow<T>) {
    Write<T, S, D> const to(room.data(), x.batch());
    Kernel<Conversion, D>::run(ctx, x, to);
    return to.read();
  } else {
    static_cast<void>(ctx), static_cast<void>(room);
    return x;
  }
}

namespace detail {
template <class L>
inline constexpr bool is_network = IsSequential<Unnamed<L>> || IsRepeat<Unnamed<L>> || IsResidual<Unnamed<L>>;
template <class L>
inline constexpr bool multiplies = requires { Unnamed<L>::fan_in; };
/// With which layer of a Sequential its end in numbers begins: with the last convolution or fully connected layer, but behind a network
/// that other layers follow.
template <class... Ls>
constexpr int first_in_numbers(List<Ls...>) {
  constexpr bool networks[] = {is_network<Ls>...}, products[] = {multiplies<Ls>...};
  int i = sizeof...(Ls) - 1;
  if (networks[i]) return i;
  while (i > 0 && !products[i] && !networks[i - 1]) --i;
  return i;
}

template <class L>
struct ToNumbers;
/// The end in numbers, where it begins with one layer: that alone, or in a Sequential, the end of that.
template <class... Ls>
struct ending {
  using type = InNumbers<Ls...>;
};
template <IsSequential L>
struct ending<L> {
  using type = ToNumbers<L>;
};
template <Name name, IsSequential L>
struct ending<Named<name, L>> {
  using type = Named<name, ToNumbers<L>>;
};
template <class Front, int n, class... Ls>
struct ending_after;
template <class... Front, int n, class L, class... Ls>
struct ending_after<List<Front...>, n, L, Ls...> : ending_after<List<Front..., L>, n - 1, Ls...> {};
template <class... Front, class L, class... Ls>
struct ending_after<List<Front...>, 0, L, Ls...> {
  using type = Sequential<Front..., typename ending<L, Ls...>::type>;
};
template <class L>
struct to_numbers {
  using type = Sequential<typename ending<L>::type>;
};
template <class Layers>
struct list_to_numbers;
template <class... Ls>
struct list_to_numbers<List<Ls...>> : ending_after<List<>, first_in_numbers(List<Ls...>{}), Ls...> {};
template <IsSequential L>
struct to_numbers<L> : list_to_numbers<typename L::layers> {};
template <class L>
struct ToNumbers : to_numbers<L>::type {};
}  // namespace detail

/// L as it runs where its maps are stored as T and it is to give numbers, whose smoothness or whose last digits count: its end, from the
/// last convolution or fully connected layer on, computes in numbers, with the parameters themselves instead of operands. Where T is a
/// type of numbers this is L. Parameters have the names, the order and the places that L's have.
template <class L, class T>
using ToNumbers = std::conditional_t<narrow<T>, detail::ToNumbers<L>, L>;
}  // namespace berl::nn
