#pragma once
#include <berl/eval/roc_plot.hpp>  // RocCurve, roc_svg, roc_picture
#include <berl/io/image.hpp>       // write_png, write_file
#include <berl/io/json.hpp>        // json_text

#include <fmt/core.h>
#include <cmath>  // isnan
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// What a protocol says in the end: tables in the layout of the paper's, with its rows beside ours, and ROC curves.
namespace evaluate {
inline constexpr double not_given = std::numeric_limits<double>::quiet_NaN();

struct Row {
  std::string name;
  std::vector<double> values;           ///< one for each column; fewer, or not_given, where the paper says nothing
  std::vector<double> deviations = {};  ///< of each value, where several runs were made
};
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<Row> paper, ours;
};

class Report {
 public:
  explicit Report(std::string protocol) : json_{{"protocol", std::move(protocol)}} {}

  void add(Table table) { tables_.push_back(std::move(table)); }
  void add(berl::eval::RocCurve curve) { curves_.push_back(std::move(curve)); }
  /// Any other thing that is to be in results.json.
  nlohmann::json& operator[](char const* key) { return json_[key]; }
  /// A line below the tables.
  void note(std::string line) { notes_.push_back(std::move(line)); }

  void print() const {
    for (Table const& table : tables_) {
      std::size_t name = 6;
      for (auto const* const rows : {&table.paper, &table.ours})
        for (Row const& row : *rows) name = std::max(name, row.name.size());
      fmt::print("{}\n{:<{}}", table.title, "", name);
      for (std::size_t k = 0; k < table.columns.size(); ++k) fmt::print("  {:>{}}", table.columns[k], width(table, k));
      fmt::print("\n");
      for (auto const* const rows : {&table.paper, &table.ours})
        for (Row const& row : *rows) {
          fmt::print("{:<{}}", row.name, name);
          for (std::size_t k = 0; k < table.columns.size(); ++k) {
            fmt::print("  {:>{}}", text(row, k), width(table, k));
          }
          fmt::print("\n");
        }
      fmt::print("\n");
    }
    for (auto const& note : notes_) fmt::print("{}\n", note);
  }

  /// DIR/results.json, DIR/results.csv and, where there are curves, DIR/roc.svg and DIR/roc.png.
  void write(std::filesystem::path const& folder) const {
    namespace io = berl::io;
    std::filesystem::create_directories(folder);
    auto json = json_;
    std::string csv = "table,source,row,column,value\n";
    json["tables"] = nlohmann::json::array();
    json["notes"] = notes_;
    for (Table const& table : tables_) {
      nlohmann::json t{{"title", table.title}, {"columns", table.columns}};
      for (auto const& [source, rows] : {std::pair{"paper", &table.paper}, std::pair{"ours", &table.ours}}) {
        t[source] = nlohmann::json::array();
        for (Row const& row : *rows) {
          nlohmann::json values = nlohmann::json::array();
          for (std::size_t k = 0; k < table.columns.size(); ++k) {
            double const v = k < row.values.size() ? row.values[k] : not_given;
            values.push_back(std::isnan(v) ? nlohmann::json() : nlohmann::json(v));
            if (!std::isnan(v))
              csv += fmt::format("{},{},{},{},{}\n", quoted(table.title), source, quoted(row.name), quoted(table.columns[k]), v);
          }
          t[source].push_back({{"name", row.name}, {"values", values}});
          if (!row.deviations.empty()) t[source].back()["deviations"] = row.deviations;
        }
      }
      json["tables"].push_back(std::move(t));
    }
    for (auto const& curve : curves_)
      if (!curve.marks) json["roc"][curve.name] = thinned(curve.points);
    io::write_file(folder / "results.json", io::json_text(json, 1) + "\n");
    io::write_file(folder / "results.csv", csv);
    if (curves_.empty()) return;
    auto const title = json_.value("title", json_.value("protocol", ""));
    io::write_file(folder / "roc.svg", berl::eval::roc_svg(curves_, title));
    io::write_png(folder / "roc.png", berl::eval::roc_picture(curves_, title));
  }

 private:
  static std::string text(Row const& row, std::size_t k) {
    double const v = k < row.values.size() ? row.values[k] : not_given;
    if (std::isnan(v)) return "-";
    return k < row.deviations.size() ? fmt::format("{:.2f} ± {:.2f}", v, row.deviations[k]) : fmt::format("{:.2f}", v);
  }
  static std::size_t width(Table const& table, std::size_t k) {
    std::size_t most = std::max<std::size_t>(7, table.columns[k].size());
    for (Row const& row : table.ours)
      if (k < row.deviations.size()) most = std::max<std::size_t>(most, text(row, k).size() - 1);  // ± is two bytes
    return most;
  }
  /// A field of a CSV: in quotes where it holds a comma or a quote.
  static std::string quoted(std::string const& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string field = "\"";
    for (char const c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
    return field + "\"";
  }
  /// Some thousands of points of a curve of millions: those that differ by a hundredth in the FAR or 0.05 % in the TAR.
  static nlohmann::json thinned(std::span<berl::eval::RocPoint const> points) {
    nlohmann::json kept = nlohmann::json::array();
    berl::eval::RocPoint last{-1, -1};
    for (auto const& p : points)
      if (p.far > 1.01 * last.far || p.tar - last.tar > 0.0005 || &p == &points.back()) kept.push_back({p.far, p.tar}), last = p;
    return kept;
  }

  nlohmann::json json_;
  std::vector<Table> tables_;
  std::vector<berl::eval::RocCurve> curves_;
  std::vector<std::string> notes_;
};
}  // namespace evaluate
