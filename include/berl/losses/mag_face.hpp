#pragma once
#include <berl/core/config.hpp>      // BERL_FN
#include <berl/losses/arc_face.hpp>  // AddedAngle

namespace berl::losses {
/// MagFace (meng2021): long embeddings bear a larger margin, and a term of the loss makes good ones long.
///   a = |f| clamped to [l_a, u_a];  M = l_m + (u_m - l_m) (a - l_a) / (u_a - l_a)
///   z_iy = s cos(theta + M), z_ij = s c_ij;  loss + lambda mean of (a / u_a^2 + 1 / a)
/// Where a margin makes no sense, z_iy = s g where g <= 0 (easy, the official code); s (g - m_am) where g <= cos(pi - M) (plain,
/// FaceX-Zoo, with s = 32 and lambda = 20); or s (g - M sin(pi - M)) there (lowered). The gradient flows through M and a.
struct MagFace {
  enum class Form { easy, plain, lowered };
  static constexpr char const* forms[] = {"easy", "plain", "lowered"};
  static constexpr char const* name = "magface";
  static constexpr Initial initial = Initial::unit;
  double scale = 64;
  double margin = 0.45, largest_margin = 0.8;  ///< l_m, u_m
  double shortest = 10, longest = 110;         ///< l_a, u_a
  double penalty = 35;                         ///< lambda
  Form form = Form::easy;
  double plain_margin = 0;  ///< m_am of the plain form; no key of HeadSettings

  template <class T>
  BERL_FN NormTarget<T> target(Own<T> const& own, T const*) const {
    using std::cos, std::sin;
    T const s = static_cast<T>(scale), g = own.g, low = static_cast<T>(shortest), high = static_cast<T>(longest);
    T const a = own.norm < low ? low : own.norm > high ? high : own.norm;
    bool const inside = own.norm >= low && own.norm <= high;
    T const rise = static_cast<T>((largest_margin - margin) / (longest - shortest)), m = static_cast<T>(margin) + rise * (a - low);
    T const per_norm = inside ? rise : T(0), lambda = static_cast<T>(penalty);
    T const term = lambda * (a / (high * high) + 1 / a), term_slope = inside ? lambda * (1 / (high * high) - 1 / (a * a)) : T(0);
    AddedAngle<T> const added(g, m);
    T const end = form == Form::easy ? T(0) : cos(static_cast<T>(std::numbers::pi_v<double>) - m);
    if (!(g <= end)) return {s * added.value, s * added.slope, added.value, s * added.by_angle * per_norm, term, term_slope};
    if (form == Form::lowered)  // pi - M has the sine of M
      return {s * (g - m * sin(m)), s, added.value, -s * (sin(m) + m * cos(m)) * per_norm, term, term_slope};
    return {s * (g - (form == Form::plain ? static_cast<T>(plain_margin) : T(0))), s, added.value, T(0), term, term_slope};
  }
};
static_assert(MarginHead<MagFace>);
}  // namespace berl::losses
