#pragma once
#include <berl/core/device.hpp>   // Context
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/simd.hpp>     // Vector

#include <algorithm>  // max
#include <chrono>
#include <cstdio>  // snprintf
#include <string>
#include <vector>

namespace berl::train {
/// Seconds since some moment.
inline double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Floating-point operations per second that this many threads reach with nothing but fused multiply-adds in float: the best of
/// eight short runs.
inline double peak_flops(int threads) {
  using V = host::Vector<float>;
  constexpr int chains = 12;  // as many as hide the latency, and fit into the registers
  constexpr long rounds = 1'000'000;
  Context<Host> const ctx{threads, {}};
  std::vector<float> sums(static_cast<std::size_t>(threads));
  double best = 0;
  for (int repeat = 0; repeat < 8; ++repeat) {
    double const start = now();
    parallel_for(ctx, threads, [&](std::ptrdiff_t i) {
      float const one = 1 + static_cast<float>(repeat) * 1e-7f;
      V a[chains], x = V{} + one, y = V{} + 1e-9f;
      for (V& v : a) v = V{} + one;
      for (long k = 0; k < rounds; ++k)
        for (V& v : a) v = v * x + y;
      V sum = a[0];
      for (int c = 1; c < chains; ++c) sum += a[c];
      sums[static_cast<std::size_t>(i)] = sum[0];  // so that it is computed
    });
    best = std::max(best, 2.0 * host::lanes_of<float> * chains * rounds * threads / (now() - start));
  }
  return best;
}

/// "1:02:03", "2:03"
inline std::string clock_text(double seconds) {
  long const s = static_cast<long>(seconds + 0.5);
  char text[32];
  if (s >= 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else
    std::snprintf(text, sizeof text, "%ld:%02ld", s / 60, s % 60);
  return text;
}
}  // namespace berl::train
