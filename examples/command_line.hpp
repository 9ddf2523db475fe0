#pragma once
#include <berl/core/error.hpp>        // Error
#include <berl/train/not_finite.hpp>  // NotFinite

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <algorithm>   // max
#include <filesystem>  // filesystem_error
#include <memory>      // unique_ptr
#include <new>         // bad_alloc
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "device.hpp"            // DeviceOptions
#include "networks/network.hpp"  // open_network

/// Of a program that takes what a network gave before in place of the network: what it is called, and what it is.
struct Instead {
  std::string option, text;
};
/// Of a program that may run a network, or none at all.
struct OptionalModel {};
struct WithoutModel {};
/// Of a program that reads the file of a network, and runs nothing.
struct ModelFile {};

/// The command line of a program that runs a network: --model first, --threads, --device and --precision
/// last, and what programs share in between.
class CommandLine : public CLI::App {
 public:
  CommandLine(std::string const& program, std::string const& text) : App(text, program) { add_model()->required(); }
  CommandLine(std::string const& program, std::string const& text, Instead const& other) : App(text, program), instead_(other.option) {
    add_model();
    add_option(other.option, file_, "instead of a model: " + other.text);
  }
  CommandLine(std::string const& program, std::string const& text, OptionalModel) : App(text, program) { add_model(); }
  CommandLine(std::string const& program, std::string const& text, ModelFile) : App(text, program), runs_(false) {
    add_model()->required();
  }
  CommandLine(std::string const& program, std::string const& text, WithoutModel) : App(text, program), runs_(false) {}
  void add_pictures(std::vector<std::string>& arguments) {
    add_option("pictures", arguments, "pictures of aligned faces, PNG or JPEG, or folders of them")->required();
  }
  void add_landmarks(std::string& list, std::string const& paths = "relative to the folder given, or as given") {
    add_option("--landmarks", list,
               "a list path,x1,y1,...,x5,y5 of both eyes, nose and both corners of the mouth, in pixels: pictures\n"
               "that are not 112 x 112 are aligned by it; paths are " +
                   paths);
  }
  void add_flip(bool& flip) { add_flag("--flip", flip, "add the embedding of the mirrored picture"); }

  /// The exit code, where the program ends here: help was asked for, or something given cannot be used.
  ///   errors  as DeviceOptions::gpu
  std::optional<int> read(int argc, char** argv) {
    if (runs_) {
      add_option("--threads", threads_, "threads; the results are the same for any number")->check(CLI::Range(1, 1024));
      device_.add_to(*this);
    }
    try {
      parse(argc, argv);
      if (!instead_.empty() && model_.empty() == file_.empty())
        throw CLI::ValidationError("--model, " + instead_, "one of the two is required, and not both");
    } catch (CLI::ParseError const& e) {
      return exit(e) == 0 ? 0 : 2;
    }
    gpu_ = device_.gpu();
    return std::nullopt;
  }
  std::string const& model() const { return model_; }
  /// The file given instead of a model, or empty.
  std::string const& file() const { return file_; }
  int threads() const { return threads_; }
  /// errors  as open_network
  std::unique_ptr<Network> open() const { return open_network(model_, threads_, gpu_); }

 private:
  CLI::Option* add_model() {
    return add_option("--model", model_,
                      "a model.safetensors of `train`; or a backbone, .safetensors or .pth, by the names of InsightFace's\n"
                      "iresnet or of CurricularFace's IR networks");
  }

  std::string instead_, model_, file_;
  bool runs_ = true;
  int threads_ = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  DeviceOptions device_;
  std::optional<Gpu> gpu_;
};

/// Runs a program's body; what the caller got wrong is one message on stderr and exit code 2, a loss that was not finite one and code 3.
/// `less` says what needs less memory.
template <class Body>
int run_program(char const* name, Body const& body, char const* less = "give fewer pictures at a time") {
  try {
    return body();
  } catch (berl::Error const& e) {
    fmt::print(stderr, "{}: {}\n", name, e.what());
  } catch (std::filesystem::filesystem_error const& e) {
    fmt::print(stderr, "{}: {}\n", name, e.what());
  } catch (std::bad_alloc const&) {
    fmt::print(stderr, "{}: not enough memory; {}.\n", name, less);
  } catch (berl::train::NotFinite const& e) {
    fmt::print(stderr, "{}: {}\n", name, e.what());
    return 3;
  }
  return 2;
}
