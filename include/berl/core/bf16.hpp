#pragma once
#include <berl/core/config.hpp>  // BERL_FN

#include <cstddef>  // size_t
#include <cstdint>
#include <type_traits>  // conditional_t, is_same_v

namespace berl {
/// A float without the last 16 bits of its fraction: 8 bits of precision in the range of float. Maps are stored so where memory and its
/// bandwidth count; nothing is computed with them, for they turn into floats by themselves, and back only where the code says so.
class Bf16 {
 public:
  Bf16() = default;
  /// The nearest (2^-8 of it off at the most), of two as near the even one; what is not a number stays none.
  BERL_FN explicit Bf16(float v) : bits_(rounded(v)) {}
  BERL_FN operator float() const { return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits_) << 16); }

 private:
  BERL_FN static std::uint16_t rounded(float v) {
#if BERL_ON_GPU && __CUDA_ARCH__ >= 800
    std::uint16_t nearest;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(nearest) : "f"(v));
    return nearest;
#else
    auto const bits = __builtin_bit_cast(std::uint32_t, v);
    bool const is_number = (bits & 0x7fffffff) <= 0x7f800000;
    return static_cast<std::uint16_t>((is_number ? bits + 0x7fff + (bits >> 16 & 1) : bits | 0x400000) >> 16);
#endif
  }
  std::uint16_t bits_;
};

/// What is computed with elements that are stored as T, and what their parameters, sums and gradients of parameters are kept in.
template <class T>
using number_of = std::conditional_t<std::is_same_v<T, Bf16>, float, T>;
/// Elements of T that n such numbers take.
template <class T>
constexpr std::size_t room_for_numbers(std::size_t n) {
  return n * (sizeof(number_of<T>) / sizeof(T));
}
}  // namespace berl
