#include <doctest/doctest.h>

#include <berl/core/error.hpp>

TEST_CASE("an error is one sentence: where, found, expected, and one more: the remedy") {
  berl::Error const e("faces.rec, offset 48", "magic 0", "0xced7230a", "Copy the file again.");
  CHECK(std::string(e.what()) == "faces.rec, offset 48: found magic 0; expected 0xced7230a. Copy the file again.");
}

TEST_CASE("an error is one line whatever a file says") {
  std::string const what = berl::Error("a\nb", std::string("x\0y", 3), "\x1b[2J", "\t").what();
  CHECK(what == "a?b: found x?y; expected ?[2J. ?");
}

TEST_CASE("an excerpt is the beginning of a text, and says where it ends early") {
  CHECK(berl::excerpt("abc", 3) == "abc");
  CHECK(berl::excerpt("abc", 2) == "ab...");
  CHECK(berl::excerpt(std::string(1000, 'x')) == std::string(80, 'x') + "...");
}
