#pragma once
#include <berl/core/shape.hpp>   // Nhwc
#include <berl/cuda/nn/map.hpp>  // store_as, launch, Pack
#include <berl/cuda/team.hpp>    // Block

#include <type_traits>  // is_same_v
#include <utility>      // integer_sequence, declval

/// Layers that treat each channel by itself: y from x, channel by channel, and sums over all elements of a channel.
///   f.at(c)            what is done to channel c; it is called
///     with (x...)      where nothing is summed, and returns y
///     with (t, x...)   where there are sums: it sets t[0], t[1], ..., and returns y
///   finish(c, sums)    runs once for each channel
/// A team takes a slab of samples. Its sums, in double, wait in the context's scratch until a second kernel adds the slabs in their order.
namespace berl::gpu {
/// Threads of a block, slabs at most, and rows that are summed in the elements' own precision before they are added to the rest.
inline constexpr int channel_threads = 512, most_slabs = 512, run_length = 32;

/// What channels_sum takes from the context's scratch: less than nn's layers plan for, which is a double for each sample and channel.
constexpr int slabs_of(int batch) { return batch < most_slabs ? batch : most_slabs; }
template <int C, int terms>
constexpr std::size_t sums_bytes(int batch) {
  return padded<double>(static_cast<std::size_t>(slabs_of(batch)) * C * terms) * sizeof(double);
}

/// Whether the channels of a pixel lie beside one another.
template <class S, class L>
inline constexpr bool interleaved = plane<S> == 1 || std::is_same_v<L, Nhwc>;

/// One f for each of N neighbouring channels.
template <class F, int N>
struct ChannelsOf {
  decltype(std::declval<F>().at(0)) f[N];
  template <int... k>
  BERL_FN ChannelsOf(F const& all, int c, std::integer_sequence<int, k...>) : f{all.at(c + k)...} {}
};

/// y at the elements of a pack, whose terms are added to those of the run; fs.f[k % channels] does element k.
template <int terms, int channels, class Fs, class Y, class A, class T, int N, class... Packs>
BERL_FN void pack_of_channels(Fs const& fs, Y const& y, std::size_t i, A (&run)[terms > 0 ? terms : 1][channels], Pack<T, N> const& first,
                              Packs const&... packs) {
  A values[N];
  for (int k = 0; k < N; ++k)
    if constexpr (terms > 0) {
      A t[terms];
      values[k] = fs.f[k % channels](t, static_cast<A>(first.v[k]), static_cast<A>(packs.v[k])...);
      for (int s = 0; s < terms; ++s) run[s][k % channels] += t[s];
    } else {
      values[k] = fs.f[k % channels](static_cast<A>(first.v[k]), static_cast<A>(packs.v[k])...);
    }
  if constexpr (!skips<Y>) store_as(y, i, values);
}

/// Pixels first ... last - 1 of a batch where channels are interleaved: a member has N channels and every so-manieth pixel.
///   shared  N x Team::size doubles that all members see
template <int terms, int N, class S, class Team, class F, class Y, class T, class... X>
BERL_FN void interleaved_slab(Team const&, F const& f, Y const& y, std::size_t first, std::size_t last, int tile, double* shared,
                              double* partial, int slab, int slabs, T const* x, X const*... more) {
  constexpr int C = channels<S>, columns = C / N, across = columns < Team::size ? columns : Team::size, down = Team::size / across;
  constexpr int sums = terms > 0 ? terms : 1;
  int const column = tile * across + Team::rank() % across, row = Team::rank() / across;
  double total[sums][N] = {};
  if (row < down && column < columns) {
    ChannelsOf<F, N> const fs(f, column * N, std::make_integer_sequence<int, N>{});
    for (std::size_t p = first + static_cast<std::size_t>(row); p < last;) {
      number_of<T> run[sums][N] = {};
      for (int j = 0; j < run_length; ++j, p += down) {
        if (p >= last) break;
        std::size_t const i = p * C + static_cast<std::size_t>(column * N);
        pack_of_channels<terms, N>(fs, y, i, run, load<N>(x + i), load<N>(more + i)...);
      }
      for (int s = 0; s < terms; ++s)
        for (int k = 0; k < N; ++k) total[s][k] += static_cast<double>(run[s][k]);
    }
  }
  for (int s = 0; s < terms; ++s) {  // over the members with the same channels
    for (int k = 0; k < N; ++k) shared[k * Team::size + Team::rank()] = total[s][k];
    Team::sync();
    for (int j = Team::rank(); j < N * across; j += Team::size) {
      int const k = j / across, to = tile * across + j % across;
      double sum = 0;
      for (int r = 0; r < down; ++r) sum += shared[k * Team::size + r * across + j % across];
      if (to < columns) partial[(static_cast<std::ptrdiff_t>(s) * C + to * N + k) * slabs + slab] = sum;
    }
    Team::sync();
  }
}
/// Samples first ... last - 1 where each channel is a plane: a team has one channel.
template <int terms, int N, class S, class Team, class F, class Y, class T, class... X>
BERL_FN void planar_slab(Team const&, F const& f, Y const& y, int first, int last, int c, double* partial, int slab, int slabs, T const* x,
                         X const*... more) {
  constexpr int sums = terms > 0 ? terms : 1, packs = plane<S> / N;
  ChannelsOf<F, 1> const fs(f, c, std::integer_sequence<int, 0>{});
  double total[sums] = {};
  for (int n = first; n < last; ++n)
    for (int p = Team::rank(); p < packs;) {
      number_of<T> run[sums][1] = {};
      for (int j = 0; j < run_length && p < packs; ++j, p += Team::size) {
        std::size_t const i = static_cast<std::size_t>(n) * S::size + static_cast<std::size_t>(c * plane<S> + p * N);
        pack_of_channels<terms, 1>(fs, y, i, run, load<N>(x + i), load<N>(more + i)...);
      }
      for (int s = 0; s < terms; ++s) total[s] += static_cast<double>(run[s][0]);
    }
  if constexpr (terms > 0) {
    Team::sum(total);
    for (int s = 0; s < terms; ++s)
      if (Team::rank() == 0) partial[(static_cast<std::ptrdiff_t>(s) * channels<S> + c) * slabs + slab] = total[s];
  }
}
/// The second pass, of channel c: the slabs in the order of the team.
template <int terms, int C, class Team, class Finish>
BERL_FN void finish_channel(Team const&, Finish const& finish, int c, double const* partial, int slabs) {
  double total[terms] = {};
  for (int slab = Team::rank(); slab < slabs; slab += Team::size)
    for (int s = 0; s < terms; ++s) total[s] += partial[(static_cast<std::ptrdiff_t>(s) * C + c) * slabs + slab];
  Team::sum(total);
  if (Team::rank() == 0) finish(c, total);
}

/// Where share number `slab` of n begins.
BERL_FN std::size_t slab_begin(std::size_t n, int slab, int slabs) {
  return n * static_cast<std::size_t>(slab) / static_cast<std::size_t>(slabs);
}

template <int terms, int N, class S, bool beside, class F, class Y, class... X>
__global__ void __launch_bounds__(channel_threads) slab_kernel(F f, Y y, double* partial, X const*... x) {
  using Team = Block<channel_threads>;
  int const slab = static_cast<int>(blockIdx.y), slabs = static_cast<int>(gridDim.y), part = static_cast<int>(blockIdx.x);
  std::size_t const all = static_cast<std::size_t>(y.batch()) * (beside ? plane<S> : 1);
  std::size_t const first = slab_begin(all, slab, slabs), last = slab_begin(all, slab + 1, slabs);
  if constexpr (beside) {
    __shared__ double shared[terms > 0 ? N * channel_threads : 1];
    interleaved_slab<terms, N, S>(Team{}, f, y, first, last, part, shared, partial, slab, slabs, x...);
  } else {
    planar_slab<terms, N, S>(Team{}, f, y, static_cast<int>(first), static_cast<int>(last), part, partial, slab, slabs, x...);
  }
}
template <int terms, int C, class Finish>
__global__ void __launch_bounds__(64) finish_kernel(Finish finish, double const* partial, int slabs) {
  finish_channel<terms, C>(Block<64>{}, finish, static_cast<int>(blockIdx.x), partial, slabs);
}

/// How slab_kernel takes a batch of S in layout L: elements to a pack, and teams beside one another.
template <class S, class L, class T>
struct SlabsOf {
  static constexpr bool beside = interleaved<S, L>;
  static constexpr int N = (beside ? channels<S> : plane<S>) % pack_of<T> == 0 ? pack_of<T> : 1;
  static constexpr int columns = beside ? channels<S> / N : 1, across = columns < channel_threads ? columns : channel_threads;
  static constexpr unsigned parts = static_cast<unsigned>(beside ? (columns + across - 1) / across : channels<S>);

  /// Slabs where nothing is summed: as many as give each member eight pixels.
  static int slabs(int batch) {
    std::size_t const rows = static_cast<std::size_t>(batch) * plane<S>, each = 8 * static_cast<std::size_t>(channel_threads / across);
    std::size_t const n = beside ? (rows + each - 1) / each : static_cast<std::size_t>(batch);
    return static_cast<int>(n < 65535 ? n : 65535);
  }
};

namespace detail {
template <int terms, class S, class L, class F, class Y, class T, class... X>
void launch_slabs(Context<Cuda>& ctx, char const* name, int slabs, double* partial, F const& f, Y const& y, T const* x, X const*... more) {
  using How = SlabsOf<S, L, T>;
  if constexpr (How::N > 1) {
    require_aligned(name, x);
    (require_aligned(name, more), ...);
    if constexpr (!skips<Y>) require_aligned(name, y.data()), require_aligned(name, nn::detail::whole_base(y));
  }
  launch(ctx, name, slab_kernel<terms, How::N, S, How::beside, F, Y, T, X...>,
         {dim3(How::parts, static_cast<unsigned>(slabs)), channel_threads}, f, y, partial, x, more...);
}
}  // namespace detail

/// y = f(x, ...), channel by channel.
template <class S, class L, class F, class Y, class T, class... X>
void channels_map(Context<Cuda>& ctx, char const* name, F const& f, Y const& y, T const* x, X const*... more) {
  detail::launch_slabs<0, S, L>(ctx, name, SlabsOf<S, L, T>::slabs(y.batch()), nullptr, f, y, x, more...);
}
/// The same, or nothing where y is Skip, with sums over each channel, and finish(c, sums) when they are known.
///   scratch  sums_bytes
template <int terms, class S, class L, class F, class Y, class Finish, class T, class... X>
void channels_sum(Context<Cuda>& ctx, char const* name, F const& f, Y const& y, Finish const& finish, T const* x, X const*... more) {
  if (y.batch() == 0) return;
  int const slabs = slabs_of(y.batch());
  Scope const scope(ctx.scratch);
  double* const partial = ctx.scratch.template take<double>(static_cast<std::size_t>(slabs) * channels<S> * terms);
  detail::launch_slabs<terms, S, L>(ctx, name, slabs, partial, f, y, x, more...);
  launch(ctx, name, finish_kernel<terms, channels<S>, Finish>, {static_cast<unsigned>(channels<S>), 64}, finish,
         static_cast<double const*>(partial), slabs);
}
}  // namespace berl::gpu
