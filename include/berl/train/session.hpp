#pragma once
#include <berl/data/loader.hpp>         // Loader
#include <berl/eval/pair_pictures.hpp>  // PairPictures
#include <berl/io/face.hpp>             // embed_pictures
#include <berl/train/checkpoints.hpp>   // Checkpoints, Start
#include <berl/train/config.hpp>        // Config
#include <berl/train/metrics.hpp>       // Metrics, Console
#include <berl/train/not_finite.hpp>    // NotFinite
#include <berl/train/progress.hpp>      // now, clock_text, peak_flops
#include <berl/train/work.hpp>          // image_work, work_left

#include <atomic>
#include <cmath>      // isfinite, lround
#include <exception>  // exception_ptr
#include <functional>
#include <optional>
#include <utility>  // exchange
#include <vector>

namespace berl::train {
enum class Outcome { finished, stopped };

struct SessionOptions {
  Config config{};
  std::uint64_t seed = 1;
  int threads = 1;
  int gpu = 0;                            ///< which, where a Session is on Cuda
  Precision precision = Precision::fp32;  ///< likewise
  bool graph = true;                      ///< likewise; see Options
  std::filesystem::path out{};            ///< a folder for what is written; empty: nothing is
  std::string pairs{};                    ///< a list of pairs to verify on; empty: none
  Start start = Start::fresh;
  std::filesystem::path from{};            ///< the state.safetensors of another training, to go on from with these settings; empty: none
  std::atomic<int> const* stop = nullptr;  ///< not 0: finish the step, save, and return
  std::FILE* console = stderr;             ///< for progress and warnings; null: neither
};

/// Trains a model on a dataset, in three stages one after the other (he2022, Sec. 3.4), and writes down what happens:
/// metrics.jsonl, summary.json, model.safetensors and state.safetensors. Stopped at any step in any way and resumed, it ends with
/// the same bits as without a break.
///   Session<Model, data::SyntheticFaces> session(faces, {.config = config, .out = "out"});  session.run();
/// While a GPU has a step to do, the next batch is fetched and copied. A picture that cannot be read ends the training where the step that
/// it is for would begin.
/// With Device = Cuda, include <berl/cuda/train/machine.hpp> before and compile as CUDA; T as a Trainer's. A training may go on on another
/// device or in another precision, where its sums have other roundings.
///   errors  Error: settings, pictures and files that cannot be used; NotFinite
template <class Model, data::Dataset Pictures, class Device = Host, class T = float>
class Session {
 public:
  using Trainer = train::Trainer<Model, Device, T>;
  using Head = typename Model::Head;
  static constexpr int side = width<typename Model::Input>;

  Session(Pictures const& pictures, SessionOptions const& options) : Session(pictures, options, head_of<Head>(options.config)) {}
  /// The same with a head that was made elsewhere; an AnyHead must be.
  Session(Pictures const& pictures, SessionOptions options, Head const& head)
      : pictures_(pictures),
        options_(std::move(options)),
        settings_(all_settings()),
        trainer_(trainer_options(head)),
        loader_(pictures, {.batch = config().batch,
                           .seed = named(Seed{options_.seed}, "pictures"),
                           .threads = config().loader_threads,
                           .ahead = config().loader_ahead,
                           .augment = config().augment}),
        metrics_(options_.out),
        console_(options_.console),
        checkpoints_(trainer_, options_.out, console_) {
    long const epoch = static_cast<long>(loader_.steps_per_epoch());
    for (int k = 0; k < 3; ++k) steps_[k] = stage_steps(config().stage[k], epoch);
    if (total_steps() < 1)
      throw Error("stage1.steps, stage2.steps and stage3.steps", "no step at all", "at least one", "Give a stage a length.");
    if (!options_.pairs.empty()) {
      pairs_.emplace(options_.pairs, side);
      eval::folds_of(pairs_->size(), options_.pairs);  // now, and not after many steps
    }
    bool const resumed = checkpoints_.prepare_folder(options_.start, info(), settings_);
    if (!resumed && !options_.from.empty()) {
      checkpoints_.go_on_from(options_.from, info(), steps_);
    } else if (!resumed && !config().init.empty()) {
      io::load_start<float>(io::read_weights(config().init), trainer_.parameters());
      trainer_.store();
    }
  }

  /// Called when a stage is over and saved; after a resume at that very step once more.
  std::function<void(Session&, Stage)> after_stage;

  Outcome run() {
    if constexpr (std::is_same_v<Device, Host>)
      peak_ = peak_flops(options_.threads);
    else
      peak_ = Kernel<Machine, Device>::peak_flops(trainer_.context());
    began_ = now() - checkpoints_.position().seconds;
    metrics_.begin(checkpoints_.position().model.step);
    if (auto const step = static_cast<std::uint64_t>(checkpoints_.position().model.step); loader_.step() != step) loader_.seek(step);
    next_.clear(), missing_ = nullptr;
    if (pairs_ && !baseline_) baseline_ = pairs_->accuracy(eval::raw_pixels);
    for (int k = static_cast<int>(checkpoints_.position().stage) - 1; k < 3; ++k) {
      if (steps_[k] == 0) continue;
      begin(static_cast<Stage>(k + 1));
      while (trainer_.progress().taken < steps_[k]) {
        step();
        if (options_.stop != nullptr && *options_.stop != 0 && done() < total_steps()) {
          trainer_.fetch();
          save();
          console_.say("stopped at step " + std::to_string(done()) + " of " + std::to_string(total_steps()) +
                       (options_.out.empty() ? "" : ", saved in " + options_.out.string() + "; --resume goes on"));
          return Outcome::stopped;
        }
      }
      trainer_.fetch();
      if (after_stage) after_stage(*this, trainer_.stage());
    }
    finish();
    return Outcome::finished;
  }

  Trainer& trainer() { return trainer_; }
  Config const& config() const { return options_.config; }
  long steps(Stage stage) const { return steps_[static_cast<int>(stage) - 1]; }
  long total_steps() const { return steps_[0] + steps_[1] + steps_[2]; }
  double seconds() const { return now() - began_; }  ///< of the whole training, without breaks

  /// Embeddings of pictures by the network as it stands, each added to that of its mirror image.
  std::vector<std::vector<float>> embed(std::span<io::Image const> pictures) {
    return embed_pictures<float, typename Model::Input, typename Model::Embedding>(pictures, config().batch, FlipFused{},
                                                                                   [this](auto x, auto e) { trainer_.embed(x, e); });
  }
  /// Final figures; also summary.json.
  nlohmann::ordered_json summary() {
    nlohmann::ordered_json s;
    s["network"] = config().network;
    s["identities"] = pictures_.identities();
    s["pictures"] = pictures_.size();
    s["parameters"] = {{"backbone", Model::backbone_parameters},
                       {"auxiliary", Model::auxiliary_parameters + (config().confidence ? Model::confidence_parameters : 0)}};
    s["seed"] = options_.seed;
    s["steps"] = done();
    s["finished"] = done() == total_steps();
    for (int k = 0; k < 3; ++k)
      if (auto const& last = metrics_.last(name_of(static_cast<Stage>(k + 1))); !last.is_null())
        s["stages"][last["stage"].template get<std::string>()] = last;
    if (verified_ || baseline_) {
      auto& v = s["verification"];
      v["pairs"] = pairs_->size();
      if (verified_) v["accuracy"] = verified_->mean, v["deviation"] = verified_->deviation;
      if (baseline_) v["raw_pixels"] = baseline_->mean;
    }
    s["peak_gflops"] = peak_ * 1e-9;
    s["seconds"] = seconds();
    return s;
  }

 private:
  // --- what follows from the options ---
  std::map<std::string, std::string> all_settings() const {
    check(config());
    auto all = settings_of(config());
    std::uint64_t labels = 0;
    for (int i = 0; i < pictures_.size(); ++i) labels = berl::detail::mix(labels ^ static_cast<std::uint64_t>(pictures_.label(i)));
    all["seed"] = std::to_string(options_.seed);
    all["data.pictures"] = std::to_string(pictures_.size());
    all["data.labels"] = std::to_string(labels);
    return all;
  }
  typename Trainer::Options trainer_options(Head const& head) const {
    auto const& c = config();
    typename Trainer::Options o{.identities = pictures_.identities(), .batch = c.batch, .seed = options_.seed, .threads = options_.threads};
    o.head = head, o.head_filter = c.head_filter, o.head_sample_rate = c.head_sample_rate;
    o.imaging = c.imaging, o.reconstruction = c.reconstruction, o.resize = c.resize;
    o.gamma_fr = c.gamma_fr, o.gamma_recon = c.gamma_recon, o.flip = c.flip;
    o.confidence = c.confidence, o.smoothness = c.smoothness;
    o.sgd.momentum = c.momentum, o.sgd.weight_decay = c.weight_decay, o.adam.weight_decay = c.weight_decay;
    o.decay_norms = c.decay_norms, o.clip = c.clip, o.convolutions = c.convolutions;
    o.gpu = options_.gpu, o.precision = options_.precision, o.graph = options_.graph;
    return o;
  }
  io::ModelInfo info() {
    return {config().network, pictures_.identities(), done(), config().imaging, config().resize, trainer_.parameters().head.layout.name};
  }
  long done() const { return trainer_.progress().all_steps; }

  /// The rates of the recipe (CurricularFace's milestones, scaled to the stage's length).
  void begin(Stage stage) {
    int const k = static_cast<int>(stage) - 1;
    auto const& s = config().stage[k];
    double const n = static_cast<double>(steps_[k]);
    auto const at = [n](double part) { return static_cast<long>(part * n + 0.5); };
    double const rate = stage_rate(config(), k);
    std::vector<long> const milestones = stage == Stage::joint ? std::vector<long>{at(4 / 8.0), at(6 / 8.0)}
                                                               : std::vector<long>{at(10 / 24.0), at(18 / 24.0), at(22 / 24.0)};
    auto const before = trainer_.progress();
    trainer_.begin(stage, optim::MultiStep{.rate = rate, .milestones = milestones, .warm_up = s.warm_up},
                   optim::Constant{.rate = s.adam_lr, .warm_up = s.warm_up});
    bool const goes_on = checkpoints_.position().model.step == before.all_steps && checkpoints_.position().stage == stage;
    trainer_.resume({.taken = goes_on ? checkpoints_.position().taken : 0,
                     .sgd_steps = before.sgd_steps,
                     .adam_steps = before.adam_steps,
                     .all_steps = before.all_steps});
    window_ = now(), window_steps_ = 0, waited_ = 0;
  }

  // --- one step ---
  /// Sends the next batch on its way to the trainer. What is thrown instead is kept for the step that the batch was for.
  void prepare() {
    double const asked = now();
    try {
      auto const& batch = loader_.next();
      waited_ += now() - asked;
      trainer_.prepare(batch);
      next_ = batch.indices;
    } catch (...) {
      missing_ = std::current_exception();
    }
  }
  void step() {
    if (next_.empty() && !missing_) prepare();  // the first one
    try {
      if (missing_) std::rethrow_exception(missing_);
    } catch (Error const&) {
      if (done() > 0) save();  // what was learnt until this picture
      throw;
    }
    auto const shown = std::exchange(next_, {});
    auto const losses = trainer_.step([this] {
      bool const stops = options_.stop != nullptr && *options_.stop != 0;
      if (done() + 1 < total_steps() && !stops) prepare();
    });
    if (!std::isfinite(losses.total)) fail(losses, loader_.names(shown));
    ++window_steps_;
    auto const& c = config();
    long const n = done(), taken = trainer_.progress().taken;
    bool const last = taken == steps(trainer_.stage());
    bool const verify = pairs_ && (last || n % c.verify_every == 0);
    if (last || verify || n % c.log_every == 0) log(losses, verify);
    if (last || n % c.checkpoint_every == 0) save(last && n == total_steps() ? Unsaved::throws : Unsaved::warns);
  }
  void log(Losses const& losses, bool verify) {
    double const seconds = std::max(now() - window_, 1e-9),
                 rate = static_cast<double>(config().batch) * static_cast<double>(window_steps_) / seconds;
    nlohmann::ordered_json record{
        {"step", done()}, {"stage", name_of(trainer_.stage())}, {"fr", losses.fr}, {"recon", losses.recon}, {"total", losses.total}};
    auto const& kept = trainer_.parameters().head.layout.state;
    for (std::size_t k = 0; k < kept.size(); ++k) record[kept[k]] = trainer_.head_state(k);
    record["lr"] = trainer_.rate(), record["accuracy"] = losses.accuracy, record["images_per_second"] = rate;
    record["loading"] = waited_ / seconds;  // the part of the time in which no batch was ready
    if (verify) {
      verified_ = pairs_->accuracy([this](auto pictures) { return embed(pictures); });
      record["verification"] = verified_->mean;
    }
    if (!metrics_.add(record)) console_.say("warning: metrics.jsonl cannot be written; the training goes on");
    char text[256];
    double const speed = rate * image_work<Model>(config(), trainer_.stage());
    std::snprintf(text, sizeof text,
                  "stage %d %-14s %ld/%ld  fr %.4f  recon %.4f  total %.4f  right %3.0f %%  %.1f images/s%s%s  %s left%s",
                  static_cast<int>(trainer_.stage()), name_of(trainer_.stage()), trainer_.progress().taken, steps(trainer_.stage()),
                  losses.fr, losses.recon, losses.total, 100 * losses.accuracy, rate,
                  peak_ > 0 ? ("  " + std::to_string(std::lround(100 * speed / peak_)) + " % of peak").c_str() : "",
                  waited_ > 0.05 * seconds ? ("  loading " + std::to_string(std::lround(100 * waited_ / seconds)) + " %").c_str() : "",
                  clock_text(work_left<Model>(config(), trainer_.stage(), trainer_.progress().taken, steps_) / speed).c_str(),
                  verify ? ("  verification " + std::to_string(100 * verified_->mean).substr(0, 5) + " %").c_str() : "");
    console_.progress(text);
    window_ = now(), window_steps_ = 0, waited_ = 0;
  }
  [[noreturn]] void fail(Losses const& losses, std::vector<std::string> const& names) {
    std::string text = "stage " + std::to_string(static_cast<int>(trainer_.stage())) + " (" + name_of(trainer_.stage()) + "), step " +
                       std::to_string(done() + 1) + ": the loss is " + std::to_string(losses.total) + " (fr " + std::to_string(losses.fr) +
                       ", recon " + std::to_string(losses.recon) + "). First not finite: " + trainer_.first_not_finite() + ". " +
                       checkpoints_.kept() + " Lower the learning rate, or look at the pictures of this step: ";
    for (std::size_t i = 0; i < names.size(); ++i) text += (i > 0 ? ", " : "") + names[i];
    throw NotFinite(text);
  }

  // --- files ---
  void save(Unsaved unsaved = Unsaved::throws) { checkpoints_.save(info(), seconds(), settings_, unsaved); }
  void finish() {
    if (options_.out.empty()) return;
    checkpoints_.save_model(info());  // a kill may have come between the two files
    io::write_file(options_.out / "summary.json", summary().dump(2) + "\n");
  }

  Pictures const& pictures_;
  SessionOptions options_;
  std::map<std::string, std::string> settings_;
  Trainer trainer_;
  data::Loader<Pictures, side> loader_;
  Metrics metrics_;
  Console console_;
  Checkpoints<Trainer> checkpoints_;
  std::optional<eval::PairPictures> pairs_;
  std::optional<eval::Accuracy> verified_, baseline_;
  long steps_[3] = {};
  double peak_ = 0;  // 0: not known
  double began_ = now(), window_ = 0;
  double waited_ = 0;  // seconds of the window without a batch that is ready
  long window_steps_ = 0;
  std::vector<int> next_;       // the pictures of the batch that is prepared; empty: none is
  std::exception_ptr missing_;  // what came instead
};
}  // namespace berl::train
