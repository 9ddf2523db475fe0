#pragma once
#include <berl/data/pretext.hpp>  // rotations, jigsaws

#include "heads.hpp"    // choose_head
#include "network.hpp"  // Network, NetworkKind
#include "opened.hpp"   // Opened
#include "run.hpp"      // Model, run

/// What a unit of networks/ compiles, once for each kind of network.
namespace instance {
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
            return std::make_unique<Opened<Backbone>>(std::move(file), info, berl::eval::ExplainOptions{.threads = threads});
          },
          graph_of<Backbone>()};
}
}  // namespace instance
