#pragma once
#include <berl/networks/iia.hpp>      // ViewNet, LightNet
#include <berl/networks/ira.hpp>      // DepthNet, AlbedoNet
#include <berl/networks/unsup3d.hpp>  // PixelConfidenceNet

namespace berl::networks {
/// The four auxiliary networks that explain the picture as a solid, lit object while the backbone is trained, and are then
/// removed (he2022, Fig. 2). They take the tap's C channels and the picture at 64 x 64.
///   C       channels of the tap, 256 as published
/// A fifth, Confidence, is trained beside them only where train::Options::confidence asks for it; a bypass need not have it.
///   F       width of the decoders and of the confidence network, 64 as published; a quarter of it goes with a quarter of C
///   First   first width of the view and light networks, 32 as published
template <int C = 256, int F = C / 4, int First = F / 2>
struct Bypass {
  static constexpr int side = 64;
  using View = ViewNet<First>;
  using Light = LightNet<First>;
  using Depth = DepthNet<C, F>;
  using Albedo = AlbedoNet<C, F>;
  using Confidence = PixelConfidenceNet<F>;
};
}  // namespace berl::networks
