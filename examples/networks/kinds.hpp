#pragma once
#include "network.hpp"  // NetworkKind

/// Each is defined in a unit of its own, for a network takes long to compile.
extern NetworkKind const r18_quarter, r18, r50, r100, unsup3d_quarter;
