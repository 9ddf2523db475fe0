#pragma once
#include <berl/cuda/train/machine.hpp>  // Trainer on CUDA

#include <cmath>  // isfinite
#include <vector>

#include "cuda/bench.hpp"
#include "train/step_flops.hpp"

namespace berl::bench {
/// step/r18/b128/tf32 and step/r18/b128/bypass/tf32: a backbone and the batch; recognition alone, or with the whole bypass; the same with
/// /graph. 1000 identities. Pictures and labels come from the host in each step, while the step before runs, and the losses go there.
///   MiB  all memory of the trainer on the GPU
template <class Backbone, class T = float>
void add_step(char const* name, int batch, int steps, Precision precision, train::Stage stage, bool graph) {
  using Model = berl::Model<Backbone, losses::CurricularFace>;
  constexpr int identities = 1000;
  add(text("step/", name, "/b", batch, stage == train::Stage::joint ? "/bypass/" : "/", name_of(precision), graph ? "/graph" : ""),
      [=](benchmark::State& state) {
        std::size_t before = 0, after = 0, all = 0;
        gpu::check(cudaMemGetInfo(&before, &all), "cudaMemGetInfo");
        train::Trainer<Model, Cuda, T> trainer(
            {.identities = identities, .batch = batch, .seed = 1, .precision = precision, .graph = graph});
        // rates so small that the same pictures stay as hard as they are
        trainer.begin(stage, optim::Constant{.rate = 1e-6}, optim::Constant{.rate = 1e-6});
        Tensor<float, typename Model::Input> images(batch);
        Random random(Seed{1});
        for (float& v : images.span()) v = static_cast<float>(random.uniform(-1, 1));
        std::vector<int> labels(static_cast<std::size_t>(batch));
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i) * 31 % identities;
        train::Losses losses;
        auto const prepare = [&] { trainer.prepare(images.read(), std::span<int const>(labels)); };
        prepare();
        measure(state, trainer.context(), {.flops = step_flops<Model>(batch, identities, stage), .images = static_cast<double>(batch)},
                [&] { losses = trainer.step(prepare); });
        gpu::check(cudaMemGetInfo(&after, &all), "cudaMemGetInfo");  // with what was recorded
        if (!std::isfinite(losses.total)) state.SkipWithError("the loss is no number");
        state.counters["loss"] = losses.total;
        state.counters["MiB"] = static_cast<double>(before - after) / MiB;
      })
      ->Iterations(steps);
}
/// With and without bypass and graph: maps of 16 bits, and where they are wanted floats.
template <class Backbone>
void add_steps(char const* name, int batch, int steps, bool floats = true) {
  for (auto const stage : {train::Stage::recognition, train::Stage::joint})
    for (bool const graph : {false, true}) {
      add_step<Backbone, Bf16>(name, batch, steps, Precision::bf16, stage, graph);
      if (!floats) continue;
      add_step<Backbone>(name, batch, steps, Precision::tf32, stage, graph);
      add_step<Backbone>(name, batch, steps, Precision::fp32, stage, graph);
    }
}
}  // namespace berl::bench
