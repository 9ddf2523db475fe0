#include <berl/data/dataset.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace berl;

namespace {
/// Picture i of identity i % 5.
struct Numbers {
  int pictures = 23;
  int size() const { return pictures; }
  int identities() const { return 5; }
  int label(int i) const { return i % 5; }
  std::string name(int i) const { return "number " + std::to_string(i); }
  io::Image load(int i) const {
    auto picture = io::blank(16, 16, 3);
    picture.pixels[0] = static_cast<std::uint8_t>(i);
    return picture;
  }
};
struct Nameless {
  int size() const { return 0; }
};
static_assert(data::Dataset<Numbers>);
static_assert(data::Dataset<data::Subset<Numbers>>);
static_assert(!data::Dataset<Nameless>);
}  // namespace

TEST_CASE("dataset: a subset has all pictures of its identities, with labels from 0 on") {
  Numbers const whole;
  data::Subset<Numbers> const some(whole, {4, 1, 4});
  CHECK(some.identities() == 2);
  CHECK(some.size() == 5 + 4);
  for (int i = 0; i < some.size(); ++i) {
    CHECK(some.identity(some.label(i)) == whole.label(some.index(i)));
    CHECK(some.name(i) == whole.name(some.index(i)));
    CHECK(some.load(i).pixels[0] == some.index(i));
    CHECK((whole.label(some.index(i)) == 1) == (some.label(i) == 0));
  }
  CHECK_THROWS_AS(data::Subset<Numbers>(whole, {5}), Error);
  CHECK_THROWS_AS(data::Subset<Numbers>(whole, {-1}), Error);
}

TEST_CASE("dataset: held out identities share no picture with the others") {
  Numbers const whole;
  std::set<std::vector<int>> different;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto const split = data::hold_out(whole, 2, Seed{seed}), again = data::hold_out(whole, 2, Seed{seed});
    CHECK(split.train.identities() == 3);
    CHECK(split.held_out.identities() == 2);
    std::set<int> seen, persons;
    for (int i = 0; i < split.train.size(); ++i) seen.insert(split.train.index(i)), persons.insert(whole.label(split.train.index(i)));
    for (int i = 0; i < split.held_out.size(); ++i) {
      CHECK(!persons.contains(whole.label(split.held_out.index(i))));
      seen.insert(split.held_out.index(i));
      CHECK(split.held_out.index(i) == again.held_out.index(i));
    }
    CHECK(seen.size() == 23);
    different.insert({split.held_out.identity(0), split.held_out.identity(1)});
  }
  CHECK(different.size() > 3);  // of ten pairs, twenty draws
  CHECK_THROWS_AS((void)data::hold_out(whole, 5, Seed{}), Error);
  CHECK_THROWS_AS((void)data::hold_out(whole, 0, Seed{}), Error);
}

TEST_CASE("dataset: the middle square of a picture") {
  auto wide = io::blank(40, 20, 1);
  for (int v = 0; v < 20; ++v)
    for (int u = 0; u < 40; ++u) wide.at(v, u, 0) = static_cast<std::uint8_t>(5 * u);
  auto const same = data::fit_square(wide, 20);
  CHECK(same.channels == 3);
  CHECK(same.at(3, 0, 2) == 5 * 10);  // columns 10 to 29
  CHECK(same.at(3, 19, 0) == 5 * 29);
  auto const half = data::fit_square(wide, 10);
  CHECK(half.width == 10);
  CHECK(half.at(0, 0, 1) == 53);  // the mean of 50 and 55, rounded up
  CHECK(data::fit_square(wide, 112).height == 112);
}

TEST_CASE("dataset: misfits are counted once each") {
  data::Misfits misfits;
  CHECK(!misfits.warning(112, 9));
  misfits.add(3, "c.png", io::blank(90, 80, 1));
  misfits.add(3, "c.png", io::blank(90, 80, 1));
  misfits.add(1, "a.png", io::blank(50, 50, 3));
  auto const text = misfits.warning(112, 9).value();
  CHECK(text.find("2 of 9 pictures are not 112 x 112") == 0);
  CHECK(text.find("c.png, 90 x 80") != std::string::npos);
}
