#include <berl/losses/norm_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("norm face has the specification's check values and its loss's gradient") {
  head_golden::printed(NormFace{}, 79.9372832, {-3.4809377, -1.8582467, 0.4778969, 1.4889846}, 11.1238727);
  head_golden::differentiate(NormFace{.scale = 8});
}
