#pragma once
#include <berl/cuda/team.hpp>     // threads_for
#include <berl/imaging/warp.hpp>  // Tap

#include <cub/block/block_radix_sort.cuh>  // BlockRadixSort

#include <bit>      // bit_width
#include <cstddef>  // size_t

/// Positions of a sampling grid, sorted by the four pixels between which they fall: a cell.
namespace berl::imaging::detail {
/// Cells of an image of H x W, for h x w positions. Cell (v, u), from -1 to H - 1 and W - 1, has (v, u) as its upper left pixel.
template <int H, int W, int h, int w>
struct Cells {
  static constexpr int positions = h * w, count = (H + 1) * (W + 1);
  static constexpr int position_bits = std::bit_width(static_cast<unsigned>(positions - 1));
  static constexpr int cell_bits = std::bit_width(static_cast<unsigned>(count));
  static_assert(position_bits + cell_bits <= 32, "berl::imaging::sample_backward on CUDA: maps may have up to 128 x 128 pixels.");
  static constexpr int threads = gpu::threads_for(positions, positions > 8192 ? 1024 : 512), items = (positions + threads - 1) / threads;
  static constexpr unsigned none = 0xffffffff;  ///< a position that falls outside, or on what is masked

  BERL_FN static constexpr int cell(int v, int u) { return (v + 1) * (W + 1) + u + 1; }
  BERL_FN static constexpr int cell_of(unsigned key) { return static_cast<int>(key >> position_bits); }
  BERL_FN static constexpr int position(unsigned key) { return static_cast<int>(key & ((1u << position_bits) - 1)); }
  /// The cell first, then the position's number, so that no two keys are equal.
  template <class T>
  BERL_FN static constexpr unsigned key(Tap<T> const& x, Tap<T> const& y, T mask, int at) {
    int const u = first_of(x), v = first_of(y);
    if (mask == 0 || u < -1 || v < -1) return none;
    return static_cast<unsigned>(cell(v, u)) << position_bits | static_cast<unsigned>(at);
  }

  // A block's shared memory: the sorted keys, and behind them first what sorts and then the list of cells.
  using Sort = cub::BlockRadixSort<unsigned, threads, items>;
  static constexpr std::size_t keys_bytes = (positions * sizeof(unsigned) + 15) / 16 * 16;
  template <class List>
  static constexpr std::size_t shared_bytes =
      keys_bytes + (sizeof(typename Sort::TempStorage) > sizeof(List) ? sizeof(typename Sort::TempStorage) : sizeof(List));

 private:
  /// The pixel before a position, -1 where only the one behind it is inside, -2 where none is.
  template <class T>
  BERL_FN static constexpr int first_of(Tap<T> const& t) {
    return t.first_in != 0 ? t.first : t.second_in != 0 ? t.second - 1 : -2;
  }
};

/// The positions of a cell are begin ... end - 1 of the sorted ones.
template <int H, int W>
struct CellList {
  unsigned short begin[(H + 1) * (W + 1)], end[(H + 1) * (W + 1)];
};
template <class Cells, class Team, class List>
BERL_FN void mark_cells(unsigned const* keys, List& cells) {
  for (int i = Team::rank(); i < Cells::count; i += Team::size) cells.begin[i] = cells.end[i] = 0;
  Team::sync();
  for (int i = Team::rank(); i < Cells::positions; i += Team::size) {
    if (keys[i] == Cells::none) continue;
    int const cell = Cells::cell_of(keys[i]);
    if (i == 0 || Cells::cell_of(keys[i - 1]) != cell) cells.begin[cell] = static_cast<unsigned short>(i);
    if (i == Cells::positions - 1 || Cells::cell_of(keys[i + 1]) != cell) cells.end[cell] = static_cast<unsigned short>(i + 1);
  }
  Team::sync();
}

/// Sorts a block's keys, of which each thread has `items`, in the order of their numbers, into shared memory.
template <class Cells>
__device__ void sort_keys(unsigned (&own)[Cells::items], unsigned* keys, unsigned char* temporary) {
  using Sort = typename Cells::Sort;
  Sort(*reinterpret_cast<typename Sort::TempStorage*>(temporary))
      .SortBlockedToStriped(own, Cells::position_bits, Cells::position_bits + Cells::cell_bits);
  for (int i = 0; i < Cells::items; ++i) {
    int const at = i * Cells::threads + static_cast<int>(threadIdx.x);
    if (at < Cells::positions) keys[at] = own[i];
  }
  __syncthreads();
}
}  // namespace berl::imaging::detail
