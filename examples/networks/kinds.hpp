#pragma once
#include "network.hpp"  // NetworkKind

/// Defined in few units, for networks take long to compile, and those that share blocks take little longer together.
extern NetworkKind const r18_quarter, r18, r50, r100, unsup3d_quarter;
