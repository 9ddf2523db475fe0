#pragma once
#include <berl/core/view.hpp>                // samples
#include <berl/imaging/canonical_depth.hpp>  // canonical_depth
#include <berl/nn/stored.hpp>                // ToNumbers, stored
#include <berl/train/machine.hpp>            // Machine, Numbers
#include <berl/train/plan.hpp>               // States, Parameters, Activations

#include <span>

namespace berl::train {
/// One training step's forward and backward passes over planned memory; allocates nothing. The losses stay on the device, as Numbers.
/// Networks store their maps as T; what is rendered and compared, and the head, are numbers.
template <class Model, class T, class D>
class Step {
 public:
  using On = Kernel<Machine, D>;
  using Labels = typename On::Labels;
  using Aux = typename Model::Auxiliary;
  static constexpr int S = Aux::side;
  using Input = typename Model::Input;
  using Image = Shape<3, S, S>;
  using Map = Shape<1, S, S>;
  using Number = number_of<T>;

  Step(Context<D>& ctx, Options<typename Model::Head> const& options, Parameters<Model, T, D>& params, Activations<Model, T, D> const& at,
       imaging::Rendering<Number, S, D> const& rendering, Numbers<double*> const& losses)
      : ctx_(ctx),
        options_(options),
        params_(params),
        at_(at),
        rendering_(rendering),
        losses_(losses) {}

  /// L_FR: backbone and head. Leaves the gradient at the tap, and pulls it to the stem unless L_Recon is still to come.
  void recognition(Read<Number, Input, D> pictures, Labels labels, std::uint64_t step) {
    auto const x = stored(pictures);
    trunk_forward(x, step);
    recognise(labels, step);
    trunk_backward(x, step);
  }
  /// L_Recon: the auxiliary networks, on a backbone that is frozen in evaluation mode.
  void reconstruction(Read<Number, Input, D> pictures, std::uint64_t step) {
    nn::forward<typename Model::Trunk, Inference>(ctx_, params_.trunk, stored(pictures), at_.tap, Forget{});
    reconstruct(pictures, step, Skip<T, typename Model::Tap, D>(at_.d_tap.data(), at_.d_tap.batch()));
  }
  /// L_total = gamma_1 L_FR + gamma_2 L_Recon (he2022, Eq. 7); both pull at the tap. With gamma_2 = 0, L_Recon is not computed.
  void joint(Read<Number, Input, D> pictures, Labels labels, std::uint64_t step) {
    auto const x = stored(pictures);
    trunk_forward(x, step);
    recognise(labels, step);
    if (options_.gamma_recon != 0) reconstruct(pictures, step, Add<T, typename Model::Tap, D>(at_.d_tap.data(), at_.d_tap.batch()));
    trunk_backward(x, step);
  }
  /// Embeddings in the mode of evaluation, of as many pictures as there is room for embeddings.
  void embed(Read<Number, Input, D> pictures, Write<Number, typename Model::Embedding, D> embeddings) {
    Write<T, typename Model::Tap, D> const tap(at_.tap.data(), pictures.batch());
    nn::forward<typename Model::Trunk, Inference>(ctx_, params_.trunk, stored(pictures), tap, Forget{});
    run<typename Model::Top, Inference>(params_.top, tap.read(), embeddings, Forget{});
  }
  /// What the newest step of a stage has computed, from its numbers on the host.
  Losses losses(Stage stage, Numbers<double> const& of) const {
    bool const recognises = stage != Stage::reconstruction,
               reconstructs = stage == Stage::reconstruction || (stage == Stage::joint && options_.gamma_recon != 0);
    Losses losses;
    if (recognises) losses.fr = of.fr, losses.accuracy = of.accuracy;
    if (reconstructs) losses.recon = of.recon + of.unusable;
    if (reconstructs && flip()) losses.recon += options_.flip * of.mirrored;
    if (reconstructs && options_.smoothness > 0) losses.recon += options_.smoothness * of.roughness;
    losses.total = options_.gamma_fr * losses.fr + options_.gamma_recon * losses.recon;
    return losses;
  }

  /// The classes that the newest step saw, where it sampled them; they lie on the device.
  std::span<int const> classes() const { return classes_; }

 private:
  Pass<T> pass(T* kept, std::uint64_t step) const { return {kept, options_.seed, step}; }
  static Write<double, Shape<1>, D> number(double* at) { return {at, 1}; }

  template <class L, class Mode, class In, class Out, class P>
  void run(nn::ParamsOf<nn::ToNumbers<L, T>, T, D>& params, Read<T, In, D> x, Write<Number, Out, D> y, P pass) {
    nn::forward<nn::ToNumbers<L, T>, Mode>(ctx_, params, x, y, pass);
  }
  template <class L, class In, class Out, class DX>
  void pull(nn::ParamsOf<nn::ToNumbers<L, T>, T, D>& params, Read<T, In, D> x, Read<Number, Out, D> dy, DX dx, Pass<T> pass) {
    nn::backward<nn::ToNumbers<L, T>, Training>(ctx_, params, x, dy, dx, pass);
  }
  Read<T, Input, D> stored(Read<Number, Input, D> pictures) { return nn::stored(ctx_, pictures, at_.narrow_pictures); }
  /// The picture as the networks read it that look at it.
  Read<T, Image, D> seen() const {
    if constexpr (nn::narrow<T>)
      return at_.narrow_image.read();
    else
      return at_.image.read();
  }

  void trunk_forward(Read<T, Input, D> pictures, std::uint64_t step) {
    nn::forward<typename Model::Trunk, Training>(ctx_, params_.trunk, pictures, at_.tap, pass(at_.kept_trunk, step));
  }
  void trunk_backward(Read<T, Input, D> pictures, std::uint64_t step) {
    nn::backward<typename Model::Trunk, Training>(ctx_, params_.trunk, pictures, at_.d_tap.read(),
                                                  Skip<T, Input, D>(nullptr, pictures.batch()), pass(at_.kept_trunk, step));
  }
  void recognise(Labels labels, std::uint64_t step) {
    run<typename Model::Top, Training>(params_.top, at_.tap.read(), at_.embedding, pass(at_.kept_top, step));
    classes_ = On::classify(ctx_, options_, params_.head, at_.embedding.read(), labels, step, at_.classes, at_.d_embedding, losses_);
    On::scale(ctx_, at_.d_embedding.data(), at_.d_embedding.size(), options_.gamma_fr);
    On::scale(ctx_, params_.head.weight.gradient(), params_.head.weight.read().size(), options_.gamma_fr);
    On::scale(ctx_, params_.head.number.gradient(), params_.head.number.read().size(), options_.gamma_fr);
    pull<typename Model::Top>(params_.top, at_.tap.read(), at_.d_embedding.read(), at_.d_tap, pass(at_.kept_top, step));
  }

  /// L_Recon: takes the pictures apart, puts them together again, and pulls the difference back to the auxiliary networks and the tap.
  template <class DTap>
  void reconstruct(Read<Number, Input, D> pictures, std::uint64_t step, DTap d_tap) {
    On::resize(ctx_, options_.resize, pictures, at_.image);
    nn::stored(ctx_, at_.image.read(), at_.narrow_image);
    take_apart(step);
    put_together();
    compare();
    pull_rendering();
    if (options_.smoothness > 0) smooth();
    judge();
    pull_networks(step, d_tap);
  }

  void take_apart(std::uint64_t step) {
    auto const image = seen();
    auto const tap = at_.tap.read();
    run<typename Aux::View, Training>(params_.view, image, plain(at_.view), pass(at_.kept_view, step));
    run<typename Aux::Light, Training>(params_.light, image, plain(at_.light), pass(at_.kept_light, step));
    run<typename Aux::Depth, Training>(params_.depth, tap, at_.raw, pass(at_.kept_depth, step));
    run<typename Aux::Albedo, Training>(params_.albedo, tap, plain(at_.albedo), pass(at_.kept_albedo, step));
    if constexpr (has_confidence<Aux>)
      if (options_.confidence)
        run<typename Aux::Confidence, Training>(params_.confidence, image, at_.confidence, pass(at_.kept_confidence, step));
    imaging::canonical_depth(ctx_, options_.imaging, at_.raw.read(), plain(at_.depth));
  }

  /// Renders the face, and the mirrored face under the same light and view. What only one of them shows does not count.
  void put_together() {
    if (flip()) {
      On::mirror(ctx_, plain(at_.depth.read()), mirrored(at_.depth));
      On::mirror(ctx_, plain(at_.albedo.read()), mirrored(at_.albedo));
      On::copy(ctx_, plain(at_.light.read()), mirrored(at_.light));
      On::copy(ctx_, plain(at_.view.read()), mirrored(at_.view));
    }
    imaging::render(ctx_, options_.imaging, scene(), rendering_);
    On::copy(ctx_, plain(rendering_.mask.read()), at_.mask);
    if (flip()) On::multiply(ctx_, mirrored(rendering_.mask.read()), at_.mask);
  }

  /// The difference of both reconstructions from the picture; leaves its gradient in d_image, and in d_confidence.
  void compare() {
    On::zero(ctx_, at_.d_confidence.data(), at_.d_confidence.size());
    difference(plain(rendering_.image.read()), 0, 1, plain(at_.d_image), losses_.recon);
    if (flip()) difference(mirrored(rendering_.image.read()), 1, options_.flip, mirrored(at_.d_image), losses_.mirrored);
  }
  /// The difference of one of them, whose sigma is that channel of the confidence. The weight is its gradient's alone.
  void difference(Read<Number, Image, D> reconstruction, int channel, double weight, Write<Number, Image, D> d_reconstruction, double* to) {
    auto const& loss = options_.reconstruction;
    auto const image = at_.image.read();
    auto const mask = at_.mask.read();
    Number const d_loss = static_cast<Number>(options_.gamma_recon) * static_cast<Number>(weight);
    if (!options_.confidence) {
      losses::reconstruction_loss_backward(ctx_, loss, reconstruction, image, mask, d_loss, d_reconstruction);
      losses::reconstruction_loss(ctx_, loss, reconstruction, image, mask, number(to));
      return;
    }
    Scope const scope(ctx_.scratch);
    auto const sigma = scratch_map(), d_sigma = scratch_map();
    On::take_channel(ctx_, at_.confidence.read(), channel, sigma);
    losses::reconstruction_loss_backward(ctx_, loss, reconstruction, image, mask, sigma.read(), d_loss, d_reconstruction, d_sigma);
    On::put_channel(ctx_, d_sigma.read(), channel, at_.d_confidence);
    losses::reconstruction_loss(ctx_, loss, reconstruction, image, mask, sigma.read(), number(to));
  }
  /// The rasteriser leaves out a surface that is not finite, and the loss with it.
  void judge() {
    On::zero(ctx_, losses_.unusable, 1);
    On::spoil(ctx_, at_.raw.read(), losses_.unusable);
    On::spoil(ctx_, plain(at_.view.read()), losses_.unusable);
    On::spoil(ctx_, at_.confidence.read(), losses_.unusable);
  }

  /// d_image to the gradients of depth, albedo, light and view, and to that of the raw depth.
  void pull_rendering() {
    imaging::render_backward(ctx_, options_.imaging, scene(), rendering_, at_.d_image.read(), at_.d_depth, at_.d_albedo, at_.d_light,
                             at_.d_view);
    if (flip()) {
      int const n = at_.image.batch();
      On::mirror(ctx_, mirrored(at_.d_depth.read()), Add<Number, Map, D>(at_.d_depth.data(), n));
      On::mirror(ctx_, mirrored(at_.d_albedo.read()), Add<Number, Image, D>(at_.d_albedo.data(), n));
      On::add(ctx_, mirrored(at_.d_light.read()), plain(at_.d_light));
      On::add(ctx_, mirrored(at_.d_view.read()), plain(at_.d_view));
    }
    imaging::canonical_depth_backward(ctx_, options_.imaging, at_.raw.read(), plain(at_.d_depth.read()), at_.d_raw);
  }
  /// The roughness of the depth as it is before its border is set; adds the gradient to that of the raw depth.
  void smooth() {
    Scope const scope(ctx_.scratch);
    auto const depth = scratch_map(), d_depth = scratch_map();
    auto borderless = options_.imaging;
    borderless.border = false;
    imaging::canonical_depth(ctx_, borderless, at_.raw.read(), depth);
    losses::depth_smoothness_backward(ctx_, borderless, depth.read(), static_cast<Number>(options_.gamma_recon * options_.smoothness),
                                      d_depth);
    imaging::canonical_depth_backward(ctx_, borderless, at_.raw.read(), d_depth.read(),
                                      Add<Number, Map, D>(at_.d_raw.data(), depth.batch()));
    losses::depth_smoothness(ctx_, borderless, depth.read(), number(losses_.roughness));
  }
  template <class DTap>
  void pull_networks(std::uint64_t step, DTap d_tap) {
    auto const image = seen();
    auto const tap = at_.tap.read();
    Skip<T, Image, D> const nowhere(nullptr, image.batch());
    pull<typename Aux::Albedo>(params_.albedo, tap, plain(at_.d_albedo.read()), d_tap, pass(at_.kept_albedo, step));
    pull<typename Aux::Depth>(params_.depth, tap, at_.d_raw.read(), d_tap, pass(at_.kept_depth, step));
    pull<typename Aux::Light>(params_.light, image, plain(at_.d_light.read()), nowhere, pass(at_.kept_light, step));
    pull<typename Aux::View>(params_.view, image, plain(at_.d_view.read()), nowhere, pass(at_.kept_view, step));
    if constexpr (has_confidence<Aux>)
      if (options_.confidence)
        pull<typename Aux::Confidence>(params_.confidence, image, at_.d_confidence.read(), nowhere, pass(at_.kept_confidence, step));
  }

  bool flip() const { return options_.flip > 0; }
  /// The faces as they are, and the second half: the mirrored ones.
  auto plain(auto view) const { return samples(view, 0, at_.image.batch()); }
  auto mirrored(auto view) const { return samples(view, at_.image.batch(), at_.image.batch()); }
  imaging::Scene<Number, S, D> scene() const { return {at_.depth.read(), at_.albedo.read(), at_.light.read(), at_.view.read()}; }
  Write<Number, Map, D> scratch_map() { return {ctx_.scratch.template take<Number>(at_.mask.size()), at_.mask.batch()}; }

  Context<D>& ctx_;
  Options<typename Model::Head> const& options_;
  Parameters<Model, T, D>& params_;
  Activations<Model, T, D> const& at_;
  imaging::Rendering<Number, S, D> const& rendering_;
  Numbers<double*> losses_;
  std::span<int const> classes_{};
};
}  // namespace berl::train
