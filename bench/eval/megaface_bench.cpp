#include <berl/eval/distractor_search.hpp>  // DistractorSearch

#include <vector>

#include "bench.hpp"

namespace {
using namespace berl;
using namespace berl::bench;

/// megaface/3530x16384: probes and distractors of 512 numbers. Bytes: distractors are read once, and each tile of scores stays in a cache.
void search(benchmark::State& state, std::size_t probes, std::size_t distractors) {
  constexpr std::size_t size = 512;
  std::vector<float> p(probes * size), d(distractors * size);
  randomise(p);
  randomise(d, 1, 2);
  Context<Host> const ctx{.threads = threads_of(state), .scratch = {}};
  eval::DistractorSearch search(ctx, p, size);
  double const n = static_cast<double>(probes), m = static_cast<double>(distractors);
  measure(state, {.flops = 2 * n * m * size, .bytes = 4 * (n + m) * size}, [&] { search.add(d); });
  benchmark::DoNotOptimize(search.nth_best(0, 1));
}

bool const added = [] {
  for (auto const& [probes, distractors] : {std::pair{3530, 16384}, std::pair{100'000, 2048}})
    add(text("megaface/", probes, "x", distractors), [probes, distractors](benchmark::State& state) {
      search(state, static_cast<std::size_t>(probes), static_cast<std::size_t>(distractors));
    });
  return true;
}();
}  // namespace
