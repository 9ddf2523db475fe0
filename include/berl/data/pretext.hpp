#pragma once
#include <berl/data/dataset.hpp>  // Dataset

#include <algorithm>  // min
#include <array>
#include <cstdint>
#include <cstring>  // memcpy
#include <string>
#include <vector>

/// Tasks that need no labels: a picture is changed in one of several ways, and a network is to tell in which. As datasets, whose labels
/// are the ways; each picture comes once in each way.
namespace berl::data {
/// Rotations by 0, 90, 180 and 270 degrees, counter-clockwise (gidaris2018).
inline constexpr int rotations = 4;

/// A square picture, turned by so many quarters counter-clockwise.
inline io::Image turned(io::Image const& picture, int quarters) {
  int const side = picture.width;
  if (picture.height != side)
    throw Error("berl::data::turned", std::to_string(side) + " x " + std::to_string(picture.height), "a square picture", "Cut it.");
  io::Image to = picture;
  auto const channels = static_cast<std::size_t>(picture.channels);
  for (int v = 0; v < side; ++v)
    for (int u = 0; u < side; ++u) {
      int x = u, y = v;  // from where
      for (int k = 0; k < (quarters % 4 + 4) % 4; ++k) {
        int const old = x;
        x = side - 1 - y, y = old;
      }
      std::memcpy(&to.pixels[static_cast<std::size_t>(v * side + u) * channels],
                  &picture.pixels[static_cast<std::size_t>(y * side + x) * channels], channels);
    }
  return to;
}

/// Orders of the 3 x 3 tiles of a picture that are far from one another (noroozi2016): the first is the identity, and each further one
/// is that of all 9! whose least Hamming distance to those before it is greatest, and of several the first in lexicographic order.
inline constexpr int jigsaws = 30;
using TileOrder = std::array<std::uint8_t, 9>;  ///< which tile comes to place k, row by row
/// Order number n of all 9!, in lexicographic order: its digits in the factorial number system say which of the tiles left comes next.
inline TileOrder lexicographic_order(int n) {
  TileOrder order{}, left{0, 1, 2, 3, 4, 5, 6, 7, 8};
  int ways = 40320;  // 8!
  for (std::size_t k = 0; k < 9; ++k) {
    auto const pick = static_cast<std::size_t>(n / ways);
    order[k] = left[pick];
    for (std::size_t i = pick; i + 1 < 9; ++i) left[i] = left[i + 1];
    n %= ways;
    if (k < 8) ways /= static_cast<int>(8 - k);
  }
  return order;
}
inline std::array<TileOrder, jigsaws> make_tile_orders() {
  std::array<TileOrder, jigsaws> chosen{lexicographic_order(0)};
  std::vector<TileOrder> all;
  for (int n = 0; n < 362'880; ++n) all.push_back(lexicographic_order(n));
  std::vector<std::uint8_t> nearest(all.size(), 9);  // to those chosen
  for (std::size_t n = 1; n < chosen.size(); ++n) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::uint8_t distance = 0;
      for (std::size_t k = 0; k < 9; ++k) distance = static_cast<std::uint8_t>(distance + (all[i][k] != chosen[n - 1][k]));
      nearest[i] = std::min(nearest[i], distance);
      if (nearest[i] > nearest[best]) best = i;
    }
    chosen[n] = all[best];
  }
  return chosen;
}
inline TileOrder const& tile_order(int n) {
  static std::array<TileOrder, jigsaws> const orders = make_tile_orders();
  return orders.at(static_cast<std::size_t>(n));
}
/// The tiles of a picture in another order; what is left of its side by a division by 3 is black, right and below.
inline io::Image shuffled(io::Image const& picture, TileOrder const& order) {
  int const w = picture.width / 3, h = picture.height / 3;
  io::Image to = io::blank(picture.width, picture.height, picture.channels);
  auto const channels = static_cast<std::size_t>(picture.channels);
  auto const at = [&](int u, int v) { return static_cast<std::size_t>(v * picture.width + u) * channels; };
  for (int k = 0; k < 9; ++k) {
    int const tile = order[static_cast<std::size_t>(k)];
    for (int v = 0; v < h; ++v)
      std::memcpy(&to.pixels[at(k % 3 * w, k / 3 * h + v)], &picture.pixels[at(tile % 3 * w, tile / 3 * h + v)],
                  static_cast<std::size_t>(w) * channels);
  }
  return to;
}

/// Picture i shows picture i / rotations of a dataset, which must outlive it, turned by i % rotations quarters.
template <Dataset D>
class Rotations {
 public:
  explicit Rotations(D const& whole) : whole_(&whole) {}
  int size() const { return rotations * whole_->size(); }
  int identities() const { return rotations; }
  int label(int i) const { return i % rotations; }
  std::string name(int i) const { return whole_->name(i / rotations) + ", turned by " + std::to_string(90 * label(i)) + " degrees"; }
  io::Image load(int i) const { return turned(whole_->load(i / rotations), label(i)); }

 private:
  D const* whole_;
};
/// Picture i shows picture i / jigsaws of a dataset, which must outlive it, its tiles in order i % jigsaws.
template <Dataset D>
class Jigsaws {
 public:
  explicit Jigsaws(D const& whole) : whole_(&whole) {}
  int size() const { return jigsaws * whole_->size(); }
  int identities() const { return jigsaws; }
  int label(int i) const { return i % jigsaws; }
  std::string name(int i) const { return whole_->name(i / jigsaws) + ", tiles in order " + std::to_string(label(i)); }
  io::Image load(int i) const { return shuffled(whole_->load(i / jigsaws), tile_order(label(i))); }

 private:
  D const* whole_;
};
}  // namespace berl::data
