#pragma once
#include <berl/train/config.hpp>      // Config, settings_of
#include <berl/train/metrics.hpp>     // Console
#include <berl/train/not_finite.hpp>  // NotFinite
#include <berl/train/state.hpp>       // Position, load_state, read_position, save_state

#include <cmath>  // isfinite
#include <filesystem>
#include <map>
#include <span>
#include <string>

namespace berl::train {
/// What becomes of a state in the folder: it is refused, or the training goes on from it (from the beginning where there is none).
enum class Start { fresh, resume };
/// Whether a training goes on when a checkpoint cannot be written.
enum class Unsaved { warns, throws };

/// The files of a training: state.safetensors, from which it goes on, and model.safetensors, which programs read. A state is never
/// replaced by one that is not whole, or not finite.
template <class Trainer>
class Checkpoints {
 public:
  using Settings = std::map<std::string, std::string>;
  /// Without a folder nothing is written.
  Checkpoints(Trainer& trainer, std::filesystem::path folder, Console& console)
      : trainer_(trainer),
        folder_(std::move(folder)),
        console_(console) {}

  Position const& position() const { return position_; }  ///< where the training goes on
  /// The newest checkpoint, for a message.
  std::string kept() const {
    if (saved_ < 0) return "No checkpoint was written yet.";
    return "The checkpoint of step " + std::to_string(saved_) + " is kept in " + folder_.string() + ".";
  }

  /// Makes the folder and, with Start::resume, goes on from the state in it; says whether there was one.
  ///   errors  Error: a folder that cannot be written; a state where there must be none, one that cannot be used, or one of another
  ///   network,
  ///           head, number of identities or settings
  bool prepare_folder(Start start, io::ModelInfo const& info, Settings const& settings) {
    if (folder_.empty()) return false;
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) throw Error(folder_.string(), error.message(), "a folder that can be written", "Give another folder for the results.");
    auto const path = file("state.safetensors");
    std::string const before = path.string() + ".previous";
    bool const exists = std::filesystem::exists(path), previous = std::filesystem::exists(before);
    if (start == Start::fresh) {
      if (exists)
        throw Error(path.string(), "the state of a training", "a folder without one", "Go on with it by --resume, or give another folder.");
      return false;
    }
    std::string const remedy = "The one before it is kept: mv '" + before + "' '" + path.string() + "', then resume again.";
    if (!exists && previous) throw Error(path.string(), "no such file", "the newest state", remedy);
    if (!exists) {
      console_.say("no state in " + folder_.string() + ": the training begins");
      return false;
    }
    io::SafeTensors const state = [&] {
      try {
        auto found = io::SafeTensors::read(path);
        position_ = read_position(found);
        return found;
      } catch (Error const& e) {
        if (!previous) throw;
        throw Error(path.string(), std::string("a state that cannot be used (") + e.what() + ")", "a whole one", remedy);
      }
    }();
    Config usual;  // for settings younger than the state: form and constants of this head as they are published
    if (auto const kind = settings.find("head.kind"); kind != settings.end()) usual.head.kind = kind->second;
    restore(state, info, [&] { require_settings(state, position_, settings, settings_of(usual)); });
    saved_ = trainer_.progress().all_steps;
    return true;
  }
  /// Goes on from the state of another training; `steps` are the lengths of this one's stages.
  ///   errors  Error: a state that cannot be used, or one of a step by which this training does not come
  void go_on_from(std::filesystem::path const& from, io::ModelInfo const& info, std::span<long const, 3> steps) {
    auto const state = io::SafeTensors::read(from);
    position_ = read_position(state);
    restore(state, info, [&] { require_step(state, position_, steps); });
  }
  /// Writes both files, once for each step.
  ///   errors  NotFinite; Error: a file that cannot be written, where that throws
  void save(io::ModelInfo const& info, double seconds, Settings const& settings, Unsaved unsaved) {
    auto const p = trainer_.progress();
    if (folder_.empty() || saved_ == p.all_steps) return;
    trainer_.fetch();
    require_finite();
    try {
      save_state(file("state.safetensors"), trainer_, {info, trainer_.stage(), p.taken, p.sgd_steps, p.adam_steps, seconds, settings});
      io::save_model(file("model.safetensors"), trainer_.parameters(), info);
      saved_ = p.all_steps;
    } catch (Error const& e) {
      if (unsaved == Unsaved::throws) throw;
      console_.say(std::string("warning: no checkpoint at step ") + std::to_string(p.all_steps) + ", the training goes on: " + e.what());
    }
  }
  /// Writes the last model.safetensors and keeps none before it.
  void save_model(io::ModelInfo const& info) {
    if (!folder_.empty()) io::save_model(file("model.safetensors"), trainer_.parameters(), info, io::Previous::Drop);
  }

 private:
  template <class Check>
  void restore(io::SafeTensors const& state, io::ModelInfo const& info, Check const& check) {
    require_model(state, position_, info);
    check();
    load_state(state, trainer_);
    trainer_.store();
    auto const& p = position_;
    trainer_.resume({.taken = p.taken, .sgd_steps = p.sgd_steps, .adam_steps = p.adam_steps, .all_steps = p.model.step});
  }
  std::filesystem::path file(char const* name) const { return folder_ / name; }
  void require_finite() {
    detail::visit_state(trainer_, [&](std::string const& name, io::Extents const&, std::span<float> values) {
      for (float const v : values)
        if (!std::isfinite(v))
          throw NotFinite("stage " + std::to_string(static_cast<int>(trainer_.stage())) + " (" + name_of(trainer_.stage()) + "), step " +
                          std::to_string(trainer_.progress().all_steps) + ": " + name + " holds " + std::to_string(v) + ". " + kept() +
                          " Lower the learning rate.");
    });
  }

  Trainer& trainer_;
  std::filesystem::path folder_;
  Console& console_;
  Position position_{};
  long saved_ = -1;  // the step of the newest checkpoint
};
}  // namespace berl::train
