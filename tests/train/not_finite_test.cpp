#include <berl/train/not_finite.hpp>

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

static_assert(!std::is_convertible_v<std::string, berl::train::NotFinite>);

TEST_CASE("not finite: an exception of its own, so that programs tell it from wrong input") {
  try {
    throw berl::train::NotFinite("step 3: the loss is nan");
  } catch (std::runtime_error const& e) {
    CHECK(std::string(e.what()) == "step 3: the loss is nan");
  }
}
