#include "instance.hpp"
#include "kinds.hpp"

NetworkKind const r50 = instance::kind<berl::networks::IResNet50>("r50", "IResNet-50, embeddings of 512 numbers");
