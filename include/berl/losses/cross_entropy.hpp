#pragma once
#include <berl/core/device.hpp>  // Context
#include <berl/core/view.hpp>    // Read, put

#include <algorithm>  // max_element
#include <cmath>      // exp, log
#include <stdexcept>  // logic_error

namespace berl::losses {
struct ClassResult {
  double loss = 0;      ///< mean over samples
  double accuracy = 0;  ///< fraction of samples whose largest logit is that of the largest target
};

/// Mean cross entropy of distributions over K classes, and its gradient; d_logits may be Write, Add or Skip.
///   L = -(1/N) sum of t log softmax(x);  dx = (softmax(x) sum t - t) / N
///   shapes  logits, targets, d_logits: (N, K);  a target is 1 for the class and 0 for the others, or any distribution
template <class T, class S, class DX>
ClassResult cross_entropy(Context<Host>&, Read<T, S, Host> logits, Read<T, S, Host> targets, DX d_logits) {
  if (targets.batch() != logits.batch() || (!skips<DX> && d_logits.batch() != logits.batch()))
    throw std::logic_error("berl::losses::cross_entropy: logits, targets and gradient must have one batch.");
  ClassResult result;
  auto const batch = static_cast<double>(logits.batch());
  for (int n = 0; n < logits.batch(); ++n) {
    T const *const x = logits.sample(n), *const t = targets.sample(n);
    auto const first = std::max_element(x, x + S::size) - x;
    auto const largest = static_cast<double>(x[first]);
    double sum = 0, mass = 0;
    for (int k = 0; k < S::size; ++k) sum += std::exp(static_cast<double>(x[k]) - largest), mass += static_cast<double>(t[k]);
    double const log_sum = largest + std::log(sum);
    for (int k = 0; k < S::size; ++k) {
      double const log_p = static_cast<double>(x[k]) - log_sum;
      if (t[k] != 0) result.loss -= static_cast<double>(t[k]) * log_p / batch;
      if constexpr (!skips<DX>)
        put<DX>(d_logits.sample(n)[k], static_cast<T>((std::exp(log_p) * mass - static_cast<double>(t[k])) / batch));
    }
    result.accuracy += (first == std::max_element(t, t + S::size) - t ? 1 : 0) / batch;
  }
  return result;
}
}  // namespace berl::losses
