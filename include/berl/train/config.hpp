#pragma once
#include <berl/core/error.hpp>        // Error
#include <berl/data/augment.hpp>      // Augment
#include <berl/io/settings_text.hpp>  // to_text, visit_settings
#include <berl/losses/heads.hpp>      // HeadSettings, with_head
#include <berl/train/options.hpp>     // Options, Stage

#include <algorithm>  // min
#include <map>
#include <numeric>  // iota
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berl::io {
namespace detail {
inline constexpr char const* colour_ranges[] = {"from_minus_one", "from_zero"};
inline constexpr char const* maskings[] = {"batch", "none", "image"};
inline constexpr char const* reductions[] = {"mean", "sum"};
inline constexpr char const* convolutions[] = {"fastest", "per_picture", "direct"};
}  // namespace detail
template <>
inline constexpr std::span<char const* const> names_of<losses::ColourRange>{detail::colour_ranges};
template <>
inline constexpr std::span<char const* const> names_of<losses::Masking>{detail::maskings};
template <>
inline constexpr std::span<char const* const> names_of<losses::Reduction>{detail::reductions};
template <>
inline constexpr std::span<char const* const> names_of<Convolutions>{detail::convolutions};
}  // namespace berl::io

namespace berl::train {
/// How long a stage is, and how fast it learns. What is not given follows from the rest.
struct StageOptions {
  std::optional<long> steps{};  ///< otherwise as many as the epochs take
  double epochs = 0;
  std::optional<double> lr{};  ///< of the backbone and the head; otherwise 0.1 batch / 512, in stage 3 a tenth of that
  double adam_lr = 1e-4;       ///< of the auxiliary networks
  long warm_up = 0;            ///< steps until the full rate
};

/// A whole training: three stages of certain lengths, and what is written on the way.
struct Config {
  std::string network = "r18-quarter";
  int batch = 32;
  StageOptions stage[3] = {{.epochs = 24}, {.epochs = 3}, {.epochs = 8}};
  double flip = 0, gamma_fr = 1, gamma_recon = 1;
  bool confidence = false;
  double smoothness = 0;
  double momentum = 0.9, weight_decay = 5e-4, clip = 0;
  bool decay_norms = false;
  Convolutions convolutions = Convolutions::fastest;
  losses::HeadSettings head{};
  double head_filter = 0, head_sample_rate = 1;
  data::Resize resize = data::Resize::bilinear;
  data::Augment augment{};
  imaging::Settings imaging{};
  losses::ReconstructionLoss reconstruction{};
  std::string init;
  long checkpoint_every = 1000, log_every = 10, verify_every = 1000;
  int loader_threads = 2, loader_ahead = 2;
  int synthetic_identities = 200, synthetic_pictures = 20;
};

/// The length of a stage, where an epoch has so many steps.
inline long stage_steps(StageOptions const& s, long epoch) {
  return s.steps ? *s.steps : static_cast<long>(s.epochs * static_cast<double>(epoch) + 0.5);
}
/// The rate of SGD at the beginning of stage k + 1.
inline double stage_rate(Config const& c, int k) { return c.stage[k].lr.value_or((k == 2 ? 0.01 : 0.1) * c.batch / 512); }

/// Calls f(key, value, what it is, whether the bits of the result depend on it) for each setting.
template <class C, class F>
  requires std::same_as<std::remove_const_t<C>, Config>
void visit_config(C& c, F&& f) {
  constexpr bool bits = true, none = false;
  f("network", c.network, "r18-quarter, r18, r50, r100 or unsup3d-quarter", bits);
  f("batch", c.batch, "pictures of a step", bits);
  static constexpr char const* names[][5] = {{"stage1.steps", "stage1.epochs", "stage1.lr", "stage1.adam_lr", "stage1.warm_up"},
                                             {"stage2.steps", "stage2.epochs", "stage2.lr", "stage2.adam_lr", "stage2.warm_up"},
                                             {"stage3.steps", "stage3.epochs", "stage3.lr", "stage3.adam_lr", "stage3.warm_up"}};
  for (int k = 0; k < 3; ++k) {
    f(names[k][0], c.stage[k].steps, "length in steps; 0 leaves the stage out; auto: as the epochs say", bits);
    f(names[k][1], c.stage[k].epochs, "length in epochs", bits);
    if (k != 1) f(names[k][2], c.stage[k].lr, k == 0 ? "rate of SGD; auto: 0.1 batch / 512" : "rate of SGD; auto: 0.01 batch / 512", bits);
    if (k != 0) f(names[k][3], c.stage[k].adam_lr, "rate of Adam", bits);
    f(names[k][4], c.stage[k].warm_up, "steps until the full rate", bits);
  }
  f("flip", c.flip, "weight of the mirrored reconstruction: 0 in preset paper, 0.5 in paper+flip", bits);
  f("confidence", c.confidence, "a fifth network says how far each pixel is to be trusted; L_Recon becomes a likelihood", bits);
  f("smoothness", c.smoothness, "weight of the depth's roughness in L_Recon", bits);
  f("gamma_fr", c.gamma_fr, "weight of L_FR", bits);
  f("gamma_recon", c.gamma_recon, "weight of L_Recon", bits);
  f("momentum", c.momentum, "of SGD", bits);
  f("weight_decay", c.weight_decay, "of both optimisers", bits);
  f("decay_norms", c.decay_norms, "weight decay on batch norms too", bits);
  f("clip", c.clip, "longest gradient of the backbone; 0 does not clip", bits);
  f("convolutions", c.convolutions,
    "fastest, by Winograd's method where that pays for the batch; per_picture, where it pays for one; or direct", bits);
  std::string key;
  f("head.kind", c.head.kind, "the margin head, one of those below", bits);
  f("head.form", c.head.form, "of a head that has several; auto: the first of them", bits);
  for (std::size_t k = 0; k < std::size(losses::head_constants); ++k) {
    key = std::string("head.") + losses::head_constants[k].name;
    f(key.c_str(), c.head.constants[k], losses::head_constants[k].what, bits);
  }
  f("head.filter", c.head_filter, "cosines of other classes above it count as 0; 0: none do", bits);
  f("head.sample_rate", c.head_sample_rate, "part of the classes that a step sees, but at least `batch` (Partial FC)", bits);
  f("resize", c.resize, "112 to 64: bilinear, triangle or area", bits);
  f("augment.flip", c.augment.flip, "probability that a picture is mirrored", bits);
  f("augment.crop", c.augment.crop, "probability that only a box is left", bits);
  f("augment.low_resolution", c.augment.low_resolution, "probability of lost detail", bits);
  f("augment.photometric", c.augment.photometric, "probability of other brightness, contrast, saturation", bits);
  io::visit_settings(c.imaging, [&](char const* name, auto& value, char const* what) {
    key = std::string("imaging.") + name;
    f(key.c_str(), value, what, bits);
  });
  f("reconstruction.range", c.reconstruction.range, "of colours: from_minus_one or from_zero", bits);
  f("reconstruction.masking", c.reconstruction.masking, "batch, none or image", bits);
  f("reconstruction.reduction", c.reconstruction.reduction, "mean or sum", bits);
  f("init", c.init, "a model.safetensors, or a .pth, to start from", none);
  f("checkpoint.every", c.checkpoint_every, "steps", none);
  f("log.every", c.log_every, "steps", none);
  f("verify.every", c.verify_every, "steps, where a list of pairs is given", none);
  f("loader.threads", c.loader_threads, "threads that read pictures", none);
  f("loader.ahead", c.loader_ahead, "batches that are prepared ahead", none);
  f("synthetic.identities", c.synthetic_identities, "people of --data synthetic", bits);
  f("synthetic.pictures", c.synthetic_pictures, "pictures of each", bits);
}

/// The settings on which the bits of the result depend; what of the head is not given as it is published.
inline std::map<std::string, std::string> settings_of(Config const& config) {
  std::map<std::string, std::string> all;
  visit_config(config, [&](char const* key, auto const& value, char const*, bool bits) {
    if (bits) all[key] = io::to_text(value);
  });
  auto const& kind = losses::head_kind(config.head.kind);
  if (config.head.form == "auto" && !kind.forms.empty()) all["head.form"] = kind.forms[0];
  for (std::size_t k = 0; k < std::size(losses::head_constants); ++k)
    if (!config.head.constants[k]) all[std::string("head.") + losses::head_constants[k].name] = io::to_text(kind.published[k]);
  return all;
}

/// A head of this type with the constants of the settings; an AnyHead without a head in it.
///   errors  Error: the settings want another
template <class Head>
Head head_of(Config const& config) {
  if constexpr (losses::MarginHead<Head>) {
    std::string const name = losses::layout_of(Head{}).name;
    if (config.head.kind != name && config.head.kind != Config{}.head.kind)
      throw Error("setting head.kind", config.head.kind, name,
                  "This program is compiled for one head; losses::AnyHead leaves the choice open.");
    return losses::configured<Head>(config.head);
  } else {
    return {};
  }
}

namespace detail {
/// Insertions, deletions and replacements between two words (levenshtein1966).
inline std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      std::size_t const replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}
}  // namespace detail

/// Sets one setting from text. `where` says in messages who wants it: a line of a file, or the command line.
///   errors  Error: no such key, with the nearest one; a text that is no such value
inline void set(Config& config, std::string const& key, std::string const& text, std::string const& where) {
  bool found = false;
  std::string nearest;
  std::size_t best = 0;
  visit_config(config, [&](char const* name, auto& value, char const* what, bool) {
    auto const d = detail::distance(key, name);
    if (nearest.empty() || d < best) nearest = name, best = d;
    if (key != name) return;
    found = true;
    if (!io::from_text(text, value))
      throw Error(where + ": " + key, "'" + text + "'", io::expected_text<std::remove_cvref_t<decltype(value)>>() + " (" + what + ")",
                  "The default is " + io::to_text(value) + ".");
  });
  if (!found) throw Error(where, "the key '" + key + "'", "a known key", "Did you mean '" + nearest + "'? --help lists all keys.");
  for (int k = 0; k < 3; ++k)  // whichever length is given last holds
    if (key == "stage" + std::to_string(k + 1) + ".epochs") config.stage[k].steps.reset();
}

/// Flip 0 as in the paper, or 0.5; or Unsup3D as it was published (wu2020), at a quarter of its width: mirrored faces, confidence, and
/// one stage of 30 epochs, for its networks see the picture and no backbone.
inline void set_preset(Config& config, std::string const& preset) {
  if (preset != "paper" && preset != "paper+flip" && preset != "unsup3d")
    throw Error(
        "--preset", "'" + preset + "'", "paper, paper+flip or unsup3d",
        "paper+flip adds the mirrored reconstruction, which pins the canonical view; unsup3d is the method without a face network.");
  config.flip = preset == "paper" ? 0 : 0.5;
  if (preset != "unsup3d") return;
  config.network = "unsup3d-quarter", config.batch = 64, config.confidence = true;
  config.stage[0].steps = config.stage[2].steps = 0;
  config.stage[1].epochs = 30;
}

/// errors  Error, for the first number that makes no training
inline void check(Config const& c) {
  auto const range = [](std::string const& key, double value, double low, double high) {
    if (!(value >= low && value <= high))
      throw Error("setting " + key, io::to_text(value), io::to_text(low) + (high < 1e300 ? " to " + io::to_text(high) : " or more"),
                  "Change it.");
  };
  constexpr double any = 1e300, tiny = 1e-12;
  range("batch", c.batch, 2, 1e6);  // batch norm needs two
  for (int k = 0; k < 3; ++k) {
    auto const& s = c.stage[k];
    std::string const stage = "stage" + std::to_string(k + 1);
    if (s.steps) range(stage + ".steps", static_cast<double>(*s.steps), 0, any);
    range(stage + ".epochs", s.epochs, 0, 1e6);
    if (s.lr) range(stage + ".lr", *s.lr, 0, any);
    range(stage + ".adam_lr", s.adam_lr, 0, any);
    range(stage + ".warm_up", static_cast<double>(s.warm_up), 0, any);
  }
  range("flip", c.flip, 0, any), range("smoothness", c.smoothness, 0, any), range("gamma_fr", c.gamma_fr, 0, any),
      range("gamma_recon", c.gamma_recon, 0, any);
  range("momentum", c.momentum, 0, 1), range("weight_decay", c.weight_decay, 0, any), range("clip", c.clip, 0, any);
  range("head.filter", c.head_filter, 0, 1), range("head.sample_rate", c.head_sample_rate, tiny, 1);
  auto const& head = losses::head_kind(c.head.kind);
  losses::check(c.head, head);
  if (head.affine && c.head_filter > 0)
    throw Error("setting head.filter", io::to_text(c.head_filter), "0 with head.kind " + c.head.kind, "It has no cosines to filter.");
  range("augment.flip", c.augment.flip, 0, 1), range("augment.crop", c.augment.crop, 0, 1);
  range("augment.low_resolution", c.augment.low_resolution, 0, 1), range("augment.photometric", c.augment.photometric, 0, 1);
  auto const& i = c.imaging;
  range("imaging.field_of_view", i.field_of_view, 0.1, 170), range("imaging.depth_min", i.depth_min, tiny, any);
  range("imaging.depth_max", i.depth_max, i.depth_min + tiny, any), range("imaging.supersampling", i.supersampling, 1, 8);
  range("imaging.rotation_range", i.rotation_range, 0, 180), range("imaging.normal_epsilon", i.normal_epsilon, 0, 1);
  range("checkpoint.every", static_cast<double>(c.checkpoint_every), 1, any), range("log.every", static_cast<double>(c.log_every), 1, any);
  range("verify.every", static_cast<double>(c.verify_every), 1, any);
  range("loader.threads", c.loader_threads, 1, 1024), range("loader.ahead", c.loader_ahead, 1, 1024);
  range("synthetic.identities", c.synthetic_identities, 2, 1e7), range("synthetic.pictures", c.synthetic_pictures, 1, 1e6);
}
}  // namespace berl::train
