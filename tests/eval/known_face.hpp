#pragma once
#include <berl/data/synthetic_face.hpp>
#include <berl/eval/explanation.hpp>

namespace berl::test {
/// A face that is known: its maps as the networks should give them.
inline eval::Explanation<64> known_face() {
  auto const truth = data::synthetic_picture({1}, 2, 0).truth;
  eval::Explanation<64> face;
  for (std::size_t i = 0; i < 64 * 64; ++i) {
    bool const there = truth.canonical_mask[i] != 0;
    face.depth[i] = there ? truth.canonical_depth[i] : static_cast<float>(face.settings.border_depth());
    for (std::size_t c = 0; c < 3; ++c) face.albedo[c * 4096 + i] = there ? 2 * truth.canonical_albedo[c * 4096 + i] - 1 : 0.0f;
  }
  face.light = imaging::light_at<float>(face.settings, 0.5, 0.5, {0, 0, 1});
  Context<Host> ctx;
  imaging::normals(ctx, face.settings, face.depth.read(), face.normal.write());
  return face;
}
}  // namespace berl::test
