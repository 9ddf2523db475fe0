#pragma once
#include <sys/wait.h>  // WIFEXITED
#include <algorithm>   // count
#include <cstdlib>     // getenv, system
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

/// The programs as one would type them; BERL_PROGRAMS is the folder that they are in.
namespace berl::test {
struct Ran {
  int code;
  std::string out, error;
};
inline Ran run(ScratchFolder const& folder, std::string const& program, std::string const& arguments) {
  auto const out = folder / "stdout", error = folder / "stderr";
  std::string const command = std::filesystem::path(std::getenv("BERL_PROGRAMS")) / program +=
      " " + arguments + " >" + out.string() + " 2>" + error.string();
  int const status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, slurp(out), slurp(error)};
}
inline int lines(std::string const& text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }
inline bool skip() {
  if (std::getenv("BERL_PROGRAMS") != nullptr) return false;
  MESSAGE("skipped: BERL_PROGRAMS, the folder of the programs, is not set");
  return true;
}

/// A network after three steps.
inline std::string model_in(ScratchFolder const& folder) { return (folder / "trained/model.safetensors").string(); }
inline void train_shortly(ScratchFolder const& folder) {
  auto const trained = run(folder, "train",
                           "--data synthetic --out " + (folder / "trained").string() +
                               " --threads 1 --set batch=2 --set synthetic.identities=3 --set synthetic.pictures=2"
                               " --set stage1.steps=1 --set stage2.steps=1 --set stage3.steps=1");
  REQUIRE_MESSAGE(trained.code == 0, trained.error);
}
}  // namespace berl::test
