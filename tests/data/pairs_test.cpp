#include <berl/data/pairs.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

#include <cstdlib>  // getenv

using berl::Error;
using berl::data::read_pairs;
using berl::test::message_of;
using berl::test::spit;

TEST_CASE("pairs: paths are relative to the list, the names of columns may be left out") {
  berl::test::ScratchFolder const folder;
  std::filesystem::create_directory(folder / "s1");
  for (char const* const name : {"s1/a.png", "s1/b.png", "c.png"}) spit(folder / name, "picture");
  auto const path = (folder / "pairs.csv").string(), absolute = (folder / "c.png").string();
  for (std::string const head : {"", "path_a,path_b,same\n", "\xef\xbb\xbfpath_a,path_b,same\r\n"}) {
    spit(path, head + "s1/a.png,s1/b.png,1\r\n\n s1/b.png , " + absolute + " ,0");
    auto const pairs = read_pairs(path);
    REQUIRE(pairs.size() == 2);
    CHECK(pairs[0].a == (folder / "s1/a.png").string());
    CHECK(pairs[0].b == (folder / "s1/b.png").string());
    CHECK(pairs[0].same);
    CHECK(pairs[1].b == absolute);
    CHECK(!pairs[1].same);
  }
}

TEST_CASE("pairs: errors name the list and the line") {
  berl::test::ScratchFolder const folder;
  spit(folder / "a.png", "picture");
  auto const path = (folder / "pairs.csv").string();
  auto const read = [&](std::string const& text) {
    spit(path, text);
    return message_of<Error>([&] { (void)read_pairs(path); });
  };
  auto const says = [](std::string const& text, std::string const& part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  says(read("a.png,a.png,1\na.png,a.png\n"), path + ", line 2: found 2 fields; expected 3");
  says(read("a.png,a.png,1\n\na.png,a.png,2\n"), path + ", line 3: found same = \"2\"");
  says(read("a.png,a.png,1\na.png,a.png,same\n"), "line 2: found same = \"same\"");  // names of columns come first only
  says(read("a.png,b.png,1\n"), "line 1: found no picture " + (folder / "b.png").string());
  says(read("a.png,,1\n"), "line 1: found no picture");
  says(read("a.png,a.png,1,\n"), "line 1: found 4 fields");
  says(read(""), "no pair");
  says(read("path_a,path_b,same\n"), "no pair");
  says(message_of<Error>([&] { (void)read_pairs((folder / "none.csv").string()); }), "none.csv: found no file");
  says(message_of<Error>([&] { (void)read_pairs(folder.path().string()); }), folder.path().string());
}

TEST_CASE("pairs: lists on disk") {
  char const* const data = std::getenv("BERL_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: set BERL_DATA to a folder with yaleb/pairs.csv and att/pairs.csv");
    return;
  }
  CHECK(read_pairs(std::string(data) + "/yaleb/pairs.csv").size() == 3000);
  CHECK(read_pairs(std::string(data) + "/att/pairs.csv").size() == 2000);
}
