#include <berl/train/unsup3d.hpp>

#include "instance.hpp"
#include "kinds.hpp"

namespace {
struct Backbone : berl::train::Unsup3d<> {
  using Bypass = berl::train::Unsup3dNetworks<64>;
};
}  // namespace
NetworkKind const unsup3d = instance::kind<Backbone>("unsup3d", "Unsup3D as published; it recognises nobody");
