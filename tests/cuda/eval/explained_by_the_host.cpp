#include "explained.hpp"

namespace berl::test {
std::vector<eval::Explanation<>> explained_by_the_host(eval::ExplainOptions const& options, int n) {
  SmallParameters parameters;
  return eval::Explainer<SmallModel>(parameters, options)(pictures<float>(n).read());
}
}  // namespace berl::test
