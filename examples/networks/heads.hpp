#pragma once
#include <berl/losses/any_head.hpp>  // AnyHead
#include <berl/losses/heads.hpp>     // HeadSettings

/// The head of these settings. Each is defined in a unit of its own: the heads of one size take as long to compile as a network.
///   errors  Error: no such head or constant
void choose_head(berl::losses::HeadSettings const& settings, berl::losses::AnyHead<berl::Shape<128>>& head);
void choose_head(berl::losses::HeadSettings const& settings, berl::losses::AnyHead<berl::Shape<512>>& head);
