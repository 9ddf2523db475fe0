#include <berl/data/synthetic_face.hpp>  // SyntheticFaces

#include "bench.hpp"

namespace {
using namespace berl;
using namespace berl::bench;

constexpr int pictures = 64;

bool const added = [] {
  add("synthetic/head", [](benchmark::State& state) {  // once for each person
    Context<Host> const ctx{threads_of(state), {}};
    measure(state, {}, [&] {
      parallel_for(ctx, 8, [](std::ptrdiff_t i) {
        benchmark::DoNotOptimize(data::synthetic_head(data::synthetic_identity(Seed{1}, static_cast<std::uint64_t>(i))));
      });
    });
    state.counters["heads"] = 8;
  });
  add("synthetic/picture", [](benchmark::State& state) {
    Context<Host> const ctx{threads_of(state), {}};
    data::SyntheticFaces const faces({.seed = Seed{1}, .identities = 8, .pictures_per_identity = pictures / 8});
    measure(state, {.images = pictures},
            [&] { parallel_for(ctx, pictures, [&](std::ptrdiff_t i) { benchmark::DoNotOptimize(faces.load(static_cast<int>(i))); }); });
  });
  return true;
}();
}  // namespace
