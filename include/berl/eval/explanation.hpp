#pragma once
#include <berl/core/tensor.hpp>       // Tensor
#include <berl/imaging/renderer.hpp>  // render, light_at, view_at

#include <array>
#include <cmath>  // sqrt
#include <cstddef>

namespace berl::eval {
/// Where new light comes from, as one looks at the picture.
enum class LightFrom { left, right, above, below };

/// One picture taken apart, and put together again.
///   units  pictures and albedo in [-1, 1]; shading in [0, 1]; mask 0 or 1; depth: 1 is the distance from the camera to the face
template <int S = 64>
struct Explanation {
  static constexpr int side = S;
  using Picture = Tensor<float, Shape<3, S, S>>;
  using Map = Tensor<float, Shape<1, S, S>>;

  imaging::Settings settings;
  Picture input, reconstruction;        ///< I and I^
  Map mask;                             ///< where I^ shows something
  Picture canonical, albedo, normal;    ///< seen from the front: I_c, a and n
  Map depth, shading;                   ///< likewise d and s
  Map seen_depth;                       ///< from where the picture was taken
  Picture seen_normal;                  ///< likewise
  Tensor<float, Shape<4, 1, 1>> light;  ///< as the networks give them, parts of their ranges
  Tensor<float, Shape<6, 1, 1>> view;
  double l1 = 0;  ///< mean of |I^ - I| in the mask, of a range from -1 to 1

  double ambient() const { return between(light[0], settings.ambient_min, settings.ambient_max); }
  double diffuse() const { return between(light[1], settings.diffuse_min, settings.diffuse_max); }
  /// The way the light travels: x right, y down, z away from the camera, of length 1.
  imaging::Vector<double> light_direction() const {
    double const x = double{light[2]}, y = double{light[3]}, length = std::sqrt(x * x + y * y + 1);
    return {x / length, y / length, 1 / length};
  }
  /// Pitch, yaw and roll in degrees.
  std::array<double, 3> angles() const {
    double const range = settings.rotation_range;
    return {range * double{view[0]}, range * double{view[1]}, range * double{view[2]}};
  }
  std::array<double, 3> shift() const {
    double const range = settings.translation_range;
    return {range * double{view[3]}, range * double{view[4]}, settings.z_translation_range * double{view[5]}};
  }

  /// The canonical image under another light.
  Picture relit(double ambient_light, double diffuse_light, imaging::Vector<double> direction) const {
    Picture image;
    Context<Host> ctx;
    auto const other = imaging::light_at<float>(settings, ambient_light, diffuse_light, direction);
    imaging::canonical_image(ctx, settings, albedo.read(), normal.read(), other.read(), image.write());
    return image;
  }
  Picture relit(LightFrom from) const {
    constexpr imaging::Vector<double> travels[] = {{1, 0, 0.6}, {-1, 0, 0.6}, {0, 1, 0.6}, {0, -1, 0.6}};  // left, right, above, below
    return relit(0.25, 0.75, travels[static_cast<std::size_t>(from)]);
  }
  /// The face in its own light, turned from the front; pixels that it does not cover are grey.
  ///   units  degrees; positive yaw turns the nose to the left of the picture
  Picture turned(double yaw, double pitch = 0) const {
    auto const image = imaging::render<S>(depth, albedo, light, imaging::view_at<float>(settings, pitch, yaw, 0), settings);
    Picture copied;
    copy(image.read(), copied.write());
    return copied;
  }

 private:
  static double between(float q, double low, double high) { return (1 + double{q}) / 2 * high + (1 - double{q}) / 2 * low; }
};
}  // namespace berl::eval
