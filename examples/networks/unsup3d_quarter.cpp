#include "backbones.hpp"
#include "instance.hpp"
#include "kinds.hpp"

NetworkKind const unsup3d_quarter =
    instance::kind<Unsup3dQuarter>("unsup3d-quarter", "Unsup3D at a quarter of its width; it recognises nobody");
