#pragma once
#include <berl/core/arena.hpp>      // Scope, padded
#include <berl/core/config.hpp>     // BERL_FN
#include <berl/core/device.hpp>     // Context
#include <berl/core/view.hpp>       // Read, Write
#include <berl/expr/add.hpp>        // a - b
#include <berl/expr/evaluate.hpp>   // evaluate
#include <berl/expr/functions.hpp>  // abs, log
#include <berl/expr/gradient.hpp>   // gradient
#include <berl/expr/multiply.hpp>   // a * b
#include <berl/expr/reduce.hpp>     // sum

#include <cstddef>  // size_t

namespace berl::losses {
/// What the difference is measured in: -1 to 1 as the networks see it, or 0 to 1, which halves it.
enum class ColourRange { from_minus_one, from_zero };
/// Where the difference counts: where the reconstruction is valid, over the batch; everywhere; or valid pixels of each image first.
enum class Masking { batch, none, image };
/// Mean over the values that count, or their sum per image, averaged over the batch.
enum class Reduction { mean, sum };

struct ReconstructionLoss {
  ColourRange range = ColourRange::from_minus_one;
  Masking masking = Masking::batch;
  Reduction reduction = Reduction::mean;

  /// Whether a sample's weight depends on how many of its values count.
  BERL_FN constexpr bool counts() const { return reduction == Reduction::mean && masking != Masking::none; }
  /// Bytes that the loss takes from ctx.scratch.
  template <class T>
  static constexpr std::size_t scratch(int batch) {
    return 2 * padded<T>(static_cast<std::size_t>(batch)) * sizeof(T);
  }
};

/// The loss of one sample (he2022, Eq. 6; wu2020 for the mask and the confidence), as expressions.
///   e = |I^ - I|, or with a confidence map sigma > 0: e = sqrt(2) |I^ - I| / (sigma + 1e-7) + log(sigma + 1e-7)
///   sample = sum of m e over channels and pixels;  L = sum of weight[n] sample[n], weight = 1 / sum of m (see below)
namespace eq6 {
template <int S>
inline constexpr auto reconstruction = expr::leaf<struct Reconstruction, Shape<3, S, S>>;  // I^
template <int S>
inline constexpr auto image = expr::leaf<struct Image, Shape<3, S, S>>;  // I
template <int S>
inline constexpr auto mask = expr::leaf<struct Mask, Shape<1, S, S>>;  // m, 0 or 1
template <int S>
inline constexpr auto sigma = expr::leaf<struct Sigma, Shape<1, S, S>>;

template <int S>
constexpr auto difference(double scale) {
  return scale * abs(reconstruction<S> - image<S>);
}
template <int S>
constexpr auto uncertain_difference(double scale) {
  constexpr double root_two = 1.41421356237309504880;
  auto const spread = sigma<S> + 1e-7;
  return root_two * difference<S>(scale) / spread + log(spread);
}

/// The factor of a sample's sum, zero where nothing counts: `own` of its values do, and `total` of the batch's.
template <class T>
BERL_FN T weight(ReconstructionLoss const& options, int values, int batch, double total, T own) {
  double const counted = options.reduction == Reduction::sum ? static_cast<double>(batch)
                         : options.masking == Masking::none  ? static_cast<double>(values) * batch
                         : options.masking == Masking::batch ? total
                                                             : static_cast<double>(own) * batch;
  return counted > 0 ? static_cast<T>(1 / counted) : T(0);
}
/// What is said of a batch from its samples: weighted sums.
struct Batch {};

/// weight[n] = factor / sum of m.
template <class D, class T, int S>
void weights(Context<D>& ctx, ReconstructionLoss const& options, Read<T, Shape<1, S, S>, D> valid, T factor,
             Write<T, Shape<1, 1, 1>, D> weight) {
  if (options.counts()) expr::evaluate(ctx, sum(3 * mask<S>), bind(mask<S> = valid), weight);
  Kernel<Batch, D>::weigh(ctx, options, 3 * S * S, factor, weight);
}

/// The node for these options is handed to body, since options decide its type.
template <int S, bool confident, class Body>
void with_node(ReconstructionLoss const& options, Body const& body) {
  double const scale = options.range == ColourRange::from_zero ? 0.5 : 1;
  auto const masked = [&](auto const& e) {
    if (options.masking == Masking::none)
      body(sum(e));
    else
      body(sum(mask<S> * e));
  };
  if constexpr (confident)
    masked(uncertain_difference<S>(scale));
  else
    masked(difference<S>(scale));
}

template <int S, bool confident, class D, class T, class B>
void value(Context<D>& ctx, ReconstructionLoss const& options, Read<T, Shape<1, S, S>, D> valid, B const& known,
           Write<double, Shape<1>, D> loss) {
  Scope const scope(ctx.scratch);
  int const batch = valid.batch();
  Write<T, Shape<1, 1, 1>, D> const weight(ctx.scratch.template take<T>(static_cast<std::size_t>(batch)), batch);
  Write<T, Shape<1, 1, 1>, D> const sample(ctx.scratch.template take<T>(static_cast<std::size_t>(batch)), batch);
  weights(ctx, options, valid, T(1), weight);
  with_node<S, confident>(options, [&](auto const& node) { expr::evaluate(ctx, node, known, sample); });
  Kernel<Batch, D>::add_up(ctx, weight.read(), sample.read(), loss);
}
template <int S, bool confident, class D, class T, class B, class Wanted, class G>
void pull(Context<D>& ctx, ReconstructionLoss const& options, Read<T, Shape<1, S, S>, D> valid, B const& known, T d_loss, Wanted wanted,
          G const& gradients) {
  Scope const scope(ctx.scratch);
  int const batch = valid.batch();
  Write<T, Shape<1, 1, 1>, D> const weight(ctx.scratch.template take<T>(static_cast<std::size_t>(batch)), batch);
  weights(ctx, options, valid, d_loss, weight);
  with_node<S, confident>(options, [&](auto const& node) { expr::gradient(ctx, node, wanted, known, weight.read(), gradients); });
}
}  // namespace eq6

/// The reconstruction loss L, and below it the gradients of I^ and sigma for d_loss, the loss's own weight in what is trained.
///   batch:  L = sum of m e / sum of m, both over the whole batch;  image: the same for each image, averaged over the batch;
///   none:   L = mean of e over all values;  sum: L = 1/N sum of m e.  A sum of m that is 0 counts as a loss of 0.
///   shapes  reconstruction, image: (N, 3, S, S), mask, sigma: (N, 1, S, S)
///   units   with range from_zero, images still come in [-1, 1]; their difference is halved
///   errors  Error, when batches differ; scratch: ReconstructionLoss::scratch
template <class D, class T, int S>
void reconstruction_loss(Context<D>& ctx, ReconstructionLoss const& options, Read<T, Shape<3, S, S>, D> reconstruction,
                         Read<T, Shape<3, S, S>, D> image, Read<T, Shape<1, S, S>, D> mask, Write<double, Shape<1>, D> loss) {
  auto const known = bind(eq6::reconstruction<S> = reconstruction, eq6::image<S> = image, eq6::mask<S> = mask);
  eq6::value<S, false>(ctx, options, mask, known, loss);
}
template <class D, class T, int S, class DReconstruction>
void reconstruction_loss_backward(Context<D>& ctx, ReconstructionLoss const& options, Read<T, Shape<3, S, S>, D> reconstruction,
                                  Read<T, Shape<3, S, S>, D> image, Read<T, Shape<1, S, S>, D> mask, T d_loss,
                                  DReconstruction d_reconstruction) {
  auto const known = bind(eq6::reconstruction<S> = reconstruction, eq6::image<S> = image, eq6::mask<S> = mask);
  eq6::pull<S, false>(ctx, options, mask, known, d_loss, expr::wrt(eq6::reconstruction<S>),
                      bind(eq6::reconstruction<S> = d_reconstruction));
}

/// The same with a confidence map sigma > 0 (wu2020, Eq. 3): where sigma is large, a difference costs less.
template <class D, class T, int S>
void reconstruction_loss(Context<D>& ctx, ReconstructionLoss const& options, Read<T, Shape<3, S, S>, D> reconstruction,
                         Read<T, Shape<3, S, S>, D> image, Read<T, Shape<1, S, S>, D> mask, Read<T, Shape<1, S, S>, D> sigma,
                         Write<double, Shape<1>, D> loss) {
  auto const known = bind(eq6::reconstruction<S> = reconstruction, eq6::image<S> = image, eq6::mask<S> = mask, eq6::sigma<S> = sigma);
  eq6::value<S, true>(ctx, options, mask, known, loss);
}
template <class D, class T, int S, class DReconstruction, class DSigma>
void reconstruction_loss_backward(Context<D>& ctx, ReconstructionLoss const& options, Read<T, Shape<3, S, S>, D> reconstruction,
                                  Read<T, Shape<3, S, S>, D> image, Read<T, Shape<1, S, S>, D> mask, Read<T, Shape<1, S, S>, D> sigma,
                                  T d_loss, DReconstruction d_reconstruction, DSigma d_sigma) {
  auto const known = bind(eq6::reconstruction<S> = reconstruction, eq6::image<S> = image, eq6::mask<S> = mask, eq6::sigma<S> = sigma);
  eq6::pull<S, true>(ctx, options, mask, known, d_loss, expr::wrt(eq6::reconstruction<S>, eq6::sigma<S>),
                     bind(eq6::reconstruction<S> = d_reconstruction, eq6::sigma<S> = d_sigma));
}

/// Either loss on the host, as a number.
template <class T, int S>
T reconstruction_loss(Context<Host>& ctx, ReconstructionLoss const& options, Read<T, Shape<3, S, S>, Host> reconstruction,
                      Read<T, Shape<3, S, S>, Host> image, Read<T, Shape<1, S, S>, Host> mask) {
  double loss = 0;
  reconstruction_loss(ctx, options, reconstruction, image, mask, Write<double, Shape<1>, Host>(&loss, 1));
  return static_cast<T>(loss);
}
template <class T, int S>
T reconstruction_loss(Context<Host>& ctx, ReconstructionLoss const& options, Read<T, Shape<3, S, S>, Host> reconstruction,
                      Read<T, Shape<3, S, S>, Host> image, Read<T, Shape<1, S, S>, Host> mask, Read<T, Shape<1, S, S>, Host> sigma) {
  double loss = 0;
  reconstruction_loss(ctx, options, reconstruction, image, mask, sigma, Write<double, Shape<1>, Host>(&loss, 1));
  return static_cast<T>(loss);
}
}  // namespace berl::losses

template <>
struct berl::Kernel<berl::losses::eq6::Batch, berl::Host> {
  /// From the values of each sample that count to its weight.
  template <class T>
  static void weigh(Context<Host>&, losses::ReconstructionLoss const& options, int values, T factor,
                    Write<T, Shape<1, 1, 1>, Host> weight) {
    double total = 0;
    if (options.counts())
      for (int n = 0; n < weight.batch(); ++n) total += static_cast<double>(weight.data()[n]);
    for (int n = 0; n < weight.batch(); ++n)
      weight.data()[n] = losses::eq6::weight(options, values, weight.batch(), total, options.counts() ? weight.data()[n] : T(0)) * factor;
  }
  template <class T>
  static void add_up(Context<Host>&, Read<T, Shape<1, 1, 1>, Host> weight, Read<T, Shape<1, 1, 1>, Host> sample,
                     Write<double, Shape<1>, Host> loss) {
    double sum = 0;
    for (int n = 0; n < weight.batch(); ++n)
      if (weight.data()[n] > T(0)) sum += static_cast<double>(weight.data()[n]) * static_cast<double>(sample.data()[n]);
    *loss.data() = sum;
  }
};
