#pragma once
#include <berl/data/resize.hpp>       // resize
#include <berl/networks/iia.hpp>      // ViewNet, LightNet
#include <berl/networks/unsup3d.hpp>  // Unsup3dDepthNet, Unsup3dAlbedoNet, PixelConfidenceNet
#include <berl/nn/linear.hpp>         // Linear
#include <berl/nn/resample.hpp>       // Average

namespace berl::train {
/// A picture in the size of the maps, as the reconstruction sees it; nothing is learnt below.
///   shapes  x: (N, C, H, W); y: (N, C, Size, Size)
template <int Size>
struct ToMaps : nn::Layer {
  template <class In>
  using output = Shape<channels<In>, Size, Size>;
  template <class Mode, class T, class In, class D, class Params, class P>
  static void forward(Context<D>& ctx, Params const&, Read<T, In, D> x, Write<T, output<In>, D> y, P) {
    data::resize(ctx, data::Resize::bilinear, x, y);
  }
  template <class Mode, class T, class In, class D, class Params, class DX>
  static void backward(Context<D>&, Params const&, Read<T, In, D>, Read<T, output<In>, D>, DX, Pass<T>) {
    static_assert(skips<DX>, "berl::train::ToMaps: the picture has no gradient.");
  }
};

/// Unsup3D (wu2020) from the parts of a model: a backbone whose trunk hands the picture on, so that the depth and albedo networks see
/// it instead of a face network's features. Train it in Stage::reconstruction, with Options::flip = 0.5 and Options::confidence; its
/// embedding means nothing.
///   Trainer<Model<Unsup3d<>, losses::CurricularFace, Unsup3dNetworks<>>>
template <int Side = 112, int Embedding = 128>
struct Unsup3d {
  using Input = Shape<3, Side, Side>;
  struct Trunk : nn::Sequential<ToMaps<64>> {};
  struct Top : nn::Sequential<nn::Average, nn::Named<"fc", nn::Linear<3, Embedding>>> {};
};
/// Its networks; F is the width, 64 as published. The perceptual term of the published loss is left out.
template <int F = 64>
struct Unsup3dNetworks {
  static constexpr int side = 64;
  using View = networks::ViewNet<F / 2>;
  using Light = networks::LightNet<F / 2>;
  using Depth = networks::Unsup3dDepthNet<F>;
  using Albedo = networks::Unsup3dAlbedoNet<F>;
  using Confidence = networks::PixelConfidenceNet<F>;
};
}  // namespace berl::train
