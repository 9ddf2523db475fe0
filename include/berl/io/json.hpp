#pragma once
#include <berl/core/error.hpp>  // excerpt

#include <algorithm>          // min
#include <nlohmann/json.hpp>  // json, json_sax
#include <string>
#include <string_view>
#include <unordered_set>

/// JSON as files have it. What somebody else wrote may be nested without end, and nlohmann's copies and dump() go as deep into the stack:
/// so its depth is bounded, and only excerpts of it become messages.
namespace berl::io {
/// JSON as text, in one line or indented by so many blanks. What is no UTF-8 in it becomes U+FFFD: a path or a name that a user gives may
/// be any bytes, and nothing that was computed is to be lost for that.
template <class Json>
std::string json_text(Json const& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// A foreign value as part of a message: of a list the first eight entries, of what is nested only the brackets.
inline std::string shown(nlohmann::json const& value) {
  auto const inner = [](nlohmann::json const& v) { return v.is_array() ? "[...]" : v.is_object() ? "{...}" : excerpt(v.dump()); };
  if (!value.is_array()) return inner(value);
  std::string text = "[";
  for (std::size_t k = 0; k < std::min<std::size_t>(value.size(), 8); ++k) {
    if (k > 0) text += ',';
    text += inner(value[k]);
  }
  text += value.size() > 8 ? ",...]" : "]";
  return text;
}

inline constexpr std::size_t most_nested = 64;  ///< lists and objects within each other; berl's own files have at most 5

namespace detail {
/// Goes through a text without keeping it, and stops where something is wrong with it.
class JsonCheck : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::string problem;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, string_t const&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return enter(); }
  bool key(string_t& name) override {
    if (depth_ > 1 || names_.insert(name).second) return true;
    problem = "the name '" + excerpt(name) + "' twice";
    return false;
  }
  bool end_object() override { return --depth_, true; }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return --depth_, true; }
  bool parse_error(std::size_t, std::string const&, nlohmann::json::exception const& e) override {
    problem = "text that is not JSON (" + excerpt(e.what(), 200) + ")";
    return false;
  }

 private:
  bool enter() {
    if (++depth_ <= most_nested) return true;
    problem = "JSON nested deeper than " + std::to_string(most_nested);
    return false;
  }
  std::size_t depth_ = 0;
  std::unordered_set<std::string> names_;
};
}  // namespace detail

/// The value of a foreign text; a discarded one, and in `problem` what was found, where it is no JSON, is nested deeper than 64 or has a
/// name twice in its outermost object.
template <class Json = nlohmann::json>
Json parse_json(std::string_view text, std::string* problem = nullptr) {
  detail::JsonCheck check;
  if (nlohmann::json::sax_parse(text, &check)) return Json::parse(text, nullptr, false);
  if (problem != nullptr) *problem = check.problem;
  return Json(nlohmann::detail::value_t::discarded);
}
}  // namespace berl::io
