#pragma once
#include <berl/core/bf16.hpp>      // number_of
#include <berl/nn/sequential.hpp>  // forward, backward

#include <type_traits>  // is_same_v

/// Networks whose maps are stored as T, between arrays of numbers. Where T is the numbers' own type, nothing is converted or copied.
namespace berl::nn {
template <class T>
inline constexpr bool narrow = !std::is_same_v<T, number_of<T>>;

/// The same numbers in another type: Kernel<Conversion, D>::run(ctx, from, to).
struct Conversion {};

/// Elements of the operands beside so many values of parameters, and bytes of a batch beside its numbers, where they are stored as T: the
/// room of `stored`, and what the two behind it take from ctx.scratch for their results beside the network's own. 0 where T is no other
/// type.
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
/// As forward, to numbers.
template <class L, class Mode, class T, class In, class Out, class D, class P>
void forward_to_numbers(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Write<number_of<T>, Out, D> y, P pass) {
  if constexpr (narrow<T>) {
    Scope const scope(ctx.scratch);
    Write<T, Out, D> const as_stored(ctx.scratch.template take<T>(y.size()), y.batch());
    forward<L, Mode>(ctx, params, x, as_stored, pass);
    Kernel<Conversion, D>::run(ctx, as_stored.read(), y);
  } else {
    forward<L, Mode>(ctx, params, x, y, pass);
  }
}
/// As backward, from numbers.
template <class L, class Mode, class T, class In, class Out, class D, class DX>
void backward_from_numbers(Context<D>& ctx, ParamsOf<L, T, D>& params, Read<T, In, D> x, Read<number_of<T>, Out, D> dy, DX dx,
                           Pass<T> pass) {
  if constexpr (narrow<T>) {
    Scope const scope(ctx.scratch);
    Write<T, Out, D> const as_stored(ctx.scratch.template take<T>(dy.size()), dy.batch());
    Kernel<Conversion, D>::run(ctx, dy, as_stored);
    backward<L, Mode>(ctx, params, x, as_stored.read(), dx, pass);
  } else {
    backward<L, Mode>(ctx, params, x, dy, dx, pass);
  }
}
}  // namespace berl::nn
