#include "instance.hpp"
#include "kinds.hpp"

/// Together, since most of what they compile is the same: the auxiliary networks, and the blocks that are repeated.
NetworkKind const r18 = instance::kind<berl::networks::IResNet18>("r18", "IResNet-18, embeddings of 512 numbers");
NetworkKind const r50 = instance::kind<berl::networks::IResNet50>("r50", "IResNet-50, embeddings of 512 numbers");
NetworkKind const r100 = instance::kind<berl::networks::IResNet100>("r100", "IResNet-100, the paper's backbone, embeddings of 512 numbers");
