#pragma once
#include <algorithm>  // max
#include <berl/core/tensor.hpp>
#include <berl/imaging/settings.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "golden_plain.hpp"

/// What the tests of the imaging model share: arrays of the fixtures as tensors, the appendix's inputs, differences.
namespace maps {
using berl::Shape;
using berl::Tensor;

template <class S, class T = double>
Tensor<T, S> tensor(std::vector<double> const& values) {
  Tensor<T, S> result(static_cast<int>(values.size() / S::size));
  for (std::size_t i = 0; i < values.size(); ++i) result[i] = static_cast<T>(values[i]);
  return result;
}
inline std::vector<double> doubles(std::vector<float> const& v) { return {v.begin(), v.end()}; }

/// (N, H, W, C) of the fixtures to (N, C, H, W), and back.
template <class S, class T = double>
Tensor<T, S> planar(std::vector<double> const& values) {
  constexpr int C = berl::channels<S>, P = berl::plane<S>;
  Tensor<T, S> result(static_cast<int>(values.size() / S::size));
  for (int n = 0; n < result.batch(); ++n)
    for (int p = 0; p < P; ++p)
      for (int c = 0; c < C; ++c)
        result.write().sample(n)[c * P + p] = static_cast<T>(values[static_cast<std::size_t>((n * P + p) * C + c)]);
  return result;
}
template <class T, class S>
std::vector<double> interleaved(Tensor<T, S> const& map) {
  constexpr int C = berl::channels<S>, P = berl::plane<S>;
  std::vector<double> values;
  for (int n = 0; n < map.batch(); ++n)
    for (int p = 0; p < P; ++p)
      for (int c = 0; c < C; ++c) values.push_back(static_cast<double>(map.read().sample(n)[c * P + p]));
  return values;
}
template <class T, class S>
std::vector<double> values(Tensor<T, S> const& map) {
  return {map.span().begin(), map.span().end()};
}

/// Deviation from an array that the fixture keeps whole, or from the entries that it keeps.
inline double deviation(std::vector<double> const& found, golden::File const& file, std::string const& name) {
  if (file.has(name)) return golden::deviation(found, file.get(name));
  std::vector<double> entries;
  for (auto const i : file.get<std::int64_t>(name + ".idx")) entries.push_back(found.at(static_cast<std::size_t>(i)));
  double norm = 0;
  for (double const x : found) norm += x * x;
  double const l2 = file.get(name + ".stats")[0];
  return std::max(golden::deviation(entries, file.get(name + ".val")), std::abs(std::sqrt(norm) - l2) / l2);
}

/// The viewpoints of the fixtures are in radians and units of length; the library's are fractions of a range.
inline constexpr double angle_range = 60 * 3.14159265358979323846 / 180, shift_range = 0.1;
inline berl::imaging::Settings with_z() {
  berl::imaging::Settings settings;
  settings.z_translation_range = shift_range;
  return settings;
}
template <class T = double>
Tensor<T, Shape<6, 1, 1>> view(std::vector<double> v) {
  for (std::size_t i = 0; i < v.size(); ++i) v[i] /= i % 6 < 3 ? angle_range : shift_range;
  return tensor<Shape<6, 1, 1>, T>(v);
}
template <class T>
std::vector<double> view_gradient(Tensor<T, Shape<6, 1, 1>> const& d_view) {
  auto v = values(d_view);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] /= i % 6 < 3 ? angle_range : shift_range;
  return v;
}

template <class A, class B>
double inner(A const& a, B const& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// The largest difference between a gradient and central differences of the loss, over every stride-th element.
template <class T, class S, class Loss>
double gradient_error(Tensor<T, S>& x, Tensor<T, S> const& dx, Loss const& loss, double h, std::size_t stride = 1) {
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); i += stride) {
    T const kept = x[i];
    x[i] = kept + h;
    double const above = loss();
    x[i] = kept - h;
    double const below = loss();
    x[i] = kept;
    worst = std::max(worst, std::abs((above - below) / (2 * h) - dx[i]));
  }
  return worst;
}

template <class T, class S>
bool finite(Tensor<T, S> const& x) {
  for (T const v : x.span())
    if (!std::isfinite(v)) return false;
  return true;
}
/// Reproducible values in [-scale, scale] + shift.
template <class S, class T = double>
Tensor<T, S> noise(char const* name, int batch, double scale, double shift = 0) {
  return tensor<S, T>(doubles(golden::filled(name, static_cast<std::size_t>(batch) * S::size, scale, shift)));
}
/// A smooth face-like depth map with a different bump per sample.
template <int S, class T = double>
Tensor<T, Shape<1, S, S>> bumps(int batch) {
  Tensor<T, Shape<1, S, S>> depth(batch);
  for (int n = 0; n < batch; ++n)
    for (int v = 0; v < S; ++v)
      for (int u = 0; u < S; ++u) {
        double const x = 2.0 * u / (S - 1) - 1, y = 2.0 * v / (S - 1) - 1;
        depth.write().sample(n)[v * S + u] =
            T(1.0 + 0.03 * std::sin(2.1 * x + 0.4 * n) + 0.02 * std::cos(1.7 * y - 0.3 * n) - 0.02 * std::exp(-6 * (x * x + y * y)));
      }
  return depth;
}
}  // namespace maps
