#pragma once
#include <berl/cuda/expr/sample.hpp>  // PackRows, for_packs
#include <berl/cuda/launch.hpp>       // launch
#include <berl/expr/gradient.hpp>     // Goes, Gradient

namespace berl::expr::detail {
/// dy at the pixels of a pack, and a dy that is the same for all pixels.
template <class T, int C, int N>
struct PackDy {
  gpu::Pack<T, N> channel[C];
  BERL_FN T at(int c, int k) const { return channel[c].v[k]; }
};
template <int C, int N, class T, int P>
BERL_FN PackDy<T, C, N> pack_dy(MapDy<T, P> const& dy, int first) {
  PackDy<T, C, N> pack;
  for_channels<C>([&](int c) { pack.channel[c] = gpu::load<N>(dy.dy + c * P + first); });
  return pack;
}
template <int C, int N, class T, int K>
BERL_FN SameDy<T, K> const& pack_dy(SameDy<T, K> const& dy, int) {
  return dy;
}

/// What a member knows of the gradient of X: nothing but whether it was stored, or its own part of a sum.
template <class X, class T, Goes how>
struct Share {
  bool written = false;
};
template <class X, class T>
struct Share<X, T, Goes::summed> {
  T sum[channels<typename X::shape>] = {};
};
template <class X, class T, Goes how>
BERL_FN Share<X, T, how>& share_of(Share<X, T, how>& s) {
  return s;
}

/// What detail::Gradients is on the host: gradients pixel by pixel go straight to memory, sums are kept by each member until all are
/// done, and what is spread over a row or a column is gathered from the pixels that use it.
template <class T, class N, class Wrt, class Lets>
struct Shares;
template <class T, class N, class... Ws, class... Ls>
struct Shares<T, N, Types<Ws...>, Types<Ls...>> : Share<Ws, T, goes<Ws>(typename regions<N, Types<Ls...>>::type{})>...,
                                                  Share<Ls, T, Goes::summed>... {
  template <class X>
  static constexpr bool wanted = (uses<X, Ws> || ...);
  template <class W>
  static constexpr Goes how = goes<W>(typename regions<N, Types<Ls...>>::type{});
  template <class Region>
  using Sink = Slots<T, Types<Ws...>, typename joined<lets_of<Region>, Types<Ls...>>::type>;

  /// One pass over the pixels of one region.
  template <class Team, class Region, class R, class Dy, class G>
  BERL_FN void pass(Team const& team, Region const& region, R const& rows, Dy const& dy, G const& to, int n) {
    using S = shape_of<Region>;
    constexpr int size = pixels_of<T, S>;
    for_packs<T, S>(team, [&](int first) {
      PackRows<T, Region, size, R> const pack(rows, first);
      auto const& dys = pack_dy<channels<S>, size>(dy, first);
      Sink<Region> sinks[size];
      for (int k = 0; k < size; ++k) {
        pull_pixel<T>(region, pack, k, dys, sinks[k]);
        (take<Ws, (contains<region_leaves<Region>, Ws> && how<Ws> == Goes::summed)>(sinks[k]), ...);
        (take<Ls, (wanted<Ls> && uses<Region, Ls>)>(sinks[k]), ...);
      }
      (store_pack<Ws, (contains<region_leaves<Region>, Ws> && how<Ws> == Goes::direct)>(sinks, to, n, first), ...);
    });
    (gather<Ws, (contains<region_leaves<Region>, Ws> && how<Ws> == Goes::spread)>(team, region, rows, dy, to, n), ...);
    (mark<Ws, contains<region_leaves<Region>, Ws>>(), ...);
  }
  /// The lets of one pixel, users before operands.
  template <class Team, class R, class G>
  BERL_FN void pull_once(Team const&, N const&, R const&, G const&, int, Types<>) {}
  template <class Team, class R, class G, class L, class... More>
  BERL_FN void pull_once(Team const& team, N const& node, R const& rows, G const& to, int n, Types<L, More...>) {
    pull_once(team, node, rows, to, n, Types<More...>{});
    if constexpr (wanted<L>) {
      auto const& let = inside<L>(node);
      auto& sum = share_of<L>(*this).sum;
      Team::sum(sum);
      SameDy<T, channels<shape_of<L>>> dy;
      T scale = T(1);
      if constexpr (reduces<std::remove_cvref_t<decltype(let.a)>>) scale = static_cast<T>(let.a.scale);
      for (int c = 0; c < channels<shape_of<L>>; ++c) dy.dy[c] = scale * sum[c];
      pass(team, region_below(let.a), rows, dy, to, n);
    }
  }
  template <class Team, class G>
  BERL_FN void store_sums(Team const& team, G const& to, int n) {
    (store_sum<Ws>(team, to[Ws{}], n), ...);
  }

 private:
  template <class X, bool here, class From>
  BERL_FN void take(From const& sink) {
    if constexpr (here) for_channels<channels<typename X::shape>>([&](int c) { share_of<X>(*this).sum[c] += sink.template at<X>(c); });
  }
  template <class W, bool here>
  BERL_FN void mark() {
    if constexpr (here && how<W> != Goes::summed) share_of<W>(*this).written = true;
  }
  template <class W, bool here, int size, class From, class G>
  BERL_FN void store_pack(From const (&sinks)[size], G const& to, int n, int first) {
    if constexpr (here) {
      using V = decltype(to[W{}]);
      T* const out = to[W{}].sample(n) + first;
      bool const onto = adds<V> || share_of<W>(*this).written;
      for_channels<channels<typename W::shape>>([&](int c) {
        T* const at = out + c * plane<typename W::shape>;
        gpu::Pack<T, size> d;
        for (int k = 0; k < size; ++k) d.v[k] = sinks[k].template at<W>(c);
        if (onto) {
          auto const before = gpu::load<size>(static_cast<T const*>(at));
          for (int k = 0; k < size; ++k) d.v[k] = before.v[k] + d.v[k];
        }
        gpu::store(at, d);
      });
    }
  }
  /// The pixels that use element e of W, a row or a column, one after the other.
  template <class W, bool here, class Team, class Region, class R, class Dy, class G>
  BERL_FN void gather(Team const&, Region const& region, R const& rows, Dy const& dy, G const& to, int n) {
    if constexpr (here) {
      using S = shape_of<Region>;
      using V = decltype(to[W{}]);
      constexpr int C = channels<typename W::shape>, elements = plane<typename W::shape>, users = plane<S> / elements;
      constexpr bool column = elements == plane<S> || width<typename W::shape> == 1;
      for (int e = Team::rank(); e < elements; e += Team::size) {
        T sum[C] = {};
        for (int i = 0; i < users; ++i) {
          Sink<Region> sink;
          pull_pixel<T>(region, rows, column ? e * users + i : i * elements + e, dy, sink);
          for_channels<C>([&](int c) { sum[c] += sink.template at<W>(c); });
        }
        for (int c = 0; c < C; ++c) {
          T& at = to[W{}].sample(n)[c * elements + e];
          at = adds<V> || share_of<W>(*this).written ? at + sum[c] : sum[c];
        }
      }
    }
  }
  template <class W, class Team, class V>
  BERL_FN void store_sum(Team const&, V const& to, int n) {
    if constexpr (how<W> == Goes::summed) {
      auto& sum = share_of<W>(*this).sum;
      Team::sum(sum);
      for_channels<channels<typename W::shape>>([&](int c) {
        if (Team::rank() == c % Team::size) put<V>(to.sample(n)[c], sum[c]);
      });
    }
  }
};

/// One sample of Kernel<Gradient>.
template <class Wrt, class Team, class N, class B, class Dy, class G>
BERL_FN void gradient_sample(Team const& team, N const& node, B const& values, Dy const& dy, G const& to, int n) {
  using T = std::remove_const_t<typename Dy::element>;
  using Lets = sample_lets_of<N>;
  Rows<T, leaves_of<N>, Lets> rows(values, n);
  evaluate_once_together<T>(team, node, rows, Lets{});
  Shares<T, N, Wrt, Lets> found;
  found.pass(team, node, rows, MapDy<T, plane<shape_of<N>>>{dy.sample(n)}, to, n);
  found.pull_once(team, node, rows, to, n, Lets{});
  found.store_sums(team, to, n);
}

template <int threads, class Wrt, class N, class B, class Dy, class G>
__global__ void __launch_bounds__(threads) gradient_kernel(N node, B values, Dy dy, G to) {
  gradient_sample<Wrt>(gpu::Block<threads>{}, node, values, dy, to, static_cast<int>(blockIdx.x));
}
}  // namespace berl::expr::detail

/// A sample is one block, in whose shared memory the gradients of what broadcasts are summed.
///   errors  Error, when a map does not start at a multiple of 16 bytes
template <class N, class... Ws>
struct berl::Kernel<berl::expr::Gradient<N, berl::expr::Types<Ws...>>, berl::Cuda> {
  template <class B, class Dy, class G>
  static void run(Context<Cuda>& ctx, N const& node, B const& values, Dy dy, G const& gradients) {
    using namespace expr::detail;
    using S = typename N::shape;
    using T = std::remove_const_t<typename Dy::element>;
    constexpr int threads = gpu::threads_for(plane<S> / pixels_of<T, S>, 256);
    require_aligned_views("berl::expr::gradient", values, leaves_of<N>{});
    require_aligned_views("berl::expr::gradient", gradients, expr::Types<Ws...>{});
    gpu::require_aligned("berl::expr::gradient", plane<S> > 1 ? dy.data() : nullptr);
    gpu::launch(ctx, "berl::expr::gradient", gradient_kernel<threads, expr::Types<Ws...>, N, B, Dy, G>,
                {static_cast<unsigned>(dy.batch()), threads}, node, values, dy, gradients);
  }
};
