#include <doctest/doctest.h>

#include <berl/core/arena.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>  // bad_alloc
#include <stdexcept>

using namespace berl;

static_assert(padded<float>(1) == 16 && padded<float>(16) == 16 && padded<float>(17) == 32 && padded<double>(9) == 16 &&
              padded<float>(0) == 0);

TEST_CASE("blocks start on cache lines and lie one behind the other") {
  Arena arena(4 * 64);
  float* const a = arena.take<float>(3);
  double* const b = arena.take<double>(8);
  CHECK(reinterpret_cast<std::uintptr_t>(a) % alignment == 0);
  CHECK(reinterpret_cast<std::byte*>(b) - reinterpret_cast<std::byte*>(a) == 64);
  CHECK(arena.mark() == 128);
}

TEST_CASE("a scope gives back what was taken in it, and the peak remembers") {
  Arena arena(1024);
  float* first = nullptr;
  {
    Scope const scope(arena);
    first = arena.take<float>(100);
    CHECK(arena.mark() == 448);
  }
  CHECK(arena.mark() == 0);
  CHECK(arena.peak() == 448);
  CHECK(arena.take<float>(1) == first);
}

TEST_CASE("taking more than was planned is the plan's mistake") {
  Arena arena(128);
  arena.take<float>(16);
  CHECK_THROWS_AS(arena.take<float>(17), std::logic_error);
  CHECK_NOTHROW(arena.take<float>(16));
  Arena none;
  CHECK_THROWS_AS(none.take<char>(1), std::logic_error);
}

TEST_CASE("an arena that was moved from is empty") {
  Arena from(128);
  float* const block = from.take<float>(16);
  *block = 3.f;
  Arena const to(std::move(from));
  CHECK(to.bytes() == 128);
  CHECK(from.bytes() == 0);  // NOLINT: that is what is tested
  CHECK(*block == 3.f);
}

TEST_CASE("an arena begins as zeros, also where others have written before, and never begins without room") {
  for (std::size_t const bytes : {std::size_t{64}, 4 * KiB, 3 * MiB}) {
    for (int again = 0; again < 3; ++again) {
      Arena arena(bytes);
      std::byte* const block = arena.take<std::byte>(bytes);
      CHECK(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
      std::size_t zeros = 0;
      for (std::size_t i = 0; i < bytes; ++i) zeros += block[i] == std::byte{0};
      CHECK(zeros == bytes);
      for (std::size_t i = 0; i < bytes; ++i) block[i] = std::byte{0xa5};
    }
  }
  for (std::size_t const more : {std::size_t{0}, std::size_t{128}}) {  // the most there can be, and more with what stands in front
    std::size_t volatile most = std::numeric_limits<std::size_t>::max() - more;
    CHECK_THROWS_AS(Arena{most}, std::bad_alloc);
  }
}

namespace {
int taken = 0, returned = 0;
}
TEST_CASE("an arena takes its block where it is told to, and gives it back there") {
  Memory const counted{[](std::size_t bytes) { return ++taken, host_memory.allocate(bytes); },
                       [](std::byte* block) noexcept { ++returned, host_memory.free(block); }};
  {
    Arena arena(128, counted), nothing(0, counted);
    *arena.take<float>(16) = 3.f;
    Arena const moved(std::move(arena));
    CHECK(taken == 1);
    CHECK(returned == 0);
  }
  CHECK(returned == 1);
}

TEST_CASE("an arena over another's memory takes from there and leaves it to its owner") {
  Arena owner(256);
  std::byte* const block = owner.take<std::byte>(128);
  {
    Arena lent(block, 128);
    CHECK(reinterpret_cast<std::byte*>(lent.take<float>(16)) == block);
    CHECK(reinterpret_cast<std::byte*>(lent.take<float>(16)) == block + 64);
    CHECK_THROWS_AS(lent.take<float>(1), std::logic_error);
  }
  *block = std::byte{1};  // still the owner's
  CHECK(owner.mark() == 128);
}
