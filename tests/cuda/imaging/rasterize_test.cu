#include "../crew.hpp"
#include "scene.hpp"

#include <berl/cuda/imaging/rasterize.hpp>

#include <vector>

using namespace berl;
using namespace berl::gpu;
using imaging::Settings;

namespace {
constexpr int batch = 3;

/// 1 to 3 samples per pixel; views so far to the side that faces turn their backs; and a wide camera, close to the face.
Settings settings(int number) {
  Settings one, three, wide;
  one.supersampling = 1;
  three.supersampling = 3;
  three.raster_offset = imaging::RasterOffset::centred;
  wide.rotation_range = 170;
  wide.field_of_view = 40;
  Settings const all[] = {{}, one, three, wide};
  return all[number];
}
template <int S>
struct Maps {
  Tensor<float, Shape<1, S, S>> depth = bump<float, S>(batch), drawn{batch}, rendered{batch};
  Tensor<float, Shape<1, S, S>> d_rendered = filled<float, Shape<1, S, S>>(batch, "d rendered"),
                                d_depth = filled<float, Shape<1, S, S>>(batch, "d");
  Tensor<float, Shape<12, 1, 1>> movement{batch}, d_movement = filled<float, Shape<12, 1, 1>>(batch, "d movement");
  Tensor<std::int32_t, Shape<1, S, S>> faces;
  explicit Maps(Settings const& s) : faces(batch * s.supersampling * s.supersampling) {
    Context<Host> ctx;
    imaging::viewpoint(ctx, s, views<float>(batch).read(), movement.write());
  }
};
template <int S>
Maps<S> by_the_host(Settings const& s) {
  Maps<S> x(s);
  Context<Host> ctx{1, Arena(imaging::rasterize_scratch_bytes<float, S>(s.supersampling, batch, 1))};
  imaging::rasterize(ctx, s, x.depth.read(), x.movement.read(), x.drawn.write(), x.rendered.write(), x.faces.write());
  imaging::rasterize_backward(ctx, s, x.depth.read(), x.movement.read(), x.drawn.read(), x.faces.read(), x.d_rendered.read(),
                              x.d_depth.add(), x.d_movement.write());
  return x;
}
/// A sample on an edge may be drawn as either of two faces, as products are rounded; where all faces agree, depths do.
template <int S>
void check_drawn(Maps<S> const& a, Maps<S> const& b) {
  std::size_t const A2 = a.faces.size() / a.depth.size();
  int const A = A2 == 1 ? 1 : A2 == 4 ? 2 : 3, side = A * S;
  std::size_t others = 0;
  double most = 0;
  for (int n = 0; n < batch; ++n)
    for (int i = 0; i < S * S; ++i) {
      bool same = true;
      for (int j = 0; j < A; ++j)
        for (int k = 0; k < A; ++k) {
          int const at = (i / S * A + j) * side + i % S * A + k;
          same = same && a.faces.read().sample(n * A * A)[at] == b.faces.read().sample(n * A * A)[at];
        }
      others += same ? 0 : 1;
      if (!same) continue;
      double const d = a.drawn.read().sample(n)[i] - b.drawn.read().sample(n)[i];
      most = std::max({most, std::abs(d), std::abs(static_cast<double>(a.rendered.read().sample(n)[i] - b.rendered.read().sample(n)[i]))});
    }
  CHECK(most < 1e-4);  // of depths up to 100, the background's
  CHECK(others < a.depth.size() / 200);
}
template <int S>
void check_gradients(Maps<S> const& a, Maps<S> const& b) {
  CHECK(difference(a.d_depth, b.d_depth) < rounding<float>);
  CHECK(difference(a.d_movement, b.d_movement) < rounding<float>);
}
/// The share of pixels that differ by more than roundings.
template <class S>
double others(Tensor<float, S> const& a, Tensor<float, S> const& b) {
  double size = 0, n = 0;
  for (float const v : b.span()) size = std::max(size, static_cast<double>(std::abs(v)));
  for (std::size_t i = 0; i < a.size(); ++i) n += std::abs(static_cast<double>(a[i] - b[i])) > rounding<float> * size ? 1 : 0;
  return n / static_cast<double>(a.size());
}
template <class Team, int S>
Maps<S> by_a_team(Settings const& s, Maps<S> const& known, double off = 0) {
  using namespace imaging::detail;
  Maps<S> x(s);
  for (float& m : x.movement.span()) m *= static_cast<float>(1 + off);
  Raster<S> const raster(s);
  std::vector<imaging::Corner<float>> corners(S * S);
  std::vector<float> share(S * S);
  int const A = s.supersampling, rows = 7;
  std::vector<unsigned long long> keys(static_cast<std::size_t>(rows * A * A * S));
  work<Team>([&](Team team) {
    for (int n = 0; n < batch; ++n) {
      Mesh<float, S> const mesh{raster.projection(x.movement.read().sample(n)), x.depth.read().sample(n), corners.data()};
      for (int first = 0; first < S; first += rows)
        rasterize_band(team, raster, mesh, first, std::min(first + rows, S), keys.data(), x.drawn.write().sample(n),
                       x.rendered.write().sample(n), x.faces.write().sample(n * A * A));
      pull_raster(team, raster, mesh, known.drawn.read().sample(n), known.faces.read().sample(n * A * A), x.d_rendered.read().sample(n),
                  as_gpu(x.d_depth.add()), as_gpu(x.d_movement.write()), n, share.data());
      Team::sync();
    }
  });
  return x;
}
/// How far gradients may be from the host's where products and sums are fused otherwise: ten times as far as they move when the movement is
/// three roundings off, and at most a hundredth. Corners are seen at positions up to the side of the raster, of which a rounding is
/// many of a triangle that is a pixel wide, or narrower where it is seen from the side.
struct Bounds {
  double d_depth, d_movement;
};
template <int S>
Bounds bounds(Settings const& s, Maps<S> const& expected) {
  auto const near = by_a_team<Solo>(s, expected, -3e-7), far = by_a_team<Solo>(s, expected, 3e-7);
  auto const of = [&](auto map) {
    double const moved = std::max(difference(near.*map, expected.*map), difference(far.*map, expected.*map));
    return std::min(1e-2, 10 * moved) + rounding<float>;
  };
  return {of(&Maps<S>::d_depth), of(&Maps<S>::d_movement)};
}
}  // namespace

TEST_CASE("a team draws the host's faces and finds its gradients") {
  for (int i = 0; i < 4; ++i) {
    CAPTURE(i);
    auto const s = settings(i);
    auto const expected = by_the_host<33>(s);
    auto const alone = by_a_team<Solo>(s, expected), by_five = by_a_team<Crew<5>>(s, expected);
    check_drawn(alone, expected);
    check_gradients(alone, expected);
    CHECK(same_bits(by_five.drawn, alone.drawn));
    CHECK(same_bits(by_five.faces, alone.faces));
    CHECK(same_bits(by_five.d_depth, alone.d_depth));
    check_gradients(by_five, expected);
  }
}

TEST_CASE("corners that do not fit into shared memory are projected anew") {
  static_assert(imaging::detail::Mesh<float, 64>::keeps && !imaging::detail::Mesh<float, 80>::keeps);
  auto const expected = by_the_host<80>({});
  auto const found = by_a_team<Solo>({}, expected);
  check_drawn(found, expected);
  check_gradients(found, expected);
}

TEST_CASE_TEMPLATE("a band has at least a row, and fits into what a block shares", Side, Shape<33>, Shape<64>, Shape<128>) {
  constexpr int S = Side::size;
  Settings s;
  for (s.supersampling = 1; s.supersampling <= 8; ++s.supersampling) {
    imaging::detail::Raster<S> const raster(s);
    CHECK((raster.rows() >= 1 && raster.rows() <= S));
    auto const samples = static_cast<std::size_t>(raster.rows() * raster.A() * raster.side());
    CHECK(imaging::detail::corner_bytes<S> + 8 * samples <= imaging::detail::most_shared);
  }
}

TEST_CASE_TEMPLATE("the GPU draws what the host does, twice the same" * needs_gpu(), Side, Shape<33>, Shape<55>, Shape<64>, Shape<128>) {
  constexpr int S = Side::size;
  auto ctx = test_context();
  for (int i = 0; i < 4; ++i) {
    CAPTURE(i);
    auto const s = settings(i);
    auto const expected = by_the_host<S>(s);
    auto const run = [&] {
      Maps<S> x(s);
      auto const depth = on_gpu(ctx, x.depth);
      auto const movement = on_gpu(ctx, x.movement);
      auto const d_rendered = on_gpu(ctx, x.d_rendered);
      auto const known_drawn = on_gpu(ctx, expected.drawn);
      auto const known_faces = on_gpu(ctx, expected.faces);
      auto drawn = on_gpu(ctx, x.drawn);
      auto rendered = on_gpu(ctx, x.rendered);
      auto faces = on_gpu(ctx, x.faces);
      auto d_depth = on_gpu(ctx, x.d_depth);
      auto d_movement = on_gpu(ctx, x.d_movement);
      imaging::rasterize(ctx, s, depth.read(), movement.read(), drawn.write(), rendered.write(), faces.write());
      imaging::rasterize_backward(ctx, s, depth.read(), movement.read(), known_drawn.read(), known_faces.read(), d_rendered.read(),
                                  d_depth.add(), d_movement.write());
      x.drawn = on_host(ctx, drawn);
      x.rendered = on_host(ctx, rendered);
      x.faces = on_host(ctx, faces);
      x.d_depth = on_host(ctx, d_depth);
      x.d_movement = on_host(ctx, d_movement);
      return x;
    };
    auto const once = run(), again = run();
    check_drawn(once, expected);
    auto const bound = bounds(s, expected);
    CHECK(difference(once.d_depth, expected.d_depth) < bound.d_depth);
    CHECK(difference(once.d_movement, expected.d_movement) < bound.d_movement);
    CHECK(others(once.d_depth, expected.d_depth) < 0.02);
    CHECK(same_bits(once.faces, again.faces));
    CHECK(same_bits(once.drawn, again.drawn));
    CHECK(same_bits(once.d_depth, again.d_depth));
    CHECK(same_bits(once.d_movement, again.d_movement));
  }
}
