#pragma once
#include "../../train/small_model.hpp"
#include "../../train/stripes.hpp"

#include <berl/train/session.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace berl::test {
template <class T>
using SmallOptions = typename train::Trainer<SmallModel, Host, T>::Options;
/// With everything that the options can add.
template <class T>
SmallOptions<T> everything() {
  return {.identities = 3, .batch = 4, .gamma_fr = 0.9, .flip = 0.5, .confidence = true, .smoothness = 0.01, .clip = 5};
}
template <class Trainer>
void begin(Trainer& trainer, train::Stage stage) {
  trainer.begin(stage, optim::Constant{.rate = 0.01}, optim::Constant{.rate = 1e-4});
}
/// Losses and states after some steps of a stage.
struct Trained {
  std::vector<double> losses;  // four for each step
  std::vector<float> values, momentum, m, v, buffers;
  std::map<std::string, std::vector<float>> gradients;  // by network: the first moment of what was trained
};
template <class Device, class T = float>
Trained trained(SmallOptions<float> const& options, train::Stage stage, int steps) {
  train::Trainer<SmallModel, Device, T> trainer(options);
  begin(trainer, stage);
  auto const x = pictures<float>(4);
  Trained r;
  for (int k = 0; k < steps; ++k) {
    auto const l = trainer.step(x.read(), people);
    r.losses.insert(r.losses.end(), {l.fr, l.recon, l.total, l.accuracy});
  }
  trainer.fetch();
  auto const& s = trainer.states();
  r.values.assign(s.values, s.values + s.recognition + s.auxiliary);
  r.momentum.assign(s.momentum, s.momentum + s.recognition);
  r.m.assign(s.m, s.m + s.auxiliary);
  r.v.assign(s.v, s.v + s.auxiliary);
  r.buffers.assign(s.buffers, s.buffers + s.buffered);
  trainer.parameters().visit([&](Path const& path, auto& array) {
    if constexpr (Trainable<std::remove_cvref_t<decltype(array)>>) {
      auto const at = static_cast<std::size_t>(array.value() - s.values);
      float const* const moment = at < s.recognition ? s.momentum + at : s.m + (at - s.recognition);
      auto& of = r.gradients[path.text.substr(0, path.text.find('.', path.text.starts_with("i") ? 4 : 0))];
      of.insert(of.end(), moment, moment + array.read().size());
    }
  });
  return r;
}
/// What the host does, in a library of its own.
[[gnu::visibility("default")]] Trained trained_by_the_host(SmallOptions<float> const& options, train::Stage stage, int steps);
[[gnu::visibility("default")]] std::vector<float> embedded_by_the_host(SmallOptions<float> const& options, int pictures);
[[gnu::visibility("default")]] train::Outcome session_on_the_host(train::SessionOptions const& options);
}  // namespace berl::test
