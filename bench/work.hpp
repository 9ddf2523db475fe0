#pragma once
#include <berl/core/random.hpp>  // Random

#include <span>
#include <sstream>
#include <string>

/// What benches of the host and of CUDA have in common.
namespace berl::bench {
/// What one iteration must do: products and sums, and bytes read and written, each array as often as it must be.
struct Work {
  double flops = 0, bytes = 0;
  double images = 0;
};

/// text("b", 4, "/") is "b4/"
template <class... Parts>
std::string text(Parts const&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Uniform in [-bound, bound).
inline void randomise(std::span<float> values, double bound = 1, std::uint64_t seed = 1) {
  Random random(Seed{seed});
  for (float& v : values) v = static_cast<float>(random.uniform(-bound, bound));
}
}  // namespace berl::bench
