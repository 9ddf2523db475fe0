#include "../../examples/command_line.hpp"

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

namespace {
template <class E>
int code_of(E const& thrown) {
  return run_program("a program", [&]() -> int { throw thrown; });
}
}  // namespace

TEST_CASE("programs: what ends them has an exit code") {
  berl::test::ScratchFolder const folder;
  berl::test::spit(folder / "file", "no folder");
  CHECK(run_program("a program", [] { return 7; }) == 7);
  CHECK(code_of(berl::Error("a", "b", "c", "d.")) == 2);
  CHECK(code_of(std::bad_alloc()) == 2);
  CHECK(code_of(berl::train::NotFinite("the loss is nan")) == 3);
  CHECK(run_program("a program", [&] { return std::filesystem::create_directories(folder / "file/below") ? 0 : 1; }) == 2);
}
