#pragma once
#include <berl/cuda/nn/map.hpp>    // map, position
#include <berl/cuda/nn/prelu.hpp>  // channels_map, channels_sum, AddToGradient
#include <berl/cuda/tensor.hpp>    // relayout

/// Libraries read and write maps in one layout, and overwrite what they write. What a view asks for beside that is a pass of its own.
namespace berl::gpu {
/// Whether a map that a layer sees lies in the layout L; where a pixel or a channel is alone, all layouts are one.
template <class S, class L>
inline constexpr bool lies_as = lie_alike<S, LayoutOf<S, Cuda>, L>;

/// Bytes of ctx.scratch for a map in a layout.
template <class T, class S>
constexpr std::size_t map_bytes(int batch) {
  return padded<T>(static_cast<std::size_t>(batch) * S::size) * sizeof(T);
}
template <class T, class S, class L>
constexpr std::size_t laid_bytes(int batch) {
  return lies_as<S, L> ? 0 : map_bytes<T, S>(batch);
}
/// A batch in layout L: as it is, or copied into scratch.
template <class L, class T, class S>
T const* laid(Context<Cuda>& ctx, Read<T, S, Cuda> x) {
  if constexpr (lies_as<S, L>) {
    return x.data();
  } else {
    T* const to = ctx.scratch.template take<T>(x.size());
    detail::relayout<S, LayoutOf<S, Cuda>, L>(ctx, x.data(), to, x.size());
    return to;
  }
}
/// Where a library writes a result in layout L that is meant for y: there, or into scratch. Give it to deliver() then.
template <class L, class Y>
typename Y::element* place_for(Context<Cuda>& ctx, Y const& y) {
  if constexpr (lies_as<typename Y::shape, L> && !accumulates<Y>)
    return y.data();
  else
    return ctx.scratch.template take<typename Y::element>(y.size());
}

/// v + bias[c]
template <class T>
struct BiasedOf {
  T const* bias;  // may be null
  struct Channel {
    T bias;
    BERL_FN T operator()(T v) const { return v + bias; }
  };
  BERL_FN Channel at(int c) const { return {bias != nullptr ? bias[c] : T(0)}; }
};
/// Element i of a batch of S from the same batch in layout L.
template <class S, class L, class T>
struct Relaid {
  T const* from;
  number_of<T> const* bias;  // may be null
  BERL_FN number_of<T> operator()(std::size_t i) const {
    auto const at = position<S, LayoutOf<S, Cuda>>(i);
    number_of<T> const v =
        from[at.sample * S::size + static_cast<std::size_t>(offset_of<S, L>(at.c, at.pixel / width<S>, at.pixel % width<S>))];
    return bias != nullptr ? v + bias[at.c] : v;
  }
};
/// y = [base +] from [+ bias], where place_for(y) has been written in layout L.
template <class L, class T, class Y>
void deliver(Context<Cuda>& ctx, char const* name, T const* from, number_of<T> const* bias, Y const& y) {
  using S = typename Y::shape;
  if constexpr (!lies_as<S, L>)
    map(ctx, name, Relaid<S, L, T>{from, bias}, y);
  else if (accumulates<Y> || bias != nullptr)
    channels_map<S, LayoutOf<S, Cuda>>(ctx, name, BiasedOf<number_of<T>>{bias}, y, from);
}

/// The elements of dy as terms.
template <class T>
struct SumOf {
  struct Channel {
    BERL_FN T operator()(T (&t)[1], T dy) const { return t[0] = dy; }
  };
  BERL_FN Channel at(int) const { return {}; }
};
/// db[c] += sum over the batch and the pixels of dy
///   scratch bias_gradient_bytes
template <class T, class S>
void bias_gradient(Context<Cuda>& ctx, char const* name, Read<T, S, Cuda> dy, number_of<T>* db) {
  channels_sum<1, S, LayoutOf<S, Cuda>>(ctx, name, SumOf<number_of<T>>{}, Skip<T, S, Cuda>(nullptr, dy.batch()),
                                        nn::detail::AddToGradient<number_of<T>>{db}, dy.data());
}
template <class S>
constexpr std::size_t bias_gradient_bytes(int batch) {
  return sums_bytes<channels<S>, 1>(batch);
}
}  // namespace berl::gpu
