#include "bench.hpp"

namespace {
using namespace berl::bench;

/// Multiply-adds in registers. The share is of float's peak, whose vectors hold as many bytes.
template <class T>
void multiply_adds(benchmark::State& state) {
  constexpr int rounds = 500'000;
  int const threads = threads_of(state);
  berl::Context<berl::Host> const ctx{threads, {}};
  T volatile half = T(0.5), result[64] = {};
  double const flops = 2.0 * rounds * detail::chains * berl::host::lanes_of<T> * threads;
  measure(state, {.flops = flops}, [&] {
    berl::parallel_for(ctx, threads, [&](std::ptrdiff_t i) { result[i % 64] = detail::multiply_add<T>(rounds, half, half); });
  });
}

void copies(benchmark::State& state, std::size_t size) {
  int const threads = threads_of(state);
  std::size_t const piece = size / static_cast<std::size_t>(threads);
  berl::Tensor<char, berl::Shape<1>> from(static_cast<int>(size), 1), to(static_cast<int>(size), 2);
  berl::Context<berl::Host> const ctx{threads, {}};
  measure(state, {.bytes = 2.0 * static_cast<double>(size)}, [&] {
    berl::parallel_for(ctx, threads, [&](std::ptrdiff_t i) {
      std::size_t const at = static_cast<std::size_t>(i) * piece;
      std::memcpy(&to[at], &from[at], piece);
    });
  });
}

bool const added = [] {
  add("ceiling/multiply_add/float", multiply_adds<float>);
  add("ceiling/multiply_add/double", multiply_adds<double>);
  for (std::size_t const kib : {16u, 256u, 4096u, 262144u})  // first, second, third level, memory
    add(text("ceiling/copy/", kib, "_KiB"), [kib](auto& state) { copies(state, kib * berl::KiB); });
  return true;
}();
}  // namespace
