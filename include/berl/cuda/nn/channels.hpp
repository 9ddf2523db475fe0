#pragma once
#include <berl/core/shape.hpp>   // LayoutOf
#include <berl/cuda/launch.hpp>  // launch
#include <berl/cuda/pack.hpp>    // Pack, load, store
#include <berl/cuda/team.hpp>    // Block

#include <cstddef>      // ptrdiff_t
#include <type_traits>  // is_same_v

/// What treats each channel of a batch by itself: sums over all its elements, and maps with constants of their own for each channel.
/// A batch is cut by its sizes alone, so that sums are the same on any GPU.
namespace berl::gpu {
/// A batch of maps S as rows with one element for each channel; members of a team take N channels of a row at once.
template <class T, class S>
struct Channels {
  static constexpr int C = channels<S>, pixels = plane<S>;
  static constexpr bool beside = pixels == 1 || std::is_same_v<LayoutOf<S, Cuda>, Nhwc>;
  static constexpr int N = beside && C % pack_of<T> == 0 ? pack_of<T> : 1;
  static constexpr int packs = C / N;
  static constexpr int threads = 256, columns = packs < 32 ? packs : 32, lanes = threads / columns;  // of a block: packs, and rows at once
  static constexpr int blocks = (packs + columns - 1) / columns;                                     // beside one another

  BERL_FN static std::ptrdiff_t at(std::ptrdiff_t row, int c) {
    if constexpr (beside)
      return row * C + c;
    else
      return (row / pixels * C + c) * pixels + row % pixels;
  }
  static std::ptrdiff_t rows(int batch) { return static_cast<std::ptrdiff_t>(batch) * pixels; }
  /// Pieces of the rows, of a sum and of a map: a sum has about 512 blocks, so that few partial sums are left.
  static int sum_pieces(int batch) {
    std::ptrdiff_t const some = rows(batch) / (8 * lanes), most = 512 / blocks;
    return static_cast<int>(some < 1 ? 1 : some < most ? some : most < 1 ? 1 : most);
  }
  static constexpr int map_rows = 16 * lanes;
  static unsigned map_pieces(int batch) { return static_cast<unsigned>((rows(batch) + map_rows - 1) / map_rows); }
};

/// The sums over rows [first, last) for the channels of block `b`: of<N>(c).add(at, total) adds the terms of the N elements at `at`, whose
/// first channel is c. What each lane has summed goes through `shared`, and then to sums[term][channel].
template <class T, class S, int terms, class Team, class Of>
BERL_FN void sum_rows(Team const&, Of const& of, int b, std::ptrdiff_t first, std::ptrdiff_t last, double* shared, double* sums) {
  using G = Channels<T, S>;
  constexpr int width = G::columns * G::N;
  for (int i = Team::rank(); i < G::lanes * G::columns; i += Team::size) {
    int const column = i % G::columns, lane = i / G::columns, pack = b * G::columns + column;
    if (pack >= G::packs) continue;
    double total[terms][G::N] = {};
    auto const term = of.template of<G::N>(pack * G::N);
    for (std::ptrdiff_t row = first + lane; row < last; row += G::lanes) term.add(G::at(row, pack * G::N), total);
    for (int s = 0; s < terms; ++s)
      for (int k = 0; k < G::N; ++k) shared[(s * G::lanes + lane) * width + column * G::N + k] = total[s][k];
  }
  Team::sync();
  for (int i = Team::rank(); i < terms * width; i += Team::size) {
    int const s = i / width, c = i % width;
    if (b * width + c >= G::C) continue;
    double sum = 0;
    for (int lane = 0; lane < G::lanes; ++lane) sum += shared[(s * G::lanes + lane) * width + c];
    sums[s * G::C + b * width + c] = sum;
  }
}

/// The sums of all pieces, for eight channels from 8 b on: finish(c, sum) for each.
inline constexpr int finish_threads = 256, finish_channels = 8, finish_lanes = finish_threads / finish_channels;
template <int C, int terms, class Team, class Finish>
BERL_FN void sum_pieces(Team const&, Finish const& finish, int b, double const* sums, int pieces, double* shared) {
  for (int i = Team::rank(); i < finish_threads; i += Team::size) {
    int const c = b * finish_channels + i % finish_channels;
    double total[terms] = {};
    if (c < C)
      for (int piece = i / finish_channels; piece < pieces; piece += finish_lanes)
        for (int s = 0; s < terms; ++s) total[s] += sums[(piece * terms + s) * static_cast<std::ptrdiff_t>(C) + c];
    for (int s = 0; s < terms; ++s) shared[s * finish_threads + i] = total[s];
  }
  Team::sync();
  for (int i = Team::rank(); i < finish_channels; i += Team::size) {
    if (b * finish_channels + i >= C) continue;
    double total[terms] = {};
    for (int s = 0; s < terms; ++s)
      for (int lane = 0; lane < finish_lanes; ++lane) total[s] += shared[s * finish_threads + lane * finish_channels + i];
    finish(b * finish_channels + i, total);
  }
}

/// to = [base +] value(k, elements of x) for rows [first, last) of block b, where value = of<N>(c) and x are one or two arrays.
template <class T, class S, bool onto_base, int inputs, class Team, class Of>
BERL_FN void map_rows(Team const&, Of const& of, int b, std::ptrdiff_t first, std::ptrdiff_t last, T const* const (&x)[inputs],
                      T const* base, T* to) {
  using G = Channels<T, S>;
  constexpr int at_once = 4;  // rows that are read before the first is written: `to` may be one of the arrays
  for (int i = Team::rank(); i < G::lanes * G::columns; i += Team::size) {
    int const lane = i / G::columns, pack = b * G::columns + i % G::columns;
    if (pack >= G::packs) continue;
    auto const value = of.template of<G::N>(pack * G::N);
    for (std::ptrdiff_t row = first + lane; row < last; row += at_once * G::lanes) {
      Pack<T, G::N> v[at_once][inputs], result[at_once] = {};
      for (int r = 0; r < at_once; ++r) {
        if (row + r * G::lanes >= last) continue;
        std::ptrdiff_t const at = G::at(row + r * G::lanes, pack * G::N);
        for (int j = 0; j < inputs; ++j) v[r][j] = load<G::N>(x[j] + at);
        if (onto_base) result[r] = load<G::N>(base + at);
      }
      for (int r = 0; r < at_once; ++r) {
        if (row + r * G::lanes >= last) continue;
        for (int k = 0; k < G::N; ++k) {
          T one[inputs];
          for (int j = 0; j < inputs; ++j) one[j] = v[r][j].v[k];
          T const found = value(one, k);
          result[r].v[k] = onto_base ? result[r].v[k] + found : found;
        }
        store(to + G::at(row + r * G::lanes, pack * G::N), result[r]);
      }
    }
  }
}

namespace detail {
template <class T, class S, int terms, class Of>
__global__ void __launch_bounds__(256) sum_rows_kernel(Of of, std::ptrdiff_t rows, double* sums) {
  using G = Channels<T, S>;
  __shared__ double shared[terms * G::lanes * G::columns * G::N];
  std::ptrdiff_t const first = rows * blockIdx.x / gridDim.x, last = rows * (blockIdx.x + 1) / gridDim.x;
  sum_rows<T, S, terms>(Block<256>{}, of, static_cast<int>(blockIdx.y), first, last, shared,
                        sums + static_cast<std::ptrdiff_t>(blockIdx.x) * terms * G::C);
}
template <int C, int terms, class Finish>
__global__ void __launch_bounds__(finish_threads) sum_pieces_kernel(Finish finish, double const* sums, int pieces) {
  __shared__ double shared[terms * finish_threads];
  sum_pieces<C, terms>(Block<finish_threads>{}, finish, static_cast<int>(blockIdx.x), sums, pieces, shared);
}
template <class T, int inputs>
struct Inputs {
  T const* x[inputs];
};
template <class T, class S, bool onto_base, int inputs, class Of>
__global__ void __launch_bounds__(256) map_rows_kernel(Of of, std::ptrdiff_t rows, Inputs<T, inputs> in, T const* base, T* to) {
  std::ptrdiff_t const first = static_cast<std::ptrdiff_t>(blockIdx.x) * Channels<T, S>::map_rows, last = first + Channels<T, S>::map_rows;
  map_rows<T, S, onto_base>(Block<256>{}, of, static_cast<int>(blockIdx.y), first, last < rows ? last : rows, in.x, base, to);
}
template <int C, class F>
__global__ void __launch_bounds__(256) each_channel_kernel(F f) {
  int const c = static_cast<int>(blockIdx.x) * 256 + static_cast<int>(threadIdx.x);
  if (c < C) f(c);
}
}  // namespace detail

/// Bytes of ctx.scratch that sum_channels takes.
template <class T, class S, int terms>
std::size_t sum_channels_scratch(int batch) {
  return padded<double>(static_cast<std::size_t>(Channels<T, S>::sum_pieces(batch)) * terms * channels<S>) * sizeof(double);
}
/// finish(c, sum) for each channel c, where sum are the sums of `terms` terms over all its elements: see sum_rows.
template <class T, class S, int terms, class Of, class Finish>
void sum_channels(Context<Cuda>& ctx, char const* name, int batch, Of const& of, Finish const& finish) {
  using G = Channels<T, S>;
  Scope const scope(ctx.scratch);
  int const pieces = G::sum_pieces(batch);
  double* const sums = ctx.scratch.template take<double>(static_cast<std::size_t>(pieces) * terms * G::C);
  launch(ctx, name, detail::sum_rows_kernel<T, S, terms, Of>, {dim3(static_cast<unsigned>(pieces), G::blocks), 256}, of, G::rows(batch),
         sums);
  launch(ctx, name, detail::sum_pieces_kernel<G::C, terms, Finish>, {blocks_for(G::C, finish_channels), finish_threads}, finish, sums,
         pieces);
}
/// to = [base +] value of each element: see map_rows.
template <class S, bool onto_base, class T, int inputs, class Of>
void map_channels(Context<Cuda>& ctx, char const* name, int batch, Of const& of, T const* const (&x)[inputs], T const* base, T* to) {
  using G = Channels<T, S>;
  detail::Inputs<T, inputs> in;
  for (int j = 0; j < inputs; ++j) in.x[j] = x[j];
  launch(ctx, name, detail::map_rows_kernel<T, S, onto_base, inputs, Of>, {dim3(G::map_pieces(batch), G::blocks), 256}, of, G::rows(batch),
         in, base, to);
}
/// f(c) for each of C channels.
template <int C, class F>
void each_channel(Context<Cuda>& ctx, char const* name, F const& f) {
  launch(ctx, name, detail::each_channel_kernel<C, F>, {blocks_for(C, 256), 256}, f);
}
}  // namespace berl::gpu
