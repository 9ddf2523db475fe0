#pragma once
#include <berl/core/arena.hpp>           // Arena, padded
#include <berl/core/error.hpp>           // Error
#include <berl/networks/initialise.hpp>  // initialise_backbone, initialise_head
#include <berl/nn/sequential.hpp>        // forward, backward
#include <berl/nn/sizes.hpp>             // kept, scratch
#include <berl/nn/state.hpp>             // SizesOf, place
#include <berl/optim/blocks.hpp>         // for_blocks
#include <berl/optim/schedule.hpp>       // Schedule
#include <berl/optim/sgd.hpp>            // Sgd

#include <algorithm>  // fill, max
#include <cmath>      // isfinite
#include <string>
#include <utility>  // move

namespace berl::train {
struct TapOptions {
  int batch = 40;  ///< the largest that a step takes (he2022, Sec. 4.4)
  std::uint64_t seed = 1;
  int threads = 1;
  optim::Sgd sgd{.rate = 0.01, .momentum = 0.9, .weight_decay = 5e-4};
  Convolutions convolutions = Convolutions::fastest;
};
struct TapResult {
  double loss = 0;
  double accuracy = 0;  ///< part of what the head says that is right
};

/// Stem to stage 3 of a backbone under a small head of its own, trained together by SGD; stage 4 is dropped (he2022, Sec. 4.4).
/// All memory is taken when it is made; a step takes none.
///   shapes  pictures (N, 3, H, W) -> tap -> outputs of the head (N, K)
///   errors  Error, for sizes that are not positive, and for a batch larger than planned
template <class B, class Head_, class T = float>
class TapTrainer {
 public:
  using Input = typename B::Input;
  using Trunk = typename B::Trunk;
  using Head = Head_;
  using Tap = nn::OutputOf<Trunk, Input>;
  using Output = nn::OutputOf<Head, Tap>;

  explicit TapTrainer(TapOptions const& options)
      : options_(checked(options)),
        memory_(bytes(options)),
        ctx_{options.threads, Arena(scratch_bytes(options)), options.convolutions},
        values_(memory_.take<T>(block)),
        gradients_(memory_.take<T>(block)),
        momentum_(memory_.take<T>(block)),
        buffers_(memory_.take<T>(buffers)),
        kept_trunk_(memory_.take<T>(nn::kept<Trunk, T, Input>(options.batch))),
        kept_head_(memory_.take<T>(nn::kept<Head, T, Tap>(options.batch))),
        tap_(memory_.take<T>(elements<Tap>(options.batch))),
        d_tap_(memory_.take<T>(elements<Tap>(options.batch))),
        output_(memory_.take<T>(elements<Output>(options.batch))),
        d_output_(memory_.take<T>(elements<Output>(options.batch))) {
    nn::place<Trunk, T, Host>(trunk, values_, gradients_, buffers_);
    nn::place<Head, T, Host>(head, values_ + nn::SizesOf<Trunk, T>::block, gradients_ + nn::SizesOf<Trunk, T>::block,
                             buffers_ + nn::SizesOf<Trunk, T>::buffers);
    networks::initialise_backbone<T>(trunk, Seed{options.seed});
    networks::initialise_head<T>(head, named(Seed{options.seed}, "tap head"));
  }
  TapTrainer(TapTrainer const&) = delete;
  TapTrainer& operator=(TapTrainer const&) = delete;

  /// The learning rate of the steps to come.
  void begin(optim::Schedule rate) {
    rate_ = std::move(rate);
    steps_ = 0;
  }
  /// Forward, backward and update. loss(ctx, outputs, d_outputs) returns the loss and the part that is right.
  template <class Loss>
  TapResult step(Read<T, Input, Host> pictures, Loss const& loss) {
    auto const result = differentiate(pictures, loss);
    if (std::isfinite(result.loss)) update();
    return result;
  }
  /// Forward and backward alone.
  template <class Loss>
  TapResult differentiate(Read<T, Input, Host> pictures, Loss const& loss) {
    int const n = planned(pictures.batch());
    optim::for_blocks(ctx_, block, [this](std::size_t first, std::size_t last) { std::fill(gradients_ + first, gradients_ + last, T(0)); });
    auto const step = static_cast<std::uint64_t>(steps_);
    Pass<T> const lower(kept_trunk_, options_.seed, step), upper(kept_head_, options_.seed, step);
    Write<T, Tap, Host> const tap(tap_, n), d_tap(d_tap_, n);
    Write<T, Output, Host> const output(output_, n), d_output(d_output_, n);
    nn::forward<Trunk, Training>(ctx_, trunk, pictures, tap, lower);
    nn::forward<Head, Training>(ctx_, head, tap.read(), output, upper);
    auto const said = loss(ctx_, output.read(), d_output);
    nn::backward<Head, Training>(ctx_, head, tap.read(), d_output.read(), d_tap, upper);
    nn::backward<Trunk, Training>(ctx_, trunk, pictures, d_tap.read(), Skip<T, Input, Host>(nullptr, n), lower);
    return {said.loss, said.accuracy};
  }
  /// One step of SGD along the gradients. Batch norms do not decay.
  void update() {
    double const rate = optim::rate_at(rate_, steps_);
    ++steps_;
    std::size_t at = 0;
    auto const descend = [&](std::size_t n, double decay) {
      options_.sgd.step(ctx_, std::span<T>(values_ + at, n), std::span<T const>(gradients_ + at, n), std::span<T>(momentum_ + at, n), rate,
                        decay, steps_);
      at += n;
    };
    auto const network = [&]<class L>() {
      descend(nn::SizesOf<L, T>::decayed, options_.sgd.weight_decay);
      descend(nn::SizesOf<L, T>::undecayed, 0);
      at += nn::SizesOf<L, T>::fixed;
    };
    network.template operator()<Trunk>();
    network.template operator()<Head>();
  }

  /// What the head says of up to a batch of pictures, in the mode of evaluation. Uses the memory of a step.
  void predict(Read<T, Input, Host> pictures, Write<T, Output, Host> outputs) {
    Write<T, Tap, Host> const tap(tap_, planned(pictures.batch()));
    nn::forward<Trunk, Inference>(ctx_, trunk, pictures, tap, Forget{});
    nn::forward<Head, Inference>(ctx_, head, tap.read(), outputs, Forget{});
  }

  /// Every array by the name under which it is saved: those of the backbone, and NAME.fc1.weight, ... of the head.
  void visit(auto&& f, char const* name) {
    trunk.visit(f, Path{});
    head.visit(f, Path{name});
  }
  std::span<T> values() { return {values_, block}; }
  std::span<T const> gradients() const { return {gradients_, block}; }
  TapOptions const& options() const { return options_; }

  nn::ParamsOf<Trunk, T, Host> trunk;
  nn::ParamsOf<Head, T, Host> head;

 private:
  static constexpr std::size_t block = nn::SizesOf<Trunk, T>::block + nn::SizesOf<Head, T>::block;
  static constexpr std::size_t buffers = nn::SizesOf<Trunk, T>::buffers + nn::SizesOf<Head, T>::buffers;
  template <class S>
  static constexpr std::size_t elements(int batch) {
    return static_cast<std::size_t>(batch) * S::size;
  }
  static std::size_t bytes(TapOptions const& o) {
    std::size_t n = 3 * padded<T>(block) + padded<T>(buffers);
    n += padded<T>(nn::kept<Trunk, T, Input>(o.batch)) + padded<T>(nn::kept<Head, T, Tap>(o.batch));
    n += 2 * padded<T>(elements<Tap>(o.batch)) + 2 * padded<T>(elements<Output>(o.batch));
    return n * sizeof(T);
  }
  static std::size_t scratch_bytes(TapOptions const& o) {
    return std::max(nn::scratch<Trunk, T, Input>(o.batch, o.threads), nn::scratch<Head, T, Tap>(o.batch, o.threads));
  }
  static TapOptions checked(TapOptions const& o) {
    auto const least = [](char const* name, int value, int low, char const* remedy) {
      if (value < low)
        throw Error(std::string("berl::train::TapTrainer: ") + name, std::to_string(value), "at least " + std::to_string(low), remedy);
    };
    least("batch", o.batch, 2, "Batch norm needs two pictures.");
    least("threads", o.threads, 1, "Give the number of threads.");
    return o;
  }
  int planned(int batch) const {
    if (batch < 1 || batch > options_.batch)
      throw Error("berl::train::TapTrainer", "a batch of " + std::to_string(batch), "1 to " + std::to_string(options_.batch),
                  "Plan for the largest batch.");
    return batch;
  }

  TapOptions options_;
  Arena memory_;
  Context<Host> ctx_;
  T *values_, *gradients_, *momentum_, *buffers_, *kept_trunk_, *kept_head_, *tap_, *d_tap_, *output_, *d_output_;
  optim::Schedule rate_ = optim::Constant{.rate = 0.01};
  long steps_ = 0;
};
}  // namespace berl::train
