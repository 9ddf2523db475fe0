#pragma once
#include <berl/core/device.hpp>       // Context
#include <berl/core/view.hpp>         // Read, Write
#include <berl/expr/add.hpp>          // a + b
#include <berl/expr/evaluate.hpp>     // evaluate
#include <berl/expr/functions.hpp>    // max
#include <berl/expr/gradient.hpp>     // gradient
#include <berl/expr/let.hpp>          // let
#include <berl/expr/multiply.hpp>     // a * b
#include <berl/expr/vector.hpp>       // dot, normalize, stack
#include <berl/imaging/settings.hpp>  // Settings

namespace berl::imaging {
/// The canonical image (he2022, Eq. 1; wu2020 for the parametrisation), as expressions.
///   k_a = (1 + q0) / 2 ambient_max + (1 - q0) / 2 ambient_min, k_d likewise from q1
///   l   = (q2, q3, 1) / |(q2, q3, 1)|
///   s   = max(0, <n, l>), whose gradient passes where <n, l> >= 0
///   I_c = 2 (a / 2 + 1 / 2) (k_a + k_d s) - 1, not clamped
/// units  albedo a and the four numbers q of the light in (-1, 1); normal n about 1 long; s, k_a, k_d in [0, 1]
namespace eq1 {
template <int S>
inline constexpr auto albedo = expr::leaf<struct Albedo, Shape<3, S, S>>;  // a
template <int S>
inline constexpr auto normal = expr::leaf<struct Normal, Shape<3, S, S>>;  // n
inline constexpr auto light = expr::leaf<struct Light, Shape<4, 1, 1>>;    // q

inline constexpr auto light_direction =
    expr::let<struct LightDirection>(normalize(stack(expr::channel<2>(light), expr::channel<3>(light), 1)));  // l

template <int S>
inline constexpr auto shading = expr::let<struct Shading>(max(0, dot(normal<S>, light_direction)));  // s

/// From (-1, 1) to the range between two bounds.
template <class Q>
constexpr auto between(Q q, double lower, double upper) {
  return (1 + q) / 2 * upper + (1 - q) / 2 * lower;
}

struct Ambient;  // names of a kernel's terms stand outside the function
struct Diffuse;
struct Shaded;

template <int S>
constexpr auto canonical_image(Settings const& settings) {
  auto const ambient = expr::let<Ambient>(between(expr::channel<0>(light), settings.ambient_min, settings.ambient_max));  // k_a
  auto const diffuse = expr::let<Diffuse>(between(expr::channel<1>(light), settings.diffuse_min, settings.diffuse_max));  // k_d
  auto const shaded = expr::let<Shaded>(ambient + diffuse * shading<S>);
  return 2 * ((albedo<S> / 2 + 0.5) * shaded) - 1;
}
}  // namespace eq1

/// The diffuse shading s, for pictures.
///   shapes  normal: (N, 3, S, S), light: (N, 4, 1, 1), shading: (N, 1, S, S)
template <class D, class T, int S>
void shade(Context<D>& ctx, Settings const&, Read<T, Shape<3, S, S>, D> normal, Read<T, Shape<4, 1, 1>, D> light,
           Write<T, Shape<1, S, S>, D> shading) {
  expr::evaluate(ctx, eq1::shading<S>, bind(eq1::normal<S> = normal, eq1::light = light), shading);
}

/// The canonical image I_c.
///   shapes  albedo, normal, image: (N, 3, S, S), light: (N, 4, 1, 1)
///   errors  Error, when batches differ
template <class D, class T, int S>
void canonical_image(Context<D>& ctx, Settings const& settings, Read<T, Shape<3, S, S>, D> albedo, Read<T, Shape<3, S, S>, D> normal,
                     Read<T, Shape<4, 1, 1>, D> light, Write<T, Shape<3, S, S>, D> image) {
  auto const known = bind(eq1::albedo<S> = albedo, eq1::normal<S> = normal, eq1::light = light);
  expr::evaluate(ctx, eq1::canonical_image<S>(settings), known, image);
}
/// Each gradient is a Write, an Add or a Skip.
template <class D, class T, int S, class DAlbedo, class DNormal, class DLight>
void canonical_image_backward(Context<D>& ctx, Settings const& settings, Read<T, Shape<3, S, S>, D> albedo,
                              Read<T, Shape<3, S, S>, D> normal, Read<T, Shape<4, 1, 1>, D> light, Read<T, Shape<3, S, S>, D> d_image,
                              DAlbedo d_albedo, DNormal d_normal, DLight d_light) {
  auto const known = bind(eq1::albedo<S> = albedo, eq1::normal<S> = normal, eq1::light = light);
  auto const wanted = bind(eq1::albedo<S> = d_albedo, eq1::normal<S> = d_normal, eq1::light = d_light);
  expr::gradient(ctx, eq1::canonical_image<S>(settings), expr::wrt(eq1::albedo<S>, eq1::normal<S>, eq1::light), known, d_image, wanted);
}
}  // namespace berl::imaging
