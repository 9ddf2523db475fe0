#include "train.hpp"

TrainOnGpu const r18_on_gpu = instance::train_on_gpu<berl::networks::IResNet18>;
