#pragma once
#include <berl/core/error.hpp>               // Error
#include <berl/data/resize.hpp>              // resize
#include <berl/eval/explanation.hpp>         // Explanation
#include <berl/imaging/canonical_depth.hpp>  // canonical_depth
#include <berl/imaging/renderer.hpp>         // render
#include <berl/io/pixels.hpp>                // Image, to_network
#include <berl/losses/reconstruction.hpp>    // reconstruction_loss
#include <berl/nn/sequential.hpp>            // forward
#include <berl/nn/state.hpp>                 // ParamsOf

#include <algorithm>  // max, min
#include <cmath>      // isfinite
#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// What the auxiliary networks say of a picture (he2022, Fig. 2), for people to look at and for errors to be measured.
namespace berl::eval {
struct ExplainOptions {
  int batch = 8;  ///< pictures at a time; more are explained in several rounds
  int threads = 1;
  imaging::Settings imaging{};
  data::Resize resize = data::Resize::bilinear;
};

/// Explains any number of pictures with the parameters of a model, which must outlive it. Memory is planned once.
///   Explainer<Model> explain(trainer.parameters());  auto const faces = explain(pictures);
/// Parameters has the members trunk, view, light, depth and albedo, as train::Parameters.
template <class Model>
class Explainer {
 public:
  using Input = typename Model::Input;
  using Tap = typename Model::Tap;
  using Aux = typename Model::Auxiliary;
  static constexpr int S = Aux::side;
  using Picture = Shape<3, S, S>;
  using Map = Shape<1, S, S>;
  template <class L>
  using Params = nn::ParamsOf<L, float, Host>;

  template <class Parameters>
  explicit Explainer(Parameters& parameters, ExplainOptions const& options = {})
      : trunk_(parameters.trunk),
        view_(parameters.view),
        light_(parameters.light),
        depth_(parameters.depth),
        albedo_(parameters.albedo),
        options_(checked(options)),
        memory_(bytes(options)),
        ctx_{options.threads, Arena(scratch_bytes(options)), Convolutions::per_picture} {}

  /// errors  Error: a picture of another size than the networks take; weights that make numbers which are not finite
  std::vector<Explanation<S>> operator()(std::span<io::Image const> pictures) {
    std::vector<Explanation<S>> all;
    all.reserve(pictures.size());
    for (std::size_t first = 0; first < pictures.size(); first += static_cast<std::size_t>(options_.batch)) {
      auto const some = pictures.subspan(first, std::min(pictures.size() - first, static_cast<std::size_t>(options_.batch)));
      Scope const scope(memory_);
      auto const planar = take<Input>(static_cast<int>(some.size()));
      for (std::size_t k = 0; k < some.size(); ++k) {
        check_size(some[k], first + k);
        io::to_network(some[k], planar.sample(static_cast<int>(k)));
      }
      explain(planar.read(), all);
    }
    return all;
  }
  /// The same for pictures that are in the network's form already.
  std::vector<Explanation<S>> operator()(Read<float, Input, Host> pictures) {
    std::vector<Explanation<S>> all;
    all.reserve(static_cast<std::size_t>(pictures.batch()));
    for (int first = 0; first < pictures.batch(); first += options_.batch) {
      Scope const scope(memory_);
      explain({pictures.sample(first), std::min(options_.batch, pictures.batch() - first)}, all);
    }
    return all;
  }
  ExplainOptions const& options() const { return options_; }

 private:
  void explain(Read<float, Input, Host> pictures, std::vector<Explanation<S>>& all) {
    int const n = pictures.batch();
    auto const& settings = options_.imaging;
    auto const tap = take<Tap>(n);
    auto const image = take<Picture>(n), albedo = take<Picture>(n), seen_normal = take<Picture>(n);
    auto const raw = take<Map>(n), depth = take<Map>(n), shading = take<Map>(n);
    auto const light = take<Shape<4, 1, 1>>(n);
    auto const view = take<Shape<6, 1, 1>>(n);
    imaging::Rendering<float, S> const rendering(memory_, n, settings.supersampling);

    data::resize(ctx_, options_.resize, pictures, image);
    nn::forward<typename Model::Trunk, Inference>(ctx_, trunk_, pictures, tap, Forget{});
    nn::forward<typename Aux::View, Inference>(ctx_, view_, image.read(), view, Forget{});
    nn::forward<typename Aux::Light, Inference>(ctx_, light_, image.read(), light, Forget{});
    nn::forward<typename Aux::Depth, Inference>(ctx_, depth_, tap.read(), raw, Forget{});
    nn::forward<typename Aux::Albedo, Inference>(ctx_, albedo_, tap.read(), albedo, Forget{});
    imaging::canonical_depth(ctx_, settings, raw.read(), depth);
    for (int k = 0; k < n; ++k)
      check_finite(all.size() + static_cast<std::size_t>(k), part(view, k), part(light, k), part(depth, k), part(albedo, k));
    imaging::render(ctx_, settings, imaging::Scene<float, S>{depth.read(), albedo.read(), light.read(), view.read()}, rendering);
    imaging::shade(ctx_, settings, rendering.normal.read(), light.read(), shading);
    imaging::normals(ctx_, settings, rendering.depth.read(), seen_normal);

    for (int k = 0; k < n; ++k) {
      auto& e = all.emplace_back();
      e.settings = settings;
      keep(image, k, e.input), keep(rendering.image, k, e.reconstruction), keep(rendering.mask, k, e.mask);
      keep(rendering.canonical, k, e.canonical), keep(albedo, k, e.albedo), keep(rendering.normal, k, e.normal);
      keep(depth, k, e.depth), keep(shading, k, e.shading);
      keep(rendering.depth, k, e.seen_depth), keep(seen_normal, k, e.seen_normal);
      keep(light, k, e.light), keep(view, k, e.view);
      e.l1 =
          double{losses::reconstruction_loss(ctx_, losses::ReconstructionLoss{}, e.reconstruction.read(), e.input.read(), e.mask.read())};
    }
  }

  template <class Shape_>
  Write<float, Shape_, Host> take(int n) {
    return {memory_.take<float>(static_cast<std::size_t>(n) * Shape_::size), n};
  }
  template <class Shape_>
  static Read<float, Shape_, Host> part(Write<float, Shape_, Host> all, int k) {
    return {all.sample(k), 1};
  }
  template <class Shape_>
  static void keep(Write<float, Shape_, Host> all, int k, Tensor<float, Shape_>& one) {
    copy(part(all, k), one.write());
  }

  /// What explain() takes for one batch, with its pictures.
  static std::size_t bytes(ExplainOptions const& o) {
    auto const elements = [&](int size) { return padded<float>(static_cast<std::size_t>(o.batch) * static_cast<std::size_t>(size)); };
    return (elements(Input::size) + elements(Tap::size) + 3 * elements(Picture::size) + 3 * elements(Map::size) + elements(4) +
            elements(6)) *
               sizeof(float) +
           imaging::Rendering<float, S>::bytes(o.batch, o.imaging.supersampling);
  }
  static std::size_t scratch_bytes(ExplainOptions const& o) {
    int const n = o.batch, t = o.threads;
    return std::max({nn::scratch<typename Model::Trunk, float, Input>(n, t), nn::scratch<typename Aux::View, float, Picture>(n, t),
                     nn::scratch<typename Aux::Light, float, Picture>(n, t), nn::scratch<typename Aux::Depth, float, Tap>(n, t),
                     nn::scratch<typename Aux::Albedo, float, Tap>(n, t),
                     imaging::render_scratch_bytes<float, S>(n, t, o.imaging.supersampling),
                     losses::ReconstructionLoss::scratch<float>(1)});
  }
  static ExplainOptions checked(ExplainOptions const& o) {
    auto const positive = [](char const* name, int value) {
      if (value < 1) throw Error(std::string("berl::eval::Explainer: ") + name, std::to_string(value), "at least 1", "The default serves.");
    };
    positive("batch", o.batch), positive("threads", o.threads), positive("supersampling", o.imaging.supersampling);
    return o;
  }
  static void check_size(io::Image const& picture, std::size_t k) {
    constexpr int W = width<Input>, H = height<Input>;
    auto const by = [](int w, int h) { return std::to_string(w) + " x " + std::to_string(h); };
    if (picture.width != W || picture.height != H)
      throw Error("berl::eval::Explainer: picture " + std::to_string(k), by(picture.width, picture.height), by(W, H) + ", an aligned face",
                  "Align the picture, or resize it with data::fit_square.");
  }
  template <class... Vs>
  static void check_finite(std::size_t k, Vs... views) {
    auto const finite = [](auto const& v) { return std::all_of(v.data(), v.data() + v.size(), [](float x) { return std::isfinite(x); }); };
    if (!(finite(views) && ...))
      throw Error("berl::eval::Explainer: picture " + std::to_string(k), "view, light, depth or albedo that are not finite", "numbers",
                  "The weights are damaged or the training has diverged: take an older checkpoint.");
  }

  Params<typename Model::Trunk>& trunk_;
  Params<typename Aux::View>& view_;
  Params<typename Aux::Light>& light_;
  Params<typename Aux::Depth>& depth_;
  Params<typename Aux::Albedo>& albedo_;
  ExplainOptions options_;
  Arena memory_;
  Context<Host> ctx_;
};
}  // namespace berl::eval
