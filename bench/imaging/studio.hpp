#pragma once
#include <berl/imaging/renderer.hpp>  // render, render_backward

#include <utility>  // move

#include "work.hpp"

namespace berl::bench {
/// What is rendered, or the gradients of it.
template <int S, class D>
struct SceneOn {
  explicit SceneOn(int batch) : depth(batch), albedo(batch), light(batch), view(batch) {}
  imaging::Scene<float, S, D> read() const { return {depth.read(), albedo.read(), light.read(), view.read()}; }

  Tensor<float, Shape<1, S, S>, D> depth;
  Tensor<float, Shape<3, S, S>, D> albedo;
  Tensor<float, Shape<4, 1, 1>, D> light;
  Tensor<float, Shape<6, 1, 1>, D> view;
};

/// A scene, its rendering, and the gradients of everything, for each part to repeat its own.
template <int S, class D>
struct Studio {
  Studio(Context<D> context, Memory const& place, int batch)
      : ctx(std::move(context)),
        scene(batch),
        memory(imaging::Rendering<float, S, D>::bytes(batch), place),
        maps(memory, batch),
        d_image(batch),
        d(batch),
        d_normal(batch),
        d_canonical(batch),
        d_grid(batch),
        d_rendered(batch),
        d_movement(batch) {}
  void forward() { imaging::render(ctx, settings, scene.read(), maps); }
  void backward() {
    imaging::render_backward(ctx, settings, scene.read(), maps, d_image.read(), d.depth.write(), d.albedo.write(), d.light.write(),
                             d.view.write());
  }
  imaging::Settings settings;
  Context<D> ctx;
  SceneOn<S, D> scene;
  Arena memory;
  imaging::Rendering<float, S, D> maps;
  Tensor<float, Shape<3, S, S>, D> d_image;
  SceneOn<S, D> d;
  Tensor<float, Shape<3, S, S>, D> d_normal, d_canonical;
  Tensor<float, Shape<2, S, S>, D> d_grid;
  Tensor<float, Shape<1, S, S>, D> d_rendered;
  Tensor<float, Shape<12, 1, 1>, D> d_movement;
};

/// So many maps of one channel that a part must read and write, for a batch.
template <int S>
Work work_of_maps(double maps, int batch) {
  return {.bytes = maps * batch * S * S * sizeof(float), .images = static_cast<double>(batch)};
}

/// add_part(name, maps to read and write, body of a studio) for each part of the renderer.
template <class AddPart>
void for_parts(AddPart const& add_part) {
  using namespace imaging;
  add_part("normals/forward", 1 + 3, [](auto& s) { normals(s.ctx, s.settings, s.scene.depth.read(), s.maps.normal); });
  add_part("normals/backward", 1 + 3 + 1,
           [](auto& s) { normals_backward(s.ctx, s.settings, s.scene.depth.read(), s.d_normal.read(), s.d.depth.write()); });
  add_part("shading/forward", 3 + 3 + 3, [](auto& s) {
    canonical_image(s.ctx, s.settings, s.scene.albedo.read(), s.maps.normal.read(), s.scene.light.read(), s.maps.canonical);
  });
  add_part("shading/backward", 3 + 3 + 3 + 3 + 3, [](auto& s) {
    canonical_image_backward(s.ctx, s.settings, s.scene.albedo.read(), s.maps.normal.read(), s.scene.light.read(), s.d_image.read(),
                             s.d.albedo.write(), s.d_normal.write(), s.d.light.write());
  });
  add_part("rasterise/forward", 1 + 2 + 4, [](auto& s) {
    rasterize(s.ctx, s.settings, s.scene.depth.read(), s.maps.movement.read(), s.maps.drawn, s.maps.depth, s.maps.faces);
  });
  add_part("rasterise/backward", 1 + 1 + 4 + 1 + 1, [](auto& s) {
    rasterize_backward(s.ctx, s.settings, s.scene.depth.read(), s.maps.movement.read(), s.maps.drawn.read(), s.maps.faces.read(),
                       s.d_rendered.read(), s.d.depth.write(), s.d_movement.write());
  });
  add_part("warp/forward", 1 + 3 + 3 + 1, [](auto& s) {
    sampling_grid(s.ctx, s.settings, s.maps.depth.read(), s.maps.movement.read(), s.maps.grid, s.maps.mask);
    sample(s.ctx, s.settings, s.maps.canonical.read(), s.maps.grid.read(), s.maps.mask.read(), s.maps.image);
  });
  add_part("warp/backward", 3 + 2 + 1 + 3 + 3 + 1 + 1, [](auto& s) {
    sample_backward(s.ctx, s.settings, s.maps.canonical.read(), s.maps.grid.read(), s.maps.mask.read(), s.d_image.read(),
                    s.d_canonical.write(), s.d_grid.write());
    sampling_grid_backward(s.ctx, s.settings, s.maps.depth.read(), s.maps.movement.read(), s.d_grid.read(), s.d_rendered.write(),
                           s.d_movement.write());
  });
  add_part("whole/forward", 1 + 3 + 3 + 1, [](auto& s) { s.forward(); });
  add_part("whole/forward_backward", 2 * (1 + 3) + 2 * 3 + 1, [](auto& s) {
    s.forward();
    s.backward();
  });
}
}  // namespace berl::bench
