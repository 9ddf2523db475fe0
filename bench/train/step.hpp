#pragma once
#include <berl/model.hpp>  // Model, Trainer

#include <sys/resource.h>  // getrusage
#include <vector>

#include "bench.hpp"
#include "train/step_flops.hpp"

namespace berl::bench {
/// The most memory that this process has had, in MiB. A process that runs one benchmark alone tells that benchmark's.
inline double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// step/r18/b16 and step/r18/b16/bypass: a backbone and the batch; recognition alone, or with the whole bypass. 1000 identities.
///   MiB       the plan, known before it runs: it has room for the bypass in either case
///   peak_MiB  of the process
template <class Backbone>
void add_step(char const* name, int batch, int steps) {
  using Model = berl::Model<Backbone, losses::CurricularFace>;
  constexpr int identities = 1000;
  for (auto const stage : {train::Stage::recognition, train::Stage::joint})
    add(text("step/", name, "/b", batch, stage == train::Stage::joint ? "/bypass" : ""), [=](benchmark::State& state) {
      int const threads = threads_of(state);
      train::Trainer<Model, Host> trainer({.identities = identities, .batch = batch, .seed = 1, .threads = threads});
      // rates so small that the same pictures stay as hard as they are: once they are learnt, gradients are denormal numbers
      trainer.begin(stage, optim::Constant{.rate = 1e-6}, optim::Constant{.rate = 1e-6});
      Tensor<float, typename Model::Input> images(batch);
      randomise(images.span());
      std::vector<int> labels(static_cast<std::size_t>(batch));
      for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i) * 31 % identities;
      train::Losses losses;
      measure(state, {.flops = step_flops<Model>(batch, identities, stage), .images = static_cast<double>(batch)},
              [&] { losses = trainer.step(images.read(), std::span<int const>(labels)); });
      if (!std::isfinite(losses.total)) state.SkipWithError("the loss is no number");
      state.counters["loss"] = losses.total;
      state.counters["MiB"] = static_cast<double>(Model::step_bytes({.identities = identities, .batch = batch, .threads = threads})) / MiB;
      state.counters["peak_MiB"] = peak_mib();
    })->Iterations(steps);
}
}  // namespace berl::bench
