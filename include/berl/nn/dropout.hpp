#pragma once
#include <berl/core/random.hpp>   // random_bits
#include <berl/nn/pointwise.hpp>  // Layer, for_pieces

namespace berl::nn {
namespace point {
/// x / (1 - p), or 0 where the mask drops element i of a batch. The mask is a number of 32 bits for each element and key.
template <int Percent>
struct Dropout {
  static constexpr std::uint64_t below = (std::uint64_t{1} << 32) / 100 * Percent;  // of 2^32
  template <class T>
  static BERL_FN constexpr T value(T x, std::uint64_t key, std::uint64_t i) {
    bool const kept = (berl::detail::mix(key + (i + 1) * berl::detail::gamma) >> 32) >= below;
    return kept ? x * static_cast<T>(100.0 / (100 - Percent)) : T(0);
  }
};
}  // namespace point

/// Training sets Percent of the elements to zero and scales the others by 1 / (1 - p); inference passes on (srivastava2014).
/// The mask is a function of the pass's seed and step, of the layer's place in the pass, and of the element, so backward
/// draws it again; maps of another type have other places, and so other masks.
///   y = x mask / (1 - p);  dx = dy mask / (1 - p)
///   shapes  y has x's
template <int Percent>
struct Dropout : Layer {
  static constexpr bool in_place = true;
  static_assert(Percent >= 0 && Percent < 100, "berl::nn::Dropout<Percent>: 0 to 99 percent of the elements may be dropped.");
  template <class In>
  using output = In;
  template <class T, class In>
  static constexpr std::size_t kept(int) {
    return Percent > 0 ? padded<T>(1) : 0;  // a place of its own in the pass, so that no two layers draw the same mask
  }
  template <class Mode, class T, class In, class D, class Params, class Y, class P>
  static void forward(Context<D>& ctx, Params const&, Read<T, In, D> x, Y y, P pass) {
    static_assert(!std::is_same_v<Mode, Training> || Percent == 0 || !std::is_same_v<P, Forget>,
                  "berl::nn::Dropout: in training the mask comes from the pass. Give forward a Pass, not Forget.");
    if constexpr (std::is_same_v<Mode, Training> && Percent > 0)
      Kernel<Dropout, D>::run(ctx, x, y, named({pass.seed()}, "dropout"), pass.step(), pass.position());
    else
      Kernel<Dropout, D>::pass_on(ctx, x, y);
  }
  template <class Mode, class T, class In, class D, class Params, class DX>
  static void backward(Context<D>& ctx, Params const&, Read<T, In, D>, Read<T, In, D> dy, DX dx, Pass<T> pass) {
    if constexpr (skips<DX>)
      return;
    else if constexpr (std::is_same_v<Mode, Training> && Percent > 0)
      Kernel<Dropout, D>::run(ctx, dy, dx, named({pass.seed()}, "dropout"), pass.step(), pass.position());
    else
      Kernel<Dropout, D>::pass_on(ctx, dy, dx);
  }
};
}  // namespace berl::nn

namespace berl {
template <int Percent>
struct Kernel<nn::Dropout<Percent>, Host> {
  template <class T, class S, class Y>
  static void run(Context<Host>& ctx, Read<T, S, Host> x, Y y, Seed seed, std::uint64_t step, std::uint64_t position) {
    std::uint64_t const key = random_key(seed, step, position);
    nn::detail::for_pieces(ctx, x.size(), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i)
        put_at(y, static_cast<std::ptrdiff_t>(i), nn::point::Dropout<Percent>::value(x.data()[i], key, i));
    });
  }
  template <class T, class S, class Y>
  static void pass_on(Context<Host>& ctx, Read<T, S, Host> x, Y y) {
    nn::detail::for_pieces(ctx, x.size(), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) put_at(y, static_cast<std::ptrdiff_t>(i), x.data()[i]);
    });
  }
};
}  // namespace berl
