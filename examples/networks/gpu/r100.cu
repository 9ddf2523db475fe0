#include "train.hpp"

TrainOnGpu const r100_on_gpu = instance::train_on_gpu<berl::networks::IResNet100>;
