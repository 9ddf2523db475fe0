#include <doctest/doctest.h>

#include <berl/imaging/rasterize.hpp>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;

namespace {
template <class T, int S>
struct Raster {
  Settings settings;
  Tensor<T, Shape<1, S, S>> depth;
  Tensor<T, Shape<6, 1, 1>> view;
  Context<Host> ctx;
  Tensor<T, Shape<12, 1, 1>> movement;
  Tensor<T, Shape<1, S, S>> drawn, rendered;
  Tensor<std::int32_t, Shape<1, S, S>> faces;
  Tensor<T, Shape<1, S, S>> d_depth;
  Tensor<T, Shape<6, 1, 1>> d_view;

  Raster(Settings const& s, Tensor<T, Shape<1, S, S>> const& d, Tensor<T, Shape<6, 1, 1>> const& p, int threads = 1)
      : settings(s),
        depth(d),
        view(p),
        ctx{threads, Arena(rasterize_scratch_bytes<T, S>(s.supersampling, d.batch(), threads))},
        movement(d.batch()),
        drawn(d.batch(), T(-7)),
        rendered(d.batch(), T(-7)),
        faces(d.batch() * s.supersampling * s.supersampling, -7),
        d_depth(d.batch(), T(-7)),
        d_view(d.batch(), T(-7)) {
    draw();
  }
  void draw() {
    viewpoint(ctx, settings, view.read(), movement.write());
    rasterize(ctx, settings, depth.read(), movement.read(), drawn.write(), rendered.write(), faces.write());
  }
  void pull(Tensor<T, Shape<1, S, S>> const& dy) {
    Tensor<T, Shape<12, 1, 1>> dm(depth.batch(), T(-7));
    rasterize_backward(ctx, settings, depth.read(), movement.read(), drawn.read(), faces.read(), dy.read(), d_depth.write(), dm.write());
    viewpoint_backward(ctx, settings, view.read(), dm.read(), d_view.write());
  }
  T at(int u, int v) const { return rendered[static_cast<std::size_t>(v * S + u)]; }
};
template <int S, class T = double>
Tensor<T, Shape<6, 1, 1>> straight(int batch = 1) {
  return Tensor<T, Shape<6, 1, 1>>(batch);
}
Tensor<double, Shape<1, 8, 8>> tilted() {  // appendix A.1, identity view
  Tensor<double, Shape<1, 8, 8>> depth(1);
  for (int i = 0; i < 64; ++i) depth[static_cast<std::size_t>(i)] = 1 + 0.01 * (i % 8) + 0.005 * (i / 8);
  return depth;
}
}  // namespace

TEST_CASE("rendered depth, drawn faces and gradients are those of the reference") {
  golden::File const file("render_raster");
  auto const robust = file.get<int>("robust");
  auto const depth = maps::tensor<Shape<1, 64, 64>>(file.get("in/depth"));
  Raster<double, 64> r(maps::with_z(), depth, maps::view(file.get("in/view")));

  auto const expected = file.get("recon_depth");
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (robust[i] == 1) worst = std::max(worst, std::abs(r.rendered[i] - expected[i]));
  CHECK(worst < 1e-9);  // the fixture's own tolerance

  auto const index = file.get<int>("face_index");  // row 0 at the bottom
  int wrong = 0;
  for (int n = 0; n < 3; ++n)
    for (int y = 0; y < 128; ++y)
      for (int x = 0; x < 128; ++x)
        wrong += r.faces.read().sample(4 * n)[y * 128 + x] != index[static_cast<std::size_t>((n * 128 + 127 - y) * 128 + x)];
  CHECK(wrong == 0);

  r.pull(maps::tensor<Shape<1, 64, 64>>(maps::doubles(golden::filled("g/recon_depth", 3 * 64 * 64, 1))));
  CHECK(golden::deviation(maps::values(r.d_depth), file.get("gdepth")) < 1e-8);  // differences of large terms; the fixture asks 1e-7
  CHECK(golden::deviation(maps::view_gradient(r.d_view), file.get("gview")) < 1e-8);
}

TEST_CASE("in float the same, as far as the fixture's own float run goes") {
  golden::File const file("render_raster");
  auto const robust = file.get<int>("robust");
  Raster<float, 64> r(maps::with_z(), maps::tensor<Shape<1, 64, 64>, float>(file.get("in/depth")), maps::view<float>(file.get("in/view")));
  auto const expected = file.get("recon_depth");
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (robust[i] == 1) worst = std::max(worst, std::abs(static_cast<double>(r.rendered[i]) - expected[i]));
  CHECK(worst < 2e-5);
  r.pull(maps::tensor<Shape<1, 64, 64>, float>(maps::doubles(golden::filled("g/recon_depth", 3 * 64 * 64, 1))));
  CHECK(golden::deviation(maps::values(r.d_depth), file.get("gdepth")) < 1.6e-3);  // ten times the measured 1.6e-4
  CHECK(golden::deviation(maps::view_gradient(r.d_view), file.get("gview")) < 1e-3);
}

TEST_CASE("without movement the depth is shifted by half a pixel, as published") {
  Raster<double, 8> const r(Settings{}, tilted(), straight<8>());
  double const row[8] = {1.007489, 1.017489, 1.027489, 1.037489, 1.047489, 1.057490, 1.067490, 1.2};
  for (int u = 0; u < 8; ++u) CHECK(std::abs(r.at(u, 0) - row[u]) < 1e-6);  // six digits given
  for (int u = 0; u < 8; ++u) CHECK(r.at(u, 7) == Settings{}.depth_max + Settings{}.margin());
  golden::File const file("render_raster");
  Raster<double, 64> const s(Settings{}, maps::tensor<Shape<1, 64, 64>>(file.get("in/depth")), straight<64>(3));
  auto const expected = file.get("identity/recon_depth");
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, std::abs(s.rendered[i] - expected[i]));
  CHECK(worst < 1e-9);
}

TEST_CASE("centred samples remove the shift, for any number of samples") {
  auto const depth = tilted();
  for (int const A : {1, 2, 3, 4}) {
    Settings settings;
    settings.supersampling = A;
    settings.raster_offset = RasterOffset::centred;
    Raster<double, 8> const r(settings, depth, straight<8>());
    for (int v = 1; v < 7; ++v)
      for (int u = 1; u < 7; ++u)  // perspective bends the plane between pixels by less than its slope squared
        CHECK(std::abs(r.at(u, v) - depth[static_cast<std::size_t>(v * 8 + u)]) < (A == 1 ? 1e-9 : 1e-4));
    if (A > 1)
      for (int k = 0; k < 8; ++k) {
        CHECK(r.at(k, 0) > 1.19);
        CHECK(r.at(7, k) > 1.19);
      }
  }
}

TEST_CASE("a flat face covers all pixels but the last row and column") {
  for (int const A : {1, 2}) {
    Settings settings;
    settings.supersampling = A;
    Raster<float, 64> const r(settings, Tensor<float, Shape<1, 64, 64>>(1, 1.0f), straight<64, float>());
    int covered = 0;
    for (float const d : r.rendered.span()) covered += d < 1.15f;
    CHECK(covered == 63 * 63);
    CHECK(std::abs(r.at(31, 31) - 1.0f) < 1e-6f);
  }
}

TEST_CASE("the nearer surface is drawn, and of both sides of the mesh the one that is seen") {
  Tensor<double, Shape<1, 16, 16>> depth(1, 1.05);
  for (int v = 5; v < 11; ++v)
    for (int u = 5; u < 11; ++u) depth[static_cast<std::size_t>(v * 16 + u)] = 0.95;
  auto view = straight<16>();
  Settings settings;
  settings.rotation_range = 180;
  for (double const turn : {0.3, 1.0}) {  // 54 degrees, where the bump hides what is behind it, and from behind
    view[1] = turn;
    Raster<double, 16> const r(settings, depth, view);
    int back = 0, front = 0;
    for (std::int32_t const f : r.faces.span()) {
      CHECK(f < 4 * 15 * 15);
      back += f >= 2 * 15 * 15;
      front += f >= 0 && f < 2 * 15 * 15;
    }
    CHECK((turn < 0.5 ? front : back) > 100);
    CHECK((turn < 0.5 ? back : front) == 0);
  }
  Raster<double, 16> const r(settings, depth, straight<16>());
  CHECK(std::abs(r.at(7, 7) - 0.95) < 1e-9);  // flat there
  CHECK(std::abs(r.at(2, 2) - 1.05) < 1e-9);
}

TEST_CASE("the gradient of rendered depth is that of central differences, where no silhouette moves") {
  for (int const A : {1, 2, 3, 6})  // with 6 x 6 samples triangles are too large to go side by side
    for (auto const offset : {RasterOffset::reference, RasterOffset::centred}) {
      auto settings = maps::with_z();
      settings.supersampling = A;
      settings.raster_offset = offset;
      auto const view = maps::tensor<Shape<6, 1, 1>>({0.04, -0.06, 0.03, 0.1, -0.05, 0.2, -0.05, 0.03, -0.02, -0.1, 0.15, -0.1});
      Raster<double, 9> r(settings, maps::bumps<9>(2), view);
      auto const dy = maps::noise<Shape<1, 9, 9>>("dy", 2, 1);
      r.pull(dy);
      auto const d_depth = r.d_depth;
      auto const d_view = r.d_view;
      auto const faces = r.faces;
      bool same = true;
      auto const loss = [&] {
        r.draw();
        same = same && std::equal(faces.span().begin(), faces.span().end(), r.faces.span().begin());
        return maps::inner(r.rendered.span(), dy.span());
      };
      // h^2 of a third derivative, and 1e-16 / h of rounding, with gradients of size 1
      CHECK(maps::gradient_error(r.depth, d_depth, loss, 1e-6) < 1e-7);
      CHECK(maps::gradient_error(r.view, d_view, loss, 1e-6) < 1e-7);
      CHECK(same);
    }
}

TEST_CASE("gradients are added to or left out as their views say") {
  Raster<double, 9> r(Settings{}, maps::bumps<9>(2), maps::noise<Shape<6, 1, 1>>("view", 2, 0.3));
  auto const dy = maps::noise<Shape<1, 9, 9>>("dy", 2, 1);
  r.pull(dy);
  Tensor<double, Shape<12, 1, 1>> dm(2), again(2, 1.0);
  auto depth = r.d_depth;
  auto const pull = [&](auto d_depth, auto d_movement) {
    rasterize_backward(r.ctx, r.settings, r.depth.read(), r.movement.read(), r.drawn.read(), r.faces.read(), dy.read(), d_depth,
                       d_movement);
  };
  pull(Skip<double, Shape<1, 9, 9>, Host>{}, dm.write());
  pull(Skip<double, Shape<1, 9, 9>, Host>{}, again.add());
  pull(depth.add(), Skip<double, Shape<12, 1, 1>, Host>{});
  for (std::size_t i = 0; i < depth.size(); ++i) CHECK(depth[i] == doctest::Approx(2 * r.d_depth[i]).epsilon(1e-14));
  for (std::size_t i = 0; i < dm.size(); ++i) CHECK(again[i] == doctest::Approx(dm[i] + 1).epsilon(1e-14));
  CHECK(r.ctx.scratch.mark() == 0);
  CHECK(r.ctx.scratch.peak() == r.ctx.scratch.bytes());
}

TEST_CASE("whatever the depth and the viewpoint, all numbers are finite") {
  for (float const d : {1.0f, 0.0f, -1.0f, 0.05f, 1e-9f, -1e-9f, 200.0f, 1e30f})
    for (int const turn : {0, 1, 2})
      for (auto const centre : {RotationCentre::face, RotationCentre::none}) {
        Settings settings;
        settings.rotation_range = 180;
        settings.rotation_centre = centre;
        auto view = straight<8, float>();
        if (turn == 1) view[1] = 0.5f;
        if (turn == 2) view[0] = 1, view[2] = -0.7f;
        Raster<float, 8> r(settings, Tensor<float, Shape<1, 8, 8>>(1, d), view);
        Tensor<float, Shape<1, 8, 8>> const dy(1, 1.0f);
        r.pull(dy);
        CHECK(maps::finite(r.rendered));
        CHECK(maps::finite(r.d_depth));
        CHECK(maps::finite(r.d_view));
        for (float const z : r.rendered.span()) CHECK((z >= 0.8f - 1e-6f && z <= 1.2f + 1e-6f));
      }
}

TEST_CASE("what is too near or too far is not drawn") {
  for (double const d : {0.09, 101.0}) {
    Raster<double, 8> const r(Settings{}, Tensor<double, Shape<1, 8, 8>>(1, d), straight<8>());
    for (std::int32_t const f : r.faces.span()) CHECK(f == -1);
    for (double const z : r.drawn.span()) CHECK(z == 100);
  }
}

TEST_CASE("rasterising has the same bits for any number of threads") {
  auto const view = maps::noise<Shape<6, 1, 1>, float>("view", 5, 0.5);
  auto const dy = maps::noise<Shape<1, 16, 16>, float>("dy", 5, 1);
  auto folded = maps::noise<Shape<1, 16, 16>, float>("folded", 5, 0.3);  // triangles of far rows lie in front of one another
  for (float& d : folded.span()) d += 1;
  auto smooth = maps::bumps<16, float>(5);
  for (auto const& surface : {smooth, folded}) {
    Raster<float, 16> one(Settings{}, surface, view);
    one.pull(dy);
    for (int const threads : {2, 7, 16}) {  // 7 and 16: bands of an image
      Raster<float, 16> r(Settings{}, surface, view, threads);
      r.pull(dy);
      CHECK(maps::values(r.drawn) == maps::values(one.drawn));
      CHECK(maps::values(r.rendered) == maps::values(one.rendered));
      CHECK(maps::values(r.faces) == maps::values(one.faces));
      CHECK(maps::values(r.d_depth) == maps::values(one.d_depth));
      CHECK(maps::values(r.d_view) == maps::values(one.d_view));
    }
  }
}
