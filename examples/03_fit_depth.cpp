// 3. Fitting depth to two views.
//
// Two pictures of one face, from 20 degrees left and right of the front. The renderer draws what a depth map would look like from
// there, and its pull-back says how each pixel of the depth must move for the pictures to agree: Adam follows, from a flat map.
#include <berl/data/synthetic_face.hpp>
#include <berl/imaging/renderer.hpp>
#include <berl/optim/adam.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace berl;
using imaging::light_at, imaging::render, imaging::view_at;

constexpr int S = 64, steps = 200;
using Map = Tensor<float, Shape<1, S, S>>;
using Picture = Tensor<float, Shape<3, S, S>>;

/// The mean of 5 x 5 pixels, twice; it is its own adjoint. A face is smooth, so its depth is looked for among smooth maps.
Map smooth(Map map) {
  for (int pass = 0; pass < 4; ++pass) {
    Map sum;
    for (int v = 0; v < S; ++v)
      for (int u = 0; u < S; ++u)
        for (int k = std::max(0, u - 2); k <= std::min(S - 1, u + 2); ++k)
          sum[static_cast<std::size_t>(u * S + v)] += map[static_cast<std::size_t>(v * S + k)] / 5;  // along u, and turned: next along v
    map = sum;
  }
  return map;
}

int main() {
  imaging::Settings const settings;
  auto const truth = data::synthetic_picture({5}, 3, 0).truth;
  Map depth_true(1, static_cast<float>(settings.border_depth()));
  Picture albedo;
  for (std::size_t i = 0; i < 3 * S * S; ++i)
    if (truth.canonical_mask[i % (S * S)] != 0)
      albedo[i] = 2 * truth.canonical_albedo[i] - 1, depth_true[i % (S * S)] = truth.canonical_depth[i % (S * S)];

  auto const light = light_at<float>(settings, 0.4, 0.6, {0.3, 0.3, 1});
  Tensor<float, Shape<6, 1, 1>> const views[] = {view_at<float>(settings, 0, -20, 0),
                                                 view_at<float>(settings, 0, 20, 0)};  // degrees of yaw
  Picture pictures[2];
  for (int k = 0; k < 2; ++k) copy(render<S>(depth_true, albedo, light, views[k], settings).read(), pictures[k].write());

  Context<Host> ctx;
  Map z, m, v;  // z, of which smooth makes the depth; m and v are Adam's
  optim::Adam const adam{.rate = 0.005};
  for (int step = 0; step <= steps; ++step) {
    Map depth = smooth(z), d_depth;
    for (float& d : depth.span()) d += static_cast<float>(settings.middle());
    double difference = 0, error = 0, face = 0;
    for (int k = 0; k < 2; ++k) {
      auto const image = render<S>(depth, albedo, light, views[k], settings);  // I^ = P(I_c, d, w); he2022, Eqs. 1 to 4
      Picture d_image;
      for (std::size_t i = 0; i < d_image.size(); ++i) {
        float const e = image.read().data()[i] - pictures[k][i];  // L = mean of |I^ - I|; he2022, Eq. 6
        difference += std::abs(double{e}) / static_cast<double>(2 * d_image.size());
        d_image[i] = e > 0 ? 1.0f : -1.0f;
      }
      auto const pulled = image.pull(d_image);
      for (std::size_t i = 0; i < d_depth.size(); ++i) d_depth[i] += pulled.depth[i];
    }
    auto const dz = smooth(d_depth);
    adam.step(ctx, z.span(), std::span<float const>(dz.span()), m.span(), v.span(), adam.rate, 0.0, step + 1);

    for (std::size_t i = 0; i < depth.size(); ++i)
      if (truth.canonical_mask[i] == 1) error += std::abs(double{depth[i]} - double{depth_true[i]}), face += 1;
    if (step % 50 == 0)
      std::printf("step %3d: pictures differ by %.3f; depth is wrong by %4.1f mm, seen from 1 m away\n", step, difference,
                  1000 * error / face);
    if (step == steps) return error / face < 0.003 ? 0 : 1;
  }
}
