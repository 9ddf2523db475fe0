#include <doctest/doctest.h>

#include <berl/eval/geometry.hpp>
#include <berl/imaging/canonical_depth.hpp>
#include <berl/imaging/renderer.hpp>
#include <berl/losses/reconstruction.hpp>
#include <berl/networks/iia.hpp>
#include <berl/networks/unsup3d.hpp>
#include <berl/nn/state.hpp>
#include <berl/train/step.hpp>

#include <golden.hpp>
#include <string>

using namespace berl;
using namespace berl::networks;

namespace {
constexpr int N = 2, S = 64;
using Picture = Shape<3, S, S>;
using Map = Shape<1, S, S>;

/// One network of the published training run: its arrays from the fixture, and its pass.
template <class L, class In>
struct Part {
  using Out = nn::OutputOf<L, In>;
  Part(test::Golden const& golden, std::string const& name)
      : prefix(name + "."),
        memory(nn::kept<L, double, In>(N) * sizeof(double)),
        y(N),
        dy(N) {
    kept = memory.take<double>(nn::kept<L, double, In>(N));
    weights.params.visit(
        [&](Path const& path, auto& array) {
          auto const values = golden.values<double>(prefix + path.text);
          std::copy(values.begin(), values.end(), array.value());
        },
        Path{});
  }
  void forward(Context<Host>& ctx, Read<double, In, Host> x) {
    nn::forward<L, Training>(ctx, weights.params, x, y.write(), Pass<double>(kept, 1, 1));
  }
  template <class DX>
  void backward(Context<Host>& ctx, Read<double, In, Host> x, DX dx) {
    nn::backward<L, Training>(ctx, weights.params, x, dy.read(), dx, Pass<double>(kept, 1, 1));
  }
  /// Largest relative deviation of the parameters' gradients, and how many were compared.
  double worst(test::Golden const& golden, int& compared) {
    double largest = 0;
    weights.params.visit(
        [&](Path const& path, auto& array) {
          using A = std::remove_cvref_t<decltype(array)>;
          std::string const name = "grad." + prefix + path.text;
          if (!golden.contains(name)) return;
          double const error =
              golden.compare(name, std::span<double const>(array.gradient(), static_cast<std::size_t>(A::shape::size))).relative_l2;
          if (error > largest) {
            largest = error;
            MESSAGE(name << ": " << error);
          }
          ++compared;
        },
        Path{});
    return largest;
  }
  std::string prefix;
  nn::Weights<L, double> weights;
  Arena memory;
  double* kept = nullptr;
  Tensor<double, Out> y, dy;
};

template <class T, class Shape_>
double error_of(test::Golden const& golden, std::string const& name, T const* data, int samples) {
  return golden.compare(name, std::span<T const>(data, static_cast<std::size_t>(samples) * Shape_::size)).relative_l2;
}
}  // namespace

TEST_CASE("a training step of Unsup3D, with mirrored faces and confidence, agrees with the published code in double") {
  test::Golden const golden("unsup3d_full");
  imaging::Settings settings;
  settings.z_translation_range = golden.param("z_translation_range").get<double>();
  double const lambda = golden.param("lam_flip").get<double>();
  Context<Host> ctx;
  ctx.threads = 2;
  ctx.scratch =
      Arena(std::max(nn::scratch<Unsup3dAlbedoNet, double, Picture>(N, 2), imaging::render_scratch_bytes<double, S>(2 * N, 2)) + 64 * MiB);

  Tensor<double, Picture> image(N);
  auto const given = golden.values<double>("in/image");
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = given[i] * 2 - 1;

  Part<Unsup3dDepthNet, Picture> depth_net(golden, "netD");
  Part<Unsup3dAlbedoNet, Picture> albedo_net(golden, "netA");
  Part<ViewNet<>, Picture> view_net(golden, "netV");
  Part<LightNet<>, Picture> light_net(golden, "netL");
  Part<PixelConfidenceNet<>, Picture> confidence(golden, "netC");

  depth_net.forward(ctx, image.read());
  albedo_net.forward(ctx, image.read());
  view_net.forward(ctx, image.read());
  light_net.forward(ctx, image.read());
  confidence.forward(ctx, image.read());

  using train::detail::mirror;
  using train::detail::part;
  Tensor<double, Map> depth(2 * N), d_depth(2 * N), mask(N), sigma(N), d_sigma(N);
  Tensor<double, Picture> albedo(2 * N), d_albedo(2 * N), d_image(2 * N);
  Tensor<double, Shape<4, 1, 1>> light(2 * N), d_light(2 * N);
  Tensor<double, Shape<6, 1, 1>> view(2 * N), d_view(2 * N);
  imaging::canonical_depth(ctx, settings, depth_net.y.read(), part(depth.write(), 0, N));
  copy(albedo_net.y.read(), part(albedo.write(), 0, N));
  mirror(ctx, part(depth.read(), 0, N), part(depth.write(), N, N));
  mirror(ctx, part(albedo.read(), 0, N), part(albedo.write(), N, N));
  for (int half : {0, N}) {
    copy(light_net.y.read(), part(light.write(), half, N));
    copy(view_net.y.read(), part(view.write(), half, N));
  }
  Arena memory(imaging::Rendering<double, S>::bytes(2 * N));
  imaging::Rendering<double, S> const rendering(memory, 2 * N);
  imaging::Scene<double, S> const scene{depth.read(), albedo.read(), light.read(), view.read()};
  imaging::render(ctx, settings, scene, rendering);

  // values: stored as double to 1e-9 of their size, as float32 to 1e-6
  CHECK(error_of<double, Map>(golden, "canon_depth", &depth[0], 2 * N) < 1e-6);
  CHECK(error_of<double, Picture>(golden, "canon_albedo", &albedo[0], 2 * N) < 1e-9);
  CHECK(error_of<double, Picture>(golden, "canon_im", rendering.canonical.data(), 2 * N) < 1e-9);
  CHECK(error_of<double, Map>(golden, "recon_depth", rendering.depth.data(), 2 * N) < 1e-6);

  for (int n = 0; n < N; ++n)
    for (int p = 0; p < S * S; ++p) mask.write().sample(n)[p] = rendering.mask.sample(n)[p] * rendering.mask.sample(N + n)[p];
  Tensor<double, Picture> shown(2 * N);  // the published run stores the picture under both masks
  for (int n = 0; n < 2 * N; ++n)
    for (int i = 0; i < 3 * S * S; ++i) shown.write().sample(n)[i] = rendering.image.sample(n)[i] * mask.read().sample(n % N)[i % (S * S)];
  CHECK(error_of<double, Picture>(golden, "recon_im", &shown[0], 2 * N) < 1e-6);

  losses::ReconstructionLoss const options;
  double losses[2];
  for (int half = 0; half < 2; ++half) {
    for (int n = 0; n < N; ++n) std::copy_n(confidence.y.read().sample(n) + half * S * S, S * S, sigma.write().sample(n));
    if (half == 0) CHECK(error_of<double, Map>(golden, "conf_sigma_l1", &sigma[0], N) < 1e-9);
    auto const reconstruction = part(rendering.image.read(), half * N, N);
    losses[half] = losses::reconstruction_loss(ctx, options, reconstruction, image.read(), mask.read(), sigma.read());
    losses::reconstruction_loss_backward(ctx, options, reconstruction, image.read(), mask.read(), sigma.read(), half == 0 ? 1.0 : lambda,
                                         part(d_image.write(), half * N, N), d_sigma.write());
    for (int n = 0; n < N; ++n) std::copy_n(d_sigma.read().sample(n), S * S, confidence.dy.write().sample(n) + half * S * S);
  }
  CHECK(losses[0] == doctest::Approx(golden.number("loss_l1_im")).epsilon(1e-9));
  CHECK(losses[1] == doctest::Approx(golden.number("loss_l1_im_flip")).epsilon(1e-9));
  CHECK(losses[0] + lambda * losses[1] == doctest::Approx(golden.number("loss_total")).epsilon(1e-9));

  imaging::render_backward(ctx, settings, scene, rendering, d_image.read(), d_depth.write(), d_albedo.write(), d_light.write(),
                           d_view.write());
  mirror(ctx, part(d_depth.read(), N, N), Add<double, Map, Host>(&d_depth[0], N));
  mirror(ctx, part(d_albedo.read(), N, N), Add<double, Picture, Host>(&d_albedo[0], N));
  imaging::canonical_depth_backward(ctx, settings, depth_net.y.read(), part(d_depth.read(), 0, N), depth_net.dy.write());
  copy(part(d_albedo.read(), 0, N), albedo_net.dy.write());
  for (int n = 0; n < N; ++n) {
    for (int k = 0; k < 4; ++k) light_net.dy.write().sample(n)[k] = d_light.read().sample(n)[k] + d_light.read().sample(N + n)[k];
    for (int k = 0; k < 6; ++k) view_net.dy.write().sample(n)[k] = d_view.read().sample(n)[k] + d_view.read().sample(N + n)[k];
  }
  Skip<double, Picture, Host> const nowhere(nullptr, N);
  depth_net.backward(ctx, image.read(), nowhere);
  albedo_net.backward(ctx, image.read(), nowhere);
  view_net.backward(ctx, image.read(), nowhere);
  light_net.backward(ctx, image.read(), nowhere);
  confidence.backward(ctx, image.read(), nowhere);
  int compared = 0;
  // the two computations differ by rounding alone, some 1e-13 after forty layers
  CHECK(depth_net.worst(golden, compared) < 1e-8);
  CHECK(albedo_net.worst(golden, compared) < 1e-8);
  CHECK(view_net.worst(golden, compared) < 1e-8);
  CHECK(light_net.worst(golden, compared) < 1e-8);
  CHECK(confidence.worst(golden, compared) < 1e-8);
  CHECK(compared == 113);  // all 114 filled arrays but the features' layer, which this loss does not reach
}
