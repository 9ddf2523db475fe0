#include "../crew.hpp"
#include "scene.hpp"

#include <berl/cuda/imaging/warp.hpp>
#include <berl/imaging/viewpoint.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

using namespace berl;
using namespace berl::gpu;
using imaging::Settings;

namespace {
constexpr int batch = 2;

template <class T, int S>
struct Grids {
  Tensor<T, Shape<1, S, S>> depth = bump<T, S>(batch), mask{batch}, d_depth = filled<T, Shape<1, S, S>>(batch, "d depth");
  Tensor<T, Shape<12, 1, 1>> movement{batch}, d_movement = filled<T, Shape<12, 1, 1>>(batch, "d movement");
  Tensor<T, Shape<2, S, S>> grid{batch}, d_grid = filled<T, Shape<2, S, S>>(batch, "d grid");
  Grids() {
    Context<Host> ctx;
    imaging::viewpoint(ctx, {}, views<T>(batch).read(), movement.write());
    for (std::size_t i = 0; i < depth.size(); i += 7) depth[i] = T(1.2);  // nothing was drawn there
  }
};
template <class T, int S>
Grids<T, S> grids_by_the_host() {
  Grids<T, S> x;
  Context<Host> ctx;
  imaging::sampling_grid(ctx, {}, x.depth.read(), x.movement.read(), x.grid.write(), x.mask.write());
  imaging::sampling_grid_backward(ctx, {}, x.depth.read(), x.movement.read(), x.d_grid.read(), x.d_depth.write(), x.d_movement.add());
  return x;
}
template <class T, int S>
void check_close(Grids<T, S> const& a, Grids<T, S> const& b) {
  CHECK(difference(a.grid, b.grid) < rounding<T>);
  CHECK(same_bits(a.mask, b.mask));
  CHECK(difference(a.d_depth, b.d_depth) < rounding<T>);
  CHECK(difference(a.d_movement, b.d_movement) < rounding<T>);
}

/// Ways to sample: what is outside is black, or the border's; and many positions in one place, as where a face is seen from afar.
struct Way {
  Settings settings;
  double lo, hi;
};
Way way(int number) {
  Settings border;
  border.padding = imaging::Padding::border;
  border.alignment = imaging::Alignment::edges;
  Way const all[] = {{{}, -1.2, 1.2}, {border, -1.5, 1.3}, {{}, -0.1, 0.1}, {border, 2, 3}, {{}, 1.5, 3}};
  return all[number];
}
template <class T, int H, int W, int h, int w>
struct Samples {
  Tensor<T, Shape<3, H, W>> image = filled<T, Shape<3, H, W>>(batch, "image"), d_image = filled<T, Shape<3, H, W>>(batch, "d image");
  Tensor<T, Shape<2, h, w>> grid, d_grid = filled<T, Shape<2, h, w>>(batch, "d grid");
  Tensor<T, Shape<1, h, w>> mask = filled<T, Shape<1, h, w>>(batch, "mask", 0, 1.2);
  Tensor<T, Shape<3, h, w>> sampled{batch}, d_sampled = filled<T, Shape<3, h, w>>(batch, "d sampled");
  explicit Samples(Way const& way) : grid(filled<T, Shape<2, h, w>>(batch, "grid", way.lo, way.hi)) {
    for (T& m : mask.span()) m = m < T(0.2) ? T(0) : T(1);
    for (std::size_t i = 0; i < grid.size(); i += 11) grid[i] = i % 2 == 0 ? T(-1) : T(1);  // on a pixel of the edge
    grid[5] = std::numeric_limits<T>::quiet_NaN();
  }
};
template <class T, int H, int W, int h, int w>
Samples<T, H, W, h, w> samples_by_the_host(Way const& way) {
  Samples<T, H, W, h, w> x(way);
  Context<Host> ctx;
  imaging::sample(ctx, way.settings, x.image.read(), x.grid.read(), x.mask.read(), x.sampled.write());
  imaging::sample_backward(ctx, way.settings, x.image.read(), x.grid.read(), x.mask.read(), x.d_sampled.read(), x.d_image.add(),
                           x.d_grid.write());
  return x;
}
/// A position that is no number has weights that are none, on either device.
template <class T, int H, int W, int h, int w>
void check_close(Samples<T, H, W, h, w> const& a, Samples<T, H, W, h, w> const& b) {
  CHECK(difference(a.sampled, b.sampled) < rounding<T>);
  CHECK(difference(a.d_image, b.d_image) < rounding<T>);
  CHECK(difference(a.d_grid, b.d_grid) < rounding<T>);
}
template <class Team, class T, int H, int W, int h, int w>
Samples<T, H, W, h, w> samples_by_a_team(Way const& way) {
  using namespace imaging::detail;
  using Cells = Cells<H, W, h, w>;
  Samples<T, H, W, h, w> x(way);
  SampleOf<T, 3, H, W, h, w> const sample{way.settings.alignment, way.settings.padding, as_gpu(x.image.read()), as_gpu(x.grid.read()),
                                          as_gpu(x.mask.read())};
  SampleForward<T, 3, H, W, h, w> const forward{sample, as_gpu(x.sampled.write())};
  SampleGridPull<T, 3, H, W, h, w, Write<T, Shape<2, h, w>, Cuda>> const pull{sample, as_gpu(x.d_sampled.read()), as_gpu(x.d_grid.write())};
  for (int n = 0; n < batch; ++n) {
    std::vector<unsigned> keys;
    for (int i = 0; i < h * w; ++i) {
      forward(n, i / w, i % w);
      pull(n, i / w, i % w);
      keys.push_back(Cells::key(sample.x(n, i), sample.y(n, i), x.mask.read().sample(n)[i], i));
    }
    std::sort(keys.begin(), keys.end());
    auto const list = std::make_unique<CellList<H, W>>();
    work<Team>([&](Team team) { pull_image(team, sample, x.d_sampled.read().sample(n), as_gpu(x.d_image.add()), n, keys.data(), *list); });
  }
  return x;
}
}  // namespace

TEST_CASE("each pixel by itself has the host's position; an image's sums are the host's") {
  using namespace imaging::detail;
  constexpr int S = 33;
  auto const expected = grids_by_the_host<float, S>();
  auto const by = [&]<class Team>(Team) {
    Grids<float, S> x;
    Settings const settings;
    WarpOf<float, S> const warp(settings);
    GridOf<float, S> const forward{warp,
                                   static_cast<float>(settings.depth_max + settings.margin()),
                                   as_gpu(x.depth.read()),
                                   as_gpu(x.movement.read()),
                                   as_gpu(x.grid.write()),
                                   as_gpu(x.mask.write())};
    for (int n = 0; n < batch; ++n)
      for (int i = 0; i < S * S; ++i) forward(n, i / S, i % S);
    work<Team>([&](Team team) {
      for (int n = 0; n < batch; ++n)
        pull_grid<float, S>(team, warp.at(x.movement.read().sample(n)), x.depth.read().sample(n), x.d_grid.read().sample(n),
                            as_gpu(x.d_depth.write()), as_gpu(x.d_movement.add()), n);
    });
    return x;
  };
  check_close(by(Solo{}), expected);
  check_close(by(Crew<5>{}), expected);
}

TEST_CASE("positions sorted by their cell give the gradients of the host's scatter") {
  for (int i = 0; i < 5; ++i) {
    CAPTURE(i);
    auto const expected = samples_by_the_host<float, 20, 17, 13, 30>(way(i));
    check_close(samples_by_a_team<Solo, float, 20, 17, 13, 30>(way(i)), expected);
    check_close(samples_by_a_team<Crew<5>, float, 20, 17, 13, 30>(way(i)), expected);
    check_close(samples_by_a_team<Solo, double, 16, 16, 16, 16>(way(i)), samples_by_the_host<double, 16, 16, 16, 16>(way(i)));
  }
}

TEST_CASE("the GPU finds the host's positions and their gradients, twice the same" * needs_gpu()) {
  auto ctx = test_context();
  auto const run = [&] {
    Grids<float, 64> x;
    auto const depth = on_gpu(ctx, x.depth);
    auto const movement = on_gpu(ctx, x.movement);
    auto const d_grid = on_gpu(ctx, x.d_grid);
    auto grid = on_gpu(ctx, x.grid);
    auto mask = on_gpu(ctx, x.mask);
    auto d_depth = on_gpu(ctx, x.d_depth);
    auto d_movement = on_gpu(ctx, x.d_movement);
    imaging::sampling_grid(ctx, {}, depth.read(), movement.read(), grid.write(), mask.write());
    imaging::sampling_grid_backward(ctx, {}, depth.read(), movement.read(), d_grid.read(), d_depth.write(), d_movement.add());
    x.grid = on_host(ctx, grid);
    x.mask = on_host(ctx, mask);
    x.d_depth = on_host(ctx, d_depth);
    x.d_movement = on_host(ctx, d_movement);
    return x;
  };
  auto const once = run();
  check_close(once, grids_by_the_host<float, 64>());
  CHECK(same_bits(once.d_movement, run().d_movement));
}

TEST_CASE_TEMPLATE("the GPU samples as the host does, forward and back, twice the same" * needs_gpu(), S, Shape<64, 64>, Shape<128, 128>) {
  constexpr int side = channels<S>;
  auto ctx = test_context();
  for (int i = 0; i < 5; ++i) {
    CAPTURE(i);
    auto const run = [&] {
      Samples<float, side, side, side, side> x(way(i));
      auto const image = on_gpu(ctx, x.image);
      auto const grid = on_gpu(ctx, x.grid);
      auto const mask = on_gpu(ctx, x.mask);
      auto const d_sampled = on_gpu(ctx, x.d_sampled);
      auto sampled = on_gpu(ctx, x.sampled);
      auto d_image = on_gpu(ctx, x.d_image);
      auto d_grid = on_gpu(ctx, x.d_grid);
      imaging::sample(ctx, way(i).settings, image.read(), grid.read(), mask.read(), sampled.write());
      imaging::sample_backward(ctx, way(i).settings, image.read(), grid.read(), mask.read(), d_sampled.read(), d_image.add(),
                               d_grid.write());
      x.sampled = on_host(ctx, sampled);
      x.d_image = on_host(ctx, d_image);
      x.d_grid = on_host(ctx, d_grid);
      return x;
    };
    auto const once = run();
    check_close(once, samples_by_the_host<float, side, side, side, side>(way(i)));
    CHECK(same_bits(once.d_image, run().d_image));
  }
}
