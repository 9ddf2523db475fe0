#pragma once
#include <berl/core/error.hpp>  // Error
#include <berl/losses/ada_cos.hpp>
#include <berl/losses/ada_face.hpp>
#include <berl/losses/adaptive_face.hpp>
#include <berl/losses/am_softmax.hpp>
#include <berl/losses/arc_face.hpp>
#include <berl/losses/arc_face_clamped.hpp>
#include <berl/losses/arc_face_facex.hpp>
#include <berl/losses/arc_face_straight.hpp>
#include <berl/losses/arc_neg_face.hpp>
#include <berl/losses/circle_loss.hpp>
#include <berl/losses/combined_margin.hpp>
#include <berl/losses/cos_face.hpp>
#include <berl/losses/curricular_face.hpp>
#include <berl/losses/mag_face.hpp>
#include <berl/losses/mv_softmax.hpp>
#include <berl/losses/norm_face.hpp>
#include <berl/losses/npc_face.hpp>
#include <berl/losses/softmax.hpp>
#include <berl/losses/sphere_face.hpp>

#include <algorithm>  // find
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// All heads of the library, by name, with the forms and the constants that a user may set. Includes none of the pass.
namespace berl::losses {
/// Calls f(head) with each head, its form and its constants as published.
template <class F>
constexpr void for_each_head(F&& f) {
  f(CurricularFace{}), f(ArcFace{}), f(ArcFaceFacex{}), f(ArcFaceStraight{}), f(ArcFaceClamped{}), f(CosFace{}), f(AmSoftmax{}),
      f(CombinedMargin{}), f(SphereFace{}), f(SphereFaceStraight{}), f(NormFace{}), f(Softmax{}), f(AdaCos{}), f(AdaCosFixed{}),
      f(AdaptiveFace{}), f(MagFace{}), f(AdaFace{}), f(MvAmSoftmax{}), f(MvArcSoftmax{}), f(NpcFace{}), f(ArcNegFace{}), f(CircleLoss{});
}

/// A constant that a user may set, and what it may be.
struct HeadConstant {
  char const *name, *what;
  double low, high;
};
inline constexpr HeadConstant head_constants[] = {
    {"scale", "s, or gamma of circleloss; of sphereface 0 for the embedding's length", 1e-6, 1e300},
    {"margin", "m: radians or a cosine; of sphereface a factor of the angle; the least of magface", 0, 3.14159},
    {"angle_factor", "m1 of combined", 1e-6, 8},
    {"cosine_margin", "m3 of combined; what arcface-facex takes away beyond theta + m = pi", 0, 2},
    {"largest_margin", "of magface, radians", 0, 3.14159},
    {"hardness", "factor of hard classes: mv-am-softmax, mv-arc-softmax, npcface, arcnegface", 0, 1e300},
    {"penalty", "weight of the term that magface or adaptiveface adds to the loss", 0, 1e300},
    {"shortest", "length of an embedding that has the least margin of magface", 1e-6, 1e300},
    {"longest", "length of an embedding that has the largest", 1e-6, 1e300},
    {"concentration", "h of adaface: how far a length moves the margin", 0, 1e6},
    {"momentum", "what a batch weighs in the running t of curricularface, mean and deviation of adaface", 0, 1},
    {"first_lambda", "of sphereface: lambda is this / (1 + 0.1 step)", 0, 1e300},
    {"least_lambda", "of sphereface: but never less than this", 0, 1e300},
};
/// Where a head has each of them; null where it has not.
template <class H>
constexpr std::array<double*, std::size(head_constants)> constants_of(H& head) {
  auto const at = [&](auto get) -> double* {
    if constexpr (requires { get(head); })
      return &get(head);
    else
      return nullptr;
  };
  return {at([](auto& h) -> decltype((h.scale)) { return h.scale; }),
          at([](auto& h) -> decltype((h.margin)) { return h.margin; }),
          at([](auto& h) -> decltype((h.angle_factor)) { return h.angle_factor; }),
          at([](auto& h) -> decltype((h.cosine_margin)) { return h.cosine_margin; }),
          at([](auto& h) -> decltype((h.largest_margin)) { return h.largest_margin; }),
          at([](auto& h) -> decltype((h.hardness)) { return h.hardness; }),
          at([](auto& h) -> decltype((h.penalty)) { return h.penalty; }),
          at([](auto& h) -> decltype((h.shortest)) { return h.shortest; }),
          at([](auto& h) -> decltype((h.longest)) { return h.longest; }),
          at([](auto& h) -> decltype((h.concentration)) { return h.concentration; }),
          at([](auto& h) -> decltype((h.momentum)) { return h.momentum; }),
          at([](auto& h) -> decltype((h.first_lambda)) { return h.first_lambda; }),
          at([](auto& h) -> decltype((h.least_lambda)) { return h.least_lambda; })};
}

/// Which head, and its constants; what is not given is as published.
struct HeadSettings {
  std::string kind = CurricularFace::name;
  std::string form = "auto";  ///< of a head that was published in several
  std::optional<double> constants[std::size(head_constants)] = {};

  /// By its name.
  ///   errors  Error: no such constant
  std::optional<double>& operator[](std::string_view name) {
    std::string names;
    for (std::size_t k = 0; k < std::size(head_constants); ++k) {
      if (head_constants[k].name == name) return constants[k];
      names += (k > 0 ? ", " : "") + std::string(head_constants[k].name);
    }
    throw Error("berl::losses::HeadSettings", "'" + std::string(name) + "'", "one of " + names, "Choose one of them.");
  }
};

/// A head as a line of a table.
struct HeadKind {
  HeadLayout layout;
  bool affine, multiplies;                                     // has no cosines; its margin is a factor of the angle
  std::optional<double> published[std::size(head_constants)];  // none where it has not
  std::span<char const* const> forms;                          // empty where there is one only; otherwise the first is the usual one

  /// The number of a form, if it has it.
  std::optional<std::size_t> form(std::string_view name) const {
    auto const found = name == "auto" ? forms.begin() : std::find(forms.begin(), forms.end(), name);
    return found == forms.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - forms.begin()));
  }
};
template <class H>
constexpr HeadKind kind_of(H head) {
  HeadKind kind{layout_of(head), is_affine<H>, std::same_as<H, SphereFace> || std::same_as<H, SphereFaceStraight>, {}, {}};
  auto const constants = constants_of(head);
  for (std::size_t k = 0; k < constants.size(); ++k)
    if (constants[k] != nullptr) kind.published[k] = *constants[k];
  if constexpr (requires { H::forms; }) kind.forms = H::forms;
  return kind;
}
inline constexpr auto head_kinds = [] {
  std::array<HeadKind, 22> kinds{};
  std::size_t n = 0;
  for_each_head([&](auto head) { kinds[n++] = kind_of(head); });
  return kinds;
}();

namespace detail {
inline std::string text(double x) {
  std::string s = std::to_string(x);
  s.erase(s.find_last_not_of('0') + 1);
  if (s.back() == '.') s.pop_back();
  return s;
}
}  // namespace detail

/// The line of the head that is meant.
///   errors  Error: no such head
inline HeadKind const& head_kind(std::string_view name) {
  std::string names;
  for (HeadKind const& kind : head_kinds) {
    if (name == kind.layout.name) return kind;
    names += (names.empty() ? "" : ", ") + std::string(kind.layout.name);
  }
  throw Error("setting head.kind", "'" + std::string(name) + "'", "one of " + names, "Choose one of them.");
}
/// errors  Error: a form or a constant that the head has not, or out of its range
inline void check(HeadSettings const& settings, HeadKind const& kind) {
  if (settings.form != "auto" && !kind.form(settings.form)) {
    std::string forms = "auto";
    for (auto const* const form : kind.forms) forms += std::string(", ") + form;
    throw Error("setting head.form", "'" + settings.form + "'", forms,
                "These are the forms of the head " + std::string(kind.layout.name) + ".");
  }
  for (std::size_t k = 0; k < std::size(head_constants); ++k) {
    if (!settings.constants[k]) continue;
    auto [name, what, low, high] = head_constants[k];
    double const value = *settings.constants[k];
    std::string const where = std::string("setting head.") + name;
    if (!kind.published[k])
      throw Error(where, detail::text(value), "auto", "The head " + std::string(kind.layout.name) + " has no such constant.");
    if (kind.multiplies && std::string_view(name) == "margin") low = 1, high = 8;
    if (kind.published[k] == 0.0) low = 0;
    if (!(value >= low && value <= high))
      throw Error(where, detail::text(value), detail::text(low) + (high < 1e300 ? " to " + detail::text(high) : " or more"),
                  "auto is as published.");
  }
  HeadSettings all = settings;
  for (std::size_t k = 0; k < std::size(head_constants); ++k)
    if (!all.constants[k]) all.constants[k] = kind.published[k];
  auto const rises = [&](char const* from, char const* to) {
    if (all[to] && !(*all[from] < *all[to]))
      throw Error(std::string("setting head.") + to, detail::text(*all[to]),
                  std::string("more than head.") + from + ", " + detail::text(*all[from]), "Change either.");
  };
  rises("margin", "largest_margin"), rises("shortest", "longest");
}

/// A head of type H with the form and the constants that are given.
///   errors  Error: as check()
template <class H>
H configured(HeadSettings const& settings, H head = {}) {
  check(settings, kind_of(head));
  auto const constants = constants_of(head);
  for (std::size_t k = 0; k < constants.size(); ++k)
    if (settings.constants[k]) *constants[k] = *settings.constants[k];
  if constexpr (requires { H::forms; })
    if (settings.form != "auto") head.form = static_cast<decltype(head.form)>(*kind_of(head).form(settings.form));
  return head;
}
/// Calls f(head) with the head that is meant, its form and its constants set.
///   errors  Error: no such head; as check()
template <class F>
void with_head(HeadSettings const& settings, F&& f) {
  std::string_view const name = head_kind(settings.kind).layout.name;
  for_each_head([&](auto const& head) {
    if (name == head.name) f(configured(settings, head));
  });
}
}  // namespace berl::losses
