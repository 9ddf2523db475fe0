#pragma once
#include <berl/core/tensor.hpp>              // Tensor
#include <berl/io/checkpoint.hpp>            // ArrayReader, ArrayWriter
#include <berl/losses/attribute.hpp>         // attribute
#include <berl/losses/cross_entropy.hpp>     // cross_entropy
#include <berl/networks/attribute_head.hpp>  // AttributeHead
#include <berl/nn/array.hpp>                 // Each, Array
#include <berl/train/tap_trainer.hpp>        // TapTrainer

#include <cmath>  // isfinite
#include <filesystem>
#include <span>
#include <string>

namespace berl::train {
/// A TapTrainer whose backbone, head and loss are known at run time alone, so that what runs over it is compiled once.
///   shapes  pictures (N, 3, 112, 112); targets and outputs (N, outputs())
class TapNetwork {
 public:
  using Input = Shape<3, 112, 112>;
  virtual ~TapNetwork() = default;
  virtual int outputs() const = 0;
  virtual TapOptions const& options() const = 0;
  virtual void begin(optim::Schedule rate) = 0;
  virtual TapResult step(Read<float, Input, Host> pictures, std::span<float const> targets) = 0;
  /// What the head says, in the mode of evaluation.
  virtual void predict(Read<float, Input, Host> pictures, std::span<float> outputs) = 0;
  /// Stem to stage 3 from a file with the names of the backbone, whatever else it holds; nothing changes where one is wrong.
  ///   errors  Error: an array that is missing, of another shape, or not finite
  virtual void load_trunk(io::SafeTensors const& file) = 0;
  /// Stem to stage 3 and the head, as `attr.` or under the name of its task.
  virtual void save(std::filesystem::path const& path, io::ModelInfo const& info) = 0;
  /// The first parameter that is not finite, or "the losses".
  virtual std::string first_not_finite() = 0;
};

/// What heads are trained for: attributes are any number of yes and no, classes exclude one another.
struct AttributeTask {
  static constexpr char const* name = "attr";
  static void initialise(auto&, Seed) {}  // as TapTrainer does
  static auto loss(Context<Host>& ctx, auto logits, auto targets, auto d_logits) {
    return losses::attribute(ctx, logits, targets, d_logits);
  }
};
struct ClassTask {
  static constexpr char const* name = "classes";
  /// By the number of inputs: the tap is large, and what its sum overwhelms is not told apart at any useful rate.
  static void initialise(auto& head, Seed seed) { networks::initialise_auxiliary<float>(head, named(seed, name)); }
  static auto loss(Context<Host>& ctx, auto logits, auto targets, auto d_logits) {
    return losses::cross_entropy(ctx, logits, targets, d_logits);
  }
};

template <class B, class Head, class Task>
class TapNetworkOf final : public TapNetwork {
 public:
  using Trainer = TapTrainer<B, Head>;
  using Output = typename Trainer::Output;
  static_assert(std::is_same_v<typename B::Input, Input>, "berl::train::TapNetwork: the backbone must take pictures of 112 x 112.");

  explicit TapNetworkOf(TapOptions const& options) : trainer_(options) { Task::initialise(trainer_.head, Seed{options.seed}); }
  int outputs() const override { return Output::size; }
  TapOptions const& options() const override { return trainer_.options(); }
  void begin(optim::Schedule rate) override { trainer_.begin(std::move(rate)); }
  TapResult step(Read<float, Input, Host> pictures, std::span<float const> targets) override {
    Read<float, Output, Host> const t(targets.data(), pictures.batch());
    return trainer_.step(pictures, [&](Context<Host>& ctx, auto logits, auto d) { return Task::loss(ctx, logits, t, d); });
  }
  void predict(Read<float, Input, Host> pictures, std::span<float> outputs) override {
    trainer_.predict(pictures, Write<float, Output, Host>(outputs.data(), pictures.batch()));
  }
  void load_trunk(io::SafeTensors const& file) override {
    io::ArrayReader<float> arrays(file);
    trainer_.trunk.visit(nn::Each<float>(arrays), Path{});
    arrays.copy();
  }
  void save(std::filesystem::path const& path, io::ModelInfo const& info) override {
    io::SafeTensorsWriter writer;
    trainer_.visit(nn::Each<float>(io::ArrayWriter(writer)), Task::name);
    writer.metadata("format", std::string("berl ") + Task::name);
    io::write_info(writer, info);
    writer.write(path, io::Previous::Drop);
  }
  std::string first_not_finite() override {
    std::string first;
    trainer_.visit(nn::Each<float>([&](nn::Array<float> const& array) {
                     for (float const x : array.values)
                       if (first.empty() && !std::isfinite(x)) first = array.name;
                   }),
                   Task::name);
    return first.empty() ? "the losses" : first;
  }

 private:
  Trainer trainer_;
};
}  // namespace berl::train
