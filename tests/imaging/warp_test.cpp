#include <doctest/doctest.h>

#include <berl/imaging/warp.hpp>
#include <limits>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;

namespace {
template <int C, int S>
using Map = Tensor<double, Shape<C, S, S>>;

template <int S>
Map<2, S> grid_of(Settings const& settings, Map<1, S> const& depth, Tensor<double, Shape<6, 1, 1>> const& view, int threads = 1) {
  Context<Host> ctx{threads, {}};
  Tensor<double, Shape<12, 1, 1>> m(depth.batch());
  viewpoint(ctx, settings, view.read(), m.write());
  Map<2, S> grid(depth.batch());
  Map<1, S> mask(depth.batch());
  sampling_grid(ctx, settings, depth.read(), m.read(), grid.write(), mask.write());
  return grid;
}
template <int S>
struct GridGradient {
  Map<1, S> depth;
  Tensor<double, Shape<6, 1, 1>> view;
  GridGradient(Settings const& settings, Map<1, S> const& d, Tensor<double, Shape<6, 1, 1>> const& p, Map<2, S> const& dg, int threads = 1)
      : depth(d.batch(), 5.0),
        view(d.batch(), 5.0) {
    Context<Host> ctx{threads, {}};
    Tensor<double, Shape<12, 1, 1>> m(d.batch()), dm(d.batch(), 5.0);
    viewpoint(ctx, settings, p.read(), m.write());
    sampling_grid_backward(ctx, settings, d.read(), m.read(), dg.read(), depth.write(), dm.write());
    viewpoint_backward(ctx, settings, p.read(), dm.read(), view.write());
  }
};

/// y = sample, and both gradients of y dy
template <class T, class SI, class SG, class SY>
struct Sampled {
  Tensor<T, SY> y;
  Tensor<T, SI> d_image;
  Tensor<T, SG> d_grid;
  Sampled(Settings const& settings, Tensor<T, SI> const& image, Tensor<T, SG> const& grid, Tensor<T, SY> const& dy, int threads = 1)
      : y(image.batch(), T(5)),
        d_image(image.batch(), T(5)),
        d_grid(image.batch(), T(5)) {
    Context<Host> ctx{threads, {}};
    Tensor<T, Shape<1, height<SG>, width<SG>>> const all(image.batch(), T(1));
    sample(ctx, settings, image.read(), grid.read(), all.read(), y.write());
    sample_backward(ctx, settings, image.read(), grid.read(), all.read(), dy.read(), d_image.write(), d_grid.write());
  }
};
Settings with(Alignment a, Padding p = Padding::zeros) {
  Settings settings;
  settings.alignment = a;
  settings.padding = p;
  return settings;
}
}  // namespace

TEST_CASE("the sampling grid and its gradients are those of the published code") {
  golden::File const file("render_pieces");
  auto const settings = maps::with_z();
  auto const depth = maps::tensor<Shape<1, 64, 64>>(file.get("in/depth"));
  auto const view = maps::view(file.get("in/view"));
  CHECK(golden::deviation(maps::interleaved(grid_of(settings, depth, view)), file.get("inv_warped_2d/y")) < 1e-6);  // stored in float
  auto const dg = maps::planar<Shape<2, 64, 64>>(maps::doubles(golden::filled("g/inv_warped_2d", 3 * 64 * 64 * 2, 1)));
  GridGradient<64> const g(settings, depth, view, dg);
  CHECK(golden::deviation(maps::values(g.depth), file.get("inv_warped_2d/gdepth")) < 1e-6);  // likewise
  CHECK(golden::deviation(maps::view_gradient(g.view), file.get("inv_warped_2d/gview")) < 1e-11);
}

TEST_CASE("without movement every pixel is looked up at itself") {
  auto const grid = grid_of(Settings{}, maps::bumps<16>(1), Tensor<double, Shape<6, 1, 1>>(1));
  for (int i = 0; i < 256; ++i) {
    CHECK(std::abs(grid.read().sample(0)[i] - (2.0 * (i % 16) / 15 - 1)) < 1e-14);        // roundings
    CHECK(std::abs(grid.read().sample(0)[256 + i] - (2.0 * (i / 16) / 15 - 1)) < 1e-14);  // likewise
  }
}

TEST_CASE("the gradient of the sampling grid is that of central differences, about the face and about the camera") {
  for (auto const centre : {RotationCentre::face, RotationCentre::none}) {
    auto settings = maps::with_z();
    settings.rotation_centre = centre;
    auto depth = maps::bumps<9>(2);
    auto view = maps::noise<Shape<6, 1, 1>>("view", 2, 0.5);
    auto const dg = maps::noise<Shape<2, 9, 9>>("dg", 2, 1);
    GridGradient<9> const g(settings, depth, view, dg);
    auto const loss = [&] { return maps::inner(grid_of(settings, depth, view).span(), dg.span()); };
    // differences of values up to 1e4 at h = 1e-6 round to some 1e-6, relative to slopes of the order 1e2 to 1e3
    CHECK(maps::gradient_error(depth, g.depth, loss, 1e-6) < 1e-4);
    CHECK(maps::gradient_error(view, g.view, loss, 1e-6) < 1e-4);
  }
}

TEST_CASE("the mask ends where rendered depth is clamped") {
  Settings const settings;
  Map<1, 4> depth(1, 1.0), mask(1);
  depth[0] = settings.depth_max + settings.margin();
  depth[1] = depth[0] - 1e-9;
  depth[2] = settings.depth_min - settings.margin();
  Map<2, 4> grid(1);
  Tensor<double, Shape<12, 1, 1>> m(1);
  Context<Host> ctx;
  viewpoint(ctx, settings, Tensor<double, Shape<6, 1, 1>>(1).read(), m.write());
  sampling_grid(ctx, settings, depth.read(), m.read(), grid.write(), mask.write());
  CHECK(mask[0] == 0);
  CHECK(mask[1] == 1);
  CHECK(mask[2] == 1);
}

TEST_CASE("bilinear sampling of images of any shape is PyTorch's, in both alignments") {
  golden::File const file("render_pieces");
  using SI = Shape<3, 9, 11>;
  using SG = Shape<2, 7, 8>;
  using SY = Shape<3, 7, 8>;
  auto const image = maps::tensor<SI>(file.get("gs/image"));
  auto const grid = maps::planar<SG>(file.get("gs/grid"));
  auto const dy = maps::tensor<SY>(file.get("gs/gy"));
  for (auto const align : {Alignment::corners, Alignment::edges}) {
    std::string const name = align == Alignment::corners ? "gs_align1" : "gs_align0";
    Sampled const found(with(align), image, grid, dy);
    CHECK(golden::deviation(maps::values(found.y), file.get(name + "/y")) < 1e-11);  // stored in double, likewise below
    CHECK(golden::deviation(maps::values(found.d_image), file.get(name + "/gimage")) < 1e-11);
    CHECK(golden::deviation(maps::interleaved(found.d_grid), file.get(name + "/ggrid")) < 1e-11);
  }
}

TEST_CASE("bilinear sampling of the canonical image is that of the published code") {
  golden::File const file("render_pieces");
  using S3 = Shape<3, 64, 64>;
  auto const image = maps::tensor<S3>(file.get("shade/canon_im"));  // in float
  auto const grid = grid_of(maps::with_z(), maps::tensor<Shape<1, 64, 64>>(file.get("in/depth")), maps::view(file.get("in/view")));
  auto const dy = maps::tensor<S3>(maps::doubles(golden::filled("g/sample", 3 * 3 * 64 * 64, 1)));
  for (auto const align : {Alignment::corners, Alignment::edges}) {
    std::string const name = align == Alignment::corners ? "sample_align1" : "sample_align0";
    Sampled const found(with(align), image, grid, dy);
    CHECK(maps::deviation(maps::values(found.y), file, name + "/y") < 1e-6);  // the image is stored in float
    CHECK(maps::deviation(maps::values(found.d_image), file, name + "/gimage") < 1e-6);
    CHECK(maps::deviation(maps::interleaved(found.d_grid), file, name + "/ggrid") < 1e-6);
  }
}

TEST_CASE("the gradient of sampling is that of central differences, in all options") {
  for (auto const align : {Alignment::corners, Alignment::edges})
    for (auto const padding : {Padding::zeros, Padding::border}) {
      auto const settings = with(align, padding);
      auto image = maps::noise<Shape<2, 6, 5>>("image", 2, 1);
      auto grid = maps::noise<Shape<2, 4, 7>>("grid", 2, 1.4);
      auto const dy = maps::noise<Shape<2, 4, 7>>("dy", 2, 1);
      Sampled const found(settings, image, grid, dy);
      auto const loss = [&] { return maps::inner(Sampled(settings, image, grid, dy).y.span(), dy.span()); };
      CHECK(maps::gradient_error(image, found.d_image, loss, 1e-4) < 1e-10);  // linear: only rounding
      CHECK(maps::gradient_error(grid, found.d_grid, loss, 1e-7) < 1e-7);     // bilinear, no position within 1e-7 of a kink
    }
}

TEST_CASE("outside lies grey, or the nearest pixel") {
  Tensor<double, Shape<1, 3, 3>> image(1);
  for (std::size_t i = 0; i < 9; ++i) image[i] = 1 + static_cast<double>(i);
  auto const grid = maps::tensor<Shape<2, 1, 4>>({-3, 3, -1, 1.5, /* y */ -3, 0, 1, 1.5});
  Tensor<double, Shape<1, 1, 4>> const dy(1, 1.0);
  Sampled const zeros(with(Alignment::corners, Padding::zeros), image, grid, dy);
  CHECK(maps::values(zeros.y) == std::vector<double>{0, 0, 7, 9 / 4.0});
  Sampled const border(with(Alignment::corners, Padding::border), image, grid, dy);
  CHECK(maps::values(border.y) == std::vector<double>{1, 6, 7, 9});
}

TEST_CASE("positions that are no numbers or beyond all bounds sample nothing") {
  float const inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  Tensor<float, Shape<1, 3, 3>> const image(1, 1.0f);
  Tensor<float, Shape<2, 1, 5>> grid(1);
  float const at[5] = {inf, -inf, nan, 3e38f, -3e38f};
  for (std::size_t i = 0; i < 5; ++i) grid[i] = at[i], grid[5 + i] = at[4 - i];
  Tensor<float, Shape<1, 1, 5>> const dy(1, 1.0f);
  Sampled const found(Settings{}, image, grid, dy);
  for (float const y : found.y.span()) CHECK(y == 0);
  for (float const d : found.d_grid.span()) CHECK(d == 0);
}

TEST_CASE("gradients are overwritten, added to or left out as their views say, and masked") {
  Context<Host> ctx;
  auto const image = maps::noise<Shape<3, 8, 8>>("image", 2, 1);
  auto const grid = maps::noise<Shape<2, 8, 8>>("grid", 2, 1.1);
  auto const dy = maps::noise<Shape<3, 8, 8>>("dy", 2, 1);
  Sampled const found(Settings{}, image, grid, dy);
  Tensor<double, Shape<1, 8, 8>> const all(2, 1.0), none(2, 0.0);
  auto d_image = found.d_image;
  auto d_grid = found.d_grid;
  sample_backward(ctx, Settings{}, image.read(), grid.read(), all.read(), dy.read(), d_image.add(), Skip<double, Shape<2, 8, 8>, Host>{});
  sample_backward(ctx, Settings{}, image.read(), grid.read(), all.read(), dy.read(), Skip<double, Shape<3, 8, 8>, Host>{}, d_grid.add());
  for (std::size_t i = 0; i < d_image.size(); ++i) CHECK(d_image[i] == doctest::Approx(2 * found.d_image[i]).epsilon(1e-13));
  for (std::size_t i = 0; i < d_grid.size(); ++i) CHECK(d_grid[i] == doctest::Approx(2 * found.d_grid[i]).epsilon(1e-13));
  sample_backward(ctx, Settings{}, image.read(), grid.read(), none.read(), dy.read(), d_image.write(), d_grid.write());
  for (double const d : d_image.span()) CHECK(d == 0);
  for (double const d : d_grid.span()) CHECK(d == 0);
}

TEST_CASE("warping has the same bits for any number of threads") {
  auto const depth = maps::bumps<16>(5);
  auto const view = maps::noise<Shape<6, 1, 1>>("view", 5, 0.5);
  auto const dg = maps::noise<Shape<2, 16, 16>>("dg", 5, 1);
  auto const image = maps::noise<Shape<3, 16, 16>>("image", 5, 1);
  auto const grid = grid_of(Settings{}, depth, view);
  GridGradient<16> const g(Settings{}, depth, view, dg);
  Sampled const y(Settings{}, image, grid, image);
  for (int const threads : {2, 7, 16}) {  // 7 and 16: bands of an image
    CHECK(maps::values(grid) == maps::values(grid_of(Settings{}, depth, view, threads)));
    GridGradient<16> const h(Settings{}, depth, view, dg, threads);
    CHECK(maps::values(g.depth) == maps::values(h.depth));
    CHECK(maps::values(g.view) == maps::values(h.view));
    Sampled const z(Settings{}, image, grid, image, threads);
    CHECK(maps::values(y.y) == maps::values(z.y));
    CHECK(maps::values(y.d_image) == maps::values(z.d_image));
    CHECK(maps::values(y.d_grid) == maps::values(z.d_grid));
  }
}
