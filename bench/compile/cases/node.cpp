#include <berl/expr/add.hpp>
#include <berl/expr/evaluate.hpp>
#include <berl/expr/functions.hpp>
#include <berl/expr/gradient.hpp>
#include <berl/expr/leaf.hpp>
#include <berl/expr/multiply.hpp>

// Eq. 1 and its gradient.
using namespace berl;
using namespace berl::expr;

using Image = Shape<3, 64, 64>;
using Plane = Shape<1, 64, 64>;
using PerSample = Shape<1, 1, 1>;
constexpr auto albedo = leaf<struct Albedo, Image>;
constexpr auto shading = leaf<struct Shading, Plane>;
constexpr auto ambient = leaf<struct Ambient, PerSample>;
constexpr auto diffuse = leaf<struct Diffuse, PerSample>;
constexpr auto image = albedo * (ambient + diffuse * shading);

template <class S>
using In = Read<float, S, Host>;
template <class S>
using Out = Write<float, S, Host>;

void value(Context<Host>& ctx, In<Image> a, In<Plane> s, In<PerSample> ka, In<PerSample> kd, Out<Image> y) {
  evaluate(ctx, image, bind(albedo = a, shading = s, ambient = ka, diffuse = kd), y);
}

void pull(Context<Host>& ctx, In<Image> a, In<Plane> s, In<PerSample> ka, In<PerSample> kd, In<Image> dy, Out<Image> da, Out<PerSample> dka,
          Out<PerSample> dkd) {
  gradient(ctx, image, wrt(albedo, ambient, diffuse), bind(albedo = a, shading = s, ambient = ka, diffuse = kd), dy,
           bind(albedo = da, ambient = dka, diffuse = dkd));
}
