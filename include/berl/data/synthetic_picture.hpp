#pragma once
#include <berl/data/synthetic_scene.hpp>  // SyntheticScene
#include <berl/io/pixels.hpp>             // io::Image

#include <vector>

namespace berl::data {
/// What is true of a picture, on the 64 x 64 grid; maps are planar (channel, row, column). u64 = (u112 + 0.5) 64/112 - 0.5.
/// `mask` and `canonical_mask` hold SurfaceKind, and `occluded` is added where the occluder is before the head.
struct SyntheticTruth {
  static constexpr int side = 64, pixels = side * side;
  static constexpr std::uint8_t occluded = 128;
  std::vector<float> depth, normal;  ///< as the picture's camera sees the head, without the occluder; 0 where there is none
  std::vector<std::uint8_t> mask;
  std::vector<float> canonical_depth, canonical_normal, canonical_albedo;  ///< seen from the front; albedo in [0, 1]
  std::vector<std::uint8_t> canonical_mask;
  std::array<double, 6> view{};   ///< rx, ry, rz in radians, tx, ty, tz
  std::array<double, 4> light{};  ///< ambient, diffuse, lx, ly
  Occluder occluder = Occluder::none;
  double occluded_fraction = 0;  ///< of the visible face
};

namespace synthetic {
/// The occluder in the picture: an affine image of its place in a frontal plane at the face's depth.
class OccluderInPicture {
 public:
  OccluderInPicture(SyntheticScene const& scene, int size) : scene_(scene) {
    Movement const movement(scene.pose);
    double const f = raster_focal(size), h = 0.01, plane = scene.occluder == Occluder::mouth ? 0.945 : 0.955;
    auto const project = [&](double x, double y) {
      Vector3 const p = movement.move({scene.occluder_x + x, scene.occluder_y + y, plane});
      return std::array<double, 2>{f * p.x / p.z + (size - 1) / 2.0, f * p.y / p.z + (size - 1) / 2.0};
    };
    double const c = std::cos(scene.occluder_tilt), s = std::sin(scene.occluder_tilt);
    auto const o = project(0, 0), px = project(h * c, h * s), py = project(-h * s, h * c);
    double const a = (px[0] - o[0]) / h, b = (py[0] - o[0]) / h, d = (px[1] - o[1]) / h, e = (py[1] - o[1]) / h;
    double const determinant = a * e - b * d;
    u_ = o[0], v_ = o[1];
    xu_ = e / determinant, xv_ = -b / determinant, yu_ = -d / determinant, yv_ = a / determinant;
  }
  bool covers(double u, double v) const {
    if (scene_.occluder == Occluder::none) return false;
    double const x = (xu_ * (u - u_) + xv_ * (v - v_)) / scene_.occluder_width,
                 y = (yu_ * (u - u_) + yv_ * (v - v_)) / scene_.occluder_height;
    if (scene_.occluder == Occluder::spot) return x * x + y * y < 1;
    if (scene_.occluder == Occluder::mouth) return x * x * x * x + y * y * y * y < 1;
    return std::abs(x) < 1 && std::abs(y) < 1;
  }

 private:
  SyntheticScene const& scene_;
  double u_ = 0, v_ = 0, xu_ = 0, xv_ = 0, yu_ = 0, yv_ = 0;
};

/// Corner colours blended, and two waves.
inline Colour background_at(SyntheticScene const& scene, double u, double v) {
  auto const& w = scene.wave_shape;
  Colour const c = mix(mix(scene.background[0], scene.background[1], u), mix(scene.background[2], scene.background[3], u), v);
  double const wave = std::sin(w[0] * u + w[1] * v + w[2]) + std::sin(w[3] * u + w[4] * v + w[5]);
  return {c.r + scene.waves.r * wave, c.g + scene.waves.g * wave, c.b + scene.waves.b * wave};
}

/// About normal, variance 1: eight bytes of one hash, summed.
inline float byte_noise(std::uint64_t key, std::uint64_t i) {
  std::uint64_t z = berl::detail::mix(key + (i + 1) * berl::detail::gamma);
  z = (z & 0x00ff00ff00ff00ffu) + ((z >> 8) & 0x00ff00ff00ff00ffu);
  z = (z & 0x0000ffff0000ffffu) + ((z >> 16) & 0x0000ffff0000ffffu);
  z = (z & 0xffffffffu) + (z >> 32);
  return (static_cast<float>(z) - 1020.0f) * (1 / 209.017f);  // mean 8 * 127.5, deviation sqrt(8 (256^2 - 1) / 12)
}

struct PictureMemory {
  std::vector<Projected> corners;
  Seen seen;
  std::vector<float> shade;
};
inline PictureMemory& picture_memory() {
  static thread_local PictureMemory memory;
  return memory;
}
}  // namespace synthetic

/// The picture of a head, 112 x 112 RGB, from 2 x 2 samples a pixel:
///   sample = clip(albedo (ambient + diffuse max(0, n l)), 0, 1);  picture = mean of the samples, then noise
/// and the background or the occluder where these are seen. No gamma, no cast shadow, no highlight.
inline io::Image render_picture(SyntheticHead const& head, SyntheticScene const& scene) {
  constexpr int side = 112, size = 2 * side;
  auto& memory = synthetic::picture_memory();
  auto& seen = memory.seen;
  synthetic::look(head, scene.pose, size, memory.corners, seen);
  double const lx = scene.light.x, ly = scene.light.y, norm = 1 / std::sqrt(lx * lx + ly * ly + 1);
  memory.shade.resize(head.vertices.size());
  for (std::size_t i = 0; i < memory.shade.size(); ++i) {
    auto const& n = head.vertices[i];
    memory.shade[i] = static_cast<float>((n.nx * lx + n.ny * ly + n.nz) * norm);
  }
  auto const ambient = static_cast<float>(scene.light.ambient), diffuse = static_cast<float>(scene.light.diffuse);
  synthetic::OccluderInPicture const occluder(scene, size);
  Colour const flat = scene.occluder_colour * 255;
  io::Image image = io::blank(side, side, 3);
  for (int v = 0; v < side; ++v)
    for (int u = 0; u < side; ++u) {
      float r = 0, g = 0, b = 0;
      int behind = 0;
      for (int k = 0; k < 4; ++k) {
        int const su = 2 * u + k % 2, sv = 2 * v + k / 2;
        auto const at = static_cast<std::size_t>(sv * size + su);
        if (scene.occluder != Occluder::none && occluder.covers(su, sv)) {
          r += static_cast<float>(flat.r), g += static_cast<float>(flat.g), b += static_cast<float>(flat.b);
        } else if (seen.triangle[at] == synthetic::Seen::nothing) {
          ++behind;
        } else {
          auto const& corner = head.triangles[seen.triangle[at]];
          float const wb = seen.b[at], wc = seen.c[at], wa = 1 - wb - wc;
          auto const &A = head.vertices[corner[0]], &B = head.vertices[corner[1]], &C = head.vertices[corner[2]];
          float const cosine = wa * memory.shade[corner[0]] + wb * memory.shade[corner[1]] + wc * memory.shade[corner[2]];
          float const light = ambient + diffuse * std::max(cosine, 0.0f);
          auto const albedo = synthetic::texel(head, wa * A.s + wb * B.s + wc * C.s, wa * A.t + wb * B.t + wc * C.t);
          r += std::min(albedo.r * light, 255.0f), g += std::min(albedo.g * light, 255.0f), b += std::min(albedo.b * light, 255.0f);
        }
      }
      if (behind > 0) {
        Colour const c = synthetic::background_at(scene, u / 111.0, v / 111.0) * (255.0 * behind);
        float const most = 255.0f * static_cast<float>(behind);
        r += std::clamp(static_cast<float>(c.r), 0.0f, most), g += std::clamp(static_cast<float>(c.g), 0.0f, most);
        b += std::clamp(static_cast<float>(c.b), 0.0f, most);
      }
      auto const at = static_cast<std::size_t>(v * side + u) * 3;
      auto const deviation = static_cast<float>(scene.noise);
      float const sums[3] = {r, g, b};
      for (std::size_t c = 0; c < 3; ++c) {
        float const noisy = sums[c] / 4 + (deviation > 0 ? deviation * synthetic::byte_noise(scene.noise_key, at + c) : 0.0f);
        image.pixels[at + c] = static_cast<std::uint8_t>(std::clamp(noisy, 0.0f, 255.0f) + 0.5f);
      }
    }
  return image;
}

namespace synthetic {
struct HeadMaps {
  std::vector<float> depth, normal, albedo;
  std::vector<std::uint8_t> mask;
};

/// Point samples at the pixel centres.
inline HeadMaps look_at_maps(SyntheticHead const& head, HeadPose const& pose) {
  constexpr std::size_t n = SyntheticTruth::pixels;
  using V = SyntheticHead::Vertex;
  auto& memory = picture_memory();
  look(head, pose, SyntheticTruth::side, memory.corners, memory.seen);
  Movement const movement(pose);
  HeadMaps maps{std::vector<float>(n), std::vector<float>(3 * n), std::vector<float>(3 * n), std::vector<std::uint8_t>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    if (memory.seen.triangle[i] == Seen::nothing) continue;
    Blend const blend(head, memory.seen, i);
    Vector3 const normal = movement.turn(blend.normal());
    auto const albedo = texel(head, blend(&V::s), blend(&V::t));
    maps.depth[i] = 1 / memory.seen.inverse_depth[i];
    maps.normal[i] = static_cast<float>(normal.x), maps.normal[n + i] = static_cast<float>(normal.y);
    maps.normal[2 * n + i] = static_cast<float>(normal.z);
    maps.albedo[i] = albedo.r / 255, maps.albedo[n + i] = albedo.g / 255, maps.albedo[2 * n + i] = albedo.b / 255;
    maps.mask[i] = static_cast<std::uint8_t>(albedo.kind);
  }
  return maps;
}
}  // namespace synthetic

inline SyntheticTruth render_truth(SyntheticHead const& head, SyntheticScene const& scene) {
  SyntheticTruth truth;
  auto view = synthetic::look_at_maps(head, scene.pose);
  auto front = synthetic::look_at_maps(head, HeadPose{});
  truth.depth = std::move(view.depth), truth.normal = std::move(view.normal), truth.mask = std::move(view.mask);
  truth.canonical_depth = std::move(front.depth), truth.canonical_normal = std::move(front.normal);
  truth.canonical_albedo = std::move(front.albedo), truth.canonical_mask = std::move(front.mask);
  auto const& p = scene.pose;
  truth.view = {p.rx, p.ry, p.rz, p.tx, p.ty, p.tz};
  truth.light = {scene.light.ambient, scene.light.diffuse, scene.light.x, scene.light.y};
  truth.occluder = scene.occluder;
  synthetic::OccluderInPicture const occluder(scene, SyntheticTruth::side);
  int faces = 0, hidden = 0;
  for (int i = 0; i < SyntheticTruth::pixels; ++i) {
    auto& kind = truth.mask[static_cast<std::size_t>(i)];
    bool const covered = kind != 0 && occluder.covers(i % SyntheticTruth::side, i / SyntheticTruth::side);
    if (kind == static_cast<std::uint8_t>(SurfaceKind::face)) ++faces, hidden += covered;
    if (covered) kind |= SyntheticTruth::occluded;
  }
  truth.occluded_fraction = faces > 0 ? static_cast<double>(hidden) / faces : 0.0;
  return truth;
}
}  // namespace berl::data
