#include "../compare.hpp"

#include <berl/cuda/elements.hpp>
#include <berl/cuda/nn/map.hpp>
#include <berl/cuda/train/elements.hpp>

#include <limits>

using namespace berl;
using namespace berl::gpu;
using namespace berl::train::detail;

TEST_CASE("a mirrored picture has its columns the other way round") {
  using S = Shape<3, 2, 5>;
  auto const x = filled<float, S>(2, "x");
  auto const before = filled<float, S>(2, "y");
  auto written = filled<float, S>(2, "y"), added = filled<float, S>(2, "y");
  Read<float, S, Cuda> const from(x.read().data(), 2);
  MirrorOf<S, float, Write<float, S, Cuda>> const write{from, {written.write().data(), 2}};
  MirrorOf<S, float, Add<float, S, Cuda>> const add{from, {added.write().data(), 2}};
  for (std::size_t i = 0; i < x.size(); ++i) write(i), add(i);
  for (int row = 0; row < 2 * 3 * 2; ++row)
    for (int u = 0; u < 5; ++u) {
      auto const at = static_cast<std::size_t>(row * 5 + u), mirrored = static_cast<std::size_t>(row * 5 + 4 - u);
      CHECK(written[at] == x[mirrored]);
      CHECK(added[at] == before[at] + x[mirrored]);
    }
}

TEST_CASE("single numbers are added, multiplied and scaled") {
  CHECK(Sum{}(7, 1.5f, 2.0f) == 3.5f);
  CHECK(Product{}(7, 1.5, 2.0) == 3);
  float x = 3;
  Scale<float>{0.5f}(x);
  CHECK(x == 1.5f);
}

TEST_CASE_TEMPLATE("a number that is none spoils the loss, another leaves it", T, float, Bf16) {
  constexpr float infinite = std::numeric_limits<float>::infinity();
  T const x[] = {T(1.f), T(-0.f), T(3e38f), T(infinite), T(-infinite), T(NAN)};
  for (std::size_t i = 0; i < std::size(x); ++i) {
    double loss = 2;
    Spoil<T>{x, &loss}(i);
    CAPTURE(i);
    if (i < 3)
      CHECK(loss == 2);
    else
      CHECK(std::isnan(loss));
  }
}
