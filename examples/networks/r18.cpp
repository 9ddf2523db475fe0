#include "instance.hpp"
#include "kinds.hpp"

NetworkKind const r18 = instance::kind<berl::networks::IResNet18>("r18", "IResNet-18, embeddings of 512 numbers");
