#include "train.hpp"

TrainOnGpu const unsup3d_quarter_on_gpu = instance::train_on_gpu<Unsup3dQuarter>;
