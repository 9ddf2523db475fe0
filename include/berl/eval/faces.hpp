#pragma once
#include <berl/eval/explanation.hpp>  // Explanation
#include <berl/io/contact_sheet.hpp>  // contact_sheet
#include <berl/io/gltf.hpp>           // grid_mesh
#include <berl/io/image.hpp>          // write_png

#include <algorithm>  // clamp, copy_n
#include <cstdint>    // uint16_t
#include <filesystem>
#include <span>
#include <string>
#include <vector>

/// Explanations as pictures and as meshes.
namespace berl::eval {
inline constexpr int shown_yaws[] = {-45, -30, -15, 0, 15, 30, 45};

/// From the network's range to bytes; normals too, whose z is blue.
template <int C, int S>
io::Image shown(Tensor<float, Shape<C, S, S>> const& map) {
  return io::to_bytes(map.span().data(), S, S, C);
}
/// Depth as grey, near bright: white at depth_min, black at depth_max.
template <int S>
io::Image shown_depth(imaging::Settings const& settings, Tensor<float, Shape<1, S, S>> const& depth) {
  Tensor<float, Shape<1, S, S>> grey;
  for (std::size_t i = 0; i < depth.size(); ++i)
    grey[i] = static_cast<float>(1 - 2 * (double{depth[i]} - settings.depth_min) / (settings.depth_max - settings.depth_min));
  return shown(grey);
}
template <int S>
io::Image shown_shading(Tensor<float, Shape<1, S, S>> const& shading) {
  Tensor<float, Shape<1, S, S>> grey;
  for (std::size_t i = 0; i < shading.size(); ++i) grey[i] = 2 * shading[i] - 1;
  return shown(grey);
}

/// The columns of a sheet of faces.
inline std::vector<std::string> face_titles() {
  std::vector<std::string> titles{"input",   "reconstr.", "canonical", "albedo",    "depth",    "normals",
                                  "shading", "lit left",  "lit right", "lit above", "lit below"};
  for (int const yaw : shown_yaws) titles.push_back((yaw > 0 ? "yaw +" : "yaw ") + std::to_string(yaw));
  return titles;
}
template <int S>
std::vector<io::Image> face_row(Explanation<S> const& face) {
  std::vector<io::Image> row{
      shown(face.input),  shown(face.reconstruction), shown(face.canonical), shown(face.albedo), shown_depth(face.settings, face.depth),
      shown(face.normal), shown_shading(face.shading)};
  for (auto const from : {LightFrom::left, LightFrom::right, LightFrom::above, LightFrom::below}) row.push_back(shown(face.relit(from)));
  for (int const yaw : shown_yaws) row.push_back(shown(face.turned(yaw)));
  return row;
}

/// One row for each face, each taken apart, relit and turned.
template <int S>
io::Image faces_image(std::span<Explanation<S> const> faces) {
  std::vector<std::vector<io::Image>> rows;
  for (auto const& face : faces) rows.push_back(face_row(face));
  return io::contact_sheet(face_titles(), rows);
}
template <int S>
void faces_png(std::filesystem::path const& path, std::span<Explanation<S> const> faces) {
  io::write_png(path, faces_image(faces));
}
template <int S>
void faces_png(std::filesystem::path const& path, std::vector<Explanation<S>> const& faces) {
  faces_png(path, std::span<Explanation<S> const>(faces));
}

/// The canonical depth in 16 bits: 0 is depth_min, 65535 is depth_max.
template <int S>
void write_depth(std::filesystem::path const& path, Explanation<S> const& face) {
  auto const& s = face.settings;
  std::vector<std::uint16_t> grey;
  for (float const d : face.depth.span())
    grey.push_back(static_cast<std::uint16_t>(std::clamp((double{d} - s.depth_min) / (s.depth_max - s.depth_min), 0.0, 1.0) * 65535 + 0.5));
  io::write_png16(path, S, S, grey);
}

enum class Texture { albedo, canonical };

/// The canonical shape as a textured mesh (.glb), without the border, which is no part of the face.
template <int S>
void write_mesh(std::filesystem::path const& path, Explanation<S> const& face, Texture texture = Texture::albedo) {
  Tensor<float, Shape<3, S, S>> points;
  Context<Host> ctx;
  imaging::points(ctx, face.settings, face.depth.read(), points.write());
  int const border = face.settings.border ? 2 : 0, columns = S - 2 * border;
  auto const inner = [&](Tensor<float, Shape<3, S, S>> const& map) {
    std::vector<float> values(static_cast<std::size_t>(3 * S * columns));
    for (int row = 0; row < 3 * S; ++row) std::copy_n(map.span().data() + row * S + border, columns, values.data() + row * columns);
    return values;
  };
  auto const position = inner(points), normal = inner(face.normal),
             colour = inner(texture == Texture::albedo ? face.albedo : face.canonical);
  io::write_glb(path, io::grid_mesh(position.data(), normal.data(), S, columns), io::to_bytes(colour.data(), columns, S));
}
}  // namespace berl::eval
