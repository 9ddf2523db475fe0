#include "bench.hpp"
#include "imaging/scene.hpp"
#include "imaging/studio.hpp"

namespace {
using namespace berl;
using namespace berl::bench;

constexpr int S = 64;

bool const added = [] {
  for_parts([](char const* name, double maps, auto const& body) {
    for (int const batch : {1, 32})
      add(text("renderer/", name, "/b", batch), [=](benchmark::State& state) {
        int const threads = threads_of(state);
        Studio<S, Host> studio({threads, Arena(imaging::render_scratch_bytes<float, S>(batch, threads))}, host_memory, batch);
        auto const given = bumps<S>(batch);
        copy(given.depth.read(), studio.scene.depth.write());
        copy(given.albedo.read(), studio.scene.albedo.write());
        copy(given.light.read(), studio.scene.light.write());
        copy(given.view.read(), studio.scene.view.write());
        copy(waves<S>(batch).read(), studio.d_image.write());
        studio.forward();
        studio.backward();
        double const image = mean_magnitude({studio.maps.image.data(), studio.maps.image.size()}),
                     d_depth = mean_magnitude(studio.d.depth.span());
        measure(state, work_of_maps<S>(maps, batch), [&] { body(studio); });
        state.counters["check"] = image;  // which the peer's rendering must have too
        state.counters["check_gradient"] = d_depth;
      });
  });
  return true;
}();
}  // namespace
