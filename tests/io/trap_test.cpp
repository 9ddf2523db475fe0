#include <berl/io/trap.hpp>

#include <doctest/doctest.h>

#include <string>

using berl::io::detail::Trap;

TEST_CASE("trap: what runs to its end is true") {
  Trap trap;
  int n = 0;
  CHECK(trap.runs([&] { n = 1; }));
  CHECK(n == 1);
  CHECK(std::string(trap.message).empty());
}

TEST_CASE("trap: what springs it is left at once, and its message kept as far as there is room") {
  Trap trap;
  int volatile n = 0;  // what longjmp would leave undecided is in memory
  CHECK_FALSE(trap.runs([&] {
    n = 1;
    trap.spring("bad header");
  }));
  CHECK(n == 1);
  CHECK(std::string(trap.message) == "bad header");
  std::string const text(999, 'x');
  CHECK_FALSE(trap.runs([&] { trap.spring(text.c_str()); }));
  CHECK(std::string(trap.message) == std::string(255, 'x'));
  CHECK(trap.runs([] {}));
}
