#pragma once
#include <berl/core/threads.hpp>             // parallel_for
#include <berl/imaging/canonical_depth.hpp>  // canonical_depth
#include <berl/nn/sequential.hpp>            // forward, backward
#include <berl/optim/clip.hpp>               // clip_norm
#include <berl/train/plan.hpp>               // States, Parameters, Activations

#include <algorithm>  // copy_n, fill_n
#include <cmath>      // isfinite
#include <limits>     // quiet_NaN

namespace berl::train {
namespace detail {
/// to[n] = from[n] mirrored left to right; Add adds it.
template <class T, class S, class V>
void mirror(Context<Host>& ctx, Read<T, S, Host> from, V to) {
  constexpr int W = width<S>;
  parallel_for(ctx, from.batch(), [&](std::ptrdiff_t n) {
    T const* const x = from.sample(static_cast<int>(n));
    T* const y = to.sample(static_cast<int>(n));
    for (int row = 0; row < S::size / W; ++row)
      for (int u = 0; u < W; ++u) put<V>(y[row * W + u], x[row * W + W - 1 - u]);
  });
}
/// The samples [first, first + count) of a view.
template <template <class, class, class, class> class V, class T, class S, class L>
V<T, S, Host, L> part(V<T, S, Host, L> view, int first, int count) {
  return {view.sample(first), count};
}
template <class T, class S>
bool finite(Read<T, S, Host> x) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!std::isfinite(x.data()[i])) return false;
  return true;
}
template <class T>
void scale(T* x, std::size_t n, double factor) {
  if (factor != 1)
    for (std::size_t i = 0; i < n; ++i) x[i] *= static_cast<T>(factor);
}
}  // namespace detail

/// One training step's forward and backward passes over planned memory; allocates nothing.
template <class Model, class T>
class Step {
 public:
  using D = Host;
  using Aux = typename Model::Auxiliary;
  static constexpr int S = Aux::side;
  using Input = typename Model::Input;
  using Image = Shape<3, S, S>;
  using Map = Shape<1, S, S>;

  Step(Context<D>& ctx, Options<typename Model::Head> const& options, Parameters<Model, T, D>& params, Activations<Model, T, D> const& at,
       imaging::Rendering<T, S, D> const& rendering)
      : ctx_(ctx),
        options_(options),
        params_(params),
        at_(at),
        rendering_(rendering) {}

  /// L_FR: backbone and head. Leaves the gradient at the tap, and pulls it to the stem unless L_Recon is still to come.
  Losses recognition(Read<T, Input, D> pictures, std::span<int const> labels, std::uint64_t step) {
    Losses losses;
    trunk_forward<Training>(pictures, step);
    recognise(labels, step, losses);
    trunk_backward(pictures, step);
    return total(losses);
  }
  /// L_Recon: the auxiliary networks, on a backbone that is frozen in evaluation mode.
  Losses reconstruction(Read<T, Input, D> pictures, std::uint64_t step) {
    Losses losses;
    nn::forward<typename Model::Trunk, Inference>(ctx_, params_.trunk, pictures, at_.tap, Forget{});
    reconstruct(pictures, step, Skip<T, typename Model::Tap, D>(at_.d_tap.data(), at_.d_tap.batch()), losses);
    return total(losses);
  }
  /// L_total = gamma_1 L_FR + gamma_2 L_Recon (he2022, Eq. 7); both pull at the tap. With gamma_2 = 0, L_Recon is not computed.
  Losses joint(Read<T, Input, D> pictures, std::span<int const> labels, std::uint64_t step) {
    Losses losses;
    trunk_forward<Training>(pictures, step);
    recognise(labels, step, losses);
    if (options_.gamma_recon != 0) reconstruct(pictures, step, Add<T, typename Model::Tap, D>(at_.d_tap.data(), at_.d_tap.batch()), losses);
    trunk_backward(pictures, step);
    return total(losses);
  }

  /// The classes that the newest step saw, where it sampled them.
  std::span<int const> classes() const { return classes_; }

 private:
  Pass<T> pass(T* kept, std::uint64_t step) const { return {kept, options_.seed, step}; }
  Losses total(Losses losses) const {
    losses.total = options_.gamma_fr * losses.fr + options_.gamma_recon * losses.recon;
    return losses;
  }

  template <class Mode>
  void trunk_forward(Read<T, Input, D> pictures, std::uint64_t step) {
    nn::forward<typename Model::Trunk, Mode>(ctx_, params_.trunk, pictures, at_.tap, pass(at_.kept_trunk, step));
  }
  void trunk_backward(Read<T, Input, D> pictures, std::uint64_t step) {
    nn::backward<typename Model::Trunk, Training>(ctx_, params_.trunk, pictures, at_.d_tap.read(),
                                                  Skip<T, Input, D>(nullptr, pictures.batch()), pass(at_.kept_trunk, step));
  }
  void recognise(std::span<int const> labels, std::uint64_t step, Losses& losses) {
    nn::forward<typename Model::Top, Training>(ctx_, params_.top, at_.tap.read(), at_.embedding, pass(at_.kept_top, step));
    auto const result = classify(labels, step);
    losses.fr = result.loss;
    losses.accuracy = result.accuracy;
    detail::scale(at_.d_embedding.data(), at_.d_embedding.size(), options_.gamma_fr);
    for (auto const d : {std::span(params_.head.weight.gradient(), params_.head.weight.read().size()),
                         std::span(params_.head.number.gradient(), params_.head.number.read().size())})
      detail::scale(d.data(), d.size(), options_.gamma_fr);
    nn::backward<typename Model::Top, Training>(ctx_, params_.top, at_.tap.read(), at_.d_embedding.read(), at_.d_tap,
                                                pass(at_.kept_top, step));
  }

  losses::HeadResult classify(std::span<int const> labels, std::uint64_t step) {
    auto const embedding = at_.embedding.read();
    auto& head = params_.head;
    if (options_.head_sample_rate < 1) {
      classes_ =
          losses::sample_classes(ctx_, Seed{options_.seed}, step, labels, options_.identities, options_.head_sample_rate, at_.classes);
      return losses::sampled_forward_backward(ctx_, options_.head, embedding, labels, head, classes_, at_.d_embedding,
                                              options_.head_filter);
    }
    return losses::forward_backward(ctx_, options_.head, embedding, labels, head.weight.read(), head.weight.add_gradient(), at_.d_embedding,
                                    head.kept(), options_.head_filter);
  }

  /// L_Recon: takes the pictures apart, puts them together again, and pulls the difference back to the auxiliary networks and the tap.
  template <class DTap>
  void reconstruct(Read<T, Input, D> pictures, std::uint64_t step, DTap d_tap, Losses& losses) {
    data::resize(ctx_, options_.resize, pictures, at_.image);
    take_apart(step);
    put_together();
    losses.recon = compare();
    pull_rendering();
    if (options_.smoothness > 0) losses.recon += options_.smoothness * smooth();
    if (!usable()) losses.recon = std::numeric_limits<double>::quiet_NaN();
    pull_networks(step, d_tap);
  }

  void take_apart(std::uint64_t step) {
    auto const image = at_.image.read();
    auto const tap = at_.tap.read();
    nn::forward<typename Aux::View, Training>(ctx_, params_.view, image, plain(at_.view), pass(at_.kept_view, step));
    nn::forward<typename Aux::Light, Training>(ctx_, params_.light, image, plain(at_.light), pass(at_.kept_light, step));
    nn::forward<typename Aux::Depth, Training>(ctx_, params_.depth, tap, at_.raw, pass(at_.kept_depth, step));
    nn::forward<typename Aux::Albedo, Training>(ctx_, params_.albedo, tap, plain(at_.albedo), pass(at_.kept_albedo, step));
    if constexpr (has_confidence<Aux>)
      if (options_.confidence)
        nn::forward<typename Aux::Confidence, Training>(ctx_, params_.confidence, image, at_.confidence, pass(at_.kept_confidence, step));
    imaging::canonical_depth(ctx_, options_.imaging, at_.raw.read(), plain(at_.depth));
  }

  /// Renders the face, and the mirrored face under the same light and view. What only one of them shows does not count.
  void put_together() {
    if (flip()) {
      detail::mirror(ctx_, plain(at_.depth.read()), mirrored(at_.depth));
      detail::mirror(ctx_, plain(at_.albedo.read()), mirrored(at_.albedo));
      copy(plain(at_.light.read()), mirrored(at_.light));
      copy(plain(at_.view.read()), mirrored(at_.view));
    }
    imaging::render(ctx_, options_.imaging, scene(), rendering_);
    copy(plain(rendering_.mask.read()), at_.mask);
    if (flip()) {
      T const* const other = mirrored(rendering_.mask).data();
      for (std::size_t i = 0; i < at_.mask.size(); ++i) at_.mask.data()[i] *= other[i];
    }
  }

  /// The difference of both reconstructions from the picture; leaves its gradient in d_image, and in d_confidence.
  double compare() {
    std::fill_n(at_.d_confidence.data(), at_.d_confidence.size(), T(0));
    double loss = difference(plain(rendering_.image.read()), 0, 1, plain(at_.d_image));
    if (flip()) loss += options_.flip * difference(mirrored(rendering_.image.read()), 1, options_.flip, mirrored(at_.d_image));
    return loss;
  }
  /// The difference of one of them, whose sigma is that channel of the confidence. The weight is its gradient's alone.
  double difference(Read<T, Image, D> reconstruction, int channel, double weight, Write<T, Image, D> d_reconstruction) {
    auto const& loss = options_.reconstruction;
    auto const image = at_.image.read();
    auto const mask = at_.mask.read();
    T const d_loss = static_cast<T>(options_.gamma_recon) * static_cast<T>(weight);
    if (!options_.confidence) {
      losses::reconstruction_loss_backward(ctx_, loss, reconstruction, image, mask, d_loss, d_reconstruction);
      return static_cast<double>(losses::reconstruction_loss(ctx_, loss, reconstruction, image, mask));
    }
    Scope const scope(ctx_.scratch);
    auto const sigma = scratch_map(), d_sigma = scratch_map();
    auto const at = [channel](auto view, int n) { return view.sample(n) + channel * Map::size; };
    for (int n = 0; n < image.batch(); ++n) std::copy_n(at(at_.confidence, n), Map::size, sigma.sample(n));
    losses::reconstruction_loss_backward(ctx_, loss, reconstruction, image, mask, sigma.read(), d_loss, d_reconstruction, d_sigma);
    for (int n = 0; n < image.batch(); ++n) std::copy_n(d_sigma.sample(n), Map::size, at(at_.d_confidence, n));
    return static_cast<double>(losses::reconstruction_loss(ctx_, loss, reconstruction, image, mask, sigma.read()));
  }
  /// The rasteriser leaves out a surface that is not finite, and the loss with it.
  bool usable() const {
    return detail::finite(at_.raw.read()) && detail::finite(plain(at_.view.read())) && detail::finite(at_.confidence.read());
  }

  /// d_image to the gradients of depth, albedo, light and view, and to that of the raw depth.
  void pull_rendering() {
    imaging::render_backward(ctx_, options_.imaging, scene(), rendering_, at_.d_image.read(), at_.d_depth, at_.d_albedo, at_.d_light,
                             at_.d_view);
    if (flip()) {
      int const n = at_.image.batch();
      detail::mirror(ctx_, mirrored(at_.d_depth.read()), Add<T, Map, D>(at_.d_depth.data(), n));
      detail::mirror(ctx_, mirrored(at_.d_albedo.read()), Add<T, Image, D>(at_.d_albedo.data(), n));
      add(mirrored(at_.d_light.read()), plain(at_.d_light));
      add(mirrored(at_.d_view.read()), plain(at_.d_view));
    }
    imaging::canonical_depth_backward(ctx_, options_.imaging, at_.raw.read(), plain(at_.d_depth.read()), at_.d_raw);
  }
  /// The roughness of the depth as it is before its border is set; adds the gradient to that of the raw depth.
  double smooth() {
    Scope const scope(ctx_.scratch);
    auto const depth = scratch_map(), d_depth = scratch_map();
    auto borderless = options_.imaging;
    borderless.border = false;
    imaging::canonical_depth(ctx_, borderless, at_.raw.read(), depth);
    losses::depth_smoothness_backward(ctx_, borderless, depth.read(), static_cast<T>(options_.gamma_recon * options_.smoothness), d_depth);
    imaging::canonical_depth_backward(ctx_, borderless, at_.raw.read(), d_depth.read(), Add<T, Map, D>(at_.d_raw.data(), depth.batch()));
    return static_cast<double>(losses::depth_smoothness(ctx_, borderless, depth.read()));
  }
  template <class DTap>
  void pull_networks(std::uint64_t step, DTap d_tap) {
    auto const image = at_.image.read();
    auto const tap = at_.tap.read();
    Skip<T, Image, D> const nowhere(nullptr, image.batch());
    nn::backward<typename Aux::Albedo, Training>(ctx_, params_.albedo, tap, plain(at_.d_albedo.read()), d_tap, pass(at_.kept_albedo, step));
    nn::backward<typename Aux::Depth, Training>(ctx_, params_.depth, tap, at_.d_raw.read(), d_tap, pass(at_.kept_depth, step));
    nn::backward<typename Aux::Light, Training>(ctx_, params_.light, image, plain(at_.d_light.read()), nowhere, pass(at_.kept_light, step));
    nn::backward<typename Aux::View, Training>(ctx_, params_.view, image, plain(at_.d_view.read()), nowhere, pass(at_.kept_view, step));
    if constexpr (has_confidence<Aux>)
      if (options_.confidence)
        nn::backward<typename Aux::Confidence, Training>(ctx_, params_.confidence, image, at_.d_confidence.read(), nowhere,
                                                         pass(at_.kept_confidence, step));
  }

  bool flip() const { return options_.flip > 0; }
  /// The faces as they are, and the second half: the mirrored ones.
  auto plain(auto view) const { return detail::part(view, 0, at_.image.batch()); }
  auto mirrored(auto view) const { return detail::part(view, at_.image.batch(), at_.image.batch()); }
  imaging::Scene<T, S, D> scene() const { return {at_.depth.read(), at_.albedo.read(), at_.light.read(), at_.view.read()}; }
  Write<T, Map, D> scratch_map() { return {ctx_.scratch.template take<T>(at_.mask.size()), at_.mask.batch()}; }
  template <class S_>
  static void add(Read<T, S_, D> from, Write<T, S_, D> to) {
    for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] += from.data()[i];
  }

  Context<D>& ctx_;
  Options<typename Model::Head> const& options_;
  Parameters<Model, T, D>& params_;
  Activations<Model, T, D> const& at_;
  imaging::Rendering<T, S, D> const& rendering_;
  std::span<int const> classes_{};
};
}  // namespace berl::train
