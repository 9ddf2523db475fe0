#include <berl/data/synthetic_picture.hpp>

#include <doctest/doctest.h>
#include <algorithm>

using namespace berl;
using namespace berl::data;

namespace {
constexpr int side = SyntheticTruth::side;
constexpr std::size_t pixels = SyntheticTruth::pixels;
constexpr auto face = static_cast<std::uint8_t>(SurfaceKind::face);

std::size_t at(int u, int v) { return static_cast<std::size_t>(v * side + u); }
SyntheticHead head_of(std::uint64_t k) { return synthetic_head(synthetic_identity(Seed{51}, k)); }
SyntheticScene clear(std::uint64_t k, std::uint64_t p) {
  SyntheticOptions options;
  options.noise = {0, 0}, options.occluder_probability = 0;
  return synthetic_scene(Seed{51}, k, p, options);
}
double quantile(std::vector<double> values, double q) {
  REQUIRE(!values.empty());
  std::sort(values.begin(), values.end());
  return values[std::min(static_cast<std::size_t>(q * static_cast<double>(values.size())), values.size() - 1)];
}
/// The face in all the 3 x 3 pixels around.
bool inside(std::vector<std::uint8_t> const& mask, int u, int v) {
  if (u < 1 || v < 1 || u > side - 2 || v > side - 2) return false;
  for (int dv = -1; dv <= 1; ++dv)
    for (int du = -1; du <= 1; ++du)
      if (mask[at(u + du, v + dv)] != face) return false;
  return true;
}
/// The picture's value (0 to 1) at a point of the 64 grid.
double picture_at(io::Image const& image, int u64, int v64, int channel) {
  double const u = (u64 + 0.5) * 112 / 64 - 0.5, v = (v64 + 0.5) * 112 / 64 - 0.5;
  int const i = static_cast<int>(u), j = static_cast<int>(v);
  double const fu = u - i, fv = v - j;
  auto const p = [&](int a, int b) { return image.at(j + b, i + a, channel) / 255.0; };
  return (1 - fv) * ((1 - fu) * p(0, 0) + fu * p(1, 0)) + fv * ((1 - fu) * p(0, 1) + fu * p(1, 1));
}
}  // namespace

TEST_CASE("from the front the face fills the picture, the nose is nearest and depths are within 0.9 and 1.1") {
  for (std::uint64_t k = 0; k < 24; ++k) {
    auto const truth = render_truth(head_of(k), clear(k, 0));
    CAPTURE(k);
    std::size_t nearest = at(32, 32);
    int faces = 0;
    for (std::size_t i = 0; i < pixels; ++i) {
      if (truth.canonical_mask[i] == 0) continue;
      REQUIRE(truth.canonical_depth[i] > 0.915f);
      REQUIRE(truth.canonical_depth[i] < 1.1f);
      if (truth.canonical_mask[i] != face) continue;
      REQUIRE(truth.canonical_depth[i] < 1.07f);
      ++faces;
      if (truth.canonical_depth[i] < truth.canonical_depth[nearest]) nearest = i;
    }
    CHECK(faces > 1200);  // of 4096; a fringe and long hair leave least
    int const u = static_cast<int>(nearest % side), v = static_cast<int>(nearest / side);
    CHECK(std::abs(u - 31.5) < 2.6);
    CHECK(v >= 36);  // 0.014 to 0.040 below the middle
    CHECK(v <= 46);
  }
}

TEST_CASE("an unoccluded picture without noise is albedo (ambient + diffuse max(0, n l))") {
  for (std::uint64_t k = 0; k < 6; ++k)
    for (bool const plain : {true, false}) {
      auto head = head_of(k);
      if (plain)  // one grey all over: only normals and light remain
        for (std::size_t i = 0; i < head.texture.size(); ++i)
          if (i % 4 < 3) head.texture[i] = 140;
      auto scene = clear(k, 1);
      scene.pose = {};
      auto const truth = render_truth(head, scene);
      auto const image = render_picture(head, scene);
      double const lx = scene.light.x, ly = scene.light.y, norm = std::sqrt(lx * lx + ly * ly + 1);
      std::vector<double> errors;
      for (int v = 1; v < side - 1; ++v)
        for (int u = 1; u < side - 1; ++u) {
          if (!inside(truth.canonical_mask, u, v)) continue;
          auto const* n = &truth.canonical_normal[at(u, v)];
          double const cosine = (n[0] * lx + n[pixels] * ly + n[2 * pixels]) / norm;
          double const shade = scene.light.ambient + scene.light.diffuse * std::max(cosine, 0.0);
          for (int c = 0; c < 3; ++c) {
            auto const* a = &truth.canonical_albedo[static_cast<std::size_t>(c) * pixels + at(u, v)];
            double const change =
                std::max({std::abs(a[0] - a[1]), std::abs(a[0] - a[-1]), std::abs(a[0] - a[side]), std::abs(a[0] - a[-side])});
            if (change < 0.02) errors.push_back(std::abs(std::min(a[0] * shade, 1.0) - picture_at(image, u, v, c)));
          }
        }
      CAPTURE(k);
      CAPTURE(plain);
      CHECK(errors.size() > 1500);           // beard and freckles leave least
      CHECK(quantile(errors, 0.5) < 0.003);  // rounding to bytes is 0.001, and a byte of albedo as much
      CHECK(quantile(errors, 0.95) < 0.02);  // the picture blurs over 1.3 pixels of the grid, where normals and albedo bend
    }
}

TEST_CASE("the canonical depth, moved by the true view, is the depth of the view") {
  for (std::uint64_t k = 0; k < 8; ++k) {
    auto const scene = clear(k, 3);
    auto const truth = render_truth(head_of(k), scene);
    CHECK(truth.view == std::array<double, 6>{scene.pose.rx, scene.pose.ry, scene.pose.rz, scene.pose.tx, scene.pose.ty, scene.pose.tz});
    synthetic::Movement const movement(scene.pose);
    double const f = 360.0466475369823;
    std::vector<double> before, errors;
    for (int v = 1; v < side - 1; ++v)
      for (int u = 1; u < side - 1; ++u) {
        if (!inside(truth.canonical_mask, u, v)) continue;
        double const d = truth.canonical_depth[at(u, v)];
        Vector3 const p = movement.move({d * (u - 31.5) / f, d * (v - 31.5) / f, d});
        auto const* n = &truth.canonical_normal[at(u, v)];
        double const facing = movement.turn({n[0], n[pixels], n[2 * pixels]}).z;
        double const pu = f * p.x / p.z + 31.5, pv = f * p.y / p.z + 31.5;
        int const i = static_cast<int>(std::floor(pu)), j = static_cast<int>(std::floor(pv));
        if (!inside(truth.mask, i, j) || !inside(truth.mask, i + 1, j + 1)) continue;
        auto const z = [&](int a, int b) { return static_cast<double>(truth.depth[at(i + a, j + b)]); };
        double const fu = pu - i, fv = pv - j;
        double const seen = (1 - fv) * ((1 - fu) * z(0, 0) + fu * z(1, 0)) + fv * ((1 - fu) * z(0, 1) + fu * z(1, 1));
        double const spread = std::max({z(0, 0), z(1, 0), z(0, 1), z(1, 1)}) - std::min({z(0, 0), z(1, 0), z(0, 1), z(1, 1)});
        if (facing < 0.5 || spread > 0.01) continue;                     // rims
        before.push_back(seen - p.z);                                    // nothing may stand before what is seen
        if (p.z - seen < 0.004) errors.push_back(std::abs(p.z - seen));  // else hidden behind the nose
      }
    CAPTURE(k);
    CHECK(errors.size() > 300);
    CHECK(quantile(errors, 0.5) < 1e-4);
    // Bilinear interpolation over a pitch of h = 0.0028 errs by h^2 curvature / 4, curvature up to 250 at lips and nostrils.
    CHECK(quantile(errors, 0.97) < 5e-4 * 2);
    CHECK(quantile(before, 0.97) < 5e-4 * 2);
  }
}

TEST_CASE("normals agree with differences of the depth, and look away from the camera") {
  for (std::uint64_t k = 0; k < 8; ++k) {
    auto const truth = render_truth(head_of(k), clear(k, 5));
    std::vector<double> degrees;
    double const f = 360.0466475369823;
    for (int v = 1; v < side - 1; ++v)
      for (int u = 1; u < side - 1; ++u) {
        if (!inside(truth.mask, u, v)) continue;
        auto const point = [&](int a, int b) {
          double const d = truth.depth[at(a, b)];
          return Vector3{d * (a - 31.5) / f, d * (b - 31.5) / f, d};
        };
        Vector3 const n = synthetic::cross(point(u + 1, v) - point(u - 1, v), point(u, v + 1) - point(u, v - 1));
        auto const* t = &truth.normal[at(u, v)];
        double const cosine = (n.x * t[0] + n.y * t[pixels] + n.z * t[2 * pixels]) / std::sqrt(n.x * n.x + n.y * n.y + n.z * n.z);
        degrees.push_back(std::acos(std::clamp(cosine, -1.0, 1.0)) * 180 / std::numbers::pi);
        CHECK(t[2 * pixels] > -0.2f);  // smooth normals on a rim may lean over by part of a cell
      }
    CHECK(quantile(degrees, 0.5) < 2.0);  // a difference over two pitches of 0.0028 on a radius of 0.07 turns by 2 degrees at most
    CHECK(quantile(degrees, 0.9) < 10.0);
  }
}

TEST_CASE("an occluder hides what the mask says, and the depth goes on beneath it") {
  SyntheticOptions options;
  options.occluder_probability = 1, options.noise = {0, 0};
  int kinds[5] = {};
  double total = 0;
  for (std::uint64_t p = 0; p < 40; ++p) {
    auto scene = synthetic_scene(Seed{51}, 0, p, options);
    auto const head = head_of(p % 3);
    auto const truth = render_truth(head, scene);
    auto const image = render_picture(head, scene);
    ++kinds[static_cast<int>(truth.occluder)];
    total += truth.occluded_fraction;
    CHECK(truth.occluded_fraction >= 0.0);
    CHECK(truth.occluded_fraction <= 1.0);
    double const red = scene.occluder_colour.r;
    for (int v = 2; v < side - 2; ++v)
      for (int u = 2; u < side - 2; ++u) {
        auto const hidden = [&](int a, int b) { return truth.mask[at(a, b)] >= SyntheticTruth::occluded; };
        if (!hidden(u, v)) continue;
        REQUIRE(truth.depth[at(u, v)] > 0.8f);
        if (hidden(u - 2, v) && hidden(u + 2, v) && hidden(u, v - 2) && hidden(u, v + 2))
          REQUIRE(picture_at(image, u, v, 0) == doctest::Approx(red).epsilon(0.005 / red));  // a byte
      }
    scene.occluder = Occluder::none;
    CHECK(render_truth(head, scene).depth == truth.depth);
    auto const bare = render_picture(head, scene);  // beside the occluder the picture is as without it
    for (int v = 2; v < side - 2; ++v)
      for (int u = 2; u < side - 2; ++u) {
        bool plain = true;
        for (int i = 0; i < 25; ++i) {
          auto const mask = truth.mask[at(u - 2 + i % 5, v - 2 + i / 5)];
          plain = plain && mask != 0 && mask < SyntheticTruth::occluded;
        }
        if (plain) REQUIRE(picture_at(image, u, v, 1) == picture_at(bare, u, v, 1));
      }
  }
  for (int i = 1; i < 5; ++i) CHECK(kinds[i] > 0);
  CHECK(total / 40 > 0.05);
  CHECK(total / 40 < 0.45);
}

TEST_CASE("noise has the deviation that is asked for") {
  auto const head = head_of(1);
  auto scene = clear(1, 1);
  auto const quiet = render_picture(head, scene);
  scene.noise = 3;
  auto const noisy = render_picture(head, scene);
  double sum = 0, squares = 0, n = 0;
  for (std::size_t i = 0; i < quiet.pixels.size(); ++i) {
    if (quiet.pixels[i] < 15 || quiet.pixels[i] > 240) continue;  // clipped
    double const d = double{1} * noisy.pixels[i] - quiet.pixels[i];
    sum += d, squares += d * d, n += 1;
  }
  CHECK(std::abs(sum / n) < 0.08);                                       // four errors of 3 / sqrt(20000)
  CHECK(std::sqrt(squares / n) == doctest::Approx(3.03).epsilon(0.02));  // sqrt(9 + 2 / 12), rounded twice; 3 errors of 0.5 %
}

TEST_CASE("the head is seen, and turned the right way, at every yaw to 60 degrees") {
  auto const head = head_of(2);
  for (double const yaw : {-60.0, -30.0, 0.0, 30.0, 60.0}) {
    auto scene = clear(2, 0);
    scene.pose = {0, yaw * std::numbers::pi / 180, 0, 0, 0, 0};
    auto const truth = render_truth(head, scene);
    int faces = 0;
    double sum = 0, rest = 0, others = 0;  // columns of the face, and of hair and ears at the height of eyes and nose
    for (std::size_t i = 0; i < pixels; ++i)
      if (truth.mask[i] == face)
        ++faces, sum += static_cast<double>(i % side);
      else if (truth.mask[i] != 0 && i / side > 24 && i / side < 44)
        ++others, rest += static_cast<double>(i % side);
    CHECK(faces > 900);
    if (yaw != 0) CHECK((sum / faces - rest / others) * yaw < -10 * std::abs(yaw));  // positive yaw turns the face to the left
  }
}
