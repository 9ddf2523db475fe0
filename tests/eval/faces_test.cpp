#include <doctest/doctest.h>
#include <berl/eval/faces.hpp>

#include <eval/known_face.hpp>
#include <filesystem>
#include <io/scratch_folder.hpp>

using namespace berl;

TEST_CASE("faces become one sheet, 16-bit depth and a mesh") {
  test::ScratchFolder const folder;
  std::vector<eval::Explanation<64>> const faces{test::known_face(), test::known_face()};
  auto const sheet = eval::faces_image(std::span<eval::Explanation<64> const>(faces));
  int const columns = static_cast<int>(eval::face_titles().size());
  CHECK(eval::face_row(faces[0]).size() == eval::face_titles().size());
  CHECK(sheet.width == 6 + columns * (128 + 6));
  CHECK(sheet.height == 6 + 16 + 6 + 2 * (128 + 6));
  eval::faces_png(folder / "faces.png", faces);
  CHECK(io::read_image(folder / "faces.png") == sheet);

  // near is bright: the nose is the brightest part of the depth
  auto const grey = eval::shown_depth(faces[0].settings, faces[0].depth);
  CHECK(grey.at(36, 32, 0) > grey.at(20, 12, 0));
  eval::write_depth(folder / "depth.png", faces[0]);
  auto const stored = io::read_image(folder / "depth.png");  // scaled to 8 bits
  double const d = double{faces[0].depth[36 * 64 + 32]};
  CHECK(std::abs(stored.at(36, 32, 0) - (d - 0.9) / 0.2 * 255) < 1);  // half a step of 8 bits, and of 16

  eval::write_mesh(folder / "face.glb", faces[0]);
  eval::write_mesh(folder / "shaded.glb", faces[0], eval::Texture::canonical);
  CHECK(std::filesystem::file_size(folder / "face.glb") > 60 * 64 * 32);  // a position, a normal and a place in the texture: 32 bytes
}
