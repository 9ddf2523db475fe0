#include <berl/cuda/expr/evaluate.hpp>
#include <berl/cuda/expr/gradient.hpp>
#include <berl/cuda/imaging/normals.hpp>
#include <berl/cuda/imaging/rasterize.hpp>
#include <berl/cuda/imaging/viewpoint.hpp>
#include <berl/cuda/imaging/warp.hpp>
#include <berl/cuda/recording.hpp>  // Recording
#include <berl/cuda/tensor.hpp>     // copy

#include "cuda/bench.hpp"
#include "imaging/scene.hpp"
#include "imaging/studio.hpp"

namespace {
using namespace berl;
using namespace berl::bench;

/// The checks are computed once for each size and batch, like the scene.
template <int S>
struct Rendered : Studio<S, Cuda> {
  explicit Rendered(int n)
      : Studio<S, Cuda>(Context<Cuda>(0, imaging::render_scratch_bytes<float, S, Cuda>(n, 1)), gpu::memory, n),
        batch(n) {
    auto const given = bumps<S>(batch);
    copy(this->ctx, given.depth.read(), this->scene.depth.write());
    copy(this->ctx, given.albedo.read(), this->scene.albedo.write());
    copy(this->ctx, given.light.read(), this->scene.light.write());
    copy(this->ctx, given.view.read(), this->scene.view.write());
    copy(this->ctx, waves<S>(batch).read(), this->d_image.write());
    this->forward();
    this->backward();
    Tensor<float, Shape<3, S, S>> image(batch);
    Tensor<float, Shape<1, S, S>> d_depth(batch);
    copy(this->ctx, this->maps.image.read(), image.write());
    copy(this->ctx, this->d.depth.read(), d_depth.write());
    this->ctx.synchronize();
    check = mean_magnitude(image.span());
    check_gradient = mean_magnitude(d_depth.span());
  }
  int batch;
  double check, check_gradient;
};

template <int S>
void add_parts() {
  // the benchmarks of a batch follow one another, and each is called several times; never destroyed, since the driver may end first
  static auto& rendered = *new std::unique_ptr<Rendered<S>>;
  auto const add_to = [](std::string const& name, int batch, double maps, auto const& measure_it) {
    add(name, [=](benchmark::State& state) {
      if (!rendered || rendered->batch != batch) {
        rendered.reset();
        rendered = std::make_unique<Rendered<S>>(batch);
      }
      measure_it(state, work_of_maps<S>(maps, batch), *rendered);
      state.counters["check"] = rendered->check;  // which the peer's rendering must have too
      state.counters["check_gradient"] = rendered->check_gradient;
    });
  };
  for (int const batch : {1, 16, 64, 256, 1024})
    for_parts([&](std::string const& part, double maps, auto const& body) {
      std::string const name = text("renderer/", part, "/", S, "x", S, "/b", batch);
      add_to(name, batch, maps, [body](auto& state, Work const& work, auto& s) { measure(state, s.ctx, work, [&] { body(s); }); });
      if (part.starts_with("whole/"))  // launching its kernels takes longer than a small batch's images
        add_to(name + "/graph", batch, maps, [body](auto& state, Work const& work, auto& s) {
          gpu::Recording const graph(s.ctx, [&] { body(s); });
          measure(state, s.ctx, work, [&] { graph.run(); });
        });
    });
}

bool const added = [] {
  add_parts<64>();
  add_parts<128>();
  return true;
}();
}  // namespace
