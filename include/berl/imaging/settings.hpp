#pragma once

namespace berl::imaging {
/// Where the samples of the rasterised depth lie: `reference` as in the published code, half a pixel to the lower right of
/// the pixel they stand for; `centred` around it.
enum class RasterOffset { reference, centred };
/// The point about which the viewpoint turns: the middle of the depth range, or the camera as Eq. 2 is written.
enum class RotationCentre { face, none };
/// What -1 and 1 mean for the sampler: the centres of the outermost pixels (PyTorch's align_corners), or their outer edges.
enum class Alignment { corners, edges };
/// What lies outside the canonical image: zero, which is mid grey, or the nearest pixel.
enum class Padding { zeros, border };

/// The imaging model's constants (he2022, Sec. 3.1; wu2020). The defaults are those of the published code.
///   units  lengths: 1 is the distance from the camera to the face; angles in degrees
struct Settings {
  double field_of_view = 10;  ///< between the centres of the first and the last pixel
  double depth_min = 0.9, depth_max = 1.1;
  bool bounded_depth = true;  ///< depth = tanh of the mean-free raw map; off: depth = middle + raw map
  bool border = true;         ///< the two outermost columns on either side lie at border_depth()
  double rotation_range = 60;
  double translation_range = 0.1;
  double z_translation_range = 0;
  RotationCentre rotation_centre = RotationCentre::face;
  double ambient_min = 0, ambient_max = 1;
  double diffuse_min = 0, diffuse_max = 1;
  double normal_epsilon = 1e-7;  ///< shortens the normals by 0.3 % at 64 x 64, as published; 0 makes them unit vectors
  int supersampling = 2;         ///< samples of the raster per pixel and axis
  RasterOffset raster_offset = RasterOffset::reference;
  Alignment alignment = Alignment::corners;
  Padding padding = Padding::zeros;

  constexpr double middle() const { return (depth_min + depth_max) / 2; }
  constexpr double margin() const { return (depth_max - depth_min) / 2; }  ///< rendered depth is clamped this far outside
  constexpr double border_depth() const { return 0.7 * depth_max + 0.3 * depth_min; }
  constexpr double centre() const { return rotation_centre == RotationCentre::face ? middle() : 0; }
};
}  // namespace berl::imaging
