#include "train.hpp"

TrainOnGpu const r18_quarter_on_gpu = instance::train_on_gpu<IResNet18Quarter>;
