#include <berl/data/synthetic_attributes.hpp>

#include <doctest/doctest.h>

using namespace berl;
using namespace berl::data;

TEST_CASE("synthetic attributes: each that is told at all is neither rare nor nearly everybody's") {
  constexpr int people = 3000;
  std::array<int, 40> count{};
  for (int i = 0; i < people; ++i) {
    auto const n = static_cast<std::uint64_t>(i);
    auto const seen = synthetic_attributes(synthetic_identity(Seed{5}, n), synthetic_scene(Seed{5}, n, 0, attribute_scenes()));
    for (std::size_t k = 0; k < 40; ++k) count[k] += seen[k];
  }
  int told = 0;
  for (std::size_t k = 0; k < 40; ++k) {
    if (count[k] == 0) continue;
    ++told;
    CHECK_MESSAGE(count[k] > 0.15 * people, attribute_names[k]);
    CHECK_MESSAGE(count[k] < 0.85 * people, attribute_names[k]);
  }
  CHECK(told == 25);
}

TEST_CASE("synthetic attributes follow the numbers that the painter uses") {
  auto id = synthetic_identity(Seed{1}, 0);
  SyntheticScene scene;
  auto const of = [&](std::string_view name) {
    auto const at = std::find(attribute_names.begin(), attribute_names.end(), name) - attribute_names.begin();
    return bool{synthetic_attributes(id, scene)[static_cast<std::size_t>(at)]};
  };
  id.beard = 0, id.mouth_curve = 0.003, id.nose_wings = 0.02, id.bald = false, id.hair = {0.02, 0.02, 0.02};
  CHECK(of("No_Beard"));
  CHECK(of("Smiling"));
  CHECK(of("Big_Nose"));
  CHECK(of("Black_Hair"));
  CHECK_FALSE(of("Eyeglasses"));
  id.beard = 0.5, id.mouth_curve = 0, id.nose_wings = 0.01, id.bald = true;
  scene.occluder = Occluder::eyes;
  CHECK_FALSE(of("No_Beard"));
  CHECK_FALSE(of("Smiling"));
  CHECK_FALSE(of("Big_Nose"));
  CHECK_FALSE(of("Black_Hair"));
  CHECK(of("Receding_Hairline"));
  CHECK(of("Eyeglasses"));
}

TEST_CASE("synthetic attributes as a list: nobody is both in training and in the test") {
  SyntheticFaces const faces({.seed = Seed{2}, .identities = 5, .pictures_per_identity = 3, .options = attribute_scenes()});
  auto const list = synthetic_attribute_list(faces, 2);
  CHECK(list.size() == 15);
  CHECK(list.paths[4] == faces.name(4));
  for (int const i : list.of(AttributeSplit::train)) CHECK(faces.label(i) < 3);
  CHECK(list.of(AttributeSplit::test) == std::vector<int>{9, 10, 11, 12, 13, 14});
  CHECK_THROWS_AS(synthetic_attribute_list(faces, 5), Error);
  CHECK_THROWS_AS(synthetic_attribute_list(faces, 0), Error);
}
