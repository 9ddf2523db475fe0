// 2. Fitting light to a picture.
//
// A face whose shape and colour are known was photographed in a light that is not. fit() looks for the light under which
// Eq. 1 gives the picture: strength and direction, four numbers.
#include <berl/data/synthetic_face.hpp>
#include <berl/eval/geometry.hpp>
#include <berl/expr/add.hpp>
#include <berl/expr/let.hpp>
#include <berl/expr/multiply.hpp>
#include <berl/expr/vector.hpp>
#include <berl/io/image.hpp>
#include <berl/optim/fit.hpp>

#include <cmath>
#include <cstdio>
#include <numbers>

using namespace berl;
using expr::channel, expr::leaf, expr::wrt;

constexpr auto seen = leaf<struct Seen, Shape<1, 64, 64>>;      // 1 where the picture shows the face
constexpr auto albedo = leaf<struct Albedo, Shape<3, 64, 64>>;  // a in [0, 1]
constexpr auto normal = leaf<struct Normal, Shape<3, 64, 64>>;  // n, away from the camera
constexpr auto ambient = leaf<struct Ambient, Shape<1, 1, 1>>;  // k_a in [0, 1]
constexpr auto diffuse = leaf<struct Diffuse, Shape<1, 1, 1>>;  // k_d in [0, 1]
constexpr auto slope = leaf<struct Slope, Shape<2, 1, 1>>;      // the light travels along (x, y, 1)

constexpr auto direction = let<struct Direction>(normalize(stack(channel<0>(slope), channel<1>(slope), 1)));  // l
constexpr auto shading = let<struct Shading>(max(0, dot(normal, direction)));                                 // s
constexpr auto image = seen * albedo * (ambient + diffuse * shading);                                         // he2022, Eq. 1

template <class S>
Tensor<float, S> tensor(auto const& values) {
  Tensor<float, S> t;
  std::copy(values.begin(), values.end(), t.span().begin());
  return t;
}

int main() {
  // a face from the front, drawn by a program that does not know Eq. 1's expression, with noise
  auto const [picture, truth] = data::synthetic_picture(
      {7}, 0, 0, {.yaw = {}, .pitch = {}, .roll = {}, .shift = {}, .distance = {}, .noise = {2, 2}, .occluder_probability = 0});
  auto const a = tensor<Shape<3, 64, 64>>(truth.canonical_albedo), n = tensor<Shape<3, 64, 64>>(truth.normal);
  auto const inside = eval::erode(tensor<Shape<1, 64, 64>>(truth.mask).read());  // not the rim, where face and background mix
  Tensor<float, Shape<3, 64, 64>> target;
  io::to_network(io::resize_area(picture, 64, 64), target.span().data());
  for (std::size_t i = 0; i < target.size(); ++i) target[i] = inside[i % (64 * 64)] * (target[i] + 1) / 2;  // from [-1, 1] to [0, 1]

  auto const known = bind(seen = inside, albedo = a, normal = n);
  auto const found = fit(image, wrt(ambient, diffuse, slope), known, target, optim::Adam{.rate = 0.02});

  auto const& [k_a, k_d, x, y] = truth.light;
  double const fx = double{found[slope][0]}, fy = double{found[slope][1]};
  double const cosine = (fx * x + fy * y + 1) / std::sqrt((fx * fx + fy * fy + 1) * (x * x + y * y + 1));
  double const angle = std::acos(cosine) * 180 / std::numbers::pi;
  std::printf("ambient light %.3f, true %.3f (of full scale)\n", double{found[ambient][0]}, k_a);
  std::printf("diffuse light %.3f, true %.3f (of full scale)\n", double{found[diffuse][0]}, k_d);
  std::printf("direction (%.2f, %.2f, 1), true (%.2f, %.2f, 1): %.1f degrees apart\n", fx, fy, x, y, angle);
  return angle < 5 ? 0 : 1;
}
