#include "instance.hpp"

KindOnGpu const r100_on_gpu = instance::kind_on_gpu<berl::networks::IResNet100>;
