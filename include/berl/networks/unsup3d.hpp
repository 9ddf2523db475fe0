#pragma once
#include <berl/networks/decoder.hpp>  // DecoderLayers

namespace berl::networks {
namespace detail {
template <int Z, int F = 64>
using EncoderLayers = nn::List<Conv2d<3, F, 4, 2, 1>, GroupsOf4<F>, nn::LeakyReLU<>,              // 32 x 32
                               Conv2d<F, 2 * F, 4, 2, 1>, GroupsOf4<2 * F>, nn::LeakyReLU<>,      // 16 x 16
                               Conv2d<2 * F, 4 * F, 4, 2, 1>, GroupsOf4<4 * F>, nn::LeakyReLU<>,  // 8 x 8
                               Conv2d<4 * F, 8 * F, 4, 2, 1>, nn::LeakyReLU<>,                    // 4 x 4
                               Conv2d<8 * F, Z, 4, 1, 0>, ReLU>;                                  // 1 x 1
template <class A, class B, class... More>
struct Joined;
template <class... As, class... Bs, class... More>
struct Joined<nn::List<As...>, nn::List<Bs...>, More...> : Sequential<As..., Bs..., More...> {};
}  // namespace detail

/// Unsup3D's own depth and albedo networks (wu2020), from the picture: one flat list, numbered as in its files.
///   shapes  (N, 3, 64, 64) -> (N, 1, 64, 64) raw depth; (N, 3, 64, 64) albedo in (-1, 1)
///   F is the first width, 64 as published
template <int F = 64>
struct Unsup3dDepthNet : Sequential<Named<"network", detail::Joined<detail::EncoderLayers<4 * F, F>, detail::DecoderLayers<1, F, 4 * F>>>> {
};
template <int F = 64>
struct Unsup3dAlbedoNet
    : Sequential<Named<"network", detail::Joined<detail::EncoderLayers<4 * F, F>, detail::DecoderLayers<3, F, 4 * F>, nn::Tanh>>> {};

/// Unsup3D's confidence network: how far each pixel of the plain (channel 0) and of the mirrored (channel 1) reconstruction
/// is to be trusted, at 64 x 64 for the picture and at 16 x 16 for its features.
///   shapes  trunk: (N, 3, 64, 64) -> (N, 2 F, 16, 16); pixels: -> (N, 2, 64, 64); features: -> (N, 2, 16, 16), all positive
///   F is the first width, 64 as published
template <int F = 64>
struct ConfidenceNet {
  struct Layers : detail::Joined<detail::EncoderLayers<2 * F, F>,
                                 nn::List<ConvTranspose2d<2 * F, 8 * F, 4, 1, 0>, ReLU, ConvTranspose2d<8 * F, 4 * F, 4, 2, 1>,
                                          GroupsOf4<4 * F>, ReLU, ConvTranspose2d<4 * F, 2 * F, 4, 2, 1>, GroupsOf4<2 * F>, ReLU>> {};
  struct PixelLayers : Sequential<ConvTranspose2d<2 * F, F, 4, 2, 1>, GroupsOf4<F>, ReLU, ConvTranspose2d<F, F, 4, 2, 1>, GroupsOf4<F>,
                                  ReLU, Conv2d<F, 2, 5>, nn::Softplus> {};
  struct FeatureLayers : Sequential<Conv2d<2 * F, 2, 3>, nn::Softplus> {};
  struct Trunk : Sequential<Named<"network", Layers>> {};
  struct Pixels : Sequential<Named<"out_net1", PixelLayers>> {};
  struct Features : Sequential<Named<"out_net2", FeatureLayers>> {};
};
/// Its trunk and pixels as one network, for a loss that does not look at features.
///   shapes  (N, 3, 64, 64) -> (N, 2, 64, 64), positive
template <int F = 64>
struct PixelConfidenceNet
    : Sequential<Named<"network", typename ConfidenceNet<F>::Layers>, Named<"out_net1", typename ConfidenceNet<F>::PixelLayers>> {};
}  // namespace berl::networks
