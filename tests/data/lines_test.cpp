#include <berl/data/lines.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

using berl::Error;
using berl::data::Lines;
using berl::test::message_of;
using berl::test::spit;

TEST_CASE("lines: one at a time, counted as in an editor") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "a.txt").string();
  spit(path, "\xef\xbb\xbf  one \t two\r\n\n \r\na,,c \nlast");
  Lines lines(path, "words");
  REQUIRE(lines.next());
  CHECK(lines.text() == "one \t two");
  CHECK(lines.fields() == std::vector<std::string_view>{"one", "two"});
  CHECK(lines.line() == 1);
  REQUIRE(lines.next());
  CHECK(lines.where() == path + ", line 4");
  CHECK(lines.fields(',') == std::vector<std::string_view>{"a", "", "c"});
  CHECK(message_of<Error>([&] { (void)lines.exactly(2, ','); }).find(path + ", line 4: found 3 fields; expected 2: words.") == 0);
  CHECK(message_of<Error>([&] { (void)lines.number<int>(2, "a number"); }).find(path + ", line 4, field 3: found \"c\"; expected a num") ==
        0);
  REQUIRE(lines.next());
  CHECK(lines.text() == "last");
  CHECK(!lines.next());
}

TEST_CASE("lines: a file that is none") {
  berl::test::ScratchFolder const folder;
  auto const read = [&](std::string const& name) {
    return message_of<Error>([&] {
      for (Lines lines((folder / name).string(), "words"); lines.next();) CHECK(lines.text().size() < 65535);
    });
  };
  CHECK(read("none").find("none: found no file that can be read; expected words") != std::string::npos);
  spit(folder / "long", "a\n" + std::string(65534, 'x') + "\n" + std::string(65536, 'y') + "\n");
  CHECK(read("long").find("long, line 3: found a line of more than 65535 bytes") != std::string::npos);
  CHECK(read(".").find("expected words") != std::string::npos);  // a folder
  spit(folder / "zero", std::string("\0\n\0", 3));
  CHECK(read("zero") == "no exception");
}
