// expect: berl::train::Trainer: maps of 16 bits are for berl::Cuda, the host's are float or double.
#include <berl/model.hpp>

#if defined(BERL_FIXED)
using T = float;
#else
using T = berl::Bf16;
#endif
using Model = berl::Model<berl::networks::IResNet18>;
static_assert(sizeof(berl::train::Trainer<Model, berl::Host, T>) > 0);
