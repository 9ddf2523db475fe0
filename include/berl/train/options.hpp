#pragma once
#include <berl/core/device.hpp>            // Convolutions, Precision
#include <berl/data/resize.hpp>            // Resize
#include <berl/imaging/settings.hpp>       // Settings
#include <berl/losses/head.hpp>            // HeadLayout
#include <berl/losses/reconstruction.hpp>  // ReconstructionLoss
#include <berl/optim/adam.hpp>             // Adam
#include <berl/optim/sgd.hpp>              // Sgd

#include <cstdint>  // uint64_t

namespace berl::train {
/// What is trained (he2022, Sec. 3.4): the backbone and the head with L_FR; the auxiliary networks with L_Recon, the backbone
/// frozen in evaluation mode; everything with L_total.
enum class Stage { recognition = 1, reconstruction = 2, joint = 3 };
constexpr char const* name_of(Stage stage) {
  constexpr char const* names[] = {"recognition", "reconstruction", "joint"};
  return names[static_cast<int>(stage) - 1];
}

/// How many there are of what decides the memory of a step.
struct Sizes {
  int identities = 0;
  int batch = 32;
  int threads = 1;
  bool flip = false;  ///< the mirrored reconstruction too
  int supersampling = imaging::Settings{}.supersampling;
  bool confidence = false;  ///< the confidence network too
  losses::HeadLayout head{};
  double head_sample_rate = 1;
  double head_filter = 0;
};

/// Everything about a step. The defaults are the paper's, and where it is silent the published code's.
template <class Head>
struct Options {
  int identities = 0;
  int batch = 32;
  std::uint64_t seed = 1;
  int threads = 1;
  Head head{};
  double head_filter = 0;       ///< cosines of other classes above it count as 0; 0: none do (deng2019's code)
  double head_sample_rate = 1;  ///< part of the classes that a step sees (an2022), but at least `batch`; see losses/class_sampling.hpp
  imaging::Settings imaging{};
  losses::ReconstructionLoss reconstruction{};
  double gamma_fr = 1, gamma_recon = 1;  ///< Eq. 7
  double flip = 0;                       ///< weight of the mirrored reconstruction (wu2020); 0.5 in the preset paper+flip
  bool confidence = false;               ///< a fifth network says how far each pixel is to be trusted (wu2020, Eq. 3)
  double smoothness = 0;                 ///< weight of the depth's roughness in L_Recon (wu2020); see losses::depth_smoothness
  data::Resize resize = data::Resize::bilinear;
  optim::Sgd sgd{.rate = 0.1, .momentum = 0.9, .weight_decay = 5e-4};
  optim::Adam adam{.rate = 1e-4, .weight_decay = 5e-4};
  bool decay_norms = false;                           ///< weight decay on the batch norms too
  double clip = 0;                                    ///< longest gradient of the backbone; 0 does not clip
  Convolutions convolutions = Convolutions::fastest;  ///< on the host
  int gpu = 0;                                        ///< number of the GPU, on CUDA
  Precision precision = Precision::fp32;              ///< on CUDA
  bool graph = true;                                  ///< on CUDA: a step is recorded once and replayed as one CUDA graph

  constexpr Sizes sizes() const {
    return {identities,       batch,      threads, flip > 0, imaging.supersampling, confidence, losses::layout_of(head),
            head_sample_rate, head_filter};
  }
};

/// What a step reports. A loss that the stage does not compute is 0. `recon` is L_Recon with all that the options add to it: the
/// mirrored reconstruction and the depth's roughness, each with its weight; with confidence it is a likelihood, which may be negative.
struct Losses {
  double fr = 0, recon = 0, total = 0;
  double accuracy = 0;  ///< fraction of the batch nearest to its own class, before any margin
};
}  // namespace berl::train
