#pragma once
#include <cmath>    // pow, cos
#include <numbers>  // pi
#include <variant>
#include <vector>

/// The learning rate of step k, where k counts the steps already taken: the first step has k = 0. All schedules are closed
/// forms, so that a resumed run needs no state. With a warm-up of w steps the rate is rate k / w while k <= w.
/// The published polynomial schedule (arcface_torch) agrees with this from k = 1 on; its very first step runs at the full
/// rate, which looks like an oversight, while here it has rate 0.
namespace berl::optim {
/// rate
struct Constant {
  double rate = 1e-4;
  long warm_up = 0;

  double operator()(long k) const { return k < warm_up ? rate * static_cast<double>(k) / static_cast<double>(warm_up) : rate; }
};

/// rate factor^(number of milestones <= k); a milestone that is listed twice counts twice, as in CurricularFace's program.
/// Milestones are counted from the first step, warm-up included.
struct MultiStep {
  double rate = 0.1;
  std::vector<long> milestones;
  double factor = 0.1;
  long warm_up = 0;

  double operator()(long k) const {
    double now = Constant{rate, warm_up}(k);
    for (long const m : milestones)
      if (m <= k) now *= factor;
    return now;
  }
};

/// rate (1 - (k - w) / (total - w))^power, and 0 from k = total on
struct Poly {
  double rate = 0.1;
  long total = 1;
  double power = 1;
  long warm_up = 0;

  double operator()(long k) const {
    if (k <= warm_up && warm_up > 0) return Constant{rate, warm_up}(k);
    if (k >= total) return 0;
    return rate * std::pow(1 - static_cast<double>(k - warm_up) / static_cast<double>(total - warm_up), power);
  }
};

/// last + (rate - last) (1 + cos(pi (k - w) / (total - w))) / 2 (loshchilov2017, Eq. 5, without restarts), and `last` from k = total on
struct Cosine {
  double rate = 0.1;
  long total = 1;
  double last = 0;
  long warm_up = 0;

  double operator()(long k) const {
    if (k <= warm_up && warm_up > 0) return Constant{rate, warm_up}(k);
    if (k >= total) return last;
    double const done = static_cast<double>(k - warm_up) / static_cast<double>(total - warm_up);
    return last + (rate - last) * (1 + std::cos(std::numbers::pi * done)) / 2;
  }
};

/// Any of them, chosen at run time.
using Schedule = std::variant<Constant, MultiStep, Poly, Cosine>;

inline double rate_at(Schedule const& schedule, long k) {
  return std::visit([k](auto const& s) { return s(k); }, schedule);
}
}  // namespace berl::optim
