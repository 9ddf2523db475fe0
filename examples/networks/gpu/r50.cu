#include "train.hpp"

TrainOnGpu const r50_on_gpu = instance::train_on_gpu<berl::networks::IResNet50>;
