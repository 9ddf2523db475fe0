#pragma once
#include <benchmark/benchmark.h>
#include <algorithm>  // max
#include <chrono>
#include <string>

#include "ceiling.hpp"
#include "work.hpp"

namespace berl::bench {
inline int threads_of(benchmark::State const& state) { return static_cast<int>(state.range(0)); }

/// share: the time that the ceilings allow at the least, over the time taken; above 1 where the data lie in a cache.
inline void report(benchmark::State& state, Work const& work, double seconds) {
  Ceiling const& best = ceiling(threads_of(state));
  auto const rate = [&](char const* name, double amount) {
    if (amount > 0) state.counters[name] = amount / seconds;
  };
  rate("GFLOP/s", work.flops * 1e-9);
  rate("GB/s", work.bytes * 1e-9);
  rate("share", std::max(work.flops / best.flops, work.bytes / best.bytes));
  rate("images/s", work.images);
  if (work.flops > 0) state.counters["GFLOP"] = work.flops * 1e-9;  // which the peer counts by itself
}

/// The seconds that body takes.
template <class F>
double seconds(F const& body) {
  using Clock = std::chrono::steady_clock;
  auto const start = Clock::now();
  body();
  benchmark::ClobberMemory();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Runs what gives seconds once to warm up, then as often as the library wants, and says how well it did.
template <class F>
void measure_seconds(benchmark::State& state, Work const& work, F const& run) {
  run();
  double total = 0;
  for (auto _ : state) {
    double const spent = run();
    state.SetIterationTime(spent);
    total += spent;
  }
  report(state, work, total / static_cast<double>(state.iterations()));
}
template <class F>
void measure(benchmark::State& state, Work const& work, F const& body) {
  measure_seconds(state, work, [&] { return seconds(body); });
}

/// Adds a benchmark, for 1 and 2 threads. The ceilings are measured before it starts.
template <class F>
benchmark::internal::Benchmark* add(std::string const& name, F const& body) {
  auto const measured = [body](benchmark::State& state) {
    ceiling(threads_of(state));
    body(state);
  };
  return benchmark::RegisterBenchmark(name.c_str(), measured)
      ->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}
}  // namespace berl::bench
