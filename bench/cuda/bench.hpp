#pragma once
#include <berl/core/random.hpp>   // Random
#include <berl/cuda/context.hpp>  // Context<Cuda>, Precision
#include <berl/cuda/launch.hpp>   // each
#include <berl/cuda/peak.hpp>     // peak_flops

#include <benchmark/benchmark.h>
#include <algorithm>  // max, min
#include <exception>
#include <map>
#include <memory>  // unique_ptr
#include <string>
#include <type_traits>  // remove_pointer_t

#include "work.hpp"

/// What bench.hpp does, on a GPU.
namespace berl::bench {
class Event {
 public:
  Event() {
    cudaEvent_t made = nullptr;
    gpu::check(cudaEventCreate(&made), "cudaEventCreate");
    event_.reset(made);
  }
  cudaEvent_t get() const { return event_.get(); }

 private:
  struct Destroy {
    void operator()(cudaEvent_t event) const { static_cast<void>(cudaEventDestroy(event)); }
  };
  std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroy> event_;
};

/// The seconds that the GPU takes for what body puts into the queue, its waiting for the next kernel to be put there included.
template <class F>
double seconds(Context<Cuda>& ctx, F const& body) {
  Event const begin, end;
  gpu::check(cudaEventRecord(begin.get(), ctx.stream.get()), "cudaEventRecord");
  body();
  gpu::check(cudaEventRecord(end.get(), ctx.stream.get()), "cudaEventRecord");
  gpu::check(cudaEventSynchronize(end.get()), "cudaEventSynchronize");
  float milliseconds = 0;
  gpu::check(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()), "cudaEventElapsedTime");
  return 1e-3 * static_cast<double>(milliseconds);
}
/// The seconds of n times what body does, one behind the other.
template <class F>
double seconds(Context<Cuda>& ctx, benchmark::IterationCount n, F const& body) {
  return seconds(ctx, [&] {
    for (benchmark::IterationCount i = 0; i < n; ++i) body();
  });
}

namespace detail {
/// The shortest of several runs: whatever else the machine does only makes it longer.
template <class F>
double shortest(Context<Cuda>& ctx, int runs, F const& body) {
  double best = 1e30;
  for (int i = 0; i < runs; ++i) best = std::min(best, seconds(ctx, body));
  return best;
}
template <class T>
struct Draw {
  T* values;
  float bound;
  Seed seed;
  BERL_FN void operator()(std::size_t i) const { values[i] = T(Random(seed, 0, i).uniform(-bound, bound)); }
};
}  // namespace detail

/// Uniform in [-bound, bound), on the GPU: products of zeros would need less power and run faster than those of numbers.
template <class T>
void randomise(Context<Cuda>& ctx, T* values, std::size_t n, double bound = 1, std::uint64_t seed = 1) {
  gpu::each(ctx, "berl::bench::randomise", n, detail::Draw<T>{values, static_cast<float>(bound), Seed{seed}});
}

/// Bytes read and written per second by a copy from memory to memory that no cache holds. Measured when first asked for.
inline double ceiling_bytes() {
  static double const found = [] {
    constexpr std::size_t size = GiB;
    Context<Cuda> ctx;
    Arena memory(2 * size, gpu::memory);
    auto* const from = memory.take<std::byte>(size);
    auto* const to = memory.take<std::byte>(size);
    return 2.0 * size / detail::shortest(ctx, 20, [&] {
             gpu::check(cudaMemcpyAsync(to, from, size, cudaMemcpyDeviceToDevice, ctx.stream.get()), "cudaMemcpyAsync");
           });
  }();
  return found;
}

/// Products and sums per second of 8192 x 8192 sums of 8192 products by cuBLASLt. Measured when first asked for.
inline double ceiling_flops(Precision precision) {
  static std::map<Precision, double> known;
  auto const [at, is_new] = known.try_emplace(precision);
  if (is_new) at->second = gpu::peak_flops(0, precision, 8192, 20);
  return at->second;
}

inline double cache_bytes() {
  int device = 0, bytes = 0;
  gpu::check(cudaGetDevice(&device), "cudaGetDevice");
  gpu::check(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device), "cudaDeviceGetAttribute");
  return bytes;
}

/// share: the time that the ceilings allow at the least, over the time taken. It may be above 1 where in_L2 is 1: all that is read and
/// written fits into the second-level cache there, and stays in it from one iteration to the next.
inline void report(benchmark::State& state, Context<Cuda> const& ctx, Work const& work, double seconds) {
  auto const rate = [&](char const* name, double amount) {
    if (amount > 0) state.counters[name] = amount / seconds;
  };
  rate("TFLOP/s", work.flops * 1e-12);
  rate("GB/s", work.bytes * 1e-9);
  rate("share", std::max(work.flops > 0 ? work.flops / ceiling_flops(ctx.precision) : 0, work.bytes / ceiling_bytes()));
  rate("images/s", work.images);
  if (work.flops > 0) state.counters["GFLOP"] = work.flops * 1e-9;
  if (work.bytes > 0) state.counters["in_L2"] = work.bytes < cache_bytes() ? 1 : 0;
}

/// Warms up, then times as many iterations as the library wants, one behind the other in the context's queue. `run(n)` gives the seconds
/// of n iterations.
template <class F>
void measure_seconds(benchmark::State& state, Context<Cuda> const& ctx, Work const& work, F const& run) {
  run(3);
  double spent = 0;
  while (state.KeepRunningBatch(state.max_iterations)) {
    spent = run(state.max_iterations);
    state.SetIterationTime(spent);
  }
  report(state, ctx, work, spent / static_cast<double>(state.iterations()));
}
template <class F>
void measure(benchmark::State& state, Context<Cuda>& ctx, Work const& work, F const& body) {
  measure_seconds(state, ctx, work, [&](benchmark::IterationCount n) { return seconds(ctx, n, body); });
}

/// Adds a benchmark, which fails with the text of what it throws: no GPU, too little memory. A ceiling is measured before it starts.
template <class F>
benchmark::internal::Benchmark* add(std::string const& name, F const& body) {
  auto const measured = [body](benchmark::State& state) {
    try {
      ceiling_bytes();
      body(state);
    } catch (std::exception const& error) {
      state.SkipWithError(error.what());
    }
  };
  return benchmark::RegisterBenchmark(name.c_str(), measured)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

inline char const* name_of(Precision precision) {
  return precision == Precision::fp32 ? "fp32" : precision == Precision::tf32 ? "tf32" : "bf16";
}
}  // namespace berl::bench
