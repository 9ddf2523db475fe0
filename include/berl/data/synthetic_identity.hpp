#pragma once
#include <berl/core/random.hpp>  // Seed, Random

#include <algorithm>  // clamp
#include <array>
#include <cstddef>
#include <cstdint>

namespace berl::data {
/// Linear RGB in [0, 1].
struct Colour {
  double r = 0, g = 0, b = 0;
  friend constexpr Colour operator*(Colour c, double k) { return {c.r * k, c.g * k, c.b * k}; }
  friend constexpr Colour operator*(Colour c, Colour of) { return {c.r * of.r, c.g * of.g, c.b * of.b}; }
  friend constexpr bool operator==(Colour, Colour) = default;
};
constexpr Colour mix(Colour a, Colour b, double t) { return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t}; }

/// One freckle, mole or birthmark, in the frontal plane of the face.
struct Spot {
  double x = 0, y = 0, radius = 0, darkness = 0;
  friend constexpr bool operator==(Spot const&, Spot const&) = default;
};

/// Who somebody is: the numbers from which shape (synthetic_shape.hpp) and albedo (synthetic_albedo.hpp) follow.
///   units  lengths: 1 is the distance from the camera to the face, about a metre; x right, y down, in the frontal view
struct SyntheticIdentity {
  std::uint64_t key = 0;  ///< seeds the fine noise of skin and hair

  // The head as an egg: half width, height above and below its middle, depth before and behind its middle.
  double half_width, up, down, front, back;
  double jaw_power, profile_power, jaw_width;  // small powers: a square jaw; a steep lower profile
  double forehead, temple, asymmetry;
  double cheekbone, cheek, cheek_height;
  double brow_ridge, socket;
  double eye_distance, eye_height, eye_width, eye_open, eye_slant, eyeball;
  double nose_length, nose_height, nose_width, nose_bridge, nose_root, nose_hump, nose_wings, nose_shift;
  double mouth_height, mouth_width, upper_lip, lower_lip, muzzle, mouth_slant, mouth_curve;
  double chin, chin_width, fold;
  double ear_size, ear_angle, neck_width;

  double brow_distance, brow_arch, brow_thickness, brow_tilt, brow_length, brow_strength;
  double hairline, widow_peak, recession, sideburn, hair_volume, long_hair;  // long_hair: length below the eyes, 0 for none
  double beard, moustache, stubble, flush, eye_shadow, wrinkles, mottle;
  bool bald = false;
  Colour skin, lips, hair, iris, brows, shirt;
  std::array<Spot, 48> spots{};
  std::size_t spot_count = 0;

  friend bool operator==(SyntheticIdentity const&, SyntheticIdentity const&) = default;
};

namespace synthetic {
/// Mean m, deviation s, cut at two deviations: no monsters.
inline double cut_normal(Random& random, double m, double s) { return m + s * std::clamp(random.normal(), -2.0, 2.0); }

/// Five stops from very light to very dark skin.
inline Colour skin_tone(double melanin) {
  constexpr std::array<Colour, 5> stops{Colour{0.95, 0.78, 0.69}, Colour{0.88, 0.67, 0.54}, Colour{0.74, 0.53, 0.39},
                                        Colour{0.54, 0.36, 0.25}, Colour{0.34, 0.22, 0.16}};
  double const at = std::clamp(melanin, 0.0, 1.0) * 4;
  auto const i = std::min<std::size_t>(static_cast<std::size_t>(at), 3);
  return mix(stops[i], stops[i + 1], at - static_cast<double>(i));
}

inline void draw_shape(SyntheticIdentity& id, Random& random, double male) {
  auto const n = [&](double m, double s) { return cut_normal(random, m, 1.2 * s); };
  id.half_width = n(0.0665, 0.0030) + 0.0015 * male;
  id.up = n(0.104, 0.003), id.down = n(0.1035, 0.0035) + 0.002 * male;
  id.front = n(0.066, 0.0018), id.back = n(0.0695, 0.0013);
  id.jaw_power = n(0.86, 0.09) - 0.06 * male, id.profile_power = n(0.37, 0.035), id.jaw_width = n(0, 0.0022) + 0.0012 * male;
  id.forehead = n(0.0005, 0.0014) - 0.0006 * male, id.temple = n(0.0022, 0.0010), id.asymmetry = n(0, 0.0007);
  id.cheekbone = n(0.0042, 0.0016), id.cheek = n(0.0005, 0.0023), id.cheek_height = n(0.016, 0.003);
  id.brow_ridge = n(0.0040, 0.0009) + 0.0010 * male, id.socket = n(0.0075, 0.0014);
  id.eye_distance = n(0.0288, 0.0015), id.eye_height = n(-0.006, 0.0018), id.eye_width = n(0.0132, 0.0010);
  id.eye_open = n(0.0052, 0.0009), id.eye_slant = n(0.0006, 0.0009), id.eyeball = n(0.0040, 0.0005);
  id.nose_length = (n(0.0345, 0.0026) + 0.001 * male) * id.down / 0.1035, id.nose_height = n(0.0205, 0.0026) + 0.001 * male;
  id.nose_width = n(0.0078, 0.0012), id.nose_bridge = n(0.0048, 0.0009), id.nose_root = n(0.0045, 0.0020);
  id.nose_hump = n(0.0003, 0.0013), id.nose_wings = n(0.0118, 0.0015), id.nose_shift = n(0, 0.0006);
  double const tip = id.eye_height - 0.004 + id.nose_length, bottom = id.down - 0.020;
  id.mouth_height = tip + n(0.46, 0.025) * (bottom - tip), id.mouth_width = n(0.0225, 0.0024);
  id.upper_lip = n(0.0042, 0.0011), id.lower_lip = n(0.0060, 0.0013), id.muzzle = n(0.0040, 0.0014), id.mouth_slant = n(0, 0.0004),
  id.mouth_curve = n(0.0014, 0.0009);
  id.chin = n(0.0120, 0.0022), id.chin_width = n(0.0140, 0.0022) + 0.001 * male, id.fold = n(0.0010, 0.0005);
  id.ear_size = n(1.0, 0.10), id.ear_angle = n(0.50, 0.16), id.neck_width = n(0.046, 0.003) + 0.003 * male;
}

inline void draw_hair(SyntheticIdentity& id, Random& random, bool male, double age, double melanin) {
  auto const n = [&](double m, double s) { return cut_normal(random, m, s); };
  id.bald = male && random.chance(0.08 + 0.15 * age);
  id.hairline = n(-0.063, 0.0045), id.widow_peak = n(0.001, 0.003);
  if (random.chance(male ? 0.12 : 0.3)) id.hairline = n(-0.040, 0.004);  // a fringe
  id.recession = male ? age * random.uniform(0.0, 0.03) : 0.0;
  id.sideburn = male ? random.uniform(-0.005, 0.030) : random.uniform(-0.012, 0.010);
  id.hair_volume = random.uniform(0.002, 0.014);
  bool const lengthy = random.chance(male ? 0.06 : 0.6);
  id.long_hair = lengthy && !id.bald ? random.uniform(0.05, 0.13) : 0.0;
  constexpr std::array<Colour, 7> tones{Colour{0.05, 0.04, 0.035}, Colour{0.10, 0.07, 0.05}, Colour{0.20, 0.12, 0.07},
                                        Colour{0.34, 0.21, 0.11},  Colour{0.70, 0.53, 0.30}, Colour{0.46, 0.18, 0.08},
                                        Colour{0.16, 0.10, 0.08}};
  auto const choice = melanin > 0.45 ? random.below(3) : random.below(7);
  double const grey = std::clamp(age * 1.8 - 1.0 + random.uniform(-0.4, 0.3), 0.0, 0.9);
  double const shade = random.uniform(0.75, 1.3);
  id.hair = mix(tones[choice] * shade, Colour{0.66, 0.65, 0.63}, grey);
  id.brows = mix(id.hair * 0.8, Colour{0.07, 0.05, 0.04}, random.uniform(0.0, 0.5));
}

inline void draw_spots(SyntheticIdentity& id, Random& random, double melanin) {
  auto const add = [&](double radius, double darkness, double spread) {
    double const y = random.uniform(-0.05, 0.070), within = spread * (1 - 9 * std::max(y - 0.01, 0.0));  // the jaw is narrower
    id.spots[id.spot_count++] = {random.uniform(-within, within), y, radius, darkness};
  };
  auto const moles = random.below(6);
  for (std::uint64_t i = 0; i < moles; ++i) add(random.uniform(0.0008, 0.0019), random.uniform(0.4, 0.85), 0.05);
  if (random.chance(0.10)) add(random.uniform(0.006, 0.013), random.uniform(0.15, 0.4), 0.045);  // a birthmark
  if (melanin < 0.4 && random.chance(0.25))
    while (id.spot_count < id.spots.size()) {  // freckles: on nose and cheeks
      double const x = cut_normal(random, 0, 0.022), y = cut_normal(random, 0.012, 0.009);
      id.spots[id.spot_count++] = {x, y, random.uniform(0.0006, 0.0013), random.uniform(0.15, 0.4)};
    }
}
}  // namespace synthetic

/// Identity number `identity` of the world `seed`; any number is somebody.
inline SyntheticIdentity synthetic_identity(Seed seed, std::uint64_t identity) {
  Random random(named(seed, "synthetic identity"), identity);
  SyntheticIdentity id{};
  id.key = random.bits();
  bool const male = random.chance(0.5);
  double const age = random.uniform(), melanin = std::clamp(0.85 * random.uniform() * random.uniform(0.4, 1.3), 0.0, 1.0);
  synthetic::draw_shape(id, random, male ? 1.0 : -1.0);
  synthetic::draw_hair(id, random, male, age, melanin);
  synthetic::draw_spots(id, random, melanin);
  auto const n = [&](double m, double s) { return synthetic::cut_normal(random, m, s); };
  id.brow_distance = n(0.0155, 0.0020) - (male ? 0.0015 : 0.0), id.brow_arch = n(0.0028, 0.0014), id.brow_tilt = n(0, 0.0012);
  id.brow_thickness = n(male ? 0.0030 : 0.0019, 0.0006), id.brow_length = n(0.0170, 0.0014), id.brow_strength = random.uniform(0.45, 0.95);
  bool const bearded = male && random.chance(0.35);
  id.beard = bearded ? random.uniform(0.35, 0.95) : 0.0;
  id.moustache = bearded ? id.beard : male && random.chance(0.12) ? random.uniform(0.4, 0.9) : 0.0;
  id.stubble = male ? random.uniform(0.0, 0.35) : 0.0;
  id.flush = random.uniform(0.0, 1.0), id.eye_shadow = random.uniform(0.0, 0.5), id.wrinkles = age, id.mottle = random.uniform(0.02, 0.06);
  Colour const tint{1 + n(0, 0.02), 1 + n(0, 0.02), 1 + n(0, 0.03)};
  id.skin = synthetic::skin_tone(melanin) * tint;
  Colour const red = male ? Colour{0.80, 0.50, 0.48} : mix(Colour{0.85, 0.50, 0.48}, Colour{0.80, 0.22, 0.25}, random.uniform());
  id.lips = mix(id.skin * Colour{0.90, 0.68, 0.68}, red * (0.5 + 0.55 * id.skin.r), random.uniform(0.2, 0.8));
  constexpr std::array<Colour, 5> eyes{Colour{0.12, 0.07, 0.04}, Colour{0.24, 0.14, 0.07}, Colour{0.30, 0.45, 0.58},
                                       Colour{0.33, 0.42, 0.25}, Colour{0.45, 0.48, 0.50}};
  id.iris = eyes[melanin > 0.4 ? random.below(2) : random.below(5)];
  id.shirt = {random.uniform(0.05, 0.9), random.uniform(0.05, 0.9), random.uniform(0.05, 0.9)};
  return id;
}
}  // namespace berl::data
