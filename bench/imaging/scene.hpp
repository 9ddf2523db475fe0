#pragma once
#include <berl/imaging/renderer.hpp>  // SceneTensors

#include <cmath>  // abs, exp, sin, cos
#include <span>

namespace berl::bench {
/// Bumps under waves, turned by up to 30 degrees: the same numbers as in peers/renderer.py.
template <int S>
imaging::SceneTensors<float, S> bumps(int batch) {
  imaging::SceneTensors<float, S> scene{Tensor<float, Shape<1, S, S>>(batch), Tensor<float, Shape<3, S, S>>(batch),
                                        Tensor<float, Shape<4, 1, 1>>(batch), Tensor<float, Shape<6, 1, 1>>(batch)};
  constexpr double middle = (S - 1) / 2.0, radius2 = S * S / 8.0;
  for (int n = 0; n < batch; ++n) {
    for (int v = 0; v < S; ++v)
      for (int u = 0; u < S; ++u) {
        double const r = ((u - middle) * (u - middle) + (v - middle) * (v - middle)) / radius2;
        scene.depth.write().sample(n)[v * S + u] =
            static_cast<float>(1.04 - 0.1 * std::exp(-r) + 0.002 * std::sin(0.5 * u + n) * std::cos(0.4 * v));
        for (int c = 0; c < 3; ++c)
          scene.albedo.write().sample(n)[(c * S + v) * S + u] = static_cast<float>(0.8 * std::sin(0.21 * u + 0.13 * v + c + n));
      }
    for (int i = 0; i < 4; ++i) scene.light.write().sample(n)[i] = static_cast<float>(0.5 * std::sin(1.0 + n + 2 * i));
    for (int i = 0; i < 6; ++i) scene.view.write().sample(n)[i] = static_cast<float>(0.5 * std::sin(2.0 + 3 * n + i));
  }
  return scene;
}
/// The gradient of the image that is pulled back.
template <int S>
Tensor<float, Shape<3, S, S>> waves(int batch) {
  Tensor<float, Shape<3, S, S>> d_image(batch);
  for (std::size_t i = 0; i < d_image.size(); ++i) d_image[i] = static_cast<float>(std::sin(0.1 * static_cast<double>(i % 1000)));
  return d_image;
}
inline double mean_magnitude(std::span<float const> values) {
  double sum = 0;
  for (float const v : values) sum += std::abs(static_cast<double>(v));
  return sum / static_cast<double>(values.size());
}
}  // namespace berl::bench
