#include <berl/data/record_list.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

using namespace berl::data;
using berl::Error;
using berl::test::message_of;
using berl::test::spit;

TEST_CASE("record list: im2rec's and InsightFace's") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "a.lst").string();
  spit(path, "5\t1.000000\t2.5\ta b/1.jpg\n6\t0\tc.jpg\r\n");
  auto const plain = read_lst(path);
  REQUIRE(plain.size() == 2);
  CHECK(plain[0].index == 5);
  CHECK(plain[0].labels == std::vector<float>{1, 2.5f});
  CHECK(plain[0].path == "a b/1.jpg");
  write_lst(path, plain);
  CHECK(berl::test::slurp(path) == "5\t1.000000\t2.500000\ta b/1.jpg\n6\t0.000000\tc.jpg\n");

  spit(path, "1\tp/a.jpg\t7\n0\tp/b.jpg\t8\t1\t2\t3\t4\n0\tp/c.jpg\t8\t1\t2\t3\t4\t10\t20\t30\t40\t50\t11\t21\t31\t41\t51\n");
  auto const faces = read_lst(path);
  REQUIRE(faces.size() == 3);
  CHECK(faces[0].aligned);
  CHECK(faces[0].labels == std::vector<float>{7});
  CHECK(!faces[0].box);
  CHECK((*faces[1].box)[3] == 4);
  CHECK(!faces[1].landmarks);
  CHECK((*faces[2].landmarks)[1].x == 20);
  CHECK((*faces[2].landmarks)[4].y == 51);

  auto const bad = [&](std::string const& text, std::string const& part) {
    spit(path, text);
    auto const found = message_of<Error>([&] { (void)read_lst(path); });
    CAPTURE(found);
    CHECK(found.find(part) != std::string::npos);
  };
  bad("1\t2\n", "line 1: found 2 fields");
  bad("x\t2\ta.jpg\n", "line 1, field 1: found \"x\"");
  bad("1\t2\tx\ta.jpg\n", "field 3: found \"x\"");
  bad("2\ta.jpg\t1\n", "1 (aligned) or 0");
  bad("1\ta.jpg\t1\t1\n", "found 4 fields");
  bad("\n", "no picture");
}

TEST_CASE("record list: property") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "property").string();
  write_property(path, {85742, 112, 96});
  CHECK(berl::test::slurp(path) == "85742,112,96\n");
  CHECK(read_property(path).identities == 85742);
  CHECK(read_property(path).width == 96);
  for (char const* const text : {"", "1,2", "1,2,3,4", "0,112,112", "a,112,112"}) {
    spit(path, text);
    CHECK_THROWS_AS((void)read_property(path), Error);
  }
}
