#include "backbones.hpp"
#include "instance.hpp"
#include "kinds.hpp"

NetworkKind const r18_quarter =
    instance::kind<IResNet18Quarter>("r18-quarter", "IResNet-18 at a quarter of its width, embeddings of 128 numbers");
