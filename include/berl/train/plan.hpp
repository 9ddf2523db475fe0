#pragma once
#include <berl/imaging/renderer.hpp>         // Rendering
#include <berl/losses/class_sampling.hpp>    // HeadParams, sampled_classes
#include <berl/losses/depth_smoothness.hpp>  // DepthSmoothness
#include <berl/nn/sizes.hpp>                 // kept, scratch
#include <berl/nn/state.hpp>                 // SizesOf, place
#include <berl/nn/stored.hpp>                // ToNumbers, narrow
#include <berl/train/options.hpp>            // Sizes

#include <algorithm>  // max
#include <span>
#include <type_traits>  // is_same_v

namespace berl::train {
/// Counts what is taken from it, at compile time: the same constructor that lays out memory also measures it.
struct Tally {
  std::size_t used = 0;
  template <class T>
  constexpr T* take(std::size_t n) {
    used += padded<T>(n) * sizeof(T);
    return nullptr;
  }
};

namespace detail {
template <class Aux>
struct confidence_of {
  using type = nn::Identity;
};
template <class Aux>
  requires requires { typename Aux::Confidence; }
struct confidence_of<Aux> {
  using type = typename Aux::Confidence;
};
}  // namespace detail
/// The confidence network of a bypass, or Identity, which has no parameters, where the bypass names none.
template <class Aux>
using ConfidenceOf = typename detail::confidence_of<Aux>::type;
template <class Aux>
inline constexpr bool has_confidence = !std::is_same_v<ConfidenceOf<Aux>, nn::Identity>;

/// One contiguous block for each kind of state: parameters, their gradients, moments, and what is kept but not trained. In each,
/// the networks follow one another: trunk, top, class weights and the head's learnt numbers; then view, light, depth, albedo, and
/// confidence where it is wanted.
template <class Model, class T>
struct States {
  using Trunk = typename Model::Trunk;
  using Top = typename Model::Top;
  using Auxiliary = typename Model::Auxiliary;
  template <class L>
  static constexpr std::size_t block = nn::SizesOf<L, T>::block;
  template <class L>
  static constexpr std::size_t kept = nn::SizesOf<L, T>::buffers;

  bool confident;
  losses::HeadLayout head;
  std::size_t classes, recognition, auxiliary, buffered;  // elements
  T *values, *gradients, *momentum, *m, *v, *buffers;

  using HeadParams = losses::HeadParams<T, typename Model::Embedding, Host>;

  constexpr States(auto& memory, int identities, bool confidence = false, losses::HeadLayout const& layout = {})
      : confident(confidence),
        head(layout),
        classes(padded<T>(static_cast<std::size_t>(identities) * Model::Embedding::size) + HeadParams::numbers(layout, identities)),
        recognition(block<Trunk> + block<Top> + classes),
        auxiliary(block<typename Auxiliary::View> + block<typename Auxiliary::Light> + block<typename Auxiliary::Depth> +
                  block<typename Auxiliary::Albedo> + (confident ? block<ConfidenceOf<Auxiliary>> : 0)),
        buffered(kept<Trunk> + kept<Top> + kept<typename Auxiliary::View> + kept<typename Auxiliary::Light> +
                 kept<typename Auxiliary::Depth> + kept<typename Auxiliary::Albedo> + (confident ? kept<ConfidenceOf<Auxiliary>> : 0) +
                 HeadParams::states(layout)),
        values(memory.template take<T>(recognition + auxiliary)),
        gradients(memory.template take<T>(recognition + auxiliary)),
        momentum(memory.template take<T>(recognition)),
        m(memory.template take<T>(auxiliary)),
        v(memory.template take<T>(auxiliary)),
        buffers(memory.template take<T>(buffered)) {}
  static constexpr std::size_t bytes(int identities, bool confidence = false, losses::HeadLayout const& layout = {}) {
    Tally tally;
    States(tally, identities, confidence, layout);
    return tally.used;
  }
};

/// The arrays of all parts of a model, by name; those of the confidence network where the states have them. Networks store their maps as T;
/// all but the trunk give numbers.
template <class Model, class T, class D>
struct Parameters {
  using Auxiliary = typename Model::Auxiliary;
  using Number = number_of<T>;
  template <class L>
  using OfNumbers = nn::ParamsOf<nn::ToNumbers<L, T>, T, D>;
  nn::ParamsOf<typename Model::Trunk, T, D> trunk;
  OfNumbers<typename Model::Top> top;
  losses::HeadParams<Number, typename Model::Embedding, D> head;
  OfNumbers<typename Auxiliary::View> view;
  OfNumbers<typename Auxiliary::Light> light;
  OfNumbers<typename Auxiliary::Depth> depth;
  OfNumbers<typename Auxiliary::Albedo> albedo;
  OfNumbers<ConfidenceOf<Auxiliary>> confidence;
  bool confident = false;

  /// `operands` where T is narrower than its numbers: a copy of the networks' values, without the class weights.
  void place(States<Model, Number> const& s, int identities, T* operands = nullptr) {
    Number* value = s.values;
    Number* gradient = s.gradients;
    Number* buffer = s.buffers;
    auto const one = [&]<class L>(nn::ParamsOf<L, T, D>& params) {
      constexpr std::size_t block = nn::SizesOf<L, Number>::block;
      nn::place<L, T, D>(params, value, gradient, buffer, operands);
      value += block;
      gradient += block;
      buffer += nn::SizesOf<L, Number>::buffers;
      if (operands != nullptr) operands += block;
    };
    one(trunk);
    one(top);
    Number* const classes = value;
    Number* const d_classes = gradient;
    value += s.classes;
    gradient += s.classes;
    one(view);
    one(light);
    one(depth);
    one(albedo);
    confident = s.confident;
    if (confident) one(confidence);
    head.place(s.head, identities, classes, d_classes, buffer);
  }
  void visit_backbone(auto&& f) {
    trunk.visit(f, Path{});
    top.visit(f, Path{});
  }
  void visit_auxiliary(auto&& f) {
    view.visit(f, Path{"iia.view"});
    light.visit(f, Path{"iia.light"});
    depth.visit(f, Path{"ira.depth"});
    albedo.visit(f, Path{"ira.albedo"});
  }
  void visit_confidence(auto&& f) {
    if (confident) confidence.visit(f, Path{"confidence"});
  }
  void visit(auto&& f) {
    visit_backbone(f);
    head.visit(f, Path{"head"});
    visit_auxiliary(f);
    visit_confidence(f);
  }
};

/// Everything that a step writes: what forward keeps for backward, and the gradients between the parts. With `flip`, the second
/// half of each map of the rendering is the mirrored face.
template <class Model, class T, class D>
struct Activations {
  using Aux = typename Model::Auxiliary;
  using Tap = typename Model::Tap;
  static constexpr int S = Aux::side;
  using Image = Shape<3, S, S>;
  using Map = Shape<1, S, S>;
  using Light = Shape<4, 1, 1>;
  using View = Shape<6, 1, 1>;

  using Sigma = Shape<2, S, S>;
  using Number = number_of<T>;

  T *kept_trunk, *kept_top, *kept_view, *kept_light, *kept_depth, *kept_albedo, *kept_confidence;
  Write<T, Tap, D> tap, d_tap;
  Write<T, typename Model::Input, D> narrow_pictures;  // where T is narrower than its numbers, as the next: what networks read
  Write<T, Image, D> narrow_image;
  Write<Number, typename Model::Embedding, D> embedding, d_embedding;
  Write<Number, Image, D> image;               // the picture at 64 x 64
  Write<Number, Map, D> raw, d_raw;            // of the depth network
  Write<Number, Map, D> depth, d_depth, mask;  // canonical; mask: valid in both reconstructions
  Write<Number, Image, D> albedo, d_albedo, d_image;
  Write<Number, Light, D> light, d_light;
  Write<Number, View, D> view, d_view;
  Write<Number, Sigma, D> confidence, d_confidence;  // of the plain and the mirrored reconstruction; empty where not wanted
  std::span<int> classes;                            // room for those of a step, where it samples

  constexpr Activations(auto& memory, Sizes const& s)
      : kept_trunk(memory.template take<T>(nn::kept<typename Model::Trunk, T, typename Model::Input>(s.batch))),
        kept_top(memory.template take<T>(nn::kept<nn::ToNumbers<typename Model::Top, T>, T, Tap>(s.batch))),
        kept_view(memory.template take<T>(nn::kept<nn::ToNumbers<typename Aux::View, T>, T, Image>(s.batch))),
        kept_light(memory.template take<T>(nn::kept<nn::ToNumbers<typename Aux::Light, T>, T, Image>(s.batch))),
        kept_depth(memory.template take<T>(nn::kept<nn::ToNumbers<typename Aux::Depth, T>, T, Tap>(s.batch))),
        kept_albedo(memory.template take<T>(nn::kept<nn::ToNumbers<typename Aux::Albedo, T>, T, Tap>(s.batch))),
        kept_confidence(memory.template take<T>(s.confidence ? nn::kept<nn::ToNumbers<ConfidenceOf<Aux>, T>, T, Image>(s.batch) : 0)),
        tap(of<T, Tap>(memory, s.batch)),
        d_tap(of<T, Tap>(memory, s.batch)),
        narrow_pictures(of<T, typename Model::Input>(memory, nn::narrow<T> ? s.batch : 0)),
        narrow_image(of<T, Image>(memory, nn::narrow<T> ? s.batch : 0)),
        embedding(of<Number, typename Model::Embedding>(memory, s.batch)),
        d_embedding(of<Number, typename Model::Embedding>(memory, s.batch)),
        image(of<Number, Image>(memory, s.batch)),
        raw(of<Number, Map>(memory, s.batch)),
        d_raw(of<Number, Map>(memory, s.batch)),
        depth(of<Number, Map>(memory, drawn(s))),
        d_depth(of<Number, Map>(memory, drawn(s))),
        mask(of<Number, Map>(memory, s.batch)),
        albedo(of<Number, Image>(memory, drawn(s))),
        d_albedo(of<Number, Image>(memory, drawn(s))),
        d_image(of<Number, Image>(memory, drawn(s))),
        light(of<Number, Light>(memory, drawn(s))),
        d_light(of<Number, Light>(memory, drawn(s))),
        view(of<Number, View>(memory, drawn(s))),
        d_view(of<Number, View>(memory, drawn(s))),
        confidence(of<Number, Sigma>(memory, s.confidence ? s.batch : 0)),
        d_confidence(of<Number, Sigma>(memory, s.confidence ? s.batch : 0)),
        classes(memory.template take<int>(sampled(s)), sampled(s)) {}

  static constexpr std::size_t sampled(Sizes const& s) {
    return s.head_sample_rate < 1 ? static_cast<std::size_t>(losses::sampled_classes(s.batch, s.identities, s.head_sample_rate)) : 0;
  }
  static constexpr int drawn(Sizes const& s) { return s.flip ? 2 * s.batch : s.batch; }
  static constexpr std::size_t bytes(Sizes const& s) {
    Tally tally;
    Activations(tally, s);
    return tally.used;
  }

 private:
  template <class Element, class Shape_>
  static constexpr Write<Element, Shape_, D> of(auto& memory, int batch) {
    return {memory.template take<Element>(static_cast<std::size_t>(batch) * Shape_::size), batch};
  }
};

/// Bytes of scratch that the largest operation of a step takes.
template <class Model, class T>
constexpr std::size_t scratch_bytes(Sizes const& s) {
  using Aux = typename Model::Auxiliary;
  using Image = Shape<3, Aux::side, Aux::side>;
  using Tap = typename Model::Tap;
  bool const flip = s.flip;
  int const drawn = flip ? 2 * s.batch : s.batch;
  std::size_t const two_maps = 2 * padded<T>(static_cast<std::size_t>(s.batch) * Aux::side * Aux::side) * sizeof(T);
  return std::max(
      {nn::scratch<typename Model::Trunk, T, typename Model::Input>(s.batch, s.threads),
       nn::scratch<typename Model::Top, T, Tap>(s.batch, s.threads), nn::scratch<typename Aux::View, T, Image>(s.batch, s.threads),
       nn::scratch<typename Aux::Light, T, Image>(s.batch, s.threads), nn::scratch<typename Aux::Depth, T, Tap>(s.batch, s.threads),
       nn::scratch<typename Aux::Albedo, T, Tap>(s.batch, s.threads),
       s.head_sample_rate < 1
           ? losses::sampled_scratch_bytes<T, typename Model::Embedding>(
                 s.batch, s.identities, losses::sampled_classes(s.batch, s.identities, s.head_sample_rate), s.head, s.head_filter != 0)
           : losses::scratch_bytes<T, typename Model::Embedding>(s.batch, s.identities, s.head, s.head_filter != 0),
       imaging::render_scratch_bytes<T, Aux::side>(drawn, s.threads, s.supersampling),
       s.confidence ? nn::scratch<ConfidenceOf<Aux>, T, Image>(s.batch, s.threads) : 0,
       losses::ReconstructionLoss::scratch<T>(s.batch) + (s.confidence ? two_maps : 0),
       losses::DepthSmoothness::scratch(s.batch) + two_maps});
}

/// All memory of a training step, from the types and these numbers.
template <class Model, class T>
constexpr std::size_t step_bytes(Sizes const& s) {
  return States<Model, T>::bytes(s.identities, s.confidence, s.head) + Activations<Model, T, Host>::bytes(s) +
         imaging::Rendering<T, Model::Auxiliary::side, Host>::bytes(Activations<Model, T, Host>::drawn(s), s.supersampling) +
         scratch_bytes<Model, T>(s);
}
}  // namespace berl::train
