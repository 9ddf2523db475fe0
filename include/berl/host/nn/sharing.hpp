#pragma once
#include <berl/core/arena.hpp>           // padded
#include <berl/host/nn/convolution.hpp>  // Convolution
#include <berl/host/nn/frame.hpp>        // frame_of

#include <algorithm>  // min, max
#include <cstddef>    // size_t
#include <numeric>    // gcd

/// How a batch of direct convolutions is cut and shared, so that what is read again stays in the second cache.
namespace berl::host::detail {
/// Either a thread takes bands of pictures, few enough for their frames to stay in the second cache, and all groups of outputs; or it takes
/// groups whose weights stay there, and all pictures, which it reads again for the next groups. The order of a sum is the same either way.
struct Sharing {
  bool by_groups;
  int bands, rows;  // of a picture; rows of one band, of which the last may have fewer
  int together;     // bands, or groups, of a thread at a time
};
/// For a second cache of 2 MiB, in which what lies there meets what passes; and what may be copied of a batch at a time.
inline constexpr std::size_t bytes_of_frames = 512 * KiB, bytes_of_weights = 1280 * KiB, bytes_of_all_frames = 16 * MiB;

template <class N>
constexpr N quotient_up(N a, N b) {
  return (a + b - 1) / b;
}
/// The fewest bands of a picture whose frames are small enough.
template <class T>
constexpr int bands_of(Convolution const& g) {
  Frame const f = frame_of(g);
  auto const row = sizeof(T) * static_cast<std::size_t>(f.size() / f.rows);
  int const halo = f.rows - rows_of(g), most = std::max(1, static_cast<int>(bytes_of_frames / row) - halo);
  return quotient_up(rows_of(g), most);
}
template <class T>
constexpr std::size_t weights_of_group(Convolution const& g) {
  return static_cast<std::size_t>(group_channels<T>) * static_cast<std::size_t>(g.C * g.K * g.K);
}
/// Pictures whose frames are made at a time where groups are shared.
template <class T>
constexpr int pictures_together(Convolution const& g, int batch) {
  auto const fit = static_cast<int>(bytes_of_all_frames / (sizeof(T) * static_cast<std::size_t>(frame_of(g).size())));
  return std::max(1, std::min(batch, fit));
}
/// Elements of all frames that are there at a time, for a batch or a smaller one.
template <class T>
constexpr std::size_t most_frames(Convolution const& g, int batch, int threads) {
  auto const size = [](Frame const& f) { return padded<T>(static_cast<std::size_t>(f.size())); };
  std::size_t const of_bands =
      static_cast<std::size_t>(threads) * std::max(size(frame_of(g, quotient_up(rows_of(g), bands_of<T>(g)))), bytes_of_frames / sizeof(T));
  if (groups_of<T>(g.M) < threads) return of_bands;
  return std::max(of_bands, static_cast<std::size_t>(pictures_together<T>(g, batch)) * size(frame_of(g)));
}
template <class T>
constexpr Sharing sharing_of(Convolution const& g, int batch, int threads) {
  // As many bands as give each thread the same number.
  int const parts = std::min(rows_of(g), std::max(bands_of<T>(g), threads / std::gcd(batch, threads)));
  int const rows = quotient_up(rows_of(g), parts), bands = quotient_up(rows_of(g), rows), own = quotient_up(batch * bands, threads);
  auto const fit = static_cast<int>(bytes_of_frames / (sizeof(T) * padded<T>(static_cast<std::size_t>(frame_of(g, rows).size()))));
  Sharing const by_bands{false, bands, rows, std::max(1, std::min(own, fit))};
  int const groups = groups_of<T>(g.M);
  if (groups < threads) return by_bands;
  std::size_t const group = sizeof(T) * weights_of_group<T>(g), weights = group * static_cast<std::size_t>(groups);
  std::size_t const frames = sizeof(T) * static_cast<std::size_t>(frame_of(g).size()) * static_cast<std::size_t>(batch);
  int const own_groups = quotient_up(groups, threads);
  int const together = std::max(1, std::min(own_groups, static_cast<int>(bytes_of_weights / group)));
  // What passes between the caches and memory: weights are read, packed and read again for each few bands; or read once, and all frames for
  // each few groups. A byte of a frame counts for two, since its rows lie apart and weights one behind the other.
  std::size_t const of_bands = weights * static_cast<std::size_t>(2 + threads * quotient_up(own, by_bands.together));
  std::size_t const of_groups = weights + 2 * frames * static_cast<std::size_t>(1 + threads * quotient_up(own_groups, together));
  return of_groups < of_bands ? Sharing{true, 1, rows_of(g), together} : by_bands;
}
}  // namespace berl::host::detail
