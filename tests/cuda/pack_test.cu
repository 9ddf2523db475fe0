#include <berl/cuda/pack.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace berl;
using namespace berl::gpu;

static_assert(pack_of<float> == 4 && pack_of<double> == 2 && pack_of<Bf16> == 8);
static_assert(sizeof(Pack<float, 4>) == 16 && alignof(Pack<float, 4>) == 16 && alignof(Pack<double, 2>) == 16);
static_assert(alignof(Pack<float, 1>) == 4 && alignof(Pack<double, 4>) == 16);  // 16 bytes at the most
static_assert(sizeof(Pack<Bf16, 8>) == 16 && alignof(Pack<Bf16, 4>) == 8);

TEST_CASE("what is loaded by packs is stored where it belongs") {
  alignas(16) float from[12], to[12] = {};
  for (int i = 0; i < 12; ++i) from[i] = static_cast<float>(i);
  auto pack = load<4>(from + 4);
  pack.v[3] = -1;
  store(to + 8, pack);
  store(to, load<1>(from + 11));
  float const expected[12] = {11, 0, 0, 0, 0, 0, 0, 0, 4, 5, 6, -1};
  for (int i = 0; i < 12; ++i) CHECK(to[i] == expected[i]);
}

TEST_CASE("memory that packs may not be moved from is refused") {
  alignas(16) float x[8] = {};
  CHECK((aligned(x) && aligned(x + 4) && !aligned(x + 1) && aligned(nullptr)));
  CHECK_NOTHROW(require_aligned("here", x + 4));
  try {
    require_aligned("here", x + 1);
    FAIL("nothing was thrown");
  } catch (Error const& error) {
    CHECK(std::string(error.what()).starts_with("here: found a batch that does not start at a multiple of 16 bytes; expected"));
  }
}
