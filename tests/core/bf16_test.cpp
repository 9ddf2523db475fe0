#include <berl/core/bf16.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

using namespace berl;

static_assert(sizeof(Bf16) == 2 && std::is_trivially_copyable_v<Bf16> && std::is_trivially_default_constructible_v<Bf16>);
static_assert(std::is_convertible_v<Bf16, float> && !std::is_convertible_v<float, Bf16>, "rounding is asked for");
static_assert(std::is_same_v<number_of<Bf16>, float> && std::is_same_v<number_of<float>, float> &&
              std::is_same_v<number_of<double>, double>);
static_assert(room_for_numbers<Bf16>(3) == 6 && room_for_numbers<float>(3) == 3 && room_for_numbers<double>(3) == 3);

TEST_CASE("numbers of eight bits stay as they are") {
  for (float const v : {0.f, 1.f, -2.f, 0.5f, 255.f, 0x1.fep-126f, 0x1p-133f, -0x1.fep127f}) CHECK(float{Bf16(v)} == v);
  CHECK(std::signbit(float{Bf16(-0.f)}));
}

TEST_CASE("others are rounded to the nearest, ties to the even one") {
  CHECK(float{Bf16(1 + 0x1p-9f)} == 1.f);                     // the next above 1 is 1 + 2^-7: a quarter of the way
  CHECK(float{Bf16(1 + 0x1p-8f)} == 1.f);                     // halfway, 1 is even
  CHECK(float{Bf16(1 + 0x1p-8f + 0x1p-23f)} == 1 + 0x1p-7f);  // a little more than halfway
  CHECK(float{Bf16(1 + 0x1.8p-7f)} == 1 + 0x1p-6f);           // halfway between odd and even
  CHECK(float{Bf16(-1 - 0x1.8p-7f)} == -1 - 0x1p-6f);
  for (int i = 0; i < 1000; ++i) {
    float const v = std::ldexp(1 + static_cast<float>(i * 7919 % 1000) / 1000, i % 200 - 100);
    CHECK(std::abs(float{Bf16(v)} - v) <= v * 0x1p-8f);  // half of the last of eight bits
  }
}

TEST_CASE("what has no room becomes infinite, and what is no number stays none") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  CHECK(float{Bf16(std::numeric_limits<float>::max())} == infinity);
  CHECK(float{Bf16(-infinity)} == -infinity);
  CHECK(std::isnan(float{Bf16(std::numeric_limits<float>::quiet_NaN())}));
  CHECK(std::isnan(float{Bf16(__builtin_bit_cast(float, 0x7f800001u))}));  // its only bit is among those that go
}
