#include <berl/core/tensor.hpp>
#include <berl/expr/add.hpp>
#include <berl/expr/evaluate.hpp>
#include <berl/expr/functions.hpp>
#include <berl/expr/gradient.hpp>
#include <berl/expr/leaf.hpp>
#include <berl/expr/let.hpp>
#include <berl/expr/multiply.hpp>

// The value and the gradient of one pixel, with a let, called from device code.
namespace {
using namespace berl::expr;

using Map = berl::Shape<3, 8, 8>;
using Plane = berl::Shape<1, 8, 8>;
using PerSample = berl::Shape<1, 1, 1>;
constexpr auto albedo = leaf<struct Albedo, Map>;
constexpr auto shading = leaf<struct Shading, Plane>;
constexpr auto ambient = leaf<struct Ambient, PerSample>;
constexpr auto lit = let<struct Lit>(relu(shading * ambient));
constexpr auto image = albedo * lit + lit * ambient;

template <class S>
using View = berl::Read<float, S, berl::Cuda>;
using Values = decltype(bind(albedo = View<Map>{}, shading = View<Plane>{}, ambient = View<PerSample>{}));
using Image = std::remove_const_t<decltype(image)>;

__global__ void value_kernel(Image node, Values values, berl::Write<float, Map, berl::Cuda> y) {
  detail::Rows<float, detail::leaves_of<Image>> const rows(values, 0);
  int const p = static_cast<int>(threadIdx.x);
  float element[3];
  detail::evaluate_pixel(node, rows, p, element);
  for (int c = 0; c < 3; ++c) y.sample(0)[c * 64 + p] = element[c];
}

__global__ void gradient_kernel(Image node, Values values, View<Map> dy, berl::Write<float, Map, berl::Cuda> d_albedo) {
  using Wanted = decltype(wrt(albedo));
  detail::Rows<float, detail::leaves_of<Image>> const rows(values, 0);
  int const p = static_cast<int>(threadIdx.x);
  detail::Slots<float, Wanted, detail::lets_of<Image>> sink;
  detail::pull_pixel<float>(node, rows, p, detail::MapDy<float, 64>{dy.sample(0)}, sink);
  for (int c = 0; c < 3; ++c) d_albedo.sample(0)[c * 64 + p] = sink.template at<std::remove_const_t<decltype(albedo)>>(c);
}
}  // namespace

void run(Image const& node, Values const& values, View<Map> dy, berl::Write<float, Map, berl::Cuda> y) {
  value_kernel<<<1, 64>>>(node, values, y);
  gradient_kernel<<<1, 64>>>(node, values, dy, y);
}
