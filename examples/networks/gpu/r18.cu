#include "instance.hpp"

KindOnGpu const r18_on_gpu = instance::kind_on_gpu<berl::networks::IResNet18>;
