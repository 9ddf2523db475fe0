#include "instance.hpp"

KindOnGpu const r50_on_gpu = instance::kind_on_gpu<berl::networks::IResNet50>;
