#include "instance.hpp"
#include "kinds.hpp"

NetworkKind const r100 = instance::kind<berl::networks::IResNet100>("r100", "IResNet-100, the paper's backbone, embeddings of 512 numbers");
