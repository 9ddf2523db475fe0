#include "instance.hpp"

KindOnGpu const unsup3d_quarter_on_gpu = instance::kind_on_gpu<Unsup3dQuarter>;
