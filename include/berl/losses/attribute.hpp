#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/device.hpp>  // Context
#include <berl/core/error.hpp>   // Error
#include <berl/core/view.hpp>    // Read, put, skips

#include <cmath>      // log1p, exp
#include <stdexcept>  // logic_error
#include <string>

namespace berl::losses {
/// One attribute: x is the logit, t in [0, 1] says whether the picture has it.
///   loss = log(1 + e^x) - x t;  dloss/dx = 1 / (1 + e^-x) - t
struct BinaryCrossEntropy {
  template <class T>
  BERL_FN static T value(T x, T t) {
    using std::exp, std::log1p;
    return x > 0 ? log1p(exp(-x)) + x * (1 - t) : log1p(exp(x)) - x * t;  // neither overflows nor cancels
  }
  template <class T>
  BERL_FN static T slope(T x, T t) {
    using std::exp;
    if (x > 0) return 1 / (1 + exp(-x)) - t;
    T const e = exp(x);
    return e / (1 + e) - t;
  }
};

struct AttributeResult {
  double loss = 0;      ///< mean over pictures and attributes
  double accuracy = 0;  ///< fraction of entries whose logit has the label's sign: logit > 0 where it is 1
};

/// Mean binary cross entropy over pictures and attributes, and its gradient; d_logits may be Write, Add or Skip.
///   dx = (sigmoid(x) - t) / (A N)
///   shapes  logits, targets, d_logits: (N, A)
///   errors  Error, when a target is not in [0, 1]
template <class T, class S, class DX>
AttributeResult attribute(Context<Host>&, Read<T, S, Host> logits, Read<T, S, Host> targets, DX d_logits) {
  if (targets.batch() != logits.batch() || (!skips<DX> && d_logits.batch() != logits.batch()))
    throw std::logic_error("berl::losses::attribute: logits, targets and gradient must have one batch.");
  auto const entries = static_cast<double>(logits.size());
  double loss = 0, right = 0;
  for (int n = 0; n < logits.batch(); ++n)
    for (int a = 0; a < S::size; ++a) {
      T const x = logits.sample(n)[a], t = targets.sample(n)[a];
      if (!(t >= 0 && t <= 1))
        throw Error("berl::losses::attribute: attribute " + std::to_string(a) + " of sample " + std::to_string(n),
                    std::to_string(static_cast<double>(t)), "a number from 0 (absent) to 1 (present)", "Map labels of -1 to 0.");
      loss += static_cast<double>(BinaryCrossEntropy::value(x, t));
      right += (x > 0) == (t > T(0.5)) ? 1 : 0;
      if constexpr (!skips<DX>)
        put<DX>(d_logits.sample(n)[a], static_cast<T>(static_cast<double>(BinaryCrossEntropy::slope(x, t)) / entries));
    }
  return logits.batch() > 0 ? AttributeResult{loss / entries, right / entries} : AttributeResult{};
}
}  // namespace berl::losses
