#pragma once
#include <berl/core/error.hpp>       // Error
#include <berl/core/tensor.hpp>      // Tensor
#include <berl/imaging/normals.hpp>  // normals

#include <algorithm>  // clamp, max
#include <cmath>      // log, sqrt, acos
#include <cstddef>
#include <numbers>  // pi
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <vector>

/// How far a depth map is from the true one, over the pixels of a mask (wu2020, Sec. 4.1). Everything is summed in double.
namespace berl::eval {
/// Errors of one image; all zero where the mask is empty. A published SIDE is a hundred times larger.
struct GeometryError {
  double side = 0;      ///< scale-invariant depth error: the standard deviation of ln d - ln d_true
  double mad = 0;       ///< mean angle between the normals, in degrees
  double absolute = 0;  ///< mean |d - d_true|
  double squared = 0;   ///< mean (d - d_true)^2
  double pixels = 0;    ///< in the mask
};

/// A mask without the pixels that have one outside among their eight neighbours, or lie at the image's edge.
template <class T, int S>
Tensor<T, Shape<1, S, S>> erode(Read<T, Shape<1, S, S>, Host> mask) {
  Tensor<T, Shape<1, S, S>> inner(mask.batch());
  for (int n = 0; n < mask.batch(); ++n)
    for (int v = 1; v < S - 1; ++v)
      for (int u = 1; u < S - 1; ++u) {
        bool all = true;
        for (int y = v - 1; y <= v + 1; ++y)
          for (int x = u - 1; x <= u + 1; ++x) all = all && mask.sample(n)[y * S + x] > T(0.5);
        inner.write().sample(n)[v * S + u] = all ? T(1) : T(0);
      }
  return inner;
}

/// Where truth and rendered depth both show the face, each without its rim: the true depth is background where it is the
/// largest of the whole batch, the rendered one where it reached the clamp.
template <class T, int S>
Tensor<T, Shape<1, S, S>> face_mask(imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                                    Read<T, Shape<1, S, S>, Host> truth) {
  Tensor<T, Shape<1, S, S>> seen(depth.batch()), there(truth.batch());
  if (depth.batch() != truth.batch()) throw std::logic_error("berl::eval::face_mask: there must be one true depth for each.");
  T background = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) background = std::max(background, truth.data()[i]);
  T const clamp = static_cast<T>(settings.depth_max + settings.margin());
  for (std::size_t i = 0; i < truth.size(); ++i) there[i] = truth.data()[i] < background ? T(1) : T(0);
  for (std::size_t i = 0; i < depth.size(); ++i) seen[i] = depth.data()[i] < clamp ? T(1) : T(0);
  auto mask = erode(seen.read());
  auto const inner = erode(there.read());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] *= inner[i];
  return mask;
}

/// SIDE and the plain differences of one image; `mad` stays 0.
///   D = ln d - ln d_true,  SIDE = sqrt(mean of (D - mean of D)^2)
///   errors  Error, when a depth in the mask is not positive
template <class T>
GeometryError depth_error(std::span<T const> depth, std::span<T const> truth, std::span<T const> mask) {
  if (truth.size() != depth.size() || mask.size() != depth.size())
    throw std::logic_error("berl::eval::depth_error: depth, truth and mask must be equally large.");
  GeometryError e;
  double mean = 0;
  auto const log_ratio = [&](std::size_t i) { return std::log(static_cast<double>(depth[i])) - std::log(static_cast<double>(truth[i])); };
  for (std::size_t i = 0; i < depth.size(); ++i) {
    if (!(mask[i] > T(0.5))) continue;
    if (!(depth[i] > 0 && truth[i] > 0))
      throw Error("berl::eval::depth_error: pixel " + std::to_string(i),
                  std::to_string(static_cast<double>(depth[i] > 0 ? truth[i] : depth[i])), "a positive depth",
                  "Leave the pixel out of the mask, or look for what made it.");
    double const d = static_cast<double>(depth[i]) - static_cast<double>(truth[i]);
    e.absolute += std::abs(d);
    e.squared += d * d;
    e.pixels += 1;
    mean += log_ratio(i);
  }
  if (e.pixels == 0) return e;
  e.absolute /= e.pixels;
  e.squared /= e.pixels;
  mean /= e.pixels;
  double sum = 0;
  for (std::size_t i = 0; i < depth.size(); ++i)
    if (mask[i] > T(0.5)) sum += (log_ratio(i) - mean) * (log_ratio(i) - mean);
  e.side = std::sqrt(sum / e.pixels);
  return e;
}

/// Mean angle in degrees between two maps of normals (planar: all x, all y, all z) of one image.
template <class T>
double normal_error(std::span<T const> normal, std::span<T const> truth, std::span<T const> mask) {
  std::size_t const plane = mask.size();
  if (normal.size() != 3 * plane || truth.size() != 3 * plane)
    throw std::logic_error("berl::eval::normal_error: normals must have three planes of the mask's size.");
  double sum = 0, pixels = 0;
  for (std::size_t i = 0; i < plane; ++i) {
    if (!(mask[i] > T(0.5))) continue;
    double cosine = 0;
    for (std::size_t c = 0; c < 3; ++c) cosine += static_cast<double>(normal[c * plane + i]) * static_cast<double>(truth[c * plane + i]);
    sum += std::acos(std::clamp(cosine, -1.0, 1.0));
    pixels += 1;
  }
  return pixels > 0 ? sum / pixels * 180 / std::numbers::pi : 0;
}

/// All errors of a batch. Normals are those of the imaging model, so with the published normal_epsilon two equal flat maps
/// are 6.5 degrees apart at 64 x 64; for angles that mean something set settings.normal_epsilon to 0.
template <class T, int S>
std::vector<GeometryError> geometry_errors(Context<Host>& ctx, imaging::Settings const& settings, Read<T, Shape<1, S, S>, Host> depth,
                                           Read<T, Shape<1, S, S>, Host> truth, Read<T, Shape<1, S, S>, Host> mask) {
  if (truth.batch() != depth.batch() || mask.batch() != depth.batch())
    throw std::logic_error("berl::eval::geometry_errors: there must be one truth and one mask for each depth.");
  Tensor<T, Shape<3, S, S>> found(depth.batch()), expected(depth.batch());
  imaging::normals(ctx, settings, depth, found.write());
  imaging::normals(ctx, settings, truth, expected.write());
  constexpr std::size_t plane = static_cast<std::size_t>(S) * S;
  std::vector<GeometryError> errors;
  for (int n = 0; n < depth.batch(); ++n) {
    std::span<T const> const inside(mask.sample(n), plane);
    errors.push_back(depth_error(std::span<T const>(depth.sample(n), plane), std::span<T const>(truth.sample(n), plane), inside));
    errors.back().mad = normal_error(std::span<T const>(found.read().sample(n), 3 * plane),
                                     std::span<T const>(expected.read().sample(n), 3 * plane), inside);
  }
  return errors;
}

/// The mean over images, leaving out those whose mask is empty; `pixels` becomes their number in all.
inline GeometryError mean(std::span<GeometryError const> errors) {
  GeometryError m;
  double images = 0;
  for (GeometryError const& e : errors) {
    if (e.pixels == 0) continue;
    images += 1;
    m.side += e.side;
    m.mad += e.mad;
    m.absolute += e.absolute;
    m.squared += e.squared;
    m.pixels += e.pixels;
  }
  for (double* const value : {&m.side, &m.mad, &m.absolute, &m.squared})
    if (images > 0) *value /= images;
  return m;
}
}  // namespace berl::eval
