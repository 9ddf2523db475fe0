#pragma once
#include <berl/core/error.hpp>               // Error
#include <berl/data/resize.hpp>              // resize
#include <berl/eval/explanation.hpp>         // Explanation
#include <berl/imaging/canonical_depth.hpp>  // canonical_depth
#include <berl/imaging/renderer.hpp>         // render
#include <berl/io/pixels.hpp>                // Image, to_network
#include <berl/losses/reconstruction.hpp>    // reconstruction_loss
#include <berl/nn/state.hpp>                 // ParamsOf
#include <berl/nn/stored.hpp>                // ToNumbers, stored

#include <algorithm>  // max, min
#include <cmath>      // isfinite
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>  // is_same_v
#include <vector>

/// What the auxiliary networks say of a picture (he2022, Fig. 2), for people to look at and for errors to be measured.
namespace berl::eval {
struct ExplainOptions {
  int batch = 8;  ///< pictures at a time; more are explained in several rounds
  int threads = 1;
  imaging::Settings imaging{};
  data::Resize resize = data::Resize::bilinear;
  int gpu = 0;                            ///< number of the GPU, on CUDA
  Precision precision = Precision::fp32;  ///< on CUDA
};

/// What an Explainer asks of a device beside its networks' operations: memory, and the way of pictures and maps to and from the host.
struct Explaining {};
}  // namespace berl::eval

template <>
struct berl::Kernel<berl::eval::Explaining, berl::Host> {
  static constexpr Memory const& memory = host_memory;

  template <class T>
  static Context<Host> context(eval::ExplainOptions const& o) {
    return {o.threads, {}, Convolutions::per_picture};
  }
  /// Parameters where the device reads them.
  template <class L, class T>
  struct Weights {
    Weights(Context<Host>&, nn::ParamsOf<L, T, Host>& given) : params(given) {}
    nn::ParamsOf<L, T, Host>& params;
  };
  /// Bytes of scratch for a network.
  template <class L, class T, class In>
  static std::size_t plan(Context<Host>&, eval::ExplainOptions const& o) {
    return nn::scratch<L, T, In>(o.batch, o.threads);
  }
  static void begin(Context<Host>&) {}
  template <class S>
  class Inbox {
   public:
    static constexpr std::size_t bytes(int batch) { return padded<float>(static_cast<std::size_t>(batch) * S::size) * sizeof(float); }
    Inbox(Arena& arena, int batch) : room_(arena.take<float>(static_cast<std::size_t>(batch) * S::size)) {}
    Write<float, S, Host> room(int n) const { return {room_, n}; }
    Read<float, S, Host> send(Context<Host>&, Read<float, S, Host> given) { return given; }

   private:
    float* room_;
  };
  /// Where maps are fetched to, and how: they are there.
  static Arena outbox(std::size_t) { return {}; }
  template <class S>
  static Read<float, S, Host> fetch(Context<Host>&, Arena&, Read<float, S, Host> maps) {
    return maps;
  }
  static void wait(Context<Host>&) {}
  template <class From, class To>
  static void resize(Context<Host>& ctx, data::Resize method, Read<float, From, Host> from, Write<float, To, Host> to) {
    data::resize(ctx, method, from, to);
  }
};

namespace berl::eval {
/// Explains any number of pictures with the parameters of a model, which must outlive it. Memory is planned once.
///   Explainer<Model> explain(trainer.parameters());  auto const faces = explain(pictures);
/// Parameters has the members trunk, view, light, depth and albedo, as train::Parameters.
/// With Device = Cuda, include <berl/cuda/eval/explain.hpp> before and compile as CUDA: pictures, parameters and explanations are the
/// host's there too, and the parameters are copied when it is made. T is what networks store their maps as: there also Bf16.
template <class Model, class Device = Host, class T = float>
class Explainer {
  static_assert(!nn::narrow<T> || !std::is_same_v<Device, Host>, "berl::eval::Explainer: maps of 16 bits are for berl::Cuda.");
  using On = Kernel<Explaining, Device>;

 public:
  using Input = typename Model::Input;
  using Tap = typename Model::Tap;
  using Aux = typename Model::Auxiliary;
  static constexpr int S = Aux::side;
  using Picture = Shape<3, S, S>;
  using Map = Shape<1, S, S>;

  /// errors  Error: options that are not positive; on CUDA no such GPU, or too little memory on it
  template <class Parameters>
  explicit Explainer(Parameters& parameters, ExplainOptions const& options = {})
      : options_(checked(options)),
        ctx_(On::template context<T>(options_)),
        memory_(plan(), On::memory),
        results_(On::outbox(result_bytes())),
        inbox_(memory_, options_.batch),
        trunk_(ctx_, parameters.trunk),
        view_(ctx_, parameters.view),
        light_(ctx_, parameters.light),
        depth_(ctx_, parameters.depth),
        albedo_(ctx_, parameters.albedo),
        host_{1, Arena(losses::ReconstructionLoss::scratch<float>(1))} {}

  /// errors  Error: a picture of another size than the networks take; weights that make numbers which are not finite
  std::vector<Explanation<S>> operator()(std::span<io::Image const> pictures) {
    std::vector<Explanation<S>> all;
    all.reserve(pictures.size());
    for (std::size_t first = 0; first < pictures.size(); first += static_cast<std::size_t>(options_.batch)) {
      auto const some = pictures.subspan(first, std::min(pictures.size() - first, static_cast<std::size_t>(options_.batch)));
      auto const planar = inbox_.room(static_cast<int>(some.size()));
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
    for (int first = 0; first < pictures.batch(); first += options_.batch)
      explain({pictures.sample(first), std::min(options_.batch, pictures.batch() - first)}, all);
    return all;
  }
  ExplainOptions const& options() const { return options_; }

 private:
  using View = nn::ToNumbers<typename Aux::View, T>;
  using Light = nn::ToNumbers<typename Aux::Light, T>;
  using Depth = nn::ToNumbers<typename Aux::Depth, T>;
  using Albedo = nn::ToNumbers<typename Aux::Albedo, T>;

  void explain(Read<float, Input, Host> given, std::vector<Explanation<S>>& all) {
    Scope const scope(memory_), results(results_);
    On::begin(ctx_);
    auto const sent = inbox_.send(ctx_, given);
    int const wanted = given.batch(), n = sent.batch();
    auto const& settings = options_.imaging;
    auto const pictures = nn::stored(ctx_, sent, narrow<Input>(n));
    auto const tap = take<Tap, T>(n);
    auto const image = take<Picture>(n), albedo = take<Picture>(n), seen_normal = take<Picture>(n);
    auto const raw = take<Map>(n), depth = take<Map>(n), shading = take<Map>(n);
    auto const light = take<Shape<4, 1, 1>>(n);
    auto const view = take<Shape<6, 1, 1>>(n);
    imaging::Rendering<float, S, Device> const rendering(memory_, n, settings.supersampling);

    On::resize(ctx_, options_.resize, sent, image);
    auto const seen = nn::stored(ctx_, image.read(), narrow<Picture>(n));
    nn::forward<typename Model::Trunk, Inference>(ctx_, trunk_.params, pictures, tap, Forget{});
    nn::forward<View, Inference>(ctx_, view_.params, seen, view, Forget{});
    nn::forward<Light, Inference>(ctx_, light_.params, seen, light, Forget{});
    nn::forward<Depth, Inference>(ctx_, depth_.params, tap.read(), raw, Forget{});
    nn::forward<Albedo, Inference>(ctx_, albedo_.params, tap.read(), albedo, Forget{});
    imaging::canonical_depth(ctx_, settings, raw.read(), depth);
    auto const its_view = fetch(view, wanted);
    auto const its_light = fetch(light, wanted);
    auto const its_depth = fetch(depth, wanted);
    auto const its_albedo = fetch(albedo, wanted);
    On::wait(ctx_);
    for (int k = 0; k < wanted; ++k)
      check_finite(all.size() + static_cast<std::size_t>(k), samples(its_view, k, 1), samples(its_light, k, 1), samples(its_depth, k, 1),
                   samples(its_albedo, k, 1));
    imaging::render(ctx_, settings, imaging::Scene<float, S, Device>{depth.read(), albedo.read(), light.read(), view.read()}, rendering);
    imaging::shade(ctx_, settings, rendering.normal.read(), light.read(), shading);
    imaging::normals(ctx_, settings, rendering.depth.read(), seen_normal);
    auto const its_input = fetch(image, wanted);
    auto const its_reconstruction = fetch(rendering.image, wanted);
    auto const its_mask = fetch(rendering.mask, wanted);
    auto const its_canonical = fetch(rendering.canonical, wanted);
    auto const its_normal = fetch(rendering.normal, wanted);
    auto const its_shading = fetch(shading, wanted);
    auto const its_seen_depth = fetch(rendering.depth, wanted);
    auto const its_seen_normal = fetch(seen_normal, wanted);
    On::wait(ctx_);

    for (int k = 0; k < wanted; ++k) {
      auto& e = all.emplace_back();
      e.settings = settings;
      keep(its_input, k, e.input), keep(its_reconstruction, k, e.reconstruction), keep(its_mask, k, e.mask);
      keep(its_canonical, k, e.canonical), keep(its_albedo, k, e.albedo), keep(its_normal, k, e.normal);
      keep(its_depth, k, e.depth), keep(its_shading, k, e.shading);
      keep(its_seen_depth, k, e.seen_depth), keep(its_seen_normal, k, e.seen_normal);
      keep(its_light, k, e.light), keep(its_view, k, e.view);
      e.l1 =
          double{losses::reconstruction_loss(host_, losses::ReconstructionLoss{}, e.reconstruction.read(), e.input.read(), e.mask.read())};
    }
  }

  template <class Shape_, class Element = float>
  Write<Element, Shape_, Device> take(int n) {
    return {memory_.take<Element>(static_cast<std::size_t>(n) * Shape_::size), n};
  }
  /// Room for what networks read, where it is stored as another type.
  template <class Shape_>
  Write<T, Shape_, Device> narrow(int n) {
    return take<Shape_, T>(nn::narrow<T> ? n : 0);
  }
  /// The first maps on the host, once the context has been waited for.
  template <class Shape_>
  Read<float, Shape_, Host> fetch(Write<float, Shape_, Device> maps, int wanted) {
    return On::fetch(ctx_, results_, samples(maps.read(), 0, wanted));
  }
  template <class Shape_>
  static void keep(Read<float, Shape_, Host> all, int k, Tensor<float, Shape_>& one) {
    copy(samples(all, k, 1), one.write());
  }

  /// Plans the networks and their scratch; the bytes of what explain() takes for one batch, with its pictures.
  std::size_t plan() {
    auto const& o = options_;
    ctx_.scratch = Arena(std::max({On::template plan<typename Model::Trunk, T, Input>(ctx_, o),
                                   On::template plan<View, T, Picture>(ctx_, o), On::template plan<Light, T, Picture>(ctx_, o),
                                   On::template plan<Depth, T, Tap>(ctx_, o), On::template plan<Albedo, T, Tap>(ctx_, o),
                                   imaging::render_scratch_bytes<float, S, Device>(o.batch, o.threads, o.imaging.supersampling)}),
                         On::memory);
    return On::template Inbox<Input>::bytes(o.batch) + padded<T>(static_cast<std::size_t>(o.batch) * Tap::size) * sizeof(T) +
           nn::stored_bytes<T, Input>(o.batch) + nn::stored_bytes<T, Picture>(o.batch) +
           (3 * elements(Picture::size) + 3 * elements(Map::size) + elements(4) + elements(6)) * sizeof(float) +
           imaging::Rendering<float, S, Device>::bytes(o.batch, o.imaging.supersampling);
  }
  std::size_t elements(int size) const { return padded<float>(static_cast<std::size_t>(options_.batch) * static_cast<std::size_t>(size)); }
  /// An Explanation's maps.
  std::size_t result_bytes() const {
    return (6 * elements(Picture::size) + 4 * elements(Map::size) + elements(4) + elements(6)) * sizeof(float);
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

  template <class L>
  using Weights = typename On::template Weights<L, T>;
  ExplainOptions options_;
  Context<Device> ctx_;
  Arena memory_, results_;
  typename On::template Inbox<Input> inbox_;
  Weights<typename Model::Trunk> trunk_;
  Weights<View> view_;
  Weights<Light> light_;
  Weights<Depth> depth_;
  Weights<Albedo> albedo_;
  Context<Host> host_;
};
}  // namespace berl::eval
