#pragma once
#include <berl/nn/conv2d.hpp>      // Conv2d
#include <berl/nn/pointwise.hpp>   // ReLU, Tanh
#include <berl/nn/sequential.hpp>  // Sequential

namespace berl::networks {
namespace detail {
template <int Out, int F>
struct IiaLayers : nn::Sequential<nn::Conv2d<3, F, 4, 2, 1>, nn::ReLU,          // 32 x 32
                                  nn::Conv2d<F, 2 * F, 4, 2, 1>, nn::ReLU,      // 16 x 16
                                  nn::Conv2d<2 * F, 4 * F, 4, 2, 1>, nn::ReLU,  // 8 x 8
                                  nn::Conv2d<4 * F, 8 * F, 4, 2, 1>, nn::ReLU,  // 4 x 4
                                  nn::Conv2d<8 * F, 8 * F, 4, 1, 0>, nn::ReLU,  // 1 x 1
                                  nn::Conv2d<8 * F, Out, 1, 1, 0>, nn::Tanh> {};
}  // namespace detail

/// The identity-independent networks (he2022, Sec. 3.2): from the picture to what is not the face's own.
///   shapes  (N, 3, 64, 64) in [-1, 1] -> (N, 6, 1, 1) and (N, 4, 1, 1) in (-1, 1);  F is the first width, 32 as published
///   units   view: three angles and three translations; light: k_a, k_d, l_x, l_y, all as fractions of their ranges
template <int F = 32>
struct ViewNet : nn::Sequential<nn::Named<"network", detail::IiaLayers<6, F>>> {};
template <int F = 32>
struct LightNet : nn::Sequential<nn::Named<"network", detail::IiaLayers<4, F>>> {};
}  // namespace berl::networks
