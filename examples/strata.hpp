#pragma once
#include <berl/data/synthetic_face.hpp>  // SyntheticFaces

#include <algorithm>  // max
#include <cmath>      // abs, atan, hypot
#include <numbers>    // pi

/// What makes a picture of a synthetic face hard to recognise. A pair is as hard as the harder of its pictures, in each respect.
struct Conditions {
  double yaw = 0;    ///< degrees from the frontal view
  double light = 0;  ///< degrees from frontal light
  bool occluded = false;
};
inline Conditions conditions_of(berl::data::SyntheticFaces const& faces, int i) {
  constexpr double degrees = 180 / std::numbers::pi;
  auto const scene = faces.scene(i);
  return {std::abs(scene.pose.ry) * degrees, std::atan(std::hypot(scene.light.x, scene.light.y)) * degrees,
          scene.occluder != berl::data::Occluder::none};
}
inline Conditions harder(Conditions const& a, Conditions const& b) {
  return {std::max(a.yaw, b.yaw), std::max(a.light, b.light), a.occluded || b.occluded};
}

struct Stratum {
  char const* name;
  bool (*contains)(Conditions const&);
};
inline constexpr Stratum strata[] = {
    {"yaw_0_25", [](Conditions const& c) { return c.yaw < 25; }},
    {"yaw_25_45", [](Conditions const& c) { return c.yaw >= 25 && c.yaw < 45; }},
    {"yaw_45_60", [](Conditions const& c) { return c.yaw >= 45; }},
    {"light_frontal", [](Conditions const& c) { return c.light < 30; }},
    {"light_side", [](Conditions const& c) { return c.light >= 30; }},
    {"unoccluded", [](Conditions const& c) { return !c.occluded; }},
    {"occluded", [](Conditions const& c) { return c.occluded; }},
};
