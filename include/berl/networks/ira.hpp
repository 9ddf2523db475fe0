#pragma once
#include <berl/networks/decoder.hpp>  // DepthDecoder, AlbedoDecoder

namespace berl::networks {
/// The tail of Unsup3D's encoder on the 14 x 14 maps of stage 3; the first padding is one wider, so that 14 -> 8 -> 4 -> 1.
///   shapes  (N, C, 14, 14) -> (N, Z, 1, 1), not negative
template <int C = 256, int M = 512, int Z = 256>
struct TinyEncoder : Sequential<Conv2d<C, C, 4, 2, 2>, GroupsOf4<C>, nn::LeakyReLU<>, Conv2d<C, M, 4, 2, 1>, nn::LeakyReLU<>,
                                Conv2d<M, Z, 4, 1, 0>, ReLU> {};

/// The identity-related networks (he2022, Sec. 3.2): from stage 3 of the backbone to the face's depth and albedo.
///   shapes  (N, C, 14, 14) -> (N, 1, 64, 64) raw depth; (N, 3, 64, 64) albedo in (-1, 1)
///   C is the tap's channels, F the decoder's last width; 256 and 64 as published
template <int C = 256, int F = 64>
struct DepthNet : Sequential<Named<"encoder", TinyEncoder<C, 8 * F, 4 * F>>, Named<"decoder", DepthDecoder<F, 4 * F>>> {};
template <int C = 256, int F = 64>
struct AlbedoNet : Sequential<Named<"encoder", TinyEncoder<C, 8 * F, 4 * F>>, Named<"decoder", AlbedoDecoder<F, 4 * F>>> {};
}  // namespace berl::networks
