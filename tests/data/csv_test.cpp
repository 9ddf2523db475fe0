#include <berl/data/csv.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

using berl::Error;
using berl::data::read_csv;
using berl::test::message_of;
using berl::test::spit;

TEST_CASE("csv: fields without the spaces around them, lines counted as in an editor") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "a.csv").string();
  spit(path, "\xef\xbb\xbfone, two words ,\r\n\n   \na,,c");
  auto const rows = read_csv(path, 3, "x,y,z");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].fields == std::vector<std::string>{"one", "two words", ""});
  CHECK(rows[1].fields == std::vector<std::string>{"a", "", "c"});
  CHECK(rows[1].line == 4);
  CHECK(rows[1].where == path + ", line 4");
  CHECK(message_of<Error>([&] { (void)read_csv(path, 2, "x,y"); }).find(path + ", line 1: found 3 fields; expected 2: x,y.") == 0);
  CHECK(message_of<Error>([&] { (void)read_csv((folder / "b.csv").string(), 2, "x,y"); }).find("b.csv: found no file") !=
        std::string::npos);
}

TEST_CASE("csv: numbers are whole fields and finite") {
  using berl::data::detail::number;
  CHECK(number("-1.5e2") == -150.0);
  for (char const* const text : {"", " 1", "1 ", "1x", "nan", "inf", "0x10", "1,5", "+1"}) CHECK(!number(text));
}
