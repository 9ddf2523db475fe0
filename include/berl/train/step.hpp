#pragma once
#include <berl/core/threads.hpp>            // parallel_for
#include <berl/imaging/canonical_depth.hpp>  // canonical_depth
#include <berl/optim/clip.hpp>              // clip_norm
#include <berl/train/plan.hpp>              // States, Parameters, Activations

#include <cmath>        // isfinite
#include <limits>       // quiet_NaN
#include <type_traits>  // is_same_v

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
      : ctx_(ctx), options_(options), params_(params), at_(at), rendering_(rendering) {}

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
  /// L_total = gamma_1 L_FR + gamma_2 L_Recon (he2022, Eq. 7); both pull at the tap.
  Losses joint(Read<T, Input, D> pictures, std::span<int const> labels, std::uint64_t step) {
    Losses losses;
    trunk_forward<Training>(pictures, step);
    recognise(labels, step, losses);
    reconstruct(pictures, step, Add<T, typename Model::Tap, D>(at_.d_tap.data(), at_.d_tap.batch()), losses);
    trunk_backward(pictures, step);
    return total(losses);
  }

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
    nn::backward<typename Model::Trunk, Training>(ctx_, params_.trunk, pictures, at_.d_tap.read(), Skip<T, Input, D>(nullptr, pictures.batch()),
                                                  pass(at_.kept_trunk, step));
  }
  void recognise(std::span<int const> labels, std::uint64_t step, Losses& losses) {
    nn::forward<typename Model::Top, Training>(ctx_, params_.top, at_.tap.read(), at_.embedding, pass(at_.kept_top, step));
    auto const result = losses::forward_backward(ctx_, options_.head, at_.embedding.read(), labels, params_.head.weight.read(),
                                                 params_.head.weight.add_gradient(), at_.d_embedding, *params_.head.t.value());
    losses.fr = result.loss;
    losses.accuracy = result.accuracy;
    detail::scale(at_.d_embedding.data(), at_.d_embedding.size(), options_.gamma_fr);
    auto const d_weight = params_.head.weight.add_gradient();
    detail::scale(d_weight.data(), d_weight.size(), options_.gamma_fr);
    nn::backward<typename Model::Top, Training>(ctx_, params_.top, at_.tap.read(), at_.d_embedding.read(), at_.d_tap, pass(at_.kept_top, step));
  }

  /// Takes the picture apart, puts it together again, and pulls the difference back to the auxiliary networks and the tap.
  template <class DTap>
  void reconstruct(Read<T, Input, D> pictures, std::uint64_t step, DTap d_tap, Losses& losses) {
    int const n = pictures.batch();
    bool const flip = options_.flip > 0;
    auto const& settings = options_.imaging;
    auto const image = at_.image.read();
    auto const tap = at_.tap.read();
    data::resize(ctx_, options_.resize, pictures, at_.image);

    auto const light = detail::part(at_.light, 0, n), d_light = detail::part(at_.d_light, 0, n);
    auto const view = detail::part(at_.view, 0, n), d_view = detail::part(at_.d_view, 0, n);
    auto const depth = detail::part(at_.depth, 0, n), d_depth = detail::part(at_.d_depth, 0, n);
    auto const albedo = detail::part(at_.albedo, 0, n), d_albedo = detail::part(at_.d_albedo, 0, n);
    nn::forward<typename Aux::View, Training>(ctx_, params_.view, image, view, pass(at_.kept_view, step));
    nn::forward<typename Aux::Light, Training>(ctx_, params_.light, image, light, pass(at_.kept_light, step));
    nn::forward<typename Aux::Depth, Training>(ctx_, params_.depth, tap, at_.raw, pass(at_.kept_depth, step));
    nn::forward<typename Aux::Albedo, Training>(ctx_, params_.albedo, tap, albedo, pass(at_.kept_albedo, step));
    imaging::canonical_depth(ctx_, settings, at_.raw.read(), depth);
    if (flip) {
      detail::mirror(ctx_, depth.read(), detail::part(at_.depth, n, n));
      detail::mirror(ctx_, albedo.read(), detail::part(at_.albedo, n, n));
      copy(light.read(), detail::part(at_.light, n, n));
      copy(view.read(), detail::part(at_.view, n, n));
    }
    imaging::Scene<T, S, D> const scene{at_.depth.read(), at_.albedo.read(), at_.light.read(), at_.view.read()};
    imaging::render(ctx_, settings, scene, rendering_);

    auto const plain = detail::part(rendering_.image.read(), 0, n);
    copy(detail::part(rendering_.mask.read(), 0, n), at_.mask);
    if (flip) {
      T const* const other = rendering_.mask.sample(n);
      for (std::size_t i = 0; i < at_.mask.size(); ++i) at_.mask.data()[i] *= other[i];
    }
    auto const mask = at_.mask.read();
    auto const gamma = static_cast<T>(options_.gamma_recon);
    losses.recon = static_cast<double>(losses::reconstruction_loss(ctx_, options_.reconstruction, plain, image, mask));
    losses::reconstruction_loss_backward(ctx_, options_.reconstruction, plain, image, mask, gamma, detail::part(at_.d_image, 0, n));
    if (flip) {
      auto const mirrored = detail::part(rendering_.image.read(), n, n);
      losses.recon += options_.flip * static_cast<double>(losses::reconstruction_loss(ctx_, options_.reconstruction, mirrored, image, mask));
      losses::reconstruction_loss_backward(ctx_, options_.reconstruction, mirrored, image, mask, gamma * static_cast<T>(options_.flip),
                                           detail::part(at_.d_image, n, n));
    }
    if (!detail::finite(at_.raw.read()) || !detail::finite(view.read()))  // the rasteriser leaves such a surface out, and the loss with it
      losses.recon = std::numeric_limits<double>::quiet_NaN();
    imaging::render_backward(ctx_, settings, scene, rendering_, at_.d_image.read(), at_.d_depth, at_.d_albedo, at_.d_light, at_.d_view);
    if (flip) {
      detail::mirror(ctx_, detail::part(at_.d_depth.read(), n, n), Add<T, Map, D>(d_depth.data(), n));
      detail::mirror(ctx_, detail::part(at_.d_albedo.read(), n, n), Add<T, Image, D>(d_albedo.data(), n));
      add(detail::part(at_.d_light.read(), n, n), d_light);
      add(detail::part(at_.d_view.read(), n, n), d_view);
    }
    imaging::canonical_depth_backward(ctx_, settings, at_.raw.read(), d_depth.read(), at_.d_raw);
    Skip<T, Image, D> const nowhere(nullptr, n);
    nn::backward<typename Aux::Albedo, Training>(ctx_, params_.albedo, tap, d_albedo.read(), d_tap, pass(at_.kept_albedo, step));
    nn::backward<typename Aux::Depth, Training>(ctx_, params_.depth, tap, at_.d_raw.read(), d_tap, pass(at_.kept_depth, step));
    nn::backward<typename Aux::Light, Training>(ctx_, params_.light, image, d_light.read(), nowhere, pass(at_.kept_light, step));
    nn::backward<typename Aux::View, Training>(ctx_, params_.view, image, d_view.read(), nowhere, pass(at_.kept_view, step));
  }
  template <class S_>
  static void add(Read<T, S_, D> from, Write<T, S_, D> to) {
    for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] += from.data()[i];
  }

  Context<D>& ctx_;
  Options<typename Model::Head> const& options_;
  Parameters<Model, T, D>& params_;
  Activations<Model, T, D> const& at_;
  imaging::Rendering<T, S, D> const& rendering_;
};
}  // namespace berl::train
