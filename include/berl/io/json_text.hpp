#pragma once
#include <nlohmann/json.hpp>  // json, ordered_json
#include <string>

namespace berl::io {
/// JSON as text, in one line or indented by so many blanks. What is no UTF-8 in it becomes U+FFFD: a path or a name that a user gives may
/// be any bytes, and nothing that was computed is to be lost for that.
template <class Json>
std::string json_text(Json const& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}
}  // namespace berl::io
