#include "instance.hpp"

KindOnGpu const r18_quarter_on_gpu = instance::kind_on_gpu<IResNet18Quarter>;
