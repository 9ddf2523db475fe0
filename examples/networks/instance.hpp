#pragma once
#include <berl/data/pretext.hpp>  // rotations, jigsaws

#include <mutex>
#include <optional>

#include "heads.hpp"    // choose_head
#include "network.hpp"  // Network, NetworkKind
#include "run.hpp"      // Model, run

/// What a unit of networks/ compiles, once for each kind of network.
namespace instance {
template <class Backbone>
class Opened final : public Network {
 public:
  using Model = instance::Model<Backbone>;

  Opened(berl::io::SafeTensors&& file, berl::io::ModelInfo const& info, int threads)
      : file_(std::move(file)),
        info_(info),
        threads_(threads),
        face_(file_) {}

  std::vector<std::vector<float>> embed(std::span<berl::io::Image const> pictures) const override {
    return face_.embed(pictures, berl::Plain{}, threads_);
  }
  std::vector<std::vector<float>> embed_fused(std::span<berl::io::Image const> pictures) const override {
    return face_.embed(pictures, berl::FlipFused{}, threads_);
  }
  std::vector<berl::eval::Explanation<>> explain(std::span<berl::io::Image const> pictures) const override {
    std::lock_guard const lock(mutex_);
    if (!explainer_) {
      auxiliary_ = std::make_unique<Auxiliary>();
      berl::io::ArrayReader<float> arrays(file_);
      auxiliary_->visit(berl::nn::Each<float>(arrays));
      arrays.copy();
      explainer_.emplace(*auxiliary_,
                         berl::eval::ExplainOptions{.batch = 8, .threads = threads_, .imaging = info_.imaging, .resize = info_.resize});
    }
    return (*explainer_)(pictures);
  }
  berl::io::ModelInfo const& info() const override { return info_; }

 private:
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

  berl::io::SafeTensors file_;
  berl::io::ModelInfo info_;
  int threads_;
  berl::Face<Backbone> face_;
  mutable std::mutex mutex_;  // of the two below
  mutable std::unique_ptr<Auxiliary> auxiliary_;
  mutable std::optional<berl::eval::Explainer<Model>> explainer_;
};

template <class Backbone>
berl::train::Outcome train(AnyDataset const& pictures, berl::train::SessionOptions const& options) {
  using Model = instance::Model<Backbone>;
  typename Model::Head head;
  choose_head(options.config.head, head);
  return run<Model>(pictures, options, head);
}

template <class Backbone>
std::unique_ptr<berl::train::TapNetwork> tap(TapHead head, berl::train::TapOptions const& options) {
  using namespace berl::train;
  using Tap = typename instance::Model<Backbone>::Tap;
  auto const make = [&]<class Head, class Task>(Task) { return std::make_unique<TapNetworkOf<Backbone, Head, Task>>(options); };
  using berl::networks::AttributeHead, berl::networks::PooledAttributeHead;
  if (head == TapHead::attributes) return make.template operator()<AttributeHead<Tap::size, 512, 40>>(AttributeTask{});
  if (head == TapHead::pooled_attributes)
    return make.template operator()<PooledAttributeHead<berl::channels<Tap>, 512, 40>>(AttributeTask{});
  if (head == TapHead::rotation) return make.template operator()<AttributeHead<Tap::size, 512, berl::data::rotations>>(ClassTask{});
  return make.template operator()<AttributeHead<Tap::size, 512, berl::data::jigsaws>>(ClassTask{});
}

/// Null where the network is no face network, but brings auxiliary networks of its own.
template <class Backbone>
constexpr auto tap_of() -> decltype(&tap<Backbone>) {
  if constexpr (requires { typename Backbone::Bypass; })
    return nullptr;
  else
    return tap<Backbone>;
}
template <class Backbone>
constexpr auto graph_of() -> decltype(NetworkKind::graph) {
  if constexpr (requires { typename Backbone::Bypass; })
    return nullptr;
  else
    return berl::io::backbone_graph<Backbone>;
}

template <class Backbone>
constexpr NetworkKind kind(std::string_view name, std::string_view text) {
  using Model = instance::Model<Backbone>;
  return {name,
          text,
          Model::Embedding::size,
          Model::backbone_parameters,
          Model::auxiliary_parameters,
          Model::confidence_parameters,
          Model::trunk_macs,
          Model::backbone_macs,
          Model::auxiliary_macs,
          Model::confidence_macs,
          [](berl::train::Sizes const& sizes) { return Model::step_bytes(sizes); },
          train<Backbone>,
          tap_of<Backbone>(),
          [](berl::io::SafeTensors&& file, berl::io::ModelInfo const& info, int threads) -> std::unique_ptr<Network> {
            return std::make_unique<Opened<Backbone>>(std::move(file), info, threads);
          },
          graph_of<Backbone>()};
}
}  // namespace instance
