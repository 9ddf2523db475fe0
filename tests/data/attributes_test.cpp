#include <berl/data/attributes.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

#include <algorithm>  // equal
#include <numeric>    // iota
#include <set>

using namespace berl::data;
using berl::Error;
using berl::Seed;
using berl::test::message_of;
using berl::test::spit;

namespace {
void says(std::string const& text, std::string const& part) {
  CAPTURE(text);
  CHECK(text.find(part) != std::string::npos);
}
/// A CelebA list of `n` pictures, of which picture i has attribute i and no other.
std::string celeba(int n, bool reversed = false) {
  std::string text = std::to_string(n) + "\n";
  for (std::size_t k = 0; k < 40; ++k) text += std::string(attribute_names[reversed ? 39 - k : k]) + " ";
  for (int i = 0; i < n; ++i) {
    text += "\n" + std::to_string(i) + ".jpg ";
    for (int k = 0; k < 40; ++k) text += (reversed ? 39 - k : k) == i ? "  1" : " -1";
  }
  return text + "\n";
}
}  // namespace

TEST_CASE("attributes: CelebA's lists, in the order of the names") {
  berl::test::ScratchFolder const folder;
  auto const list = (folder / "list").string(), parts = (folder / "parts").string();
  spit(parts, "2.jpg 2\n0.jpg 0\n1.jpg 1\n");
  for (bool const reversed : {false, true}) {
    spit(list, celeba(3, reversed));
    auto const found = read_celeba(list, parts);
    REQUIRE(found.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(found.paths[i] == std::to_string(i) + ".jpg");
      CHECK(found.values[i] == (std::bitset<40>(1) << i));
    }
    CHECK(found.splits == std::vector<AttributeSplit>{AttributeSplit::train, AttributeSplit::validation, AttributeSplit::test});
    CHECK(found.of(AttributeSplit::test) == std::vector<int>{2});
  }
  CHECK(attribute_names[20] == "Male");
  CHECK(attribute_names[31] == "Smiling");
  CHECK(attribute_names[39] == "Young");

  auto const bad = [&](std::string const& a, std::string const& b) {
    spit(list, a), spit(parts, b);
    return message_of<Error>([&] { (void)read_celeba(list, parts); });
  };
  std::string const good = celeba(2), split = "0.jpg 0\n1.jpg 1\n";
  CHECK(bad(good, split) == "no exception");
  auto const replaced = [&](std::string const& from, std::string const& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  says(bad("", split), "no line");
  says(bad(replaced("2\n", "3\n"), split), "found 2 pictures; expected 3, as its first line says");
  says(bad(replaced("2\n", "x\n"), split), "line 1, field 1: found \"x\"");
  says(bad(replaced("Male", "Mail"), split), "line 2: found no attribute Male");
  says(bad(replaced("Male", ""), split), "line 2: found 39 names");
  says(bad(replaced("-1", "0"), split), "line 3, field 3: found \"0\"; expected 1 or -1");
  says(bad(replaced("-1", ""), split), "line 3: found 40 fields");
  says(bad(replaced("1.jpg", "0.jpg"), split), "line 4: found \"0.jpg\" for the second time");
  says(bad(good, "0.jpg 0\n"), "found 1 pictures");
  says(bad(good, split + "1.jpg 1\n"), "parts, line 3: found \"1.jpg\" for the second time");
  says(bad(good, "0.jpg 0\n9.jpg 1\n"), "line 2: found \"9.jpg\"");
  says(bad(good, "0.jpg 3\n"), "line 1, field 2: found 3");
}

TEST_CASE("attributes: CelebA's landmarks and identities") {
  berl::test::ScratchFolder const folder;
  spit(folder / "points",
       "1\nlefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y\n"
       "a.jpg 1 2 3 4  5 6 7 8 9 10\n");
  auto const table = read_celeba_landmarks((folder / "points").string());
  CHECK(table.at("a.jpg")[0].y == 2);
  CHECK(table.at("a.jpg")[4].x == 9);
  spit(folder / "points", "2\na b c d e f g h i j\na.jpg 1 2 3 4 5 6 7 8 9 10\n");
  says(message_of<Error>([&] { (void)read_celeba_landmarks((folder / "points").string()); }), "found 1 pictures; expected 2");
  spit(folder / "who", "a.jpg 2880\nb.jpg 7\n");
  auto const who = read_celeba_identities((folder / "who").string());
  CHECK(who.paths == std::vector<std::string>{"a.jpg", "b.jpg"});
  CHECK(who.identities == std::vector<int>{2880, 7});
}

TEST_CASE("attributes: LFWA as text, with and without a line of names") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "lfwa").string();
  auto const read = [&](std::string const& text) {
    spit(path, text);
    return read_lfwa(path);
  };
  std::string digits(40, '0'), names = "# ";
  digits[1] = digits[39] = '1';
  auto const plain = read("A\\A_0001.jpg\t0\t" + digits + "\nB/B_0001.jpg\t2\t" + digits + "\n");
  CHECK(plain.paths == std::vector<std::string>{"A/A_0001.jpg", "B/B_0001.jpg"});
  CHECK(plain.of(AttributeSplit::test) == std::vector<int>{1});
  CHECK(plain.values[0] == (std::bitset<40>(1) << 1 | std::bitset<40>(1) << 39));
  for (std::size_t k = 40; k-- > 0;) {
    std::string name(attribute_names[k]);
    for (char& c : name) c = c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    names += name + (k > 0 ? ", " : "\n");
  }
  CHECK(read(names + "a\t0\t" + digits).values[0] == (std::bitset<40>(1) << 38 | std::bitset<40>(1)));
  auto const bad = [&](std::string const& text) { return message_of<Error>([&] { (void)read(text); }); };
  says(bad("a\t0\t" + digits + "1"), "line 1, field 3: found");
  says(bad("a\t0\t" + digits.substr(1) + "2"), "expected 40 digits");
  says(bad("a\t4\t" + digits), "field 2: found 4");
  says(bad("a\t0"), "found 2 fields");
  says(bad("# a, b\n"), "found 2 names");
  says(bad("\n"), "no picture");
}

TEST_CASE("attributes: fractions of the labels are prefixes of one order") {
  std::vector<int> pictures(162770);
  std::iota(pictures.begin(), pictures.end(), 5);
  auto const all = label_fraction(pictures, 1, Seed{3});
  CHECK(std::set<int>(all.begin(), all.end()).size() == 162770);
  for (auto const& [fraction, count] : {std::pair{0.002, 325}, {0.005, 813}, {0.01, 1627}, {0.02, 3255}}) {
    auto const some = label_fraction(pictures, fraction, Seed{3});
    REQUIRE(some.size() == static_cast<std::size_t>(count));
    CHECK(std::equal(some.begin(), some.end(), all.begin()));
  }
  pictures.resize(6263);
  for (auto const& [fraction, count] : {std::pair{0.05, 313}, {0.1, 626}, {0.2, 1252}, {0.5, 3131}, {1.0, 6263}})
    CHECK(label_fraction(pictures, fraction, Seed{3}).size() == static_cast<std::size_t>(count));
  CHECK(label_fraction(pictures, 0.1, Seed{4}) != label_fraction(pictures, 0.1, Seed{3}));
  for (double const fraction : {0.0, 1.5, -1.0, 1e-9}) CHECK_THROWS_AS((void)label_fraction(pictures, fraction, Seed{3}), Error);
}
