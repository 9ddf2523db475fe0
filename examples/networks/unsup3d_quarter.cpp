#include <berl/train/unsup3d.hpp>

#include "instance.hpp"
#include "kinds.hpp"

namespace {
struct Backbone : berl::train::Unsup3d<> {
  using Bypass = berl::train::Unsup3dNetworks<16>;
};
}  // namespace
NetworkKind const unsup3d_quarter = instance::kind<Backbone>("unsup3d-quarter", "Unsup3D at a quarter of its width; it recognises nobody");
