#include <berl/imaging/renderer.hpp>  // render, render_backward

#include <cmath>  // exp, sin, cos

#include "bench.hpp"

namespace {
using namespace berl;
using namespace berl::bench;
using namespace berl::imaging;

constexpr int S = 64, batch = 32;
using Map = Shape<1, S, S>;
using Image = Shape<3, S, S>;

/// Bumps under waves, turned by up to 30 degrees: the same numbers as in peers/renderer.py.
SceneTensors<float, S> bumps() {
  SceneTensors<float, S> scene{Tensor<float, Map>(batch), Tensor<float, Image>(batch), Tensor<float, Shape<4, 1, 1>>(batch),
                               Tensor<float, Shape<6, 1, 1>>(batch)};
  for (int n = 0; n < batch; ++n) {
    for (int v = 0; v < S; ++v)
      for (int u = 0; u < S; ++u) {
        double const r = ((u - 31.5) * (u - 31.5) + (v - 31.5) * (v - 31.5)) / 512;
        scene.depth.write().sample(n)[v * S + u] =
            static_cast<float>(1.04 - 0.1 * std::exp(-r) + 0.002 * std::sin(0.5 * u + n) * std::cos(0.4 * v));
        for (int c = 0; c < 3; ++c)
          scene.albedo.write().sample(n)[(c * S + v) * S + u] = static_cast<float>(0.8 * std::sin(0.21 * u + 0.13 * v + c + n));
      }
    for (int i = 0; i < 4; ++i) scene.light.write().sample(n)[i] = static_cast<float>(0.5 * std::sin(1.0 + n + 2 * i));
    for (int i = 0; i < 6; ++i) scene.view.write().sample(n)[i] = static_cast<float>(0.5 * std::sin(2.0 + 3 * n + i));
  }
  return scene;
}
double mean_magnitude(std::span<float const> values) {
  double sum = 0;
  for (float const v : values) sum += std::abs(static_cast<double>(v));
  return sum / static_cast<double>(values.size());
}

/// A rendering done once, and the gradients of everything, for each part to repeat its own.
struct Studio {
  explicit Studio(int threads)
      : ctx{threads, Arena(render_scratch_bytes<float, S>(batch, threads))},
        scene(bumps()),
        memory(Rendering<float, S>::bytes(batch)),
        maps(memory, batch),
        d_image(batch),
        d(bumps()),
        d_normal(batch),
        d_canonical(batch),
        d_grid(batch),
        d_rendered(batch),
        d_movement(batch) {
    for (std::size_t i = 0; i < d_image.size(); ++i) d_image[i] = static_cast<float>(std::sin(0.1 * static_cast<double>(i % 1000)));
    forward();
    backward();
  }
  void forward() { render(ctx, settings, scene.read(), maps); }
  void backward() {
    render_backward(ctx, settings, scene.read(), maps, d_image.read(), d.depth.write(), d.albedo.write(), d.light.write(), d.view.write());
  }
  Settings settings;
  Context<Host> ctx;
  SceneTensors<float, S> scene;
  Arena memory;
  Rendering<float, S> maps;
  Tensor<float, Image> d_image;
  SceneTensors<float, S> d;
  Tensor<float, Image> d_normal, d_canonical;
  Tensor<float, Shape<2, S, S>> d_grid;
  Tensor<float, Map> d_rendered;
  Tensor<float, Shape<12, 1, 1>> d_movement;
};

/// `maps` is how many maps of one channel the part must read and write.
template <class Body>
void add_part(char const* name, double maps, Body const& body) {
  add(text("renderer/", name, "/b", batch), [=](benchmark::State& state) {
    Studio studio(threads_of(state));
    Work const work{.bytes = maps * batch * Map::size * sizeof(float), .images = batch};
    double const image = mean_magnitude({studio.maps.image.data(), studio.maps.image.size()}),
                 d_depth = mean_magnitude(studio.d.depth.span());
    measure(state, work, [&] { body(studio); });
    state.counters["check"] = image;  // which the peer's rendering must have too
    state.counters["check_gradient"] = d_depth;
  });
}

bool const added = [] {
  add_part("normals/forward", 1 + 3, [](Studio& s) { normals(s.ctx, s.settings, s.scene.depth.read(), s.maps.normal); });
  add_part("normals/backward", 1 + 3 + 1,
           [](Studio& s) { normals_backward(s.ctx, s.settings, s.scene.depth.read(), s.d_normal.read(), s.d.depth.write()); });
  add_part("shading/forward", 3 + 3 + 3, [](Studio& s) {
    canonical_image(s.ctx, s.settings, s.scene.albedo.read(), s.maps.normal.read(), s.scene.light.read(), s.maps.canonical);
  });
  add_part("shading/backward", 3 + 3 + 3 + 3 + 3, [](Studio& s) {
    canonical_image_backward(s.ctx, s.settings, s.scene.albedo.read(), s.maps.normal.read(), s.scene.light.read(), s.d_image.read(),
                             s.d.albedo.write(), s.d_normal.write(), s.d.light.write());
  });
  add_part("rasterise/forward", 1 + 2 + 4, [](Studio& s) {
    rasterize(s.ctx, s.settings, s.scene.depth.read(), s.maps.movement.read(), s.maps.drawn, s.maps.depth, s.maps.faces);
  });
  add_part("rasterise/backward", 1 + 1 + 4 + 1 + 1, [](Studio& s) {
    rasterize_backward(s.ctx, s.settings, s.scene.depth.read(), s.maps.movement.read(), s.maps.drawn.read(), s.maps.faces.read(),
                       s.d_rendered.read(), s.d.depth.write(), s.d_movement.write());
  });
  add_part("warp/forward", 1 + 3 + 3 + 1, [](Studio& s) {
    sampling_grid(s.ctx, s.settings, s.maps.depth.read(), s.maps.movement.read(), s.maps.grid, s.maps.mask);
    sample(s.ctx, s.settings, s.maps.canonical.read(), s.maps.grid.read(), s.maps.mask.read(), s.maps.image);
  });
  add_part("warp/backward", 3 + 2 + 1 + 3 + 3 + 1 + 1, [](Studio& s) {
    sample_backward(s.ctx, s.settings, s.maps.canonical.read(), s.maps.grid.read(), s.maps.mask.read(), s.d_image.read(),
                    s.d_canonical.write(), s.d_grid.write());
    sampling_grid_backward(s.ctx, s.settings, s.maps.depth.read(), s.maps.movement.read(), s.d_grid.read(), s.d_rendered.write(),
                           s.d_movement.write());
  });
  add_part("whole/forward", 1 + 3 + 3 + 1, [](Studio& s) { s.forward(); });
  add_part("whole/forward_backward", 2 * (1 + 3) + 2 * 3 + 1, [](Studio& s) {
    s.forward();
    s.backward();
  });
  return true;
}();
}  // namespace
