#pragma once
#include <berl/nn/conv2d.hpp>      // Conv2d, ConvTranspose2d
#include <berl/nn/norm.hpp>        // GroupNorm
#include <berl/nn/pointwise.hpp>   // ReLU, Tanh
#include <berl/nn/resample.hpp>    // Upsample
#include <berl/nn/sequential.hpp>  // Sequential

namespace berl::networks {
using nn::Conv2d;
using nn::ConvTranspose2d;
using nn::Named;
using nn::ReLU;
using nn::Sequential;

/// Group norms of these networks have four channels to a group.
template <int C>
struct GroupsOf4 : nn::GroupNorm<C / 4, C> {};

namespace detail {
template <class List, class... More>
struct Chain;
template <class... Ls, class... More>
struct Chain<nn::List<Ls...>, More...> : Sequential<Ls..., More...> {};

template <int Out, int F, int Z>
using DecoderLayers = nn::List<                                                                                       // index: size
    ConvTranspose2d<Z, 8 * F, 4, 1, 0>, ReLU, Conv2d<8 * F, 8 * F, 3>, ReLU,                                          //  0: 4 x 4
    ConvTranspose2d<8 * F, 4 * F, 4, 2, 1>, GroupsOf4<4 * F>, ReLU, Conv2d<4 * F, 4 * F, 3>, GroupsOf4<4 * F>, ReLU,  //  4: 8 x 8
    ConvTranspose2d<4 * F, 2 * F, 4, 2, 1>, GroupsOf4<2 * F>, ReLU, Conv2d<2 * F, 2 * F, 3>, GroupsOf4<2 * F>, ReLU,  // 10: 16 x 16
    ConvTranspose2d<2 * F, F, 4, 2, 1>, GroupsOf4<F>, ReLU, Conv2d<F, F, 3>, GroupsOf4<F>, ReLU,                      // 16: 32 x 32
    nn::Upsample, Conv2d<F, F, 3>, GroupsOf4<F>, ReLU, Conv2d<F, F, 5>, GroupsOf4<F>, ReLU,                           // 22: 64 x 64
    Conv2d<F, Out, 5>>;                                                                                               // 29
}  // namespace detail

/// The image decoder that depth and albedo share (wu2020): a code of Z numbers grows to maps of 64 x 64.
///   shapes  (N, Z, 1, 1) -> (N, 1 or 3, 64, 64);  F is the width of the last layers, 64 as published
///   units   depth is raw, without activation; albedo is in (-1, 1)
template <int F = 64, int Z = 256>
struct DepthDecoder : detail::Chain<detail::DecoderLayers<1, F, Z>> {};
template <int F = 64, int Z = 256>
struct AlbedoDecoder : detail::Chain<detail::DecoderLayers<3, F, Z>, nn::Tanh> {};
}  // namespace berl::networks
