#pragma once
#include <berl/model.hpp>

#include <cmath>
#include <vector>

/// A model with everything that a large one has, and pictures for it.
namespace berl::test {
using Small = networks::IResNet<2, 2, 2, 2, 4, 112, 16>;
using SmallModel = Model<Small, losses::CurricularFace, networks::Bypass<16, 4, 4>>;
template <class T>
using SmallTrainer = train::Trainer<SmallModel, Host, T>;

template <class T>
Tensor<T, Shape<3, 112, 112>> pictures(int n) {
  Tensor<T, Shape<3, 112, 112>> x(n);
  Random random(Seed{5});
  for (int i = 0; i < n; ++i) {  // smooth, so that the sampler sees slopes
    double const a = random.uniform(0.02, 0.08), b = random.uniform(0.02, 0.08);
    for (int c = 0; c < 3; ++c)
      for (int v = 0; v < 112; ++v)
        for (int u = 0; u < 112; ++u)
          x.write().sample(i)[(c * 112 + v) * 112 + u] = static_cast<T>(0.7 * std::sin(a * u + c) * std::cos(b * v));
  }
  return x;
}
inline std::vector<int> const people{0, 2, 1, 2};
}  // namespace berl::test
