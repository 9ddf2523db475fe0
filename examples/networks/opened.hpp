#pragma once
#include <berl/io/face.hpp>  // Face

#include <mutex>
#include <optional>
#include <type_traits>  // is_same_v

#include "network.hpp"  // Network
#include "run.hpp"      // Model

namespace instance {
/// An open network, on any device; maps are stored as T.
template <class Backbone, class Device = berl::Host, class T = float>
class Opened final : public Network {
 public:
  using Model = instance::Model<Backbone>;

  /// The options but for what the file's own words decide.
  Opened(berl::io::SafeTensors&& file, berl::io::ModelInfo const& info, berl::eval::ExplainOptions const& options)
      : file_(std::move(file)),
        info_(info),
        options_(as_trained(options, info)),
        face_(open_face()) {}

  std::vector<std::vector<float>> embed(std::span<berl::io::Image const> pictures) const override { return embed(pictures, berl::Plain{}); }
  std::vector<std::vector<float>> embed_fused(std::span<berl::io::Image const> pictures) const override {
    return embed(pictures, berl::FlipFused{});
  }
  std::vector<berl::eval::Explanation<>> explain(std::span<berl::io::Image const> pictures) const override {
    std::lock_guard const lock(mutex_);
    if (!explainer_) {
      auxiliary_ = std::make_unique<Auxiliary>();
      berl::io::ArrayReader<float> arrays(file_);
      auxiliary_->visit(berl::nn::Each<float>(arrays));
      arrays.copy();
      explainer_.emplace(*auxiliary_, options_);
      if constexpr (!on_host) auxiliary_.reset();  // which has been copied
    }
    return (*explainer_)(pictures);
  }
  berl::io::ModelInfo const& info() const override { return info_; }

 private:
  using Face = berl::Face<Backbone, T, Device>;
  static constexpr bool on_host = std::is_same_v<Device, berl::Host>;
  using Aux = typename Model::Auxiliary;
  struct Auxiliary {
    void visit(auto const& f) {
      using berl::Path;
      trunk.visit(f, Path{});
      view.visit(f, Path{"iia.view"}), light.visit(f, Path{"iia.light"}), depth.visit(f, Path{"ira.depth"}),
          albedo.visit(f, Path{"ira.albedo"});
    }
    berl::nn::Weights<typename Model::Trunk> trunk_weights;
    berl::nn::Weights<typename Aux::View> view_weights;
    berl::nn::Weights<typename Aux::Light> light_weights;
    berl::nn::Weights<typename Aux::Depth> depth_weights;
    berl::nn::Weights<typename Aux::Albedo> albedo_weights;
    berl::nn::ParamsOf<typename Model::Trunk, float, berl::Host>& trunk = trunk_weights.params;
    berl::nn::ParamsOf<typename Aux::View, float, berl::Host>& view = view_weights.params;
    berl::nn::ParamsOf<typename Aux::Light, float, berl::Host>& light = light_weights.params;
    berl::nn::ParamsOf<typename Aux::Depth, float, berl::Host>& depth = depth_weights.params;
    berl::nn::ParamsOf<typename Aux::Albedo, float, berl::Host>& albedo = albedo_weights.params;
  };

  static berl::eval::ExplainOptions as_trained(berl::eval::ExplainOptions options, berl::io::ModelInfo const& info) {
    options.imaging = info.imaging, options.resize = info.resize;
    return options;
  }
  Face open_face() const {
    if constexpr (on_host)
      return Face(file_);
    else
      return Face(file_, {.gpu = options_.gpu, .precision = options_.precision, .batch = options_.batch});
  }
  template <class Fusion>
  std::vector<std::vector<float>> embed(std::span<berl::io::Image const> pictures, Fusion fusion) const {
    if constexpr (on_host)
      return face_.embed(pictures, fusion, options_.threads);
    else
      return face_.embed(pictures, fusion);
  }

  berl::io::SafeTensors file_;
  berl::io::ModelInfo info_;
  berl::eval::ExplainOptions options_;
  Face face_;
  mutable std::mutex mutex_;  // of the two below
  mutable std::unique_ptr<Auxiliary> auxiliary_;
  mutable std::optional<berl::eval::Explainer<Model, Device, T>> explainer_;
};
}  // namespace instance
