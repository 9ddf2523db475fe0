#include "instance.hpp"
#include "kinds.hpp"

namespace {
struct IResNet18Quarter : berl::networks::IResNet<2, 2, 2, 2, 16, 112, 128> {};
}  // namespace
NetworkKind const r18_quarter =
    instance::kind<IResNet18Quarter>("r18-quarter", "IResNet-18 at a quarter of its width, embeddings of 128 numbers");
