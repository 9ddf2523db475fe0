#pragma once
#include <berl/nn/conv2d.hpp>   // Conv2d
#include <berl/nn/dropout.hpp>  // Dropout
#include <berl/nn/linear.hpp>   // Linear
#include <berl/nn/norm.hpp>     // BatchNorm
#include <berl/nn/prelu.hpp>    // PReLU
#include <berl/nn/state.hpp>    // ParamsOf

namespace berl::networks {
using nn::BatchNorm;
using nn::Conv2d;
using nn::Named;
using nn::NoBias;
using nn::PReLU;
using nn::Repeat;
using nn::Residual;
using nn::Sequential;

/// A residual block of IResNet (deng2019): out = bn3(conv2(prelu(bn2(conv1(bn1(x)))))) + shortcut(x), where conv2 has the
/// stride, and the shortcut is a convolution of one pixel wherever the size or the channels change.
template <int C, int M, int Stride>
struct IResNetBody : Sequential<Named<"bn1", BatchNorm<C>>, Named<"conv1", Conv2d<C, M, 3>>, Named<"bn2", BatchNorm<M>>,
                                Named<"prelu", PReLU<M>>, Named<"conv2", Conv2d<M, M, 3, Stride>>, Named<"bn3", BatchNorm<M>>> {};
template <int C, int M, int Stride>
struct IResNetShortcut : Sequential<Conv2d<C, M, 1, Stride, 0>, BatchNorm<M>> {};
template <int C, int M, int Stride>
struct IResNetBlock : Residual<IResNetBody<C, M, Stride>, Named<"downsample", IResNetShortcut<C, M, Stride>>> {};
template <int C>
struct IResNetBlock<C, C, 1> : Residual<IResNetBody<C, C, 1>> {};

/// A stage: its first block halves the image, the others keep it.
template <int Blocks, int C, int M>
struct IResNetStage : Sequential<IResNetBlock<C, M, 2>, Repeat<Blocks - 1, IResNetBlock<M, M, 1>>> {};
template <int C, int M>
struct IResNetStage<1, C, M> : Sequential<IResNetBlock<C, M, 2>> {};

/// Stem and stages 1 to 3: from the picture to the tap f_s3, on which 3D reconstruction and attributes stand.
template <int B1, int B2, int B3, int W>
struct IResNetTrunk : Sequential<Named<"conv1", Conv2d<3, W, 3>>, Named<"bn1", BatchNorm<W>>, Named<"prelu", PReLU<W>>,
                                 Named<"layer1", IResNetStage<B1, W, W>>, Named<"layer2", IResNetStage<B2, W, 2 * W>>,
                                 Named<"layer3", IResNetStage<B3, 2 * W, 4 * W>>> {};
/// Stage 4 and the embedding: from the tap to f.
template <int B4, int W, int Side, int Embedding, int Drop>
struct IResNetTop
    : Sequential<Named<"layer4", IResNetStage<B4, 4 * W, 8 * W>>, Named<"bn2", BatchNorm<8 * W>>, Named<"dropout", nn::Dropout<Drop>>,
                 Named<"fc", nn::Linear<8 * W*(Side / 16) * (Side / 16), Embedding>>, Named<"features", BatchNorm<Embedding, Fixed>>> {};

/// The face recognition backbone of ArcFace (deng2019), the paper's "ResNet-100" with 3, 13, 30, 3 blocks.
///   shapes  picture (N, 3, Side, Side) in [-1, 1] -> tap (N, 4 Width, Side / 8, Side / 8) -> embedding (N, Embedding)
///   Width   64 as published; 16 is a quarter of it. Drop is the dropout before the last layer, in percent
template <int B1, int B2, int B3, int B4, int Width = 64, int Side = 112, int Embedding = 512, int Drop = 40>
struct IResNet {
  static_assert(B1 > 0 && B2 > 0 && B3 > 0 && B4 > 0, "berl::networks::IResNet: each of the four stages has one block at least.");
  static_assert(Side % 16 == 0, "berl::networks::IResNet: the picture is halved four times, so its side must be a multiple of 16.");
  using Input = Shape<3, Side, Side>;
  using Trunk = IResNetTrunk<B1, B2, B3, Width>;
  using Top = IResNetTop<B4, Width, Side, Embedding, Drop>;
  static constexpr int blocks = B1 + B2 + B3 + B4;
};
struct IResNet18 : IResNet<2, 2, 2, 2> {};
struct IResNet34 : IResNet<3, 4, 6, 3> {};
struct IResNet50 : IResNet<3, 4, 14, 3> {};
struct IResNet100 : IResNet<3, 13, 30, 3> {};
struct IResNet200 : IResNet<6, 26, 60, 6> {};
}  // namespace berl::networks
