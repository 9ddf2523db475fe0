#pragma once
#include <berl/core/error.hpp>    // Error
#include <berl/data/lines.hpp>    // Lines
#include <berl/train/config.hpp>  // set

#include <toml++/toml.h>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// A table in a table is read and destroyed by recursion, and toml++ bounds only that of values: so a line may open 32 levels. All
/// settings of `imaging` in one line are 19 points and brackets.
///   errors  berl::Error: more points and brackets outside of texts and comments; a text that may go on in the next line
inline void check_line(std::string_view line, std::string const& where) {
  constexpr int most = 32;
  int levels = 0;
  for (std::size_t i = 0; i < line.size() && line[i] != '#'; ++i) {
    char const c = line[i];
    if (c == '.' || c == '[' || c == '{') ++levels;
    if (c != '"' && c != '\'') continue;
    if (line.substr(i, 3) == std::string(3, c))
      throw berl::Error(where, "a text of several lines", "a text of one line", "Write it between two quotation marks.");
    for (++i; i < line.size() && line[i] != c; ++i)
      if (c == '"' && line[i] == '\\') ++i;
  }
  if (levels > most)
    throw berl::Error(where, std::to_string(levels) + " points and brackets", "at most " + std::to_string(most),
                      "A setting is one line, as in: stage1.steps = 1000.");
}
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
///   errors  berl::Error with file and line: no TOML, a line that check_line refuses, a key or a value that train::set refuses
inline void read_config(berl::train::Config& config, std::string const& file) {
  std::string text;
  int at = 1;
  for (berl::data::Lines lines(file, "TOML, as in: stage1.steps = 1000"); lines.next();) {
    check_line(lines.text(), lines.where());
    for (; at < lines.line(); ++at) text += '\n';
    text += lines.text();
  }
  try {
    set_all(config, toml::parse(text, file), "", file);
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
