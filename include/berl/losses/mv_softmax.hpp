#pragma once
#include <berl/core/config.hpp>      // BERL_FN
#include <berl/losses/arc_face.hpp>  // AddedAngle

namespace berl::losses {
/// The other classes of MV-Softmax (wang2020, Eq. 8): those nearer than the own class with its margin, h, count more.
///   z_ij = s c_ij where c_ij <= h_i, else s (t c_ij + t - 1); in the fixed form s (c_ij + t - 1); which are hard is constant
struct MisclassifiedVectors {
  enum class Form { adaptive, fixed };
  static constexpr char const* forms[] = {"adaptive", "fixed"};
  double scale, hardness;
  Form form;

  template <class T>
  BERL_FN constexpr T logit(T c, T h, T) const {
    T const t = static_cast<T>(hardness), factor = form == Form::adaptive ? t : T(1);
    return static_cast<T>(scale) * (c > h ? factor * c + t - 1 : c);
  }
  template <class T>
  BERL_FN constexpr T slope(T c, T h, T) const {
    return static_cast<T>(scale) * (c > h && form == Form::adaptive ? static_cast<T>(hardness) : T(1));
  }
};

/// MV-AM-Softmax: z_iy = s (g - m) where g > m, else s g;  h = g - m
struct MvAmSoftmax {
  static constexpr char const* name = "mv-am-softmax";
  static constexpr auto& forms = MisclassifiedVectors::forms;
  static constexpr Initial initial = Initial::unit;
  double scale = 32;
  double margin = 0.35;
  double hardness = 1.12;  ///< t
  MisclassifiedVectors::Form form = MisclassifiedVectors::Form::adaptive;

  template <class T>
  BERL_FN constexpr Target<T> target(T g) const {
    T const s = static_cast<T>(scale), m = static_cast<T>(margin);
    return {s * (g > m ? g - m : g), s, g - m};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T h, T t) const {
    return MisclassifiedVectors{scale, hardness, form}.logit(c, h, t);
  }
  template <class T>
  BERL_FN constexpr T slope(T c, T h, T t) const {
    return MisclassifiedVectors{scale, hardness, form}.slope(c, h, t);
  }
};
static_assert(MarginHead<MvAmSoftmax>);

/// MV-Arc-Softmax: z_iy = s cos(theta + m) where g > 0, else s g;  h = cos(theta + m)
struct MvArcSoftmax {
  static constexpr char const* name = "mv-arc-softmax";
  static constexpr auto& forms = MisclassifiedVectors::forms;
  static constexpr Initial initial = Initial::unit;
  double scale = 32;
  double margin = 0.35;
  double hardness = 1.12;  ///< t
  MisclassifiedVectors::Form form = MisclassifiedVectors::Form::adaptive;

  template <class T>
  BERL_FN Target<T> target(T g) const {
    T const s = static_cast<T>(scale);
    AddedAngle<T> const a(g, static_cast<T>(margin));
    return {s * (g <= 0 ? g : a.value), s * (g <= 0 ? T(1) : a.slope), a.value};
  }
  template <class T>
  BERL_FN constexpr T logit(T c, T h, T t) const {
    return MisclassifiedVectors{scale, hardness, form}.logit(c, h, t);
  }
  template <class T>
  BERL_FN constexpr T slope(T c, T h, T t) const {
    return MisclassifiedVectors{scale, hardness, form}.slope(c, h, t);
  }
};
static_assert(MarginHead<MvArcSoftmax>);
}  // namespace berl::losses
