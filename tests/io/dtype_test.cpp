#include <berl/io/dtype.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <type_traits>

using namespace berl::io;

static_assert(
    [] {
      for (std::size_t k = 0; k < dtypes.size(); ++k)
        if (dtypes[k].type != static_cast<DType>(k)) return false;
      return true;
    }(),
    "info() finds a type at its number");
static_assert(dtypes.size() == static_cast<std::size_t>(DType::BOOL) + 1);
static_assert(info(DType::F16).bytes == 2 && info(DType::BF16).name == "BF16" && info(DType::BOOL).bytes == 1);
static_assert(is_floating(DType::F64) && is_floating(DType::BF16) && !is_floating(DType::I64) && !is_floating(DType::BOOL));

static_assert(dtype_of<double>() == DType::F64 && dtype_of<float>() == DType::F32 && dtype_of<bool>() == DType::BOOL);
static_assert(dtype_of<std::int64_t>() == DType::I64 && dtype_of<std::uint32_t>() == DType::U32 && dtype_of<short>() == DType::I16);
static_assert(dtype_of<std::int8_t>() == DType::I8 && dtype_of<std::uint8_t>() == DType::U8 && dtype_of<std::uint16_t>() == DType::U16);
static_assert(sizeof(Half) == 2 && sizeof(BFloat16) == 2);

TEST_CASE("float16: one, its neighbours, the largest, the smallest, zeros") {
  CHECK(Half{0x3c00} == 1.f);
  CHECK(Half{0x3c01} == 1.f + 0x1p-10f);
  CHECK(Half{0xc000} == -2.f);
  CHECK(Half{0x3555} == 1365 * 0x1p-12f);  // the one nearest to 1/3
  CHECK(Half{0x7bff} == 65504.f);
  CHECK(Half{0x0400} == 0x1p-14f);         // the smallest normal number
  CHECK(Half{0x03ff} == 1023 * 0x1p-24f);  // the largest below it
  CHECK(Half{0x8001} == -0x1p-24f);        // the smallest of all
  CHECK(Half{0x0000} == 0.f);
  CHECK(std::signbit(static_cast<float>(Half{0x8000})));
  CHECK(Half{0xfc00} == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(static_cast<float>(Half{0x7e01})));
}

TEST_CASE("float16: every number is sign, exponent and fraction") {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    int const exponent = static_cast<int>(bits >> 10 & 31u);
    double const fraction = bits & 1023u, sign = bits < 0x8000 ? 1 : -1;
    if (exponent == 31) continue;
    double const value = sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
    REQUIRE(static_cast<double>(static_cast<float>(Half{static_cast<std::uint16_t>(bits)})) == value);
  }
}

TEST_CASE("bfloat16 is the upper half of a float") {
  CHECK(BFloat16{0x3f80} == 1.f);
  CHECK(BFloat16{0xbfc0} == -1.5f);
  CHECK(BFloat16{0x7f7f} == 255 * 0x1p120f);
  CHECK(BFloat16{0x0001} == 0x1p-133f);
  CHECK(BFloat16{0x7f80} == std::numeric_limits<float>::infinity());
  CHECK(std::isnan(static_cast<float>(BFloat16{0x7fc0})));
}

TEST_CASE("with_type hands over an element of the stored size, signed and floating as its name says") {
  for (auto const& d : dtypes) {
    CAPTURE(d.name);
    with_type(d.type, [&]<class S>(S) {
      CHECK(sizeof(S) == d.bytes);
      CHECK(std::is_integral_v<S> != is_floating(d.type));
      if constexpr (std::is_arithmetic_v<S>) {
        CHECK((std::is_signed_v<S> || d.name[0] == 'U' || d.name[0] == 'B'));
        if (d.type != DType::BOOL) CHECK(dtype_of<S>() == d.type);  // a BOOL is read as its byte
      }
    });
  }
  CHECK(with_type(DType::F16, [](auto s) { return std::is_same_v<decltype(s), Half>; }));
  CHECK(with_type(DType::BF16, [](auto s) { return std::is_same_v<decltype(s), BFloat16>; }));
}
