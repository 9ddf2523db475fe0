#pragma once
#include <stdexcept>  // runtime_error

namespace berl::train {
/// A loss or a weight that is not a number: nothing that follows would be one. The last good checkpoint is left as it is.
class NotFinite : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
}  // namespace berl::train
