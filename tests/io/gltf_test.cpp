#include <doctest/doctest.h>

#include <berl/io/gltf.hpp>
#include <berl/io/image.hpp>
#include <cstring>  // memcpy
#include <io/scratch_folder.hpp>
#include <limits>
#include <set>

using namespace berl::io;
using berl::test::message_of, berl::test::ScratchFolder, berl::test::slurp;
using nlohmann::json;

namespace {
std::uint32_t word(std::string const& bytes, std::size_t at) {
  std::uint32_t v = 0;
  REQUIRE(at + 4 <= bytes.size());
  std::memcpy(&v, bytes.data() + at, 4);
  return v;
}
/// A .glb file taken apart, every rule of the container checked.
struct Glb {
  json document;
  std::string binary;

  explicit Glb(std::string const& bytes) {
    REQUIRE(bytes.size() >= 20);
    CHECK(bytes.substr(0, 4) == "glTF");
    CHECK(word(bytes, 4) == 2);
    CHECK(word(bytes, 8) == bytes.size());
    std::uint32_t const text = word(bytes, 12);
    CHECK(text % 4 == 0);
    CHECK(bytes.substr(16, 4) == "JSON");
    document = json::parse(bytes.substr(20, text));
    std::uint32_t const data = word(bytes, 20 + text);
    CHECK(data % 4 == 0);
    CHECK(bytes.substr(24 + text, 4) == std::string("BIN\0", 4));
    binary = bytes.substr(28 + text);
    CHECK(binary.size() == data);
  }
  [[nodiscard]] std::string view(std::size_t index) const {
    json const& v = document.at("bufferViews").at(index);
    return binary.substr(v.at("byteOffset"), v.at("byteLength"));
  }
  template <class T>
  [[nodiscard]] std::vector<T> values(std::size_t accessor) const {
    json const& a = document.at("accessors").at(accessor);
    std::map<std::string, std::size_t> const wide{{"SCALAR", 1}, {"VEC2", 2}, {"VEC3", 3}};
    CHECK(a.at("componentType") == (std::is_same_v<T, float> ? 5126 : 5125));
    std::string const bytes = view(a.at("bufferView"));
    std::vector<T> out(a.at("count").get<std::size_t>() * wide.at(a.at("type")));
    REQUIRE(bytes.size() == out.size() * sizeof(T));
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
};
/// A hill of 5 x 4 points, nearest in the middle, in the camera frame, with normals as the normal maps have them.
Mesh hill() {
  constexpr int h = 4, w = 5;
  std::vector<double> points(3 * h * w), normals(3 * h * w);
  for (int r = 0; r < h; ++r) {
    for (int c = 0; c < w; ++c) {
      auto const i = static_cast<std::size_t>(r * w + c);
      double const x = 0.04 * (c - 2), y = 0.04 * (r - 1.5);
      points[i] = x, points[20 + i] = y, points[40 + i] = 1 + x * x + y * y;
      normals[i] = -2 * x, normals[20 + i] = -2 * y, normals[40 + i] = 1;  // (-dz/dx, -dz/dy, 1), not of unit length
    }
  }
  return grid_mesh(points.data(), normals.data(), h, w);
}
Image picture() {
  Image image = blank(6, 5, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(2 * i);
  return image;
}
}  // namespace

TEST_CASE("gltf: the file obeys the container's and the buffers' rules") {
  ScratchFolder const dir;
  for (TextureFormat const format : {TextureFormat::Png, TextureFormat::Jpeg}) {
    write_glb(dir / "face.glb", hill(), picture(), format);
    Glb const glb(slurp(dir / "face.glb"));
    json const& d = glb.document;
    CHECK(d.at("asset").at("version") == "2.0");
    CHECK(d.at("buffers").size() == 1);
    CHECK(d.at("buffers").at(0).at("byteLength") == glb.binary.size());
    CHECK_FALSE(d.at("buffers").at(0).contains("uri"));
    std::size_t end = 0;
    for (json const& v : d.at("bufferViews")) {
      CHECK(v.at("byteOffset").get<std::size_t>() % 4 == 0);
      CHECK(v.at("byteOffset").get<std::size_t>() >= end);
      end = v.at("byteOffset").get<std::size_t>() + v.at("byteLength").get<std::size_t>();
      CHECK(end <= glb.binary.size());
    }
    json const& primitive = d.at("meshes").at(0).at("primitives").at(0);
    json const& attributes = primitive.at("attributes");
    auto const target = [&](std::size_t accessor) {
      return d.at("bufferViews").at(d.at("accessors").at(accessor).at("bufferView").get<std::size_t>()).at("target");
    };
    for (char const* name : {"POSITION", "NORMAL", "TEXCOORD_0"}) {
      CHECK(target(attributes.at(name)) == 34962);
      CHECK(d.at("accessors").at(attributes.at(name).get<std::size_t>()).at("count") == 20);
    }
    CHECK(target(primitive.at("indices")) == 34963);
    CHECK(d.at("scenes").at(d.at("scene").get<std::size_t>()).at("nodes") == json::array({0}));
    CHECK(d.at("nodes").at(0).at("mesh") == 0);
    json const& image = d.at("images").at(0);
    CHECK_FALSE(d.at("bufferViews").at(image.at("bufferView").get<std::size_t>()).contains("target"));
    CHECK(image.at("mimeType") == (format == TextureFormat::Png ? "image/png" : "image/jpeg"));
    CHECK(d.at("textures")
              .at(d.at("materials").at(0).at("pbrMetallicRoughness").at("baseColorTexture").at("index").get<std::size_t>())
              .at("source") == 0);
    std::string const texture = glb.view(image.at("bufferView"));
    Image const decoded = decode_image(std::span(reinterpret_cast<std::uint8_t const*>(texture.data()), texture.size()), "texture");
    CHECK(decoded.width == 6);
    if (format == TextureFormat::Png) CHECK(decoded == picture());
  }
}

TEST_CASE("gltf: the geometry stands upright, faces the viewer and its normals point outwards") {
  auto const bytes = encode_glb(hill(), picture());
  Glb const glb({reinterpret_cast<char const*>(bytes.data()), bytes.size()});
  json const& primitive = glb.document.at("meshes").at(0).at("primitives").at(0);
  json const& position = glb.document.at("accessors").at(primitive.at("attributes").at("POSITION").get<std::size_t>());
  auto const p = glb.values<float>(primitive.at("attributes").at("POSITION"));
  auto const n = glb.values<float>(primitive.at("attributes").at("NORMAL"));
  auto const uv = glb.values<float>(primitive.at("attributes").at("TEXCOORD_0"));
  auto const t = glb.values<std::uint32_t>(primitive.at("indices"));
  for (std::size_t k = 0; k < 3; ++k) {
    float low = p[k], high = p[k];
    for (std::size_t i = k; i < p.size(); i += 3) low = std::min(low, p[i]), high = std::max(high, p[i]);
    CHECK(position.at("min").at(k).get<float>() == low);
    CHECK(position.at("max").at(k).get<float>() == high);
  }
  CHECK(p[1] == 0.06f);        // the first row is the uppermost: y up
  CHECK(p[0] == -0.08f);       // the first column stays on the left
  CHECK(p[2] < p[3 * 7 + 2]);  // the middle is nearer to the viewer, who is at larger z
  CHECK(uv[0] == 0.1f);        // centres of the pixels, from the upper left
  CHECK(uv[1] == 0.125f);
  CHECK(t.size() == 3 * 2 * 3 * 4);
  for (std::size_t i = 0; i < n.size(); i += 3) {
    CHECK(n[i] * n[i] + n[i + 1] * n[i + 1] + n[i + 2] * n[i + 2] == doctest::Approx(1).epsilon(1e-6));  // three roundings of float
    CHECK(n[i + 2] > 0.9f);
  }
  CHECK(n[0] < 0);  // on the left of the hill the surface looks to the left,
  CHECK(n[1] > 0);  // at its top upwards
  std::set<std::uint32_t> used;
  for (std::size_t i = 0; i < t.size(); i += 3) {
    auto const at = [&](std::size_t k, std::size_t axis) { return p[3 * t[i + k] + axis]; };
    used.insert({t[i], t[i + 1], t[i + 2]});
    float const area = (at(1, 0) - at(0, 0)) * (at(2, 1) - at(0, 1)) - (at(1, 1) - at(0, 1)) * (at(2, 0) - at(0, 0));
    CHECK(area == doctest::Approx(0.04 * 0.04).epsilon(1e-4));  // counter-clockwise for the viewer at +z; float coordinates
  }
  CHECK(used.size() == 20);
}

TEST_CASE("gltf: what is no mesh is refused") {
  Mesh mesh = hill();
  mesh.positions[3][1] = std::numeric_limits<float>::quiet_NaN();
  ScratchFolder const dir;
  CHECK(message_of<berl::Error>([&] {
          write_glb(dir / "nan.glb", mesh, picture());
        }).find((dir / "nan.glb").string() + ": found a mesh with numbers") == 0);
  CHECK(dir.files() == 0);
  mesh = hill();
  mesh.triangles[0] = 20;
  CHECK_THROWS_AS((void)encode_glb(mesh, picture()), std::logic_error);
  mesh = hill();
  mesh.triangles.pop_back();
  CHECK_THROWS_AS((void)encode_glb(mesh, picture()), std::logic_error);
  mesh = hill();
  mesh.normals.pop_back();
  CHECK_THROWS_AS((void)encode_glb(mesh, picture()), std::logic_error);
  CHECK_THROWS_AS((void)encode_glb(Mesh{}, picture()), std::logic_error);
  mesh = hill();
  mesh.normals[0] = {0, 0, 0};
  auto const bytes = encode_glb(mesh, picture());
  Glb const glb({reinterpret_cast<char const*>(bytes.data()), bytes.size()});
  CHECK(glb.values<float>(1)[2] == 1);
}
