#include <doctest/doctest.h>

#include <berl/imaging/canonical_depth.hpp>
#include <berl/imaging/renderer.hpp>
#include <initializer_list>
#include <string>

#include "maps.hpp"

using namespace berl;
using namespace berl::imaging;

namespace {
/// The whole of sections 2.3 to 2.10 for the inputs of appendix A, with the loss of Eq. 6.
template <int S, class T = double>
struct Example {
  using Map1 = Tensor<T, Shape<1, S, S>>;
  using Map3 = Tensor<T, Shape<3, S, S>>;
  Settings settings;
  Context<Host> ctx;
  Map1 raw{1}, depth{1};
  Map3 albedo{1}, picture{1};
  Tensor<T, Shape<4, 1, 1>> light{1};
  Tensor<T, Shape<6, 1, 1>> view{1};
  Arena memory;
  Rendering<T, S> maps;
  Map3 d_image{1}, d_albedo{1};
  Map1 d_depth{1}, d_raw{1}, d_rendered{1};
  Tensor<T, Shape<4, 1, 1>> d_light{1};
  Tensor<T, Shape<6, 1, 1>> d_view{1};
  double masked = 0, loss = 0, unmasked = 0;

  explicit Example(Settings const& s = {})
      : settings(s),
        ctx{1, Arena(render_scratch_bytes<T, S>(1, 1, s.supersampling) + MiB)},
        memory(Rendering<T, S>::bytes(1, s.supersampling)),
        maps(memory, 1, s.supersampling) {
    double const k = 8.0 / S;
    for (int v = 0; v < S; ++v)
      for (int u = 0; u < S; ++u) {
        raw.write().sample(0)[v * S + u] = T(0.15 * std::sin(0.7 * k * u + 0.2) + 0.10 * std::cos(0.5 * k * v - 0.3));
        for (int c = 0; c < 3; ++c) {
          albedo.write().sample(0)[(c * S + v) * S + u] = T(0.5 * std::sin(0.3 * k * u + 0.5 * k * v + c));
          picture.write().sample(0)[(c * S + v) * S + u] = T(0.4 * std::cos(0.4 * k * u - 0.3 * k * v + 0.7 * c));
        }
      }
    double const q[4] = {0.2, -0.1, 0.3, -0.4}, p[6] = {0.1, -0.2, 0.05, 0.3, -0.4, 0.2};
    for (std::size_t i = 0; i < 4; ++i) light[i] = T(q[i]);
    for (std::size_t i = 0; i < 6; ++i) view[i] = T(p[i]);
    forward();
    backward();
  }
  Scene<T, S> scene() const { return {depth.read(), albedo.read(), light.read(), view.read()}; }
  double forward() {
    canonical_depth(ctx, settings, raw.read(), depth.write());
    render(ctx, settings, scene(), maps);
    double sum = 0, all = 0;
    masked = 0;
    for (int i = 0; i < 3 * S * S; ++i) {
      double const e = std::abs(double(maps.image.sample(0)[i]) - double(picture.read().sample(0)[i])),
                   m = double(maps.mask.sample(0)[i % (S * S)]);
      sum += m * e;
      all += e;
      masked += m / 3;
    }
    unmasked = all / (3 * S * S);
    return loss = sum / (3 * masked);
  }
  void backward() {
    for (int i = 0; i < 3 * S * S; ++i) {
      double const e = double(maps.image.sample(0)[i]) - double(picture.read().sample(0)[i]), m = double(maps.mask.sample(0)[i % (S * S)]);
      d_image.write().sample(0)[i] = T(m * (e > 0 ? 1 : e < 0 ? -1 : 0) / (3 * masked));
    }
    render_backward(ctx, settings, scene(), maps, d_image.read(), d_depth.write(), d_albedo.write(), d_light.write(), d_view.write());
    canonical_depth_backward(ctx, settings, raw.read(), d_depth.read(), d_raw.write());
    Tensor<T, Shape<2, S, S>> d_grid(1);  // the gradient of the rendered depth, which render_backward does not hand out
    sample_backward(ctx, settings, maps.canonical.read(), maps.grid.read(), maps.mask.read(), d_image.read(),
                    Skip<T, Shape<3, S, S>, Host>{}, d_grid.write());
    sampling_grid_backward(ctx, settings, maps.depth.read(), maps.movement.read(), d_grid.read(), d_rendered.write(),
                           Skip<T, Shape<12, 1, 1>, Host>{});
  }
};
/// Largest difference between a row (or any run with a stride) and the numbers of the appendix.
template <class T>
double error(T const* found, std::initializer_list<double> expected, int stride = 1) {
  double worst = 0;
  int i = 0;
  for (double const x : expected) worst = std::max(worst, std::abs(static_cast<double>(found[stride * i++]) - x));
  return worst;
}
template <class V>
double sum_abs(V const& map) {
  double sum = 0;
  for (auto const x : map.span()) sum += std::abs(static_cast<double>(x));
  return sum;
}
constexpr double digits = 1e-7;  // seven are given; in double
}  // namespace

TEST_CASE("appendix A.1: every map of the model at 8 x 8") {
  Example<8> const e;
  auto const& m = e.maps;
  auto const at = [](int c, int u, int v) { return (c * 8 + v) * 8 + u; };
  CHECK(error(&e.depth.read().sample(0)[24], {1.04, 1.04, 1.0170313, 1.0133114, 1.0043194, 0.9942641, 1.04, 1.04}) < digits);
  CHECK(error(m.normal.sample(0) + at(0, 3, 3), {0.2394292, 0.1650761, 0.9567388}, 64) < digits);
  CHECK(error(m.normal.sample(0) + at(0, 5, 2), {-0.5129095, 0.1026178, 0.8522491}, 64) < digits);
  CHECK(error(m.canonical.sample(0) + at(0, 3, 3), {0.3208945, -0.1387487, -0.4823988}, 64) < digits);
  CHECK(error(m.depth.sample(0), {1.2, 1.0200618, 1.0160849, 1.0088074, 1.0088920, 1.0054088, 1.0203152, 1.0520528}) < digits);
  CHECK(error(m.depth.sample(0) + 8, {1.2, 1.0230333, 1.0160964, 1.0075390, 1.0074463, 1.0039317, 1.0248445, 1.2}) < digits);
  CHECK(error(m.depth.sample(0) + 16, {1.2, 1.0260221, 1.0154527, 1.0056126, 1.0052972, 1.0016924, 1.0287871, 1.2}) < digits);
  CHECK(error(m.depth.sample(0) + 24, {1.2, 1.0289093, 1.0146802, 1.0041240, 1.0035115, 0.9997679, 1.0321766, 1.2}) < digits);
  CHECK(error(m.depth.sample(0) + 32, {1.2, 1.0310524, 1.0143736, 1.0041208, 1.0031131, 0.9991849, 1.0380192, 1.2}) < digits);
  for (int i = 40; i < 64; ++i) CHECK(m.depth.sample(0)[i] == Settings{}.depth_max + Settings{}.margin());
  CHECK(std::lround(e.masked) == 31);
  CHECK(error(m.grid.sample(0) + at(0, 3, 3), {-0.4450214, 0.3486629}, 64) < digits);
  CHECK(error(m.grid.sample(0) + at(0, 4, 2), {-0.1792235, 0.0466472}, 64) < digits);
  CHECK(error(m.image.sample(0) + at(0, 3, 3), {0.0722042, -0.3634850, -0.4843557}, 64) < digits);
  CHECK(error(m.image.sample(0) + at(0, 0, 2), {0, 0.4498381, 0.4044108, 0.2902712, 0.1904102, 0.0822601, -0.2353757, 0}) < digits);
  double sum = 0;
  for (int i = 0; i < 192; ++i) sum += m.image.sample(0)[i];
  CHECK(std::abs(sum - -11.8651637) < digits);
  CHECK(std::abs(e.loss - 0.3052080) < digits);
  CHECK(std::abs(e.unmasked - 0.2853304) < digits);
}

TEST_CASE("appendix A.1: every gradient at 8 x 8") {
  Example<8> const e;
  CHECK(error(&e.d_light[0], {0.0113626, 0.0148547, -0.0121199, 0.0004681}) < digits);
  CHECK(error(&e.d_view[0], {0.0492987, -0.0101373, 0.1605541, -0.0393611, -0.0986780, 0}) < digits);
  CHECK(error(&e.d_raw[24], {0.0000439, 0.0000439, 0.0224171, 0.0209810, 0.0056940, 0.0057845, 0.0000439, 0.0000439}) < digits);
  CHECK(std::abs(sum_abs(e.d_raw) - 0.1881502) < digits);
  CHECK(error(&e.d_albedo[27], {0.0051784, 0.0035299, -0.0114187}, 64) < digits);
  CHECK(std::abs(sum_abs(e.d_albedo) - 0.8483560) < digits);
  CHECK(error(&e.d_rendered[16], {0, 0.0234166, 0.0158076, 0.0521227, 0.0372226, -0.0072416, 0.0140817, 0}) < digits);
  CHECK(error(&e.d_depth[24], {-0.0186291, 0.1438481, 0.2304152, 0.2131478, 0.0566059, 0.0575948, 0.0541768, 0.0012656}) < digits);
}

TEST_CASE("appendix A.1: the other alignment, and a range for the shift along z") {
  Settings edges;
  edges.alignment = Alignment::edges;
  Example<8> const e(edges);
  CHECK(std::abs(e.loss - 0.3119526) < digits);
  CHECK(error(&e.d_view[0], {0.0408301, -0.0176729, 0.1622227, -0.0574601, -0.0754574, 0}) < digits);
  Example<8> const z(maps::with_z());
  CHECK(std::abs(z.loss - 0.3067154) < digits);
  CHECK(std::lround(z.masked) == 30);
  CHECK(std::abs(z.maps.depth.sample(0)[2 * 8 + 3] - 1.0256511) < digits);
  CHECK(error(&z.d_view[0], {0.0602120, -0.0115156, 0.1619224, -0.0403571, -0.1169278, 0.0037076}) < digits);
}

TEST_CASE("appendix A.2: the model at 64 x 64") {
  Example<64> const e;
  auto const& m = e.maps;
  CHECK(std::lround(e.masked) == 2700);
  CHECK(std::abs(e.loss - 0.3682840) < digits);
  CHECK(error(&e.d_view[0], {0.0093723, -0.0336949, 0.0896643, -0.0723647, -0.0963248, 0}) < digits);
  CHECK(error(&e.d_light[0], {-0.0946845, -0.0614677, -0.0038456, -0.0244002}) < digits);
  double mean = 0, sum = 0;
  for (int i = 0; i < 4096; ++i) mean += m.depth.sample(0)[i] * m.mask.sample(0)[i] / e.masked;
  for (int i = 0; i < 3 * 4096; ++i) sum += m.image.sample(0)[i];
  CHECK(std::abs(mean - 0.9998183) < digits);
  CHECK(std::abs(m.depth.sample(0)[32 * 64 + 32] - 1.0027749) < digits);
  CHECK(std::abs(m.depth.sample(0)[20 * 64 + 40] - 1.0016991) < digits);
  CHECK(std::abs(m.depth.sample(0)[45 * 64 + 10] - 0.9959267) < digits);
  CHECK(error(m.image.sample(0) + 32 * 64 + 32, {-0.2998006, -0.4985788, -0.2390574}, 4096) < digits);
  double const* const n = m.normal.sample(0) + 20 * 64 + 20;
  CHECK(error(n, {0.158212, 0.165615, 0.970342}, 4096) < 1e-6);  // six digits given
  CHECK(std::abs(std::sqrt(n[0] * n[0] + n[4096] * n[4096] + n[8192] * n[8192]) - 0.997007) < 1e-6);
  CHECK(std::abs(sum - -1750.7551639) < digits);
  CHECK(std::abs(sum_abs(e.d_raw) - 0.6327763) < digits);
}

TEST_CASE("in float the model deviates by no more than spec 1.4 allows") {
  Example<64> const d;
  Example<64, float> const f;
  auto const worst = [](auto const& a, auto const& b, int n) {
    double w = 0;
    for (int i = 0; i < n; ++i) w = std::max(w, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    return w;
  };
  CHECK(f.masked == d.masked);
  CHECK(std::abs(f.loss - d.loss) < 1e-5);
  CHECK(worst(f.maps.depth.sample(0), d.maps.depth.sample(0), 4096) < 1e-5);
  CHECK(worst(f.maps.grid.sample(0), d.maps.grid.sample(0), 2 * 4096) < 1e-5);
  CHECK(worst(f.maps.normal.sample(0), d.maps.normal.sample(0), 3 * 4096) < 5e-5);
  CHECK(worst(f.maps.canonical.sample(0), d.maps.canonical.sample(0), 3 * 4096) < 5e-5);  // contains the shading
  CHECK(worst(f.maps.image.sample(0), d.maps.image.sample(0), 3 * 4096) < 5e-5);
  CHECK(worst(&f.d_view[0], &d.d_view[0], 6) < 1e-5);
  CHECK(worst(&f.d_light[0], &d.d_light[0], 4) < 1e-5);
  CHECK(worst(&f.d_raw[0], &d.d_raw[0], 4096) < 1e-5);
  CHECK(worst(&f.d_albedo[0], &d.d_albedo[0], 3 * 4096) < 1e-5);
}

namespace {
/// The three pictures of the fixture render_full and its three losses.
template <class T>
struct Full {
  static constexpr int S = 64, P = S * S, B = 3;
  golden::File file{"render_full"};
  Settings settings = maps::with_z();
  RenderedImage<T, S> image;
  std::vector<double> target = file.get("in/target"), mask = file.get("mask"), sampled;

  Full() : image(scene(), settings, 2), sampled(image.read().data(), image.read().data() + image.read().size()) {}
  SceneTensors<T, S> scene() const {
    return {maps::tensor<Shape<1, S, S>, T>(file.get("in/depth")), maps::tensor<Shape<3, S, S>, T>(file.get("in/albedo")),
            maps::tensor<Shape<4, 1, 1>, T>(file.get("in/light")), maps::view<T>(file.get("in/view"))};
  }

  /// The masked loss and its gradient.
  double loss(std::string const& name, Tensor<T, Shape<3, S, S>>& d) const {
    bool const conf = name == "conf";
    auto const sigma = golden::filled("conf", B * P, 0.4, 1.0);
    double count = 0, sum = 0;
    for (double const m : mask) count += 3 * m;
    for (std::size_t i = 0; i < d.size(); ++i) {
      std::size_t const n = i / (3 * P), pixel = n * P + i % P;
      double const e = sampled[i] - target[i], c = conf ? static_cast<double>(sigma[pixel]) + 1e-7 : 1,
                   scale = conf ? std::sqrt(2.0) / c : 1;
      sum += mask[pixel] * (std::abs(e) * scale + (conf ? std::log(c) : 0)) / count;
      d[i] = static_cast<T>(mask[pixel] * scale * (e > 0 ? 1 : e < 0 ? -1 : 0) / count);
    }
    return sum;
  }
  double where_robust(std::vector<double> const& found, std::string const& name, int channels, bool last, bool masked) const {
    auto const expected = file.get(name);
    auto const robust = file.get<int>("robust");
    std::vector<double> a, b;
    for (std::size_t i = 0; i < found.size(); ++i) {
      auto const c = static_cast<std::size_t>(channels);
      std::size_t const pixel = last ? i / c : i / (c * P) * P + i % P;
      if (robust[pixel] == 0 || (masked && mask[pixel] == 0)) continue;
      a.push_back(found[i]);
      b.push_back(expected[i]);
    }
    return golden::deviation(a, b);
  }
};
template <class T, class V>
std::vector<double> values(V const& view) {
  return {view.data(), view.data() + view.size()};
}
}  // namespace

TEST_CASE("the whole reconstruction, its losses and gradients are those of the published code") {
  Full<double> const full;
  auto const& m = full.image.maps();
  CHECK(golden::deviation(values<double>(m.depth), full.file.get("recon_depth")) < 1e-6);  // stored in float, likewise below
  CHECK(values<double>(m.mask) == full.mask);
  CHECK(full.where_robust(full.sampled, "recon_im", 3, false, true) < 1e-6);
  Tensor<double, Shape<2, 64, 64>> grid(3);
  copy(m.grid.read(), grid.write());
  CHECK(full.where_robust(maps::interleaved(grid), "grid", 2, true, false) < 1e-6);
  for (std::string const name : {"mask", "conf"}) {
    Tensor<double, Shape<3, 64, 64>> d_image(3);
    CHECK(std::abs(full.loss(name, d_image) - full.file.get(name + "/loss")[0]) < 1e-9);
    auto const d = full.image.pull(d_image);
    CHECK(golden::deviation(maps::values(d.light), full.file.get(name + "/glight")) < 1e-8);       // stored in double
    CHECK(golden::deviation(maps::view_gradient(d.view), full.file.get(name + "/gview")) < 1e-8);  // likewise
    CHECK(maps::deviation(maps::values(d.albedo), full.file, name + "/galbedo") < 1e-8);           // likewise
    CHECK(golden::deviation(maps::values(d.depth), full.file.get(name + "/gdepth")) < 1e-6);       // stored in float
  }
}

TEST_CASE("where the mask is set aside the published code's unmasked loss and gradients come out") {
  using T = double;
  Full<T> const full;
  Context<Host> ctx{2, Arena(render_scratch_bytes<T, 64>(3, 2))};
  Arena memory(Rendering<T, 64>::bytes(3));
  Rendering<T, 64> const kept(memory, 3);
  auto const scene = full.scene();
  render(ctx, full.settings, scene.read(), kept);
  std::fill_n(kept.mask.data(), kept.mask.size(), T(1));
  sample(ctx, full.settings, kept.canonical.read(), kept.grid.read(), kept.mask.read(), kept.image);
  CHECK(full.where_robust(values<double>(kept.image), "recon_im", 3, false, false) < 1e-6);  // stored in float
  Tensor<T, Shape<3, 64, 64>> d_image(3);
  double loss = 0;
  double const share = 1.0 / static_cast<double>(d_image.size());
  for (std::size_t i = 0; i < d_image.size(); ++i) {
    double const e = kept.image.data()[i] - full.target[i];
    loss += std::abs(e) * share;
    d_image[i] = e > 0 ? share : e < 0 ? -share : 0;
  }
  CHECK(std::abs(loss - full.file.get("nomask/loss")[0]) < 1e-9);
  SceneTensors<T, 64> d = scene;
  render_backward(ctx, full.settings, scene.read(), kept, d_image.read(), d.depth.write(), d.albedo.write(), d.light.write(),
                  d.view.write());
  CHECK(golden::deviation(maps::values(d.light), full.file.get("nomask/glight")) < 1e-8);  // stored in double
  CHECK(golden::deviation(maps::view_gradient(d.view), full.file.get("nomask/gview")) < 1e-8);
  CHECK(maps::deviation(maps::values(d.albedo), full.file, "nomask/galbedo") < 1e-8);
  CHECK(golden::deviation(maps::values(d.depth), full.file.get("nomask/gdepth")) < 1e-6);  // stored in float

  Tensor<T, Shape<2, 64, 64>> d_grid(3);
  Tensor<T, Shape<1, 64, 64>> d_rendered(3);
  sample_backward(ctx, full.settings, kept.canonical.read(), kept.grid.read(), kept.mask.read(), d_image.read(),
                  Skip<T, Shape<3, 64, 64>, Host>{}, d_grid.write());
  sampling_grid_backward(ctx, full.settings, kept.depth.read(), kept.movement.read(), d_grid.read(), d_rendered.write(),
                         Skip<T, Shape<12, 1, 1>, Host>{});
  CHECK(maps::deviation(maps::interleaved(d_grid), full.file, "nomask/ggrid") < 1e-8);
  CHECK(maps::deviation(maps::values(d_rendered), full.file, "nomask/grecon_depth") < 1e-8);
}

TEST_CASE("in float the whole reconstruction deviates as the fixture's own float run") {
  Full<float> const full;
  for (std::string const name : {"mask", "conf"}) {
    Tensor<float, Shape<3, 64, 64>> d_image(3);
    CHECK(std::abs(full.loss(name, d_image) - full.file.get(name + "/loss")[0]) < 1e-4);
    auto const d = full.image.pull(d_image);
    CHECK(golden::deviation(maps::values(d.light), full.file.get(name + "/glight")) < 1e-4);  // ten times the measured, at least 1e-4
    CHECK(golden::deviation(maps::view_gradient(d.view), full.file.get(name + "/gview")) < 1e-4);
    CHECK(maps::deviation(maps::values(d.albedo), full.file, name + "/galbedo") < 1.8e-4);
    CHECK(golden::deviation(maps::values(d.depth), full.file.get(name + "/gdepth")) < 5.5e-4);
  }
}

TEST_CASE("every option renders finite numbers whose gradients are those of central differences") {
  std::vector<Settings> options(6);
  options[0].raster_offset = RasterOffset::centred;
  options[1].supersampling = 1;
  options[2].rotation_centre = RotationCentre::none, options[2].rotation_range = 3, options[2].z_translation_range = 0.1;
  options[3].normal_epsilon = 0;
  options[4].padding = Padding::border;
  options[5].alignment = Alignment::edges, options[5].border = false;
  for (auto const& settings : options) {
    Example<8> e(settings);
    CHECK(e.masked > 9);
    auto const d_raw = e.d_raw;
    auto const d_albedo = e.d_albedo;
    auto const d_light = e.d_light;
    auto const d_view = e.d_view;
    auto const loss = [&] { return e.forward(); };
    // 1e-16 / h of rounding and h times second derivatives of up to 1e2; a kink within h of a sample would show as a large error
    CHECK(maps::gradient_error(e.albedo, d_albedo, loss, 1e-6) < 1e-7);
    CHECK(maps::gradient_error(e.light, d_light, loss, 1e-6) < 1e-7);
    CHECK(maps::gradient_error(e.view, d_view, loss, 1e-7) < 1e-6);
    CHECK(maps::gradient_error(e.raw, d_raw, loss, 1e-7) < 1e-6);
  }
}

namespace {
template <class T, int S>
SceneTensors<T, S> scene_of(int batch, double turn) {
  return {maps::bumps<S, T>(batch), maps::noise<Shape<3, S, S>, T>("albedo", batch, 1), maps::noise<Shape<4, 1, 1>, T>("light", batch, 0.9),
          maps::noise<Shape<6, 1, 1>, T>("view", batch, turn)};
}
}  // namespace

TEST_CASE("gradients are overwritten, added to or left out as their views say") {
  using T = double;
  auto const s = scene_of<T, 16>(3, 0.4);
  Settings const settings;
  Context<Host> ctx{1, Arena(render_scratch_bytes<T, 16>(3, 1))};
  Arena memory(Rendering<T, 16>::bytes(3));
  Rendering<T, 16> const kept(memory, 3);
  CHECK(memory.mark() == memory.bytes());
  render(ctx, settings, s.read(), kept);
  auto const dy = maps::noise<Shape<3, 16, 16>, T>("dy", 3, 1);
  auto const all = RenderedImage<T, 16>(s, settings, 1).pull(dy);
  auto const again = [&](auto depth, auto albedo, auto light, auto view) {
    render_backward(ctx, settings, s.read(), kept, dy.read(), depth, albedo, light, view);
  };
  Skip<T, Shape<1, 16, 16>, Host> const no_depth;
  Skip<T, Shape<3, 16, 16>, Host> const no_albedo;
  Skip<T, Shape<4, 1, 1>, Host> const no_light;
  Skip<T, Shape<6, 1, 1>, Host> const no_view;
  auto d = all;
  again(d.depth.add(), no_albedo, no_light, no_view);
  again(no_depth, d.albedo.add(), no_light, no_view);
  again(no_depth, no_albedo, d.light.add(), no_view);
  again(no_depth, no_albedo, no_light, d.view.add());
  again(no_depth, no_albedo, no_light, no_view);
  auto const twice = [](auto const& found, auto const& once) {
    double worst = 0;
    for (std::size_t i = 0; i < once.size(); ++i) worst = std::max(worst, std::abs(found[i] - 2 * once[i]) / (1 + std::abs(once[i])));
    return worst;
  };
  CHECK(twice(d.depth, all.depth) < 1e-13);  // another order of a few additions
  CHECK(twice(d.albedo, all.albedo) < 1e-13);
  CHECK(twice(d.light, all.light) < 1e-13);
  CHECK(twice(d.view, all.view) < 1e-13);
  CHECK(ctx.scratch.mark() == 0);
}

TEST_CASE("an image and its gradients have the same bits for any number of threads, and in any batch") {
  using T = float;
  auto const s = scene_of<T, 16>(5, 0.5);
  auto const dy = maps::noise<Shape<3, 16, 16>, T>("dy", 5, 1);
  RenderedImage<T, 16> const one(s, Settings{}, 1);
  auto const d = one.pull(dy);
  for (int const threads : {2, 7, 16}) {  // 7 and 16: bands of an image
    RenderedImage<T, 16> const many(s, Settings{}, threads);
    CHECK(values<T>(many.read()) == values<T>(one.read()));
    auto const e = many.pull(dy);
    CHECK(maps::values(e.depth) == maps::values(d.depth));
    CHECK(maps::values(e.albedo) == maps::values(d.albedo));
    CHECK(maps::values(e.light) == maps::values(d.light));
    CHECK(maps::values(e.view) == maps::values(d.view));
  }
  SceneTensors<T, 16> last{Tensor<T, Shape<1, 16, 16>>(1), Tensor<T, Shape<3, 16, 16>>(1), Tensor<T, Shape<4, 1, 1>>(1),
                           Tensor<T, Shape<6, 1, 1>>(1)};
  std::copy_n(s.depth.read().sample(4), 256, &last.depth[0]);
  std::copy_n(s.albedo.read().sample(4), 768, &last.albedo[0]);
  std::copy_n(s.light.read().sample(4), 4, &last.light[0]);
  std::copy_n(s.view.read().sample(4), 6, &last.view[0]);
  RenderedImage<T, 16> const alone(last, Settings{}, 1);
  CHECK(std::equal(alone.read().data(), alone.read().data() + 768, one.read().sample(4)));
}

TEST_CASE("scratch for some images serves fewer, whatever the number of threads; no image is none") {
  using T = float;
  auto const s = scene_of<T, 16>(8, 0.5);
  RenderedImage<T, 16> const all(s, Settings{}, 1);
  auto const d_image = maps::noise<Shape<3, 16, 16>, T>("dy", 8, 1);
  auto const d = all.pull(d_image);
  for (int const threads : {1, 4, 8, 16}) {
    Context<Host> ctx{threads, Arena(render_scratch_bytes<T, 16>(8, threads))};
    for (int n = 0; n <= 8; ++n) {
      Arena memory(Rendering<T, 16>::bytes(n));
      Rendering<T, 16> const maps(memory, n);
      auto const some = s.read().images(0, n);
      Tensor<T, Shape<1, 16, 16>> d_depth(n);
      Tensor<T, Shape<3, 16, 16>> d_albedo(n);
      Tensor<T, Shape<4, 1, 1>> d_light(n);
      Tensor<T, Shape<6, 1, 1>> d_view(n);
      render(ctx, Settings{}, some, maps);
      render_backward(ctx, Settings{}, some, maps, samples(d_image.read(), 0, n), d_depth.write(), d_albedo.write(), d_light.write(),
                      d_view.write());
      CHECK(std::equal(d_depth.span().begin(), d_depth.span().end(), d.depth.span().begin()));
      CHECK(std::equal(d_view.span().begin(), d_view.span().end(), d.view.span().begin()));
    }
  }
}

TEST_CASE("whatever is rendered, all numbers are finite") {
  using T = float;
  for (float const depth : {1.0f, 0.0f, -1.0f, 0.05f, 150.0f})
    for (int const turned : {0, 1}) {
      Settings settings;
      settings.normal_epsilon = turned ? 0 : 1e-7;
      settings.rotation_range = 180;
      settings.rotation_centre = turned ? RotationCentre::none : RotationCentre::face;
      auto s = scene_of<T, 8>(2, turned ? 1.0 : 0.0);
      s.depth = Tensor<T, Shape<1, 8, 8>>(2, depth);
      RenderedImage<T, 8> const image(s, settings, 1);
      auto const d = image.pull(Tensor<T, Shape<3, 8, 8>>(2, 1.0f));
      for (double const x : values<T>(image.read())) CHECK(std::isfinite(x));
      for (double const x : values<T>(image.maps().grid)) CHECK(std::isfinite(x));
      CHECK(maps::finite(d.depth));
      CHECK(maps::finite(d.albedo));
      CHECK(maps::finite(d.light));
      CHECK(maps::finite(d.view));
      if (depth == 0.05f && !turned)  // nearer than the renderer sees: all is uncovered
        for (double const x : values<T>(image.read())) CHECK(x == 0);
    }
}

TEST_CASE("a face is turned and relit by numbers that people use") {
  Settings const settings;
  auto const view = view_at<double>(settings, 0, 45, 0, 0.05);
  CHECK(view[1] == doctest::Approx(0.75));
  CHECK(view[3] == doctest::Approx(0.5));
  auto const light = light_at<double>(settings, 0.4, 0.7, {-0.5, 0, 0.5});
  CHECK(light[0] == doctest::Approx(-0.2));
  CHECK(light[1] == doctest::Approx(0.4));
  CHECK(light[2] == doctest::Approx(-1));
  Tensor<double, Shape<1, 32, 32>> depth(1);  // a wall that recedes to the right: its normals point to the left
  for (std::size_t i = 0; i < depth.size(); ++i) depth[i] = 1 + 0.002 * static_cast<double>(i % 32);
  Tensor<double, Shape<3, 32, 32>> const grey(1, 0.0);
  auto const straight = view_at<double>(settings, 0, 0, 0);
  auto const left = render<32>(depth, grey, light, straight),
             right = render<32>(depth, grey, light_at<double>(settings, 0.4, 0.7, {1, 0, 1}), straight);
  for (int v = 4; v < 28; ++v) CHECK(left.read().sample(0)[v * 32 + 6] > right.read().sample(0)[v * 32 + 6] + 0.1);
  auto const turned = render<32>(depth, grey, light, view);
  CHECK(values<double>(turned.maps().mask) != values<double>(left.maps().mask));
  CHECK_THROWS_WITH_AS(
      view_at<double>(settings, 0, 0, 0, 0, 0, 0.1),
      "berl::imaging::view_at, a shift: found 0.100000; expected 0.000000, as the settings allow nothing else. Widen the range in "
      "Settings.",
      Error);
  CHECK_THROWS_AS(light_at<double>(settings, 0.4, 0.6, {1, 0, 0}), Error);
}

TEST_CASE("batches of several sizes and a raster without samples are the caller's errors") {
  auto s = scene_of<float, 8>(2, 0.1);
  s.light = Tensor<float, Shape<4, 1, 1>>(1);
  CHECK_THROWS_WITH_AS(RenderedImage(s, Settings{}, 1),
                       "berl::imaging::render: found 1 lights; expected 2, one for each depth map. Pass batches of one size.", Error);
  auto const t = scene_of<float, 8>(2, 0.1);
  Context<Host> ctx{1, Arena(render_scratch_bytes<float, 8>(2, 1))};
  Arena memory(Rendering<float, 8>::bytes(2));
  Rendering<float, 8> const maps(memory, 2);
  render(ctx, Settings{}, t.read(), maps);
  Tensor<float, Shape<3, 8, 8>> d_albedo(1), dy(2);
  CHECK_THROWS_WITH_AS(
      render_backward(ctx, Settings{}, t.read(), maps, dy.read(), Skip<float, Shape<1, 8, 8>, Host>{}, d_albedo.write(),
                      Skip<float, Shape<4, 1, 1>, Host>{}, Skip<float, Shape<6, 1, 1>, Host>{}),
      "berl::imaging::render: found 1 gradients of albedo maps; expected 2, one for each depth map. Pass batches of one size.", Error);
  Settings settings;
  settings.supersampling = 0;
  CHECK_THROWS_AS(render<8>(t.depth, t.albedo, t.light, t.view, settings), Error);
}
