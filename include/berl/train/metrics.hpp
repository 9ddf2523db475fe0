#pragma once
#include <unistd.h>  // isatty

#include <berl/core/error.hpp>      // Error
#include <berl/io/atomic_file.hpp>  // write_file
#include <berl/io/json.hpp>         // parse_json

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>  // ordered_json
#include <string>

namespace berl::train {
/// metrics.jsonl: one object a line for each logged step. In memory alone where there is no folder.
class Metrics {
 public:
  explicit Metrics(std::filesystem::path const& folder) : path_(folder.empty() ? folder : folder / "metrics.jsonl") {}

  /// Cuts off what was written after that step, for these steps come again; and what follows a line that is no such object.
  void begin(long step) {
    if (path_.empty()) return;
    std::ifstream in(path_);
    std::string kept;
    for (std::string line; step > 0 && std::getline(in, line);) {
      auto const record = io::parse_json<nlohmann::ordered_json>(line);
      if (!record.is_object() || !record.contains("stage") || !record["stage"].is_string() || !record.contains("step") ||
          !record["step"].is_number() || record["step"] > step)
        break;
      kept += line + "\n";
      last_[record["stage"]] = record;
    }
    in.close();
    io::write_file(path_, kept);
    out_.open(path_, std::ios::app);
  }
  /// False where it could not be written.
  bool add(nlohmann::ordered_json const& record) {
    last_[record["stage"]] = record;
    if (path_.empty()) return true;
    out_.clear();
    out_ << record.dump() << std::endl;  // a line that is whole even if the program is killed next
    return out_.good();
  }
  /// The newest record of a stage, or null.
  nlohmann::ordered_json const& last(std::string const& stage) { return last_[stage]; }

 private:
  std::filesystem::path path_;
  std::ofstream out_;
  std::map<std::string, nlohmann::ordered_json> last_;
};

/// What a person at the terminal reads: one line of progress, written over and over, and messages that stay. In a file every line stays.
class Console {
 public:
  explicit Console(std::FILE* to) : to_(to), over_(to != nullptr && ::isatty(::fileno(to)) == 1) {}
  ~Console() { end(); }
  Console(Console const&) = delete;
  Console& operator=(Console const&) = delete;

  void progress(std::string const& line) {
    if (to_ == nullptr) return;
    std::fprintf(to_, over_ ? "\r\033[K%s" : "%s\n", line.c_str());
    std::fflush(to_);
    open_ = over_;
  }
  void say(std::string const& line) {
    if (to_ == nullptr) return;
    end();
    std::fprintf(to_, "%s\n", line.c_str());
    std::fflush(to_);
  }
  void end() {
    if (open_) std::fputc('\n', to_);
    open_ = false;
  }

 private:
  std::FILE* to_;
  bool over_, open_ = false;
};
}  // namespace berl::train
