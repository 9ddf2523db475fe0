#pragma once
#include <berl/core/error.hpp>    // Error
#include <berl/train/config.hpp>  // set

#include <toml++/toml.h>
#include <string>
#include <vector>

/// [stage1] steps = 10 is the key stage1.steps.
inline void set_all(berl::train::Config& config, toml::table const& table, std::string const& prefix, std::string const& file) {
  for (auto const& [name, node] : table) {
    std::string const key = prefix + std::string(name.str());
    std::string const where = file + ", line " + std::to_string(node.source().begin.line);
    if (auto const* const inner = node.as_table())
      set_all(config, *inner, key + ".", file);
    else if (auto const text = node.value_exact<std::string>())
      berl::train::set(config, key, *text, where);
    else if (auto const whole = node.value_exact<std::int64_t>())
      berl::train::set(config, key, std::to_string(*whole), where);
    else if (auto const number = node.value_exact<double>())
      berl::train::set(config, key, berl::io::to_text(*number), where);
    else if (auto const yes = node.value_exact<bool>())
      berl::train::set(config, key, *yes ? "true" : "false", where);
    else
      throw berl::Error(where + ": " + key, "a list or a date", "a number, a text, true or false", "Give one value.");
  }
}
/// The keys of a TOML file.
///   errors  berl::Error with file and line: no TOML, a key or a value that train::set refuses
inline void read_config(berl::train::Config& config, std::string const& file) {
  try {
    set_all(config, toml::parse_file(file), "", file);
  } catch (toml::parse_error const& e) {
    throw berl::Error(file + ", line " + std::to_string(e.source().begin.line), std::string(e.description()),
                      "TOML, as in: stage1.steps = 1000", "Correct the line, or the path of the file.");
  }
}
/// The keys of a file, where one is given, and over it settings key=value of the command line.
///   errors  berl::Error: those of read_config; a setting that train::set refuses
inline void read_settings(berl::train::Config& config, std::string const& file, std::vector<std::string> const& settings) {
  if (!file.empty()) read_config(config, file);
  for (std::string const& setting : settings) {
    auto const equals = setting.find('=');
    if (equals == std::string::npos) throw berl::Error("--set", "'" + setting + "'", "key=value", "Write, say, --set stage1.steps=1000.");
    berl::train::set(config, setting.substr(0, equals), setting.substr(equals + 1), "--set");
  }
}
