#pragma once
#include "../../train/small_model.hpp"

#include <berl/eval/explain.hpp>

#include <cmath>  // nan
#include <vector>

namespace berl::test {
/// The parameters of everything that an explanation takes, with numbers of their own.
struct SmallParameters {
  using Aux = SmallModel::Auxiliary;
  nn::Weights<SmallModel::Trunk> trunk_weights;
  nn::Weights<Aux::View> view_weights;
  nn::Weights<Aux::Light> light_weights;
  nn::Weights<Aux::Depth> depth_weights;
  nn::Weights<Aux::Albedo> albedo_weights;
  nn::ParamsOf<SmallModel::Trunk, float, Host>& trunk = trunk_weights.params;
  nn::ParamsOf<Aux::View, float, Host>& view = view_weights.params;
  nn::ParamsOf<Aux::Light, float, Host>& light = light_weights.params;
  nn::ParamsOf<Aux::Depth, float, Host>& depth = depth_weights.params;
  nn::ParamsOf<Aux::Albedo, float, Host>& albedo = albedo_weights.params;

  SmallParameters() {
    networks::initialise_backbone<float>(trunk, Seed{1});
    networks::initialise_auxiliary<float>(view, named(Seed{1}, "view"));
    networks::initialise_auxiliary<float>(light, named(Seed{1}, "light"));
    networks::initialise_auxiliary<float>(depth, named(Seed{1}, "depth"));
    networks::initialise_auxiliary<float>(albedo, named(Seed{1}, "albedo"));
  }
};
/// What the host does, in a library of its own.
[[gnu::visibility("default")]] std::vector<eval::Explanation<>> explained_by_the_host(eval::ExplainOptions const& options, int pictures);
}  // namespace berl::test
