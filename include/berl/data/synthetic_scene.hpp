#pragma once
#include <berl/core/error.hpp>             // Error
#include <berl/data/synthetic_render.hpp>  // HeadPose, Movement

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>  // pi
#include <string>

namespace berl::data {
struct Range {
  double low = 0, high = 0;
  friend constexpr bool operator==(Range, Range) = default;
};

/// The light: picture = albedo (ambient + diffuse max(0, n l)), l = (x, y, 1) / norm in the canonical frame, the way it travels.
struct HeadLight {
  double ambient = 0.4, diffuse = 0.6, x = 0, y = 0;
  friend constexpr bool operator==(HeadLight const&, HeadLight const&) = default;
};

/// A flat patch of one colour before the face.
enum class Occluder { none, eyes, mouth, side, spot };
constexpr char const* name_of(Occluder kind) {
  constexpr std::array<char const*, 5> names{"none", "eyes", "mouth", "side", "spot"};
  return names[static_cast<std::size_t>(kind)];
}

/// What pictures may look like; narrow ranges make strata.
///   units  degrees; lengths in distances from the camera; noise: standard deviation in steps of the 8-bit picture
struct SyntheticOptions {
  Range yaw{-60, 60}, pitch{-25, 25}, roll{-10, 10};  ///< yaw uniform; pitch and roll triangular about the middle
  Range shift{-0.006, 0.006}, distance{-0.012, 0.012};
  Range ambient{0.22, 0.55}, diffuse{0.40, 0.85}, light_x{-0.9, 0.9}, light_y{-0.25, 0.85};
  Range noise{0, 3};
  double occluder_probability = 0.25;

  /// errors  Error, when a range is upside down or leaves what the renderer is made for
  void require_valid() const {
    auto const check = [](char const* what, Range r, double low, double high) {
      if (!(low <= r.low && r.low <= r.high && r.high <= high))
        throw Error(std::string("berl::data::SyntheticOptions: ") + what, std::to_string(r.low) + " to " + std::to_string(r.high),
                    "low <= high, both within " + std::to_string(low) + " to " + std::to_string(high), "Change the range.");
    };
    check("yaw", yaw, -90, 90), check("pitch", pitch, -60, 60), check("roll", roll, -180, 180);
    check("shift", shift, -0.1, 0.1), check("distance", distance, -0.1, 0.1);
    check("ambient", ambient, 0, 1), check("diffuse", diffuse, 0, 1), check("light_x", light_x, -10, 10),
        check("light_y", light_y, -10, 10);
    check("noise", noise, 0, 128), check("occluder_probability", {occluder_probability, occluder_probability}, 0, 1);
  }
};

/// What one picture shows besides the head itself.
struct SyntheticScene {
  HeadPose pose;
  HeadLight light;
  Occluder occluder = Occluder::none;
  double occluder_x = 0, occluder_y = 0, occluder_width = 0, occluder_height = 0, occluder_tilt = 0;  ///< in the frontal plane
  Colour occluder_colour;
  std::array<Colour, 4> background{};  ///< at the corners
  Colour waves;                        ///< their strength
  std::array<double, 6> wave_shape{};
  double noise = 0;
  std::uint64_t noise_key = 0;
};

namespace synthetic {
inline void draw_occluder(SyntheticScene& scene, Random& random, double probability) {
  double const kind = random.uniform(), a = random.uniform(), b = random.uniform(), c = random.uniform(), tilt = random.uniform(-1.0, 1.0);
  bool const present = random.chance(probability);
  scene.occluder_colour = {random.uniform(0.02, 0.95), random.uniform(0.02, 0.95), random.uniform(0.02, 0.95)};
  if (!present) return;
  if (kind < 0.3) {
    scene.occluder = Occluder::eyes, scene.occluder_y = -0.007 + 0.002 * (a - 0.5);
    scene.occluder_width = 0.046 + 0.008 * b, scene.occluder_height = 0.0085 + 0.006 * c, scene.occluder_tilt = 0.06 * tilt;
    scene.occluder_colour = scene.occluder_colour * 0.3;
  } else if (kind < 0.6) {
    scene.occluder = Occluder::mouth, scene.occluder_y = 0.054 + 0.006 * (a - 0.5);
    scene.occluder_width = 0.034 + 0.012 * b, scene.occluder_height = 0.017 + 0.010 * c, scene.occluder_tilt = 0.1 * tilt;
  } else if (kind < 0.8) {  // one side, from some way off the nose outwards
    double const sign = a < 0.5 ? -1 : 1;
    scene.occluder = Occluder::side, scene.occluder_width = 0.06, scene.occluder_height = 0.2;
    scene.occluder_x = sign * (0.06 + 0.018 + 0.025 * b), scene.occluder_tilt = 0.35 * tilt;
  } else {
    scene.occluder = Occluder::spot, scene.occluder_x = 0.07 * (a - 0.5), scene.occluder_y = -0.03 + 0.09 * b;
    scene.occluder_width = 0.014 + 0.014 * c, scene.occluder_height = scene.occluder_width * (1 + 0.35 * tilt);
  }
}
}  // namespace synthetic

/// Picture number `picture` of identity number `identity` under `options`.
inline SyntheticScene synthetic_scene(Seed seed, std::uint64_t identity, std::uint64_t picture, SyntheticOptions const& options) {
  Random random(named(seed, "synthetic picture"), identity, picture);
  auto const flat = [&](Range r) { return random.uniform(r.low, r.high); };
  auto const peaked = [&](Range r) { return r.low + (r.high - r.low) * (random.uniform() + random.uniform()) / 2; };
  constexpr double radian = std::numbers::pi / 180;
  SyntheticScene scene;
  scene.pose.rx = radian * peaked(options.pitch), scene.pose.ry = radian * flat(options.yaw), scene.pose.rz = radian * peaked(options.roll);
  scene.pose.tx = flat(options.shift), scene.pose.ty = flat(options.shift), scene.pose.tz = flat(options.distance);
  scene.light.ambient = flat(options.ambient), scene.light.diffuse = flat(options.diffuse);
  scene.light.x = flat(options.light_x), scene.light.y = flat(options.light_y);
  synthetic::draw_occluder(scene, random, options.occluder_probability);
  double const grey = random.uniform(0.05, 0.95), saturation = random.uniform(0.0, 0.7);
  for (Colour& corner : scene.background)
    corner = mix(Colour{1, 1, 1} * (grey + random.uniform(-0.1, 0.1)), {random.uniform(), random.uniform(), random.uniform()}, saturation);
  scene.waves = {random.uniform(-0.10, 0.10), random.uniform(-0.10, 0.10), random.uniform(-0.10, 0.10)};
  for (std::size_t i = 0; i < 6; ++i) scene.wave_shape[i] = i % 3 == 2 ? random.uniform(0.0, 6.28) : random.uniform(-9.0, 9.0);
  scene.noise = flat(options.noise), scene.noise_key = random.bits();
  return scene;
}
}  // namespace berl::data
