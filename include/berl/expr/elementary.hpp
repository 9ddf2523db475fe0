#pragma once
#include <berl/core/config.hpp>  // BERL_FN

#include <cmath>        // exp, log, log1p, sqrt, tanh
#include <cstdint>      // int32_t, int64_t
#include <type_traits>  // is_same_v

/// exp, log, tanh, sqrt and softplus that vectorise: in float they are polynomials without branches or calls, in double (where accuracy
/// counts and speed does not) the standard library's. Largest error in units of the last place, over all floats, as tested:
/// exp 2, log 2, tanh 4, sqrt 1, softplus 5. Infinities, zeros, NaN and underflow come out as from the standard library.
namespace berl::expr::elementary {
/// yes ? a : b without a branch. Compilers like to make branches of the operator, and then give up on vectors.
template <class T>
BERL_FN constexpr T select(bool yes, T a, T b) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  Bits const mask = -static_cast<Bits>(yes);
  return __builtin_bit_cast(T, (__builtin_bit_cast(Bits, a) & mask) | (__builtin_bit_cast(Bits, b) & ~mask));
}

namespace detail {
inline constexpr float infinity = __builtin_inff(), not_a_number = __builtin_nanf("");

/// x = n ln 2 + r, |r| <= ln 2 / 2;  e^x = 2^n e^r  (cephes, expf)
BERL_FN constexpr float exp_float(float x) {
  float z = select(x > 89.f, 89.f, x);  // NaN stays
  z = select(z < -104.f, -104.f, z);
  float const shifted = z * 1.44269504088896341f + 12582912.f;  // rounds to integer: 1.5 2^23
  float const n = shifted - 12582912.f;
  float r = z - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.f;
  std::int32_t const k = __builtin_bit_cast(std::int32_t, shifted) - 0x4B400000;
  std::int32_t const half = k / 2;  // in two steps, so that results below the normal range round once
  float const a = __builtin_bit_cast(float, static_cast<std::uint32_t>(half + 127) << 23);
  float const b = __builtin_bit_cast(float, static_cast<std::uint32_t>(k - half + 127) << 23);
  return p * a * b;
}

/// x = 2^n m, m in [sqrt(1/2), sqrt(2));  log x = n ln 2 + log m  (cephes, logf)
BERL_FN constexpr float log_float(float x) {
  bool const tiny = x < 1.17549435e-38f;
  float const scaled = x * 8388608.f;
  std::int32_t const bits = __builtin_bit_cast(std::int32_t, select(tiny, scaled, x));
  std::int32_t const above = bits - 0x3F3504F3;  // bits of sqrt(1/2)
  std::int32_t const exponent = above >> 23;
  float const m = __builtin_bit_cast(float, (above & 0x007FFFFF) + 0x3F3504F3);
  float const n = static_cast<float>(exponent) - select(tiny, 23.f, 0.f);
  float const r = m - 1.f;
  float const z = r * r;
  float p = 7.0376836292e-2f;
  p = p * r - 1.1514610310e-1f;
  p = p * r + 1.1676998740e-1f;
  p = p * r - 1.2420140846e-1f;
  p = p * r + 1.4249322787e-1f;
  p = p * r - 1.6668057665e-1f;
  p = p * r + 2.0000714765e-1f;
  p = p * r - 2.4999993993e-1f;
  p = p * r + 3.3333331174e-1f;
  float y = p * r * z + n * -2.12194440e-4f;
  y = y - 0.5f * z;
  y = r + y + n * 0.693359375f;
  y = select(x < infinity, y, x);  // infinity and NaN stay
  y = select(x == 0.f, -infinity, y);
  return select(x < 0.f, not_a_number, y);
}

/// |x| < 5/8: an odd polynomial; else 1 - 2 / (e^2|x| + 1)  (cephes, tanhf)
BERL_FN constexpr float tanh_float(float x) {
  float const z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float const near = p * z * x + x;
  float const size = select(x < 0.f, -x, x);
  float const e = exp_float(size + size);
  float const far = 1.f - 2.f / (e + 1.f);
  return select(size < 0.625f, near, select(x < 0.f, -far, far));
}

/// x r with r = 1 / sqrt(x) by Newton's method from a guess of the bits (lomont2003), and one correction of the product
BERL_FN constexpr float sqrt_float(float x) {
  bool const tiny = x < 1e-30f;
  float const z = select(tiny, x * 281474976710656.f, x);  // 2^48
  float r = __builtin_bit_cast(float, 0x5F375A86 - (__builtin_bit_cast(std::int32_t, z) >> 1));
  float const half = 0.5f * z;
  r = r * (1.5f - half * r * r);
  r = r * (1.5f - half * r * r);
  r = r * (1.5f - half * r * r);
  float y = z * r;
  y = y + 0.5f * r * (z - y * y);
  y = select(tiny, y * 5.9604644775390625e-8f, y);  // 2^-24
  y = select(x == 0.f, x, select(x < infinity, y, x));
  return select(x < 0.f, not_a_number, y);
}
}  // namespace detail

template <class T>
BERL_FN T exp(T x) {
  if constexpr (std::is_same_v<T, float>)
    return detail::exp_float(x);
  else
    return std::exp(x);
}
template <class T>
BERL_FN T log(T x) {
  if constexpr (std::is_same_v<T, float>)
    return detail::log_float(x);
  else
    return std::log(x);
}
template <class T>
BERL_FN T tanh(T x) {
  if constexpr (std::is_same_v<T, float>)
    return detail::tanh_float(x);
  else
    return std::tanh(x);
}
template <class T>
BERL_FN T sqrt(T x) {
  if constexpr (std::is_same_v<T, float>)
    return detail::sqrt_float(x);
  else
    return std::sqrt(x);
}

/// log(1 + e^x), and x itself above 20, as PyTorch has it.
template <class T>
BERL_FN T softplus(T x) {
  if constexpr (std::is_same_v<T, float>) {
    float const e = detail::exp_float(x);
    float const u = 1.f + e;
    float const rounded = u - 1.f;  // e as it went into u (kahan: the errors of both cancel)
    float const y = detail::log_float(u) * (e / select(rounded == 0.f, 1.f, rounded));
    return select(x > 20.f, x, select(rounded == 0.f, e, y));
  } else {
    return x > T(20) ? x : std::log1p(std::exp(x));
  }
}
/// 1 / (1 + e^-x)
template <class T>
BERL_FN T sigmoid(T x) {
  return T(1) / (T(1) + elementary::exp(-x));
}
}  // namespace berl::expr::elementary
