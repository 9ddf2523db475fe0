#pragma once
#include <berl/nn/dropout.hpp>     // Dropout
#include <berl/nn/linear.hpp>      // Linear, Flatten
#include <berl/nn/pointwise.hpp>   // ReLU
#include <berl/nn/resample.hpp>    // Average
#include <berl/nn/sequential.hpp>  // Sequential

namespace berl::networks {
/// Two fully connected layers on stage 3 give one logit for each attribute (he2022, Sec. 4.4).
///   shapes  (N, C, H, W) with C H W = In -> (N, Attributes)
///   Drop    dropout between the two, in percent
template <int In = 256 * 14 * 14, int Hidden = 512, int Attributes = 40, int Drop = 0>
struct AttributeHead : nn::Sequential<nn::Flatten, nn::Named<"fc1", nn::Linear<In, Hidden>>, nn::ReLU, nn::Dropout<Drop>,
                                      nn::Named<"fc2", nn::Linear<Hidden, Attributes>>> {};
/// The same on the mean of each channel.
template <int C = 256, int Hidden = 512, int Attributes = 40, int Drop = 0>
struct PooledAttributeHead : nn::Sequential<nn::Average, nn::Named<"fc1", nn::Linear<C, Hidden>>, nn::ReLU, nn::Dropout<Drop>,
                                            nn::Named<"fc2", nn::Linear<Hidden, Attributes>>> {};
}  // namespace berl::networks
