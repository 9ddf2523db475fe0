#pragma once
#include "../compare.hpp"
#include "../crew.hpp"

#include <berl/cuda/nn/channels.hpp>

#include <vector>

namespace berl::gpu {
/// channels_map and channels_sum by a team of the host, on maps that lie as on the GPU. Slabs are few, and do not divide the samples.
template <class Team, class S, class T>
struct Slabs {
  using L = LayoutOf<S, Cuda>;
  using How = SlabsOf<S, L, T>;
  using Map = Tensor<T, S, Host, L>;
  static constexpr int slabs = 3, across = How::columns < Team::size ? How::columns : Team::size;

  static Map lying(Tensor<T, S> const& x) {
    Map y(x.batch());
    copy(x.read(), y.write());
    return y;
  }
  static Tensor<T, S> back(Map const& x) {
    Tensor<T, S> y(x.batch());
    copy(x.read(), y.write());
    return y;
  }
  template <int terms, class F, class Y>
  static void pass(F const& f, Y const& y, double* partial, double* shared, auto const*... x) {
    int const parts = How::beside ? (How::columns + across - 1) / across : channels<S>;
    std::size_t const all = static_cast<std::size_t>(y.batch()) * (How::beside ? plane<S> : 1);
    for (int s = 0; s < slabs; ++s)
      for (int part = 0; part < parts; ++part) {
        std::size_t const first = slab_begin(all, s, slabs), last = slab_begin(all, s + 1, slabs);
        if constexpr (How::beside)
          interleaved_slab<terms, How::N, S>(Team{}, f, y, first, last, part, shared, partial, s, slabs, x...);
        else
          planar_slab<terms, How::N, S>(Team{}, f, y, static_cast<int>(first), static_cast<int>(last), part, partial, s, slabs, x...);
      }
  }
  template <class F, class Y>
  static void map(F const& f, Y const& y, auto const*... x) {
    work<Team>([&](Team) { pass<0>(f, y, nullptr, nullptr, x...); });
  }
  template <int terms, class F, class Y, class Finish>
  static void sum(F const& f, Y const& y, Finish const& finish, auto const*... x) {
    std::vector<double> shared(static_cast<std::size_t>(How::N * Team::size)),
        partial(static_cast<std::size_t>(terms * channels<S> * slabs));
    work<Team>([&](Team team) {
      pass<terms>(f, y, partial.data(), shared.data(), x...);
      Team::sync();
      for (int c = 0; c < channels<S>; ++c) finish_channel<terms, channels<S>>(team, finish, c, partial.data(), slabs);
    });
  }
};
}  // namespace berl::gpu
