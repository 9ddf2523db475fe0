#include <berl/data/synthetic_identity.hpp>

#include <doctest/doctest.h>
#include <cmath>

using namespace berl;
using namespace berl::data;

TEST_CASE("an identity follows from seed and number") {
  CHECK(synthetic_identity(Seed{1}, 5) == synthetic_identity(Seed{1}, 5));
  CHECK_FALSE(synthetic_identity(Seed{1}, 5) == synthetic_identity(Seed{1}, 6));
  CHECK_FALSE(synthetic_identity(Seed{1}, 5) == synthetic_identity(Seed{2}, 5));
  CHECK(synthetic_identity(Seed{1}, ~std::uint64_t{0}).half_width > 0);
}

TEST_CASE("identities are people: colours are colours, lengths are lengths, and they vary") {
  double sum = 0, squares = 0;
  int bald = 0, long_haired = 0, bearded = 0, freckled = 0;
  constexpr int n = 2000;
  for (int i = 0; i < n; ++i) {
    auto const id = synthetic_identity(Seed{3}, static_cast<std::uint64_t>(i));
    for (Colour const& c : {id.skin, id.lips, id.hair, id.iris, id.brows, id.shirt})
      for (double const v : {c.r, c.g, c.b}) {
        REQUIRE(v > 0.0);
        REQUIRE(v < 1.1);  // the painter clamps what a tint lifts over 1
      }
    REQUIRE(id.spot_count <= id.spots.size());
    for (double const length : {id.half_width, id.up, id.down, id.front, id.back, id.jaw_power, id.profile_power, id.eye_width, id.eye_open,
                                id.nose_length, id.nose_height, id.nose_width, id.nose_bridge, id.mouth_width, id.upper_lip, id.lower_lip})
      REQUIRE(length > 0.0);
    sum += id.nose_length, squares += id.nose_length * id.nose_length;
    bald += id.bald, long_haired += id.long_hair > 0, bearded += id.beard > 0, freckled += id.spot_count == id.spots.size();
  }
  double const deviation = std::sqrt(squares / n - sum / n * sum / n);
  // 0.0026 * 1.2, of which a cut at two deviations keeps 0.96; men and women differ by 0.002, and the head's height varies by 4 %:
  // together sqrt(3.0^2 + 1.0^2 + 1.5^2) 1e-3 = 0.0035
  CHECK(deviation == doctest::Approx(0.0035).epsilon(0.08));
  for (int const count : {bald, long_haired, bearded, freckled}) {
    CHECK(count > n / 50);
    CHECK(count < n / 2);
  }
}
