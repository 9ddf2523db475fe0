#pragma once
#include <algorithm>                // min, max
#include <array>                    // array
#include <berl/core/error.hpp>      // Error
#include <berl/io/atomic_file.hpp>  // AtomicFile
#include <berl/io/jpeg.hpp>         // encode_jpeg
#include <berl/io/png.hpp>          // encode_png
#include <cmath>                    // sqrt, isfinite
#include <cstdint>                  // uint32_t
#include <filesystem>               // path
#include <nlohmann/json.hpp>        // json
#include <span>                     // span
#include <stdexcept>                // logic_error
#include <string>                   // string
#include <vector>                   // vector

namespace berl::io {
/// A textured triangle mesh in berl's camera frame: x right, y down, z away from the camera.
///   normals    as berl's normal maps hold them, away from the camera where the surface faces it: (0, 0, 1)
///   texture    (0, 0) is the upper left corner of the picture, (1, 1) the lower right one
///   triangles  three vertices each, counter-clockwise as the camera sees the front
struct Mesh {
  std::vector<std::array<float, 3>> positions, normals;
  std::vector<std::array<float, 2>> texture;
  std::vector<std::uint32_t> triangles;
};

/// The mesh of a depth map's points, one vertex a pixel, two triangles a cell.
/// shapes  points, normals: (3, height, width), channel 0 is x
template <class T>
Mesh grid_mesh(T const* points, T const* normals, int height, int width) {
  Mesh mesh;
  auto const h = static_cast<std::uint32_t>(height), w = static_cast<std::uint32_t>(width);
  std::size_t const plane = std::size_t{h} * w;
  auto const at = [&](T const* map, std::size_t i) {
    return std::array{static_cast<float>(map[i]), static_cast<float>(map[plane + i]), static_cast<float>(map[2 * plane + i])};
  };
  for (std::uint32_t r = 0; r < h; ++r) {
    for (std::uint32_t c = 0; c < w; ++c) {
      std::uint32_t const i = r * w + c;
      mesh.positions.push_back(at(points, i));
      mesh.normals.push_back(at(normals, i));
      mesh.texture.push_back(
          {(static_cast<float>(c) + 0.5f) / static_cast<float>(w), (static_cast<float>(r) + 0.5f) / static_cast<float>(h)});
      if (r + 1 == h || c + 1 == w) continue;
      for (std::uint32_t const v : {i, i + w, i + 1, i + 1, i + w, i + w + 1}) mesh.triangles.push_back(v);
    }
  }
  return mesh;
}

enum class TextureFormat { Png, Jpeg };

namespace detail {
/// The binary part of a glTF file and the JSON that describes it, growing together.
struct GlbBuffer {
  std::vector<std::byte> bytes;
  nlohmann::json views = nlohmann::json::array(), accessors = nlohmann::json::array();

  /// A view of these bytes, from a multiple of 4; target as the specification numbers it, 0 for none.
  std::size_t view(std::span<std::byte const> data, int target) {
    nlohmann::json entry{{"buffer", 0}, {"byteOffset", bytes.size()}, {"byteLength", data.size()}};
    if (target != 0) entry["target"] = target;
    bytes.insert(bytes.end(), data.begin(), data.end());
    bytes.resize((bytes.size() + 3) / 4 * 4);
    views.push_back(std::move(entry));
    return views.size() - 1;
  }
  std::size_t accessor(std::span<std::byte const> data, int target, int component, char const* type, std::size_t count) {
    accessors.push_back({{"bufferView", view(data, target)}, {"componentType", component}, {"type", type}, {"count", count}});
    return accessors.size() - 1;
  }
};

/// Half a turn about x: camera frame (y down, z away) to glTF's (y up, z towards the viewer). Keeps the sense of rotation.
inline std::array<float, 3> y_up(std::array<float, 3> p) { return {p[0], -p[1], -p[2]}; }

/// glTF wants unit normals that point outwards, berl's point inwards.
inline std::array<float, 3> outwards(std::array<float, 3> n) {
  n = y_up({-n[0], -n[1], -n[2]});
  float const length = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
  if (!(length > 0)) return {0, 0, 1};
  return {n[0] / length, n[1] / length, n[2] / length};
}

inline void check_mesh(std::string const& where, Mesh const& mesh) {
  std::size_t const n = mesh.positions.size();
  if (mesh.normals.size() != n || mesh.texture.size() != n || n == 0 || mesh.triangles.empty() || mesh.triangles.size() % 3 != 0) {
    throw std::logic_error("berl::io::write_glb: a mesh needs vertices with a normal and texture coordinates each, and whole triangles");
  }
  for (std::uint32_t const v : mesh.triangles) {
    if (v >= n) throw std::logic_error("berl::io::write_glb: a triangle names vertex " + std::to_string(v) + " of " + std::to_string(n));
  }
  auto const finite = [](auto const& list) {
    return std::all_of(list.begin(), list.end(),
                       [](auto const& p) { return std::all_of(p.begin(), p.end(), [](float x) { return std::isfinite(x); }); });
  };
  if (!finite(mesh.positions) || !finite(mesh.normals) || !finite(mesh.texture)) {
    throw Error(where, "a mesh with numbers that are not finite", "finite ones", "Look for NaN in the depth map and the weights.");
  }
}
}  // namespace detail

/// The bytes of a binary glTF 2.0 file (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html) of one mesh with its texture inside.
/// errors  berl::Error when a coordinate is not finite; `where` is named in it
inline std::vector<std::byte> encode_glb(Mesh const& mesh, Image const& texture, TextureFormat format = TextureFormat::Png,
                                         std::string const& where = "berl::io::encode_glb") {
  constexpr int array_buffer = 34962, element_array_buffer = 34963, type_float = 5126, type_uint = 5125;
  detail::check_mesh(where, mesh);
  std::vector<std::array<float, 3>> positions, normals;
  for (auto const& p : mesh.positions) positions.push_back(detail::y_up(p));
  for (auto const& n : mesh.normals) normals.push_back(detail::outwards(n));
  auto low = positions.front(), high = low;
  for (auto const& p : positions) {
    for (std::size_t k = 0; k < 3; ++k) low[k] = std::min(low[k], p[k]), high[k] = std::max(high[k], p[k]);
  }
  bool const png = format == TextureFormat::Png;
  std::vector<std::uint8_t> const picture = png ? encode_png(texture) : encode_jpeg(texture);

  detail::GlbBuffer buffer;
  auto const bytes = [](auto const& list) { return std::as_bytes(std::span(list)); };
  auto const position = buffer.accessor(bytes(positions), array_buffer, type_float, "VEC3", positions.size());
  buffer.accessors[position]["min"] = low;  // required for positions
  buffer.accessors[position]["max"] = high;
  auto const normal = buffer.accessor(bytes(normals), array_buffer, type_float, "VEC3", normals.size());
  auto const coordinates = buffer.accessor(bytes(mesh.texture), array_buffer, type_float, "VEC2", mesh.texture.size());
  auto const indices = buffer.accessor(bytes(mesh.triangles), element_array_buffer, type_uint, "SCALAR", mesh.triangles.size());
  auto const image = buffer.view(bytes(picture), 0);

  using nlohmann::json;
  json document;
  document["asset"] = {{"version", "2.0"}, {"generator", "berl"}};
  document["scene"] = 0;
  document["scenes"] = json::array({{{"nodes", {0}}}});
  document["nodes"] = json::array({{{"mesh", 0}}});
  document["meshes"] =
      json::array({{{"primitives", json::array({{{"attributes", {{"POSITION", position}, {"NORMAL", normal}, {"TEXCOORD_0", coordinates}}},
                                                 {"indices", indices},
                                                 {"material", 0},
                                                 {"mode", 4}}})}}});
  document["materials"] =
      json::array({{{"pbrMetallicRoughness", {{"baseColorTexture", {{"index", 0}}}, {"metallicFactor", 0}, {"roughnessFactor", 1}}},
                    {"doubleSided", true}}});
  document["textures"] = json::array({{{"sampler", 0}, {"source", 0}}});
  document["samplers"] = json::array({{{"magFilter", 9729}, {"minFilter", 9987}, {"wrapS", 33071}, {"wrapT", 33071}}});  // linear, clamped
  document["images"] = json::array({{{"bufferView", image}, {"mimeType", png ? "image/png" : "image/jpeg"}}});
  document["accessors"] = buffer.accessors;
  document["bufferViews"] = buffer.views;
  document["buffers"] = json::array({{{"byteLength", buffer.bytes.size()}}});
  std::string text = document.dump();
  text.resize((text.size() + 3) / 4 * 4, ' ');

  std::vector<std::byte> file;
  auto const word = [&](std::size_t v) {
    auto const v32 = static_cast<std::uint32_t>(v);
    auto const four = std::as_bytes(std::span(&v32, 1));
    file.insert(file.end(), four.begin(), four.end());
  };
  word(0x46546c67);  // "glTF"
  word(2);
  word(12 + 8 + text.size() + 8 + buffer.bytes.size());
  word(text.size());
  word(0x4e4f534a);  // "JSON"
  auto const text_bytes = bytes(text);
  file.insert(file.end(), text_bytes.begin(), text_bytes.end());
  word(buffer.bytes.size());
  word(0x004e4942);  // "BIN"
  file.insert(file.end(), buffer.bytes.begin(), buffer.bytes.end());
  return file;
}

/// The mesh as a file that viewers of three-dimensional models open (.glb).
inline void write_glb(std::filesystem::path const& path, Mesh const& mesh, Image const& texture,
                      TextureFormat format = TextureFormat::Png) {
  write_file(path, encode_glb(mesh, texture, format, path.string()));
}
}  // namespace berl::io
