#pragma once
#include <berl/data/loader.hpp>        // Loader
#include <berl/train/metrics.hpp>      // Metrics, Console
#include <berl/train/not_finite.hpp>   // NotFinite
#include <berl/train/progress.hpp>     // now, clock_text
#include <berl/train/tap_network.hpp>  // TapNetwork

#include <algorithm>  // max, min
#include <cmath>      // ceil, isfinite
#include <cstdio>     // snprintf
#include <string>
#include <vector>

namespace berl::train {
/// How long a head and the trunk below it are trained: the paper's 60 epochs (he2022, Sec. 4.4), the rate falling to a tenth at epochs
/// 30 and 50. The size of a step is the network's.
struct TapRun {
  std::string name = "attributes";  ///< what the lines of metrics and progress call it
  double epochs = 60;
  double rate = 0.01;
  std::uint64_t seed = 1;
  data::Augment augment{};
  int loader_threads = 2;
  long log_every = 10;  ///< steps
};
/// Steps of so many epochs, each picture counting once in each.
inline long tap_steps(TapRun const& run, int pictures, int batch) {
  return std::max(1L, static_cast<long>(std::ceil(run.epochs * pictures / batch - 1e-9)));
}

/// Trains the network on a dataset; target(i, row) writes what the head is to say of picture i. The bits follow from the seeds, not
/// from the threads. Returns the mean of the last tenth of the steps.
///   errors  Error: pictures that cannot be used, fewer than a batch takes; NotFinite
template <data::Dataset D, class Target>
TapResult run_tap(TapNetwork& network, D const& pictures, Target const& target, TapRun const& run, Metrics& metrics, Console& console) {
  int const batch = network.options().batch;
  if (pictures.size() < batch)
    throw Error("berl::train::run_tap", std::to_string(pictures.size()) + " pictures", "at least the batch of " + std::to_string(batch),
                "Make the batch smaller.");
  data::Loader<D> loader(
      pictures,
      {.batch = batch, .seed = named(Seed{run.seed}, "pictures"), .threads = run.loader_threads, .ahead = 2, .augment = run.augment});
  long const steps = tap_steps(run, pictures.size(), batch);
  auto const at = [&](double part) { return static_cast<long>(part * static_cast<double>(steps) + 0.5); };
  network.begin(optim::MultiStep{.rate = run.rate, .milestones = {at(30 / 60.0), at(50 / 60.0)}});
  auto const outputs = static_cast<std::size_t>(network.outputs());
  std::vector<float> targets(static_cast<std::size_t>(batch) * outputs);
  TapResult last;
  double const began = now();
  for (long step = 1; step <= steps; ++step) {
    auto const& b = loader.next();
    for (std::size_t n = 0; n < b.indices.size(); ++n) target(b.indices[n], std::span(targets).subspan(n * outputs, outputs));
    auto const r = network.step(b.images.read(), targets);
    if (!std::isfinite(r.loss))
      throw NotFinite(run.name + ", step " + std::to_string(step) + " of " + std::to_string(steps) + ": the loss is " +
                      std::to_string(r.loss) + ". First not finite: " + network.first_not_finite() +
                      ". Lower the learning rate, or look at the pictures of this step, the first of which is " +
                      pictures.name(b.indices.front()) + ".");
    long const counted = std::max(1L, steps / 10);
    if (step > steps - counted) {
      last.loss += r.loss / static_cast<double>(counted);
      last.accuracy += r.accuracy / static_cast<double>(counted);
    }
    if (step % run.log_every != 0 && step != steps) continue;
    double const rate = static_cast<double>(step) / std::max(now() - began, 1e-9);
    metrics.add({{"step", step}, {"stage", run.name}, {"loss", r.loss}, {"accuracy", r.accuracy}, {"images_per_second", rate * batch}});
    char text[256];
    std::snprintf(text, sizeof text, "%-28s %ld/%ld  loss %.4f  right %3.0f %%  %.1f images/s  %s left", run.name.c_str(), step, steps,
                  r.loss, 100 * r.accuracy, rate * batch, clock_text(static_cast<double>(steps - step) / rate).c_str());
    console.progress(text);
  }
  return last;
}

/// What the head says of every picture, in their order: (pictures, outputs).
template <data::Dataset D>
std::vector<float> predict(TapNetwork& network, D const& pictures) {
  auto const outputs = static_cast<std::size_t>(network.outputs());
  int const batch = network.options().batch;
  std::vector<float> all(static_cast<std::size_t>(pictures.size()) * outputs);
  Tensor<float, TapNetwork::Input> images(batch);
  for (int first = 0; first < pictures.size(); first += batch) {
    int const n = std::min(batch, pictures.size() - first);
    for (int k = 0; k < n; ++k) {
      auto const picture = pictures.load(first + k);
      if (picture.width != 112 || picture.height != 112)
        throw Error(pictures.name(first + k), std::to_string(picture.width) + " x " + std::to_string(picture.height), "112 x 112",
                    "Align the pictures.");
      io::to_network(picture, images.write().sample(k));
    }
    network.predict({images.read().sample(0), n},
                    std::span(all).subspan(static_cast<std::size_t>(first) * outputs, static_cast<std::size_t>(n) * outputs));
  }
  return all;
}
}  // namespace berl::train
