#pragma once
#include <berl/losses/any_head.hpp>  // AnyHead
#include <berl/model.hpp>            // Model
#include <berl/train/session.hpp>    // Session

#include "any_dataset.hpp"  // AnyDataset

/// A training on any device.
namespace instance {
/// The training graph of a backbone under any margin head, which is compiled once for all heads.
template <class Backbone>
struct bypass {
  using type = berl::networks::Bypass<berl::channels<berl::nn::OutputOf<typename Backbone::Trunk, typename Backbone::Input>>>;
};
template <class Backbone>
  requires requires { typename Backbone::Bypass; }  // or one of its own
struct bypass<Backbone> {
  using type = typename Backbone::Bypass;
};
template <class Backbone>
using Model = berl::Model<Backbone, berl::losses::AnyHead<berl::EmbeddingOf<Backbone>>, typename bypass<Backbone>::type>;

template <class Model, class Device = berl::Host, class T = float>
berl::train::Outcome run(AnyDataset const& pictures, berl::train::SessionOptions const& options, typename Model::Head const& head) {
  return berl::train::Session<Model, AnyDataset, Device, T>(pictures, options, head).run();
}
}  // namespace instance
