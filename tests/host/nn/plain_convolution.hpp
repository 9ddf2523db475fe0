#pragma once
#include <berl/core/device.hpp>
#include <berl/core/random.hpp>
#include <berl/host/nn/convolution.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace berl::test {
/// Where pixel p of channel c lies in a map of so many channels and pixels.
inline int place(int channels, int pixels, int c, int p) {
  int const block = block_of(channels);
  return (c / block * pixels + p) * block + c % block;
}

/// The geometry's meaning, six loops in double: input pixel (v, u) of channel c meets output pixel (p, q) of channel m at
/// weight (i, j) where v = p S + i - P (direct), p = v S + i - P (transposed), likewise u and q.
template <class Body>  // body(position in x, position in y, position in the weights)
void for_products(host::Convolution const& g, Body const& body) {
  for (int m = 0; m < g.M; ++m)
    for (int c = 0; c < g.C; ++c)
      for (int i = 0; i < g.K; ++i)
        for (int j = 0; j < g.K; ++j) {
          int const pair = g.transposed ? c * g.M + m : m * g.C + c, w = (pair * g.K + i) * g.K + j;
          int const rows = g.transposed ? g.H : g.OH, cols = g.transposed ? g.W : g.OW;
          for (int a = 0; a < rows; ++a)
            for (int b = 0; b < cols; ++b) {
              int const far_a = a * g.S + i - g.P, far_b = b * g.S + j - g.P;
              int const v = g.transposed ? a : far_a, u = g.transposed ? b : far_b, p = g.transposed ? far_a : a,
                        q = g.transposed ? far_b : b;
              if (v < 0 || v >= g.H || u < 0 || u >= g.W || p < 0 || p >= g.OH || q < 0 || q >= g.OW) continue;
              body(place(g.C, g.H * g.W, c, v * g.W + u), place(g.M, g.OH * g.OW, m, p * g.OW + q), w);
            }
        }
}

/// A geometry that fits, with extents of the order of a tile: all kernels, strides and paddings that layers allow.
inline host::Convolution random_geometry(Random& random, bool transposed) {
  auto const among = [&](int low, int high) { return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1))); };
  for (;;) {
    host::Convolution g{};
    g.C = random.chance(0.5) ? 16 * among(1, 3) : among(1, 20);
    g.M = random.chance(0.5) ? 16 * among(1, 3) : among(1, 40);
    g.H = among(1, 11);
    g.W = among(1, 18);
    g.K = among(1, 5);
    g.S = among(1, 4);
    g.P = among(0, g.K - 1);
    g.transposed = transposed;
    if (transposed) {  // up to S - 1 rows and columns that no tap of the last input pixel reaches
      g.OH = (g.H - 1) * g.S - 2 * g.P + g.K + among(0, g.S - 1);
      g.OW = (g.W - 1) * g.S - 2 * g.P + g.K + among(0, g.S - 1);
      if (g.OH > 0 && g.OW > 0) return g;
    } else if (g.H + 2 * g.P >= g.K && g.W + 2 * g.P >= g.K) {
      g.OH = (g.H + 2 * g.P - g.K) / g.S + 1;
      g.OW = (g.W + 2 * g.P - g.K) / g.S + 1;
      return g;
    }
  }
}

template <class T>
std::vector<T> random_values(Random& random, int n) {
  std::vector<T> values(static_cast<std::size_t>(n));
  for (T& v : values) v = static_cast<T>(random.uniform(-1.0, 1.0));
  return values;
}

/// Largest error relative to the largest entry; infinite where one is not finite.
template <class T>
double relative_error(std::vector<T> const& found, std::vector<double> const& expected) {
  double worst = 0, largest = 1;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    double const e = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(e <= worst)) worst = std::isnan(e) ? HUGE_VAL : e;
    largest = std::max(largest, std::abs(expected[i]));
  }
  return worst / largest;
}

enum class Base { none, other, itself };

/// One geometry against the six loops, with the result's place poisoned and the scratch exactly as large as promised.
template <class Method, class T>
double error_of(host::Convolution const& g, int batch, int threads, bool has_bias, Base base, std::uint64_t seed) {
  Random random(Seed{seed});
  int const in = g.C * g.H * g.W, out = g.M * g.OH * g.OW;
  auto const x = random_values<T>(random, batch * in), weights = random_values<T>(random, g.M * g.C * g.K * g.K);
  auto const bias = random_values<T>(random, g.M), added = random_values<T>(random, batch * out);
  std::vector<T> y = base == Base::itself ? added : std::vector<T>(added.size(), std::numeric_limits<T>::quiet_NaN());
  std::vector<double> expected(added.size());
  for (int n = 0; n < batch; ++n) {
    for (int m = 0; m < g.M; ++m)
      for (int p = 0; p < g.OH * g.OW; ++p) {
        auto const at = static_cast<std::size_t>(n * out + place(g.M, g.OH * g.OW, m, p));
        expected[at] = (base == Base::none ? 0 : static_cast<double>(added[at])) +
                       (has_bias ? static_cast<double>(bias[static_cast<std::size_t>(m)]) : 0);
      }
    for_products(g, [&](int from, int to, int w) {
      expected[static_cast<std::size_t>(n * out + to)] +=
          static_cast<double>(x[static_cast<std::size_t>(n * in + from)]) * static_cast<double>(weights[static_cast<std::size_t>(w)]);
    });
  }
  Context<Host> ctx;
  ctx.threads = threads;
  ctx.scratch = Arena(Method::template scratch<T>(g, batch, threads));
  Method::template run<T>(ctx, g, batch, x.data(), weights.data(), has_bias ? bias.data() : nullptr,
                          base == Base::none    ? nullptr
                          : base == Base::other ? added.data()
                                                : y.data(),
                          y.data());
  return relative_error(y, expected);
}

/// The same for the gradient of the weights, which grow by it; returns them and the error.
template <class T>
struct GradientFound {
  std::vector<T> dweights;
  double error;
};
template <class Method, class T>
GradientFound<T> gradient_of(host::Convolution const& g, int batch, int threads, std::uint64_t seed) {
  Random random(Seed{seed});
  int const in = g.C * g.H * g.W, out = g.M * g.OH * g.OW;
  auto const x = random_values<T>(random, batch * in), dy = random_values<T>(random, batch * out);
  auto dweights = random_values<T>(random, g.M * g.C * g.K * g.K);  // what lies there already
  std::vector<double> expected(dweights.begin(), dweights.end());
  for (int n = 0; n < batch; ++n)
    for_products(g, [&](int from, int to, int w) {
      expected[static_cast<std::size_t>(w)] +=
          static_cast<double>(x[static_cast<std::size_t>(n * in + from)]) * static_cast<double>(dy[static_cast<std::size_t>(n * out + to)]);
    });
  Context<Host> ctx;
  ctx.threads = threads;
  ctx.scratch = Arena(Method::template scratch<T>(g, batch, threads));
  Method::template run<T>(ctx, g, batch, x.data(), dy.data(), dweights.data());
  return {dweights, relative_error(dweights, expected)};
}
}  // namespace berl::test
