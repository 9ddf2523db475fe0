#pragma once
#include <berl/core/arena.hpp>           // padded
#include <berl/host/nn/convolution.hpp>  // Convolution
#include <berl/host/nn/frame.hpp>        // frame_of

#include <algorithm>  // min, max
#include <cstddef>    // size_t

/// How a batch of direct convolutions is cut and shared, so that what is read again stays in the second cache.
namespace berl::host::detail {
/// Either a thread takes bands of pictures, few enough for their frames to stay in the second cache, and all groups of outputs; or it takes
/// groups whose weights stay there, and all pictures, which it reads again for the next groups. The order of a sum is the same either way.
struct Sharing {
  bool by_groups;
  int bands, rows;  // of a picture; rows of one band, of which the last may have fewer
  int together;     // bands, or groups, of a thread at a time
};
inline constexpr std::size_t bytes_of_frames = 512 * KiB, bytes_of_weights = 1280 * KiB, bytes_of_all_frames = 16 * MiB;

/// The fewest bands of a picture whose frames are small enough.
template <class T>
constexpr int bands_of(Convolution const& g) {
  int const rows = rows_of(g), halo = frame_of(g, rows).rows - rows;
  auto const row = sizeof(T) * static_cast<std::size_t>(frame_of(g).size() / frame_of(g).rows);
  int const most = std::max(1, static_cast<int>(bytes_of_frames / row) - halo);
  return (rows + most - 1) / most;
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
  int const bands = bands_of<T>(g);
  std::size_t const band = padded<T>(static_cast<std::size_t>(frame_of(g, (rows_of(g) + bands - 1) / bands).size()));
  return std::max(static_cast<std::size_t>(threads) * std::max(band, bytes_of_frames / sizeof(T)),
                  static_cast<std::size_t>(pictures_together<T>(g, batch)) * padded<T>(static_cast<std::size_t>(frame_of(g).size())));
}
template <class T>
constexpr Sharing sharing_of(Convolution const& g, int batch, int threads) {
  int const rows = rows_of(g), groups = groups_of<T>(g.M);
  int const bands = std::min(rows, std::max(bands_of<T>(g), batch % threads == 0 ? 1 : threads)), height = (rows + bands - 1) / bands;
  auto const ratio = [](auto a, auto b) { return (a + b - 1) / b; };
  auto const band = sizeof(T) * padded<T>(static_cast<std::size_t>(frame_of(g, height).size()));
  auto const frame = sizeof(T) * static_cast<std::size_t>(frame_of(g).size()), group = sizeof(T) * weights_of_group<T>(g);
  auto const own = ratio(batch * bands, threads), fit = static_cast<int>(bytes_of_frames / band);
  Sharing const by_bands{false, ratio(rows, height), height, std::max(1, std::min(own, fit))};
  if (groups < threads || groups % threads != 0) return by_bands;
  int const groups_together = std::max(1, std::min(groups / threads, static_cast<int>(bytes_of_weights / group)));
  // What is read and written beyond the second cache; frames count twice, since weights are read in their order.
  std::size_t const weights = group * static_cast<std::size_t>(groups);
  std::size_t const of_bands = weights * static_cast<std::size_t>(2 + threads * ratio(own, by_bands.together));
  std::size_t const of_groups = weights + 2 * frame * static_cast<std::size_t>(batch * (1 + groups / groups_together));
  return of_groups < of_bands ? Sharing{true, 1, rows, groups_together} : by_bands;
}
}  // namespace berl::host::detail
