#pragma once
#include <berl/core/error.hpp>        // Error
#include <berl/imaging/settings.hpp>  // Settings

#include <charconv>  // from_chars, to_chars
#include <cmath>     // isfinite
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>  // errc

namespace berl::data {
enum class Resize;  // data/resize.hpp
}

/// Settings as text, for configuration files, messages and the metadata of checkpoints.
namespace berl::io {
/// The names of an enumeration's values, in their order.
template <class E>
inline constexpr std::span<char const* const> names_of{};
namespace detail {
inline constexpr char const* raster_offsets[] = {"reference", "centred"};
inline constexpr char const* rotation_centres[] = {"face", "none"};
inline constexpr char const* alignments[] = {"corners", "edges"};
inline constexpr char const* paddings[] = {"zeros", "border"};
inline constexpr char const* resizes[] = {"bilinear", "triangle", "area"};
}  // namespace detail
template <>
inline constexpr std::span<char const* const> names_of<imaging::RasterOffset>{detail::raster_offsets};
template <>
inline constexpr std::span<char const* const> names_of<imaging::RotationCentre>{detail::rotation_centres};
template <>
inline constexpr std::span<char const* const> names_of<imaging::Alignment>{detail::alignments};
template <>
inline constexpr std::span<char const* const> names_of<imaging::Padding>{detail::paddings};
template <>
inline constexpr std::span<char const* const> names_of<data::Resize>{detail::resizes};

/// The shortest text that reads back as the same value; of an optional without a value, "auto".
template <class V>
std::string to_text(V const& value) {
  if constexpr (requires { value.has_value(); }) {
    return value ? io::to_text(*value) : "auto";
  } else if constexpr (std::is_same_v<V, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<V>) {
    return names_of<V>[static_cast<std::size_t>(value)];
  } else if constexpr (std::is_arithmetic_v<V>) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
  } else {
    return std::string(value);
  }
}

/// What a text must be to become a V.
template <class V>
std::string expected_text() {
  if constexpr (requires(V v) { v.has_value(); }) {
    return expected_text<typename V::value_type>() + ", or auto";
  } else if constexpr (std::is_same_v<V, bool>) {
    return "true or false";
  } else if constexpr (std::is_enum_v<V>) {
    std::string all;
    for (char const* const name : names_of<V>) all += (all.empty() ? "" : ", ") + std::string(name);
    return "one of " + all;
  } else if constexpr (std::is_unsigned_v<V>) {
    return "a whole number, not negative";
  } else if constexpr (std::is_integral_v<V>) {
    return "a whole number";
  } else if constexpr (std::is_arithmetic_v<V>) {
    return "a number";
  } else {
    return "a text";
  }
}

/// False, and the value as it was, where the text is no V.
template <class V>
[[nodiscard]] bool from_text(std::string_view text, V& value) {
  if constexpr (requires { value.has_value(); }) {
    typename V::value_type given{};
    if (text == "auto") return value.reset(), true;
    if (!io::from_text(text, given)) return false;
    value = given;
    return true;
  } else if constexpr (std::is_same_v<V, bool>) {
    if (text != "true" && text != "false") return false;
    value = text == "true";
    return true;
  } else if constexpr (std::is_enum_v<V>) {
    for (std::size_t i = 0; i < names_of<V>.size(); ++i)
      if (text == names_of<V>[i]) return value = static_cast<V>(i), true;
    return false;
  } else if constexpr (std::is_arithmetic_v<V>) {
    V given{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), given);
    if (error != std::errc() || end != text.data() + text.size()) return false;
    if constexpr (std::is_floating_point_v<V>)
      if (!std::isfinite(given)) return false;
    value = given;
    return true;
  } else {
    value = std::string(text);
    return true;
  }
}

/// Calls f(name, value, what it is) for each setting of the imaging model.
template <class S, class F>
  requires std::same_as<std::remove_const_t<S>, imaging::Settings>
void visit_settings(S& s, F&& f) {
  f("field_of_view", s.field_of_view, "degrees between the centres of the first and the last pixel");
  f("depth_min", s.depth_min, "nearest canonical depth; 1 is the distance from the camera to the face");
  f("depth_max", s.depth_max, "farthest canonical depth");
  f("bounded_depth", s.bounded_depth, "depth through tanh");
  f("border", s.border, "the two outermost columns on either side lie at the back");
  f("rotation_range", s.rotation_range, "largest angle of the viewpoint, degrees");
  f("translation_range", s.translation_range, "largest shift to the side");
  f("z_translation_range", s.z_translation_range, "largest shift in depth");
  f("rotation_centre", s.rotation_centre, "face, or none as Eq. 2 is written");
  f("ambient_min", s.ambient_min, "weakest ambient light");
  f("ambient_max", s.ambient_max, "strongest ambient light");
  f("diffuse_min", s.diffuse_min, "weakest diffuse light");
  f("diffuse_max", s.diffuse_max, "strongest diffuse light");
  f("normal_epsilon", s.normal_epsilon, "shortens normals by 0.3 % as published; 0 makes them unit vectors");
  f("supersampling", s.supersampling, "samples of the raster per pixel and axis");
  f("raster_offset", s.raster_offset, "reference, or centred on the pixels");
  f("alignment", s.alignment, "what -1 and 1 mean for the sampler: corners or edges");
  f("padding", s.padding, "what lies outside the canonical image: zeros or border");
}
}  // namespace berl::io
