#pragma once
#include <berl/networks/iresnet.hpp>  // IResNet
#include <berl/train/unsup3d.hpp>     // Unsup3d

/// The backbones that are none of the library's, for the units that compile them for the host and for a GPU.
struct IResNet18Quarter : berl::networks::IResNet<2, 2, 2, 2, 16, 112, 128> {};
struct Unsup3dQuarter : berl::train::Unsup3d<> {
  using Bypass = berl::train::Unsup3dNetworks<16>;
};
