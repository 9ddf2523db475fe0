#pragma once
#include <berl/networks/initialise.hpp>  // initialise_backbone
#include <berl/nn/array.hpp>             // Each, Array
#include <berl/nn/kept.hpp>              // visit_kept
#include <berl/optim/schedule.hpp>       // Schedule
#include <berl/train/step.hpp>           // Step

#include <cmath>     // isfinite
#include <concepts>  // invocable
#include <memory>    // unique_ptr
#include <string>
#include <type_traits>  // is_same_v

namespace berl::train {
/// A batch of aligned pictures with the number of the person on each.
///   images.read()  shape (N, 3, H, W) in [-1, 1];  labels  in [0, identities)
template <class B, class Input>
concept LabelledBatch = requires(B const& batch) {
  { batch.images.read() } -> std::same_as<Read<float, Input, Host>>;
  { std::span<int const>(batch.labels) };
};

/// Trains a model, one step at a time. All memory is taken when it is made; a step takes none.
/// With Device = Cuda, include <berl/cuda/train/machine.hpp> before and compile as CUDA; pictures come from the host there too. T is what
/// the networks' maps are stored as: there also Bf16, beside which parameters, sums, the head and the renderer stay float.
///   errors  Error, for sizes that are not positive, a batch of one where norms are trained, a batch of another size than planned, and for
///   labels that name no identity
template <class Model, class Device = Host, class T = float>
class Trainer {
  static_assert(!nn::narrow<T> || !std::is_same_v<Device, Host>,
                "berl::train::Trainer: maps of 16 bits are for berl::Cuda, the host's are float or double.");
  using On = Kernel<Machine, Device>;

 public:
  using Options = train::Options<typename Model::Head>;
  using Input = typename Model::Input;
  using Scalar = number_of<T>;

  explicit Trainer(Options const& options) : memory_(std::make_unique<Memory>(options)) {
    auto& params = parameters();
    Seed const seed{options.seed};
    networks::initialise_backbone<Scalar>(params.trunk, seed);
    networks::initialise_backbone<Scalar>(params.top, seed);
    Context<Host> host{options.threads, {}};
    losses::initialize(host, options.head, params.head.weight.write(), params.head.kept(), named(seed, "head"));
    networks::initialise_auxiliary<Scalar>(params.view, named(seed, "iia.view"));
    networks::initialise_auxiliary<Scalar>(params.light, named(seed, "iia.light"));
    networks::initialise_auxiliary<Scalar>(params.depth, named(seed, "ira.depth"));
    networks::initialise_auxiliary<Scalar>(params.albedo, named(seed, "ira.albedo"));
    if (options.confidence) networks::initialise_auxiliary<Scalar>(params.confidence, named(seed, "confidence"));
    store();
  }

  /// The stage of the steps to come, and the learning rates of the backbone and of the auxiliary networks at a stage's step k.
  void begin(Stage stage, optim::Schedule backbone, optim::Schedule auxiliary) {
    stage_ = stage;
    backbone_ = std::move(backbone);
    auxiliary_ = std::move(auxiliary);
    taken_ = 0;
  }
  /// Goes on where another trainer stopped.
  struct Progress {
    long taken = 0;  ///< steps of this stage
    long sgd_steps = 0, adam_steps = 0, all_steps = 0;
    bool operator==(Progress const&) const = default;
  };
  Progress progress() const { return {taken_, sgd_steps_, adam_steps_, all_steps_}; }
  void resume(Progress const& p) {
    taken_ = p.taken;
    sgd_steps_ = p.sgd_steps;
    adam_steps_ = p.adam_steps;
    all_steps_ = p.all_steps;
  }

  /// Puts the next step's batch on its way: to a GPU it is copied while the step before runs, and may be changed as soon as this returns;
  /// on the host it stays where it is, and must stay as it is until that step. A batch that no step has taken is replaced.
  template <LabelledBatch<Input> B>
  void prepare(B const& batch) {
    prepare(batch.images.read(), std::span<int const>(batch.labels));
  }
  void prepare(Read<Scalar, Input, Host> pictures, std::span<int const> labels) {
    auto& m = *memory_;
    if (pictures.batch() != m.options.batch)
      throw Error("berl::train::Trainer::prepare", "a batch of " + std::to_string(pictures.batch()), std::to_string(m.options.batch),
                  "Plan the trainer for the size of the loader's batches.");
    m.inbox.prepare(pictures, labels, m.options.identities);
    prepared_ = true;
  }
  /// Forward, backward, and the update of what the stage trains, on the batch that was prepared. Where the losses are not finite there is
  /// no update, but running statistics and the head's state have seen the batch: go on from a checkpoint, without that batch.
  Losses step() {
    return step([] {});
  }
  /// The same. Calls meanwhile() when the batch is no longer needed and before it waits for the losses, while a GPU has the step to do: the
  /// time to prepare the next batch. If it throws, the step stays without its update.
  template <std::invocable F>
  Losses step(F&& meanwhile) {
    queue();
    meanwhile();
    Losses const losses = newest_losses();
    if (std::isfinite(losses.total)) update();
    return losses;
  }
  template <LabelledBatch<Input> B>
  Losses step(B const& batch) {
    prepare(batch);
    return step();
  }
  Losses step(Read<Scalar, Input, Host> pictures, std::span<int const> labels) {
    prepare(pictures, labels);
    return step();
  }
  /// Forward and backward alone.
  Losses differentiate(Read<Scalar, Input, Host> pictures, std::span<int const> labels) {
    prepare(pictures, labels);
    queue();
    return newest_losses();
  }
  /// One step of the optimisers along the gradients: SGD for the backbone and the head, Adam for the auxiliary networks.
  void update() {
    auto& m = *memory_;
    using Layout = States<Model, Scalar>;
    Scalar *value = m.states.values, *gradient = m.states.gradients;
    if (stage_ != Stage::reconstruction) {
      if (m.options.clip > 0)
        On::clip(m.ctx,
                 std::span<Scalar>(gradient, Layout::template block<typename Model::Trunk> + Layout::template block<typename Model::Top>),
                 m.options.clip);
      rate_ = optim::rate_at(backbone_, taken_);
      ++sgd_steps_;
      Scalar* momentum = m.states.momentum;
      auto const descend = [&](std::size_t n, double decay) {
        if (n > 0)
          m.options.sgd.step(m.ctx, std::span<Scalar>(value, n), std::span<Scalar const>(gradient, n), std::span<Scalar>(momentum, n),
                             rate_, decay, sgd_steps_);
        value += n;
        gradient += n;
        momentum += n;
      };
      auto const skip = [&](std::size_t n) {
        value += n;
        gradient += n;
        momentum += n;
      };
      double const decay = m.options.sgd.weight_decay, norms = m.options.decay_norms ? decay : 0;
      auto const network = [&]<class L>() {
        descend(nn::SizesOf<L, Scalar>::decayed, decay);
        descend(nn::SizesOf<L, Scalar>::undecayed, norms);
        skip(nn::SizesOf<L, Scalar>::fixed);
      };
      network.template operator()<typename Model::Trunk>();
      network.template operator()<typename Model::Top>();
      if (m.options.head_sample_rate == 1)
        descend(m.states.classes, decay);
      else
        descend_sampled(value, gradient, momentum, decay);
    }
    if (stage_ != Stage::recognition) {
      auxiliary_rate_ = optim::rate_at(auxiliary_, taken_);
      ++adam_steps_;
      std::size_t const n = m.states.auxiliary;
      m.options.adam.step(m.ctx, std::span<Scalar>(m.states.values + m.states.recognition, n),
                          std::span<Scalar const>(m.states.gradients + m.states.recognition, n), std::span<Scalar>(m.states.m, n),
                          std::span<Scalar>(m.states.v, n), auxiliary_rate_, m.options.adam.weight_decay, adam_steps_);
    }
    ++taken_;
    ++all_steps_;
  }

  /// Embeddings of up to a batch of pictures, in the mode of evaluation. Uses the memory of a step; a batch that is prepared stays so.
  void embed(Read<Scalar, Input, Host> pictures, Write<Scalar, typename Model::Embedding, Host> embeddings) {
    auto& m = *memory_;
    if (pictures.batch() > m.options.batch)
      throw Error("berl::train::Trainer::embed", std::to_string(pictures.batch()) + " pictures",
                  "at most " + std::to_string(m.options.batch) + ", a batch", "Give them in parts.");
    auto const x = m.inbox.between_steps(m.ctx, pictures);
    auto const out = On::outbox(m.activations.embedding, embeddings);
    On::round(m.ctx, m.states, m.operands);
    m.step.embed(x, out);
    On::deliver(m.ctx, out.read(), embeddings);
  }

  /// A number of the head's state as it stands, in the order of its layout.
  double head_state(std::size_t k) { return On::number(memory_->ctx, memory_->params.head.state[k].value()); }

  /// The arrays of states() and parameters() are the host's. On another device they are copies: fetch() brings those of the last step,
  /// and store() takes back what was written into them.
  void fetch() { memory_->mirror.fetch(memory_->ctx, memory_->states); }
  void store() { memory_->mirror.store(memory_->ctx, memory_->states); }

  Stage stage() const { return stage_; }
  double rate() const { return stage_ == Stage::reconstruction ? auxiliary_rate_ : rate_; }  ///< of the last step
  Options const& options() const { return memory_->options; }
  Context<Device>& context() { return memory_->ctx; }
  Parameters<Model, Scalar, Host>& parameters() { return memory_->mirror.params(); }
  States<Model, Scalar> const& states() const { return memory_->mirror.states(); }
  Activations<Model, T, Device> const& activations() const { return memory_->activations; }
  imaging::Rendering<Scalar, Model::Auxiliary::side, Device> const& rendering() const { return memory_->rendering; }

  /// The first parameter that is not finite, or else the first layer whose output was not in the last step, of those whose output is kept.
  std::string first_not_finite() {
    auto const& a = memory_->activations;
    auto const bad = [&](auto const& view) { return !On::finite(memory_->ctx, view.data(), view.size()); };
    std::string part;
    memory_->params.visit(nn::Each<Scalar>([&](nn::Array<Scalar> const& array) {
      bool const changed = !array.trainable && stage_ != Stage::reconstruction;  // in this very step
      if (part.empty() && !changed && bad(array.values)) part = array.name;
    }));
    auto const output = [&](Path const& path, auto const& values) {
      if (part.empty() && bad(values)) part = "the output of " + path.text;
    };
    auto const network = [&]<class L, class In>(T* kept, char const* name, auto const& last, char const* what) {
      if (kept != nullptr) nn::visit_kept<L, T, In>(Pass<T>(kept, 0, 0), memory_->options.batch, Path{name}, output);
      if (part.empty() && bad(last)) part = what;
    };
    using Image = Shape<3, Model::Auxiliary::side, Model::Auxiliary::side>;
    using Tap = typename Model::Tap;
    bool const frozen = stage_ == Stage::reconstruction;  // then the backbone keeps nothing
    network.template operator()<typename Model::Trunk, Input>(frozen ? nullptr : a.kept_trunk, "", a.tap,
                                                              "the tap at stage 3 of the backbone");
    auto const to_numbers = [&]<class L, class In>(auto const&... of) { network.template operator()<nn::ToNumbers<L, T>, In>(of...); };
    if (!frozen) to_numbers.template operator()<typename Model::Top, Tap>(a.kept_top, "", a.embedding, "the embedding");
    if (stage_ != Stage::recognition) {
      to_numbers.template operator()<typename Model::Auxiliary::View, Image>(a.kept_view, "iia.view", a.view, "the viewpoint");
      to_numbers.template operator()<typename Model::Auxiliary::Light, Image>(a.kept_light, "iia.light", a.light, "the light");
      to_numbers.template operator()<typename Model::Auxiliary::Depth, Tap>(a.kept_depth, "ira.depth", a.raw, "the raw depth");
      to_numbers.template operator()<typename Model::Auxiliary::Albedo, Tap>(a.kept_albedo, "ira.albedo", a.albedo, "the albedo");
      if (memory_->options.confidence)
        to_numbers.template operator()<ConfidenceOf<typename Model::Auxiliary>, Image>(a.kept_confidence, "confidence", a.confidence,
                                                                                       "the confidence");
      if (part.empty() && bad(memory_->rendering.image)) part = "the rendering";
    }
    return part.empty() ? "the losses" : part;
  }

 private:
  /// Forward and backward of the batch that was prepared. Whatever differs from one step of a stage to the next is read from memory, for a
  /// GPU replays what it has recorded: parameters, the batch, and the step's number, which ctx.step holds there.
  void queue() {
    auto& m = *memory_;
    if (!prepared_) throw std::logic_error("berl::train::Trainer::step: no batch is prepared.");
    if (m.options.batch < 2 && stage_ != Stage::reconstruction)
      throw Error("berl::train::Trainer::step", "a batch of 1 in stage " + std::string(name_of(stage_)), "at least 2",
                  "The batch norms that are trained in it need the variance of more than one picture.");
    prepared_ = false;
    auto const step = static_cast<std::uint64_t>(all_steps_);
    [[maybe_unused]] auto const taken = m.inbox.take(m.ctx, step);
    m.repeated[static_cast<int>(stage_) - 1].run(m.ctx, m.options.graph, [&] {
      bool const recognises = stage_ != Stage::reconstruction, reconstructs = stage_ != Stage::recognition;
      auto const x = m.inbox.pictures();
      auto const y = m.inbox.labels();
      On::zero(m.ctx, m.states.gradients + (recognises ? 0 : m.states.recognition),  // of what the stage trains
               (recognises ? m.states.recognition : 0) + (reconstructs ? m.states.auxiliary : 0));
      On::round(m.ctx, m.states, m.operands);
      if (stage_ == Stage::recognition)
        m.step.recognition(x, y, step);
      else if (stage_ == Stage::reconstruction)
        m.step.reconstruction(x, step);
      else
        m.step.joint(x, y, step);
    });
  }
  Losses newest_losses() { return memory_->step.losses(stage_, On::numbers(memory_->ctx, memory_->losses)); }

  /// The sampled classes alone, and their learnt numbers.
  void descend_sampled(Scalar* value, Scalar const* gradient, Scalar* momentum, double decay) {
    auto& m = *memory_;
    auto const descend = [&](std::size_t at, std::size_t width) {
      m.options.sgd.step_rows(m.ctx, m.step.classes(), width, value + at, gradient + at, momentum + at, rate_, decay, sgd_steps_);
    };
    descend(0, Model::Embedding::size);
    if (m.params.head.layout.number != nullptr)
      descend(static_cast<std::size_t>(m.params.head.number.value() - m.params.head.weight.value()), 1);
  }

  struct Memory {
    explicit Memory(Options const& given)
        : options(checked(given)),
          ctx(On::template context<T>(options)),
          arena(States<Model, Scalar>::bytes(options.identities, options.confidence, losses::layout_of(options.head)) +
                    Activations<Model, T, Device>::bytes(options.sizes()) +
                    imaging::Rendering<Scalar, Model::Auxiliary::side, Device>::bytes(Activations<Model, T, Device>::drawn(options.sizes()),
                                                                                      options.imaging.supersampling) +
                    Inbox::bytes(options.batch) + padded<double>(Numbers<double>::count) * sizeof(double) +
                    operands_of(options) * sizeof(T),
                On::memory),
          states(arena, options.identities, options.confidence, losses::layout_of(options.head)),
          activations(arena, options.sizes()),
          rendering(arena, Activations<Model, T, Device>::drawn(options.sizes()), options.imaging.supersampling),
          inbox(arena, options.batch),
          losses(numbers_at(arena.template take<double>(Numbers<double>::count))),
          operands(nn::narrow<T> ? arena.template take<T>(operands_of(options)) : nullptr),
          step(ctx, options, params, activations, rendering, losses),
          mirror(states, params, options.identities) {
      On::template plan<Model, T>(ctx, options);
      params.place(states, options.identities, operands);
    }
    static std::size_t operands_of(Options const& o) {
      Tally tally;
      States<Model, Scalar> const sizes(tally, o.identities, o.confidence, losses::layout_of(o.head));
      return nn::operands<T>(sizes.recognition - sizes.classes + sizes.auxiliary);
    }
    using Inbox = typename On::template Inbox<Scalar, Input>;
    static Options checked(Options const& o) {
      auto const positive = [](char const* name, int value, char const* remedy) {
        if (value < 1) throw Error(std::string("berl::train::Trainer: ") + name, std::to_string(value), "at least 1", remedy);
      };
      positive("identities", o.identities, "Give the number of people in the training set.");
      positive("batch", o.batch, "Give the number of pictures of a step.");
      positive("threads", o.threads, "Give the number of threads.");
      if (!(o.head_sample_rate > 0 && o.head_sample_rate <= 1))
        throw Error("berl::train::Trainer: head_sample_rate", std::to_string(o.head_sample_rate), "above 0, up to 1",
                    "1 lets every step see all classes.");
      if (o.confidence && !has_confidence<typename Model::Auxiliary>)
        throw Error("berl::train::Trainer: confidence", "a bypass without a confidence network", "one that names it",
                    "Add `using Confidence = networks::PixelConfidenceNet<>;` to the bypass, or leave the option off.");
      return o;
    }
    Options options;
    Context<Device> ctx;
    Arena arena;
    States<Model, Scalar> states;
    Activations<Model, T, Device> activations;
    imaging::Rendering<Scalar, Model::Auxiliary::side, Device> rendering;
    Inbox inbox;
    Numbers<double*> losses;
    T* operands;  // of the networks, where T is narrower than their values
    Parameters<Model, T, Device> params;
    Step<Model, T, Device> step;
    typename On::template Mirror<Model, T> mirror;
    typename On::Repeated repeated[3];  // a stage's
  };
  std::unique_ptr<Memory> memory_;  // the step refers to it, so it stays where it is when the trainer moves
  Stage stage_ = Stage::joint;
  optim::Schedule backbone_ = optim::Constant{.rate = 0.1}, auxiliary_ = optim::Constant{.rate = 1e-4};
  long taken_ = 0, sgd_steps_ = 0, adam_steps_ = 0, all_steps_ = 0;
  double rate_ = 0, auxiliary_rate_ = 0;
  bool prepared_ = false;
};
}  // namespace berl::train
