#pragma once
#include "../compare.hpp"

#include <berl/expr/add.hpp>
#include <berl/expr/functions.hpp>
#include <berl/expr/leaf.hpp>
#include <berl/expr/let.hpp>
#include <berl/expr/multiply.hpp>
#include <berl/expr/reduce.hpp>
#include <berl/expr/vector.hpp>

/// An expression with all that a region may meet: maps, one channel for all, a row, a column, values per sample and per channel, lets
/// of a pixel, of a sample and of sums, and a leaf bound to one sample for all.
namespace berl::gpu::scene {
using namespace berl::expr;
// A kernel's types have namespace scope, so names are declared before the function that uses them.
struct Middle;
struct Spread;
struct Direction;
struct Length;
struct Shade;

template <class T_, int H_, int W_>
struct Case {
  using T = T_;
  static constexpr int H = H_, W = W_;
};
// Packs of four, of two, and of one where a map has an odd number of pixels.
#define CASES scene::Case<float, 8, 8>, scene::Case<double, 6, 5>, scene::Case<float, 5, 7>

template <int H, int W>
struct Leaves {
  static constexpr auto colour = leaf<struct Colour, Shape<3, H, W>>;
  static constexpr auto depth = leaf<struct Depth, Shape<1, H, W>>;
  static constexpr auto row = leaf<struct Row, Shape<1, 1, W>>;
  static constexpr auto column = leaf<struct Column, Shape<3, H, 1>>;
  static constexpr auto light = leaf<struct Light, Shape<3, 1, 1>>;
  static constexpr auto shared = leaf<struct Shared, Shape<1, 1, 1>>;
};
template <int H, int W>
constexpr auto image() {
  using L = Leaves<H, W>;
  auto const middle = let<Middle>(mean(L::depth));
  auto const spread = let<Spread>(mean((L::depth - middle) * (L::depth - middle) + L::row * L::row));
  auto const direction = let<Direction>(L::light / let<Length>(expr::sqrt(dot(L::light, L::light) + 1)));
  auto const shade = let<Shade>(expr::tanh(dot(L::colour, direction) + L::depth - middle));
  return (L::colour + L::column) * shade * spread + expr::relu(L::row - shade) * L::shared - shade;
}

template <class T, int H, int W>
struct Values {
  static constexpr int batch = 3;
  Tensor<T, Shape<3, H, W>> colour = filled<T, Shape<3, H, W>>(batch, "colour");
  Tensor<T, Shape<1, H, W>> depth = filled<T, Shape<1, H, W>>(batch, "depth");
  Tensor<T, Shape<1, 1, W>> row = filled<T, Shape<1, 1, W>>(batch, "row");
  Tensor<T, Shape<3, H, 1>> column = filled<T, Shape<3, H, 1>>(batch, "column");
  Tensor<T, Shape<3, 1, 1>> light = filled<T, Shape<3, 1, 1>>(batch, "light");
  Tensor<T, Shape<1, 1, 1>> shared = filled<T, Shape<1, 1, 1>>(1, "shared");
};
/// The same on the GPU.
template <class T, int H, int W>
struct ValuesOnGpu {
  Tensor<T, Shape<3, H, W>, Cuda> colour;
  Tensor<T, Shape<1, H, W>, Cuda> depth;
  Tensor<T, Shape<1, 1, W>, Cuda> row;
  Tensor<T, Shape<3, H, 1>, Cuda> column;
  Tensor<T, Shape<3, 1, 1>, Cuda> light;
  Tensor<T, Shape<1, 1, 1>, Cuda> shared;
  ValuesOnGpu(Context<Cuda>& ctx, Values<T, H, W> const& v)
      : colour(on_gpu(ctx, v.colour)),
        depth(on_gpu(ctx, v.depth)),
        row(on_gpu(ctx, v.row)),
        column(on_gpu(ctx, v.column)),
        light(on_gpu(ctx, v.light)),
        shared(on_gpu(ctx, v.shared)) {}
};
template <int H, int W, class V>
auto bound(V const& v) {
  using L = Leaves<H, W>;
  return bind(L::colour = v.colour.read(), L::depth = v.depth.read(), L::row = v.row.read(), L::column = v.column.read(),
              L::light = v.light.read(), L::shared = v.shared.read());
}
}  // namespace berl::gpu::scene
