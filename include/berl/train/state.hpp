#pragma once
#include <berl/core/random.hpp>    // mix
#include <berl/io/checkpoint.hpp>  // ArrayReader, ModelInfo
#include <berl/train/trainer.hpp>  // Trainer

#include <charconv>  // to_chars
#include <cstring>   // memcpy
#include <map>
#include <span>
#include <string>

/// state.safetensors: everything that a training needs to go on with the same bits.
namespace berl::train {
/// What a state holds beside its arrays.
struct Position {
  io::ModelInfo model;
  Stage stage = Stage::recognition;
  long taken = 0, sgd_steps = 0, adam_steps = 0;  ///< as Trainer::Progress; model.step is all_steps, and the loader's step too
  double seconds = 0;                             ///< that the training has taken so far
  std::map<std::string, std::string> settings;    ///< all that decides about the bits, by name
};

namespace detail {
/// f(name, extents, values) for each array of a state: values of everything, momentum or both moments of what is trained.
template <class Trainer, class F>
void visit_state(Trainer& trainer, F&& f) {
  using T = typename Trainer::Scalar;
  auto const& s = trainer.states();
  trainer.parameters().visit(nn::Each<T>([&](nn::Array<T> const& array) {
    f("values." + array.name, array.extents, array.values);
    if (!array.trainable) return;
    auto const at = static_cast<std::size_t>(array.values.data() - s.values), n = array.values.size();
    if (at < s.recognition) {
      f("momentum." + array.name, array.extents, std::span<T>(s.momentum + at, n));
    } else {
      f("m." + array.name, array.extents, std::span<T>(s.m + (at - s.recognition), n));
      f("v." + array.name, array.extents, std::span<T>(s.v + (at - s.recognition), n));
    }
  }));
}
/// Of the bytes and the name of one array; the sums of all arrays are added, in any order.
inline std::uint64_t checksum(std::string const& name, std::span<std::byte const> bytes) {
  std::uint64_t h = named(Seed{bytes.size()}, name).value;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    h = berl::detail::mix(h ^ word);
  }
  for (std::byte const b : bytes) h = berl::detail::mix(h ^ static_cast<std::uint64_t>(b));
  return h;
}
}  // namespace detail

template <class Trainer>
void save_state(std::filesystem::path const& path, Trainer& trainer, Position const& position) {
  io::SafeTensorsWriter writer;
  std::uint64_t sum = 0;
  detail::visit_state(trainer, [&]<class T>(std::string const& name, io::Extents const& extents, std::span<T> values) {
    std::span<T const> const read = values;
    writer.add(name, extents, read);
    sum += detail::checksum(name, std::as_bytes(read));
  });
  writer.metadata("format", "berl state");
  io::write_info(writer, position.model);
  writer.metadata("stage", std::to_string(static_cast<int>(position.stage)));
  writer.metadata("taken", std::to_string(position.taken));
  writer.metadata("sgd_steps", std::to_string(position.sgd_steps));
  writer.metadata("adam_steps", std::to_string(position.adam_steps));
  writer.metadata("seconds", io::to_text(position.seconds));
  writer.metadata("checksum", std::to_string(sum));
  for (auto const& [key, value] : position.settings) writer.metadata("setting." + key, value);
  writer.write(path, io::Previous::Keep);
}

/// What a state says of itself.
///   errors  Error: no state of berl's, or damaged since it was written
inline Position read_position(io::SafeTensors const& file) {
  Position position{.model = io::read_info(file), .settings = {}};
  if (file.metadata("format") != "berl state")
    throw Error(file.file(), "a " + file.metadata("format"), "a berl state", "Give the state.safetensors of the training.");
  auto const read = [&](char const* key, auto& value) {
    if (!io::from_text(file.metadata(key), value))
      throw Error(file.file() + ", metadata '" + key + "'", "'" + file.metadata(key) + "'", "a number", "The file is damaged.");
  };
  int stage = 0;
  std::uint64_t written = 0, sum = 0;
  read("stage", stage), read("taken", position.taken), read("sgd_steps", position.sgd_steps), read("adam_steps", position.adam_steps);
  read("seconds", position.seconds), read("checksum", written);
  if (stage < 1 || stage > 3) throw Error(file.file() + ", metadata 'stage'", std::to_string(stage), "1, 2 or 3", "The file is damaged.");
  position.stage = static_cast<Stage>(stage);
  for (std::string const& name : file.names()) sum += detail::checksum(name, file.bytes(name));
  if (sum != written)
    throw Error(file.file(), "arrays with the checksum " + std::to_string(sum), std::to_string(written),
                "The file has changed since it was written.");
  for (auto const& [key, value] : file.metadata())
    if (key.starts_with("setting.")) position.settings[key.substr(8)] = value;
  return position;
}

namespace detail {
inline void require_same(io::SafeTensors const& file, std::string const& what, std::string const& found, std::string const& expected) {
  if (found != expected)
    throw Error(file.file() + ", " + what, found, expected,
                "Resume with the data and settings that the training began with; or begin anew in another folder, with init = the old "
                "model.safetensors.");
}
}  // namespace detail

/// That a state is of this network, with this head, for as many people.
///   errors  Error: it is not
inline void require_model(io::SafeTensors const& file, Position const& position, io::ModelInfo const& expected) {
  detail::require_same(file, "network", position.model.network, expected.network);
  if (!position.model.head.empty()) detail::require_same(file, "head", position.model.head, expected.head);
  detail::require_same(file, "identities", std::to_string(position.model.identities), std::to_string(expected.identities));
}
/// That the training began with these settings; one that is younger than the state stood at its default.
///   errors  Error, for the first that was another
inline void require_settings(io::SafeTensors const& file, Position const& position, std::map<std::string, std::string> const& expected,
                             std::map<std::string, std::string> began) {
  for (auto const& [key, value] : position.settings) began[key] = value;
  for (auto const& [key, value] : expected)
    detail::require_same(file, "setting " + key, began.contains(key) ? began[key] : "nothing", value);
}
/// That a training whose stages are so long comes by this step.
///   errors  Error: it does not
inline void require_step(io::SafeTensors const& file, Position const& position, std::span<long const, 3> steps) {
  auto const k = static_cast<std::size_t>(position.stage) - 1;
  long before = 0;
  for (std::size_t i = 0; i < k; ++i) before += steps[i];
  if (position.taken > steps[k] || before + position.taken != position.model.step)
    throw Error(file.file(),
                "step " + std::to_string(position.taken) + " of stage " + std::to_string(k + 1) + " after " +
                    std::to_string(position.model.step - position.taken) + " steps",
                "a stage " + std::to_string(k + 1) + " of " + std::to_string(steps[k]) + " steps after " + std::to_string(before),
                "Give that stage and those before it the lengths that they have had.");
}

/// Goes on from a state, whose schedules the caller sets with begin(); every array is checked before the first is changed.
///   errors  Error, for another margin head, and for the first array of another shape, another network or another number of identities
template <class Trainer>
void load_state(io::SafeTensors const& file, Trainer& trainer) {
  using T = typename Trainer::Scalar;
  std::string const head = trainer.parameters().head.layout.name;
  if (file.has_metadata("head") && file.metadata("head") != head)
    throw Error(file.file() + ", head", file.metadata("head"), head, "Choose the head that the training began with.");
  io::ArrayReader<T> arrays(file);
  detail::visit_state(
      trainer, [&](std::string const& name, io::Extents const& extents, std::span<T> values) { arrays.check(name, extents, values); });
  arrays.expect_no_others({});
  arrays.copy();
}
}  // namespace berl::train
