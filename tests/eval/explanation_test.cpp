#include <berl/eval/explanation.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <eval/known_face.hpp>

using namespace berl;
using eval::LightFrom;

namespace {
double brightness(Tensor<float, Shape<3, 64, 64>> const& image, int first, int last) {  // of columns [first, last)
  double sum = 0;
  for (int row = 0; row < 3 * 64; ++row)
    for (int u = first; u < last; ++u) sum += double{image[static_cast<std::size_t>(row * 64 + u)]};
  return sum / (3 * 64 * (last - first));
}
}  // namespace

TEST_CASE("a known face is lit from the side that is asked for, and turned to where it should look") {
  auto const face = test::known_face();
  auto const left = face.relit(LightFrom::left), right = face.relit(LightFrom::right);
  CHECK(brightness(left, 12, 28) > brightness(left, 36, 52) + 0.05);
  CHECK(brightness(right, 36, 52) > brightness(right, 12, 28) + 0.05);
  // from the front it is its own canonical image, but for sampling between pixels
  auto const front = face.turned(0);
  Tensor<float, Shape<3, 64, 64>> canonical;
  Context<Host> ctx;
  imaging::canonical_image(ctx, face.settings, face.albedo.read(), face.normal.read(), face.light.read(), canonical.write());
  double difference = 0;
  for (std::size_t i = 0; i < canonical.size(); ++i) difference += std::abs(double{front[i]} - double{canonical[i]});
  CHECK(difference / static_cast<double>(canonical.size()) < 0.03);  // edges, moved by a small part of a pixel
  // positive yaw turns the nose to the left: all is black but a patch of it
  auto dark = face;
  std::fill(dark.albedo.span().begin(), dark.albedo.span().end(), -1.0f);
  for (std::size_t row = 0; row < 3 * 64; ++row)
    for (std::size_t u = 31; u < 34; ++u) dark.albedo[row * 64 + u] = row % 64 >= 34 && row % 64 < 38 ? 1.0f : -1.0f;
  auto const nose = [&](double yaw) {
    auto const turned = dark.turned(yaw);
    auto const first = turned.span().begin() + 36 * 64;
    double sum = 0, weights = 0;
    for (int u = 4; u < 60; ++u) sum += u * (1 + double{first[u]}), weights += 1 + double{first[u]};
    return sum / weights;
  };
  CHECK(nose(30) < 28);
  CHECK(nose(-30) > 36);
  CHECK_FALSE(std::equal(face.turned(30).span().begin(), face.turned(30).span().end(), front.span().begin()));
}
