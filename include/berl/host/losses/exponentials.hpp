#pragma once
#include <bit>  // bit_cast
#include <cstdint>
#include <type_traits>  // conditional_t

namespace berl::host {
inline constexpr int sample_lanes = 16;  // samples handled together by pointwise code; a batch is filled up to a multiple

/// x = exp(x) for numbers up to 80, sample_lanes at a time, in plain operations that every compiler vectorises.
///   exp x = 2^n e^r with n = round(x / ln 2), and e^r by Taylor's sum, |r| < 0.35
/// To two units in the last place; below the smallest normal number 0; NaN stays.
template <class T>
inline void exponentials(T (&x)[sample_lanes]) {
  constexpr bool single = sizeof(T) == 4;
  using Int = std::conditional_t<single, std::int32_t, std::int64_t>;
  constexpr int terms = single ? 7 : 13, mantissa = single ? 23 : 52, bias = single ? 127 : 1023;
  constexpr T lowest = single ? T(-87) : T(-708);
  constexpr T shift = single ? T(12582912) : T(6755399441055744);                            // 1.5 2^mantissa: adding it rounds
  constexpr T ln2 = single ? T(0.693359375) : T(0.693145751953125);                          // short, so that n ln2 is exact
  constexpr T rest = single ? T(-2.12194440054690582768e-4) : T(1.42860682030941723212e-6);  // what is missing to ln 2
  constexpr T per_ln2 = static_cast<T>(1.4426950408889634);
  T y[sample_lanes];
  for (int l = 0; l < sample_lanes; ++l) {
    T const a = x[l] < lowest ? lowest : x[l];
    T const shifted = a * per_ln2 + shift;
    T const n = shifted - shift;
    T const r = (a - n * ln2) - n * rest;
    T sum = T(1);
    for (int k = terms; k > 0; --k) sum = 1 + sum * r * (T(1) / static_cast<T>(k));
    Int const power = std::bit_cast<Int>(shifted) - std::bit_cast<Int>(shift) + bias;
    sum *= std::bit_cast<T>(static_cast<Int>(power << mantissa));
    y[l] = x[l] < lowest ? T(0) : sum;
  }
  for (int l = 0; l < sample_lanes; ++l) x[l] = y[l];
}
}  // namespace berl::host
