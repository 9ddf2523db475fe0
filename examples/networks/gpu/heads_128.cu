#include <berl/cuda/losses/any_head.hpp>

void choose_head_on_gpu(berl::losses::HeadSettings const& settings, berl::losses::AnyHead<berl::Shape<128>>& head) {
  head = berl::losses::make_head_on_gpu<berl::Shape<128>>(settings);
}
