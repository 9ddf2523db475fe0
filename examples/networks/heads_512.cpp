#include <berl/losses/make_head.hpp>

#include "heads.hpp"

void choose_head(berl::losses::HeadSettings const& settings, berl::losses::AnyHead<berl::Shape<512>>& head) {
  head = berl::losses::make_head<berl::Shape<512>>(settings);
}
