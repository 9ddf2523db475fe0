#include <berl/data/remembered.hpp>

#include <doctest/doctest.h>
#include <atomic>
#include <thread>

using namespace berl;

namespace {
/// Counts how often each picture is read; the second one can be read at the second attempt only.
struct Counted {
  std::vector<std::atomic<int>> mutable reads = std::vector<std::atomic<int>>(3);
  int size() const { return 3; }
  int identities() const { return 2; }
  int label(int i) const { return i / 2; }
  std::string name(int i) const { return "number " + std::to_string(i); }
  io::Image load(int i) const {
    if (++reads[static_cast<std::size_t>(i)] == 1 && i == 1) throw Error(name(i), "nothing", "a picture", "Try again.");
    auto picture = io::blank(16, 16, 3);
    picture.pixels[0] = static_cast<std::uint8_t>(10 + i);
    return picture;
  }
};
static_assert(data::Dataset<data::Remembered<Counted>>);
}  // namespace

TEST_CASE("remembered: each picture is read once, by whichever thread comes first") {
  Counted const whole;
  data::Remembered<Counted> const kept(whole);
  CHECK(kept.size() == 3);
  CHECK(kept.identities() == 2);
  CHECK(kept.label(2) == 1);
  CHECK(kept.name(2) == "number 2");
  std::vector<std::jthread> readers;
  std::atomic<int> right = 0;
  for (int k = 0; k < 4; ++k)
    readers.emplace_back([&] {
      for (int const i : {0, 2, 0, 2}) right += kept.load(i).pixels[0] == 10 + i;
    });
  readers.clear();
  CHECK(right == 16);
  CHECK(whole.reads[0] == 1);
  CHECK(whole.reads[2] == 1);
  CHECK_THROWS_AS(kept.load(3), std::out_of_range);
}

TEST_CASE("remembered: a picture that could not be read is tried again") {
  Counted const whole;
  data::Remembered<Counted> const kept(whole);
  CHECK_THROWS_AS(kept.load(1), Error);
  CHECK(kept.load(1).pixels[0] == 11);
  CHECK(kept.load(1).pixels[0] == 11);
  CHECK(whole.reads[1] == 2);
}
