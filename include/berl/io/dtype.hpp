#pragma once
#include <array>        // array
#include <bit>          // bit_cast, endian
#include <cstddef>      // size_t
#include <cstdint>      // uint16_t
#include <string_view>  // string_view
#include <type_traits>  // is_integral_v

namespace berl::io {
static_assert(std::endian::native == std::endian::little, "berl::io: the files are little-endian and so must be the machine.");

/// The element types of a safetensors file.
enum class DType { F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL };

struct DTypeInfo {
  DType type;
  std::string_view name;
  std::size_t bytes;
};
inline constexpr std::array<DTypeInfo, 13> dtypes{{{DType::F64, "F64", 8},
                                                   {DType::F32, "F32", 4},
                                                   {DType::F16, "F16", 2},
                                                   {DType::BF16, "BF16", 2},
                                                   {DType::I64, "I64", 8},
                                                   {DType::I32, "I32", 4},
                                                   {DType::I16, "I16", 2},
                                                   {DType::I8, "I8", 1},
                                                   {DType::U64, "U64", 8},
                                                   {DType::U32, "U32", 4},
                                                   {DType::U16, "U16", 2},
                                                   {DType::U8, "U8", 1},
                                                   {DType::BOOL, "BOOL", 1}}};

constexpr DTypeInfo const& info(DType t) { return dtypes[static_cast<std::size_t>(t)]; }
constexpr bool is_floating(DType t) { return t <= DType::BF16; }

/// The element type that holds values of T; float16 has no T of its own.
template <class T>
constexpr DType dtype_of() {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "berl::io::dtype_of<T>: T must be double, float, an integer or bool.");
  if constexpr (std::is_same_v<T, bool>) return DType::BOOL;
  if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 8 ? DType::F64 : DType::F32;
  constexpr bool s = std::is_signed_v<T>;
  if constexpr (sizeof(T) == 8) return s ? DType::I64 : DType::U64;
  if constexpr (sizeof(T) == 4) return s ? DType::I32 : DType::U32;
  if constexpr (sizeof(T) == 2) return s ? DType::I16 : DType::U16;
  return s ? DType::I8 : DType::U8;
}

/// Two bytes that stand for a float, exactly widened.
struct Half {
  std::uint16_t bits;
  constexpr operator float() const {  // 1 sign, 5 exponent, 10 fraction bits
    std::uint32_t const sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u, fraction = bits & 1023u;
    if (exponent == 0) {  // fraction * 2^-24, exact in float
      float const size = static_cast<float>(fraction) * 0x1p-24f;
      return sign != 0 ? -size : size;
    }
    std::uint32_t const wide = exponent == 31 ? 255u : exponent + 112u;
    return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
  }
};
struct BFloat16 {
  std::uint16_t bits;
  constexpr operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }  // the upper half of a float
};

/// f(S{}) with the C++ type S of the stored elements; BOOL is read as its byte, 0 or 1.
template <class F>
constexpr auto with_type(DType t, F&& f) {
  switch (t) {
    case DType::F64: return f(double{});
    case DType::F32: return f(float{});
    case DType::F16: return f(Half{});
    case DType::BF16: return f(BFloat16{});
    case DType::I64: return f(std::int64_t{});
    case DType::I32: return f(std::int32_t{});
    case DType::I16: return f(std::int16_t{});
    case DType::I8: return f(std::int8_t{});
    case DType::U64: return f(std::uint64_t{});
    case DType::U32: return f(std::uint32_t{});
    case DType::U16: return f(std::uint16_t{});
    default: return f(std::uint8_t{});
  }
}
}  // namespace berl::io
