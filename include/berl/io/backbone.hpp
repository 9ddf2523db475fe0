#pragma once
#include <berl/core/arena.hpp>     // Arena
#include <berl/io/checkpoint.hpp>  // ArrayReader
#include <berl/nn/fold.hpp>        // Folded, fold
#include <berl/nn/state.hpp>       // ParamsOf, place

#include <memory>  // unique_ptr

/// The weights of a backbone alone, from any file that has them under its names.
namespace berl::io {
/// Values without gradients: what would be their place is never touched.
template <class Lower, class Upper, class T>
class BackboneWeights {
 public:
  BackboneWeights() : memory_((values<Lower> + values<Upper>)*sizeof(T)) { place<Lower>(trunk), place<Upper>(top); }

  nn::ParamsOf<Lower, T, Host> trunk;
  nn::ParamsOf<Upper, T, Host> top;

 private:
  template <class L>
  static constexpr std::size_t values = nn::SizesOf<L, T>::block + nn::SizesOf<L, T>::buffers;
  template <class L>
  void place(nn::ParamsOf<L, T, Host>& params) {
    T* const block = memory_.template take<T>(nn::SizesOf<L, T>::block);
    nn::place<L, T, Host>(params, block, block, memory_.template take<T>(nn::SizesOf<L, T>::buffers));
  }
  Arena memory_;
};
template <class B, class T>
using WeightsOf = BackboneWeights<typename B::Trunk, typename B::Top, T>;
template <class B, class T>
using FoldedWeightsOf = BackboneWeights<nn::Folded<typename B::Trunk>, nn::Folded<typename B::Top>, T>;

/// errors  Error: arrays of another network, numbers that are not finite
template <class B, class T>
std::unique_ptr<WeightsOf<B, T>> read_backbone(SafeTensors const& file) {
  auto weights = std::make_unique<WeightsOf<B, T>>();
  ArrayReader<T> arrays(file);
  nn::Each<T> const each(arrays);
  weights->trunk.visit(each, Path{});
  weights->top.visit(each, Path{});
  arrays.expect_no_others({"head.", "iia.", "ira.", "confidence.", "attr."});
  arrays.copy();
  return weights;
}
/// The same with batch norms folded into the convolutions before them.
template <class B, class T>
std::unique_ptr<FoldedWeightsOf<B, T>> read_folded_backbone(SafeTensors const& file) {
  auto const trained = read_backbone<B, T>(file);
  auto weights = std::make_unique<FoldedWeightsOf<B, T>>();
  nn::fold<typename B::Trunk, T>(trained->trunk, weights->trunk);
  nn::fold<typename B::Top, T>(trained->top, weights->top);
  return weights;
}
}  // namespace berl::io
