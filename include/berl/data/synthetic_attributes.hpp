#pragma once
#include <berl/data/attributes.hpp>      // attribute_names, AttributeList
#include <berl/data/synthetic_face.hpp>  // SyntheticFaces

#include <bitset>
#include <string_view>
#include <utility>  // pair

namespace berl::data {
/// Which attributes a synthetic face shows, in CelebA's order: thresholds on the numbers of the identity, and on what the picture
/// adds. Those of
/// CelebA that no synthetic face can show, or too few do, are never seen.
/// units   lengths as in SyntheticIdentity
inline std::bitset<40> synthetic_attributes(SyntheticIdentity const& id, SyntheticScene const& scene) {
  double const brightness = (id.hair.r + id.hair.g + id.hair.b) / 3, tint = id.hair.r - id.hair.b;
  bool const light = !id.bald && brightness > 0.26;
  std::pair<std::string_view, bool> const said[] = {{"5_o_Clock_Shadow", id.stubble > 0.15},
                                                    {"Arched_Eyebrows", id.brow_arch > 0.0035},
                                                    {"Bags_Under_Eyes", id.eye_shadow > 0.3},
                                                    {"Bangs", id.hairline > -0.05},
                                                    {"Big_Lips", id.upper_lip + id.lower_lip > 0.0112},
                                                    {"Big_Nose", id.nose_wings > 0.0125},  // a wide one
                                                    {"Black_Hair", !id.bald && brightness < 0.08},
                                                    {"Blond_Hair", light && tint >= 0.11},
                                                    {"Brown_Hair", !id.bald && brightness >= 0.08 && brightness <= 0.26},
                                                    {"Bushy_Eyebrows", id.brow_thickness > 0.0028},
                                                    {"Chubby", id.cheek > 0.002},
                                                    {"Eyeglasses", scene.occluder == Occluder::eyes},
                                                    {"High_Cheekbones", id.cheekbone > 0.005},
                                                    {"Mustache", id.moustache > 0},
                                                    {"Narrow_Eyes", id.eye_open < 0.0045},
                                                    {"No_Beard", id.beard == 0},
                                                    {"Oval_Face", id.half_width < 0.316 * (id.up + id.down)},  // or else a round one
                                                    {"Pale_Skin", id.skin.r > 0.88},
                                                    {"Pointy_Nose", id.nose_height > 0.0225},
                                                    {"Receding_Hairline", id.bald || id.recession > 0.006},
                                                    {"Rosy_Cheeks", id.flush > 0.7},
                                                    {"Sideburns", id.sideburn > 0.012},
                                                    {"Smiling", id.mouth_curve > 0.0016},
                                                    {"Wearing_Lipstick", id.lips.r > 2 * id.lips.g},
                                                    {"Young", id.wrinkles < 0.6}};
  std::bitset<40> seen;
  std::size_t k = 0;
  for (auto const& [name, yes] : said) {  // both are in one order
    while (attribute_names[k] != name) ++k;
    seen[k] = yes;
  }
  return seen;
}
inline std::bitset<40> synthetic_attributes(SyntheticFaces const& faces, int i) {
  auto const& world = faces.world();
  return synthetic_attributes(synthetic_identity(world.seed, world.first_identity + static_cast<std::uint64_t>(faces.label(i))),
                              faces.scene(i));
}

/// Pictures for attributes: one of six faces wears glasses, and none is seen from too far aside.
inline SyntheticOptions attribute_scenes() { return {.yaw = {-45, 45}, .pitch = {-15, 15}, .occluder_probability = 0.6}; }

/// The attributes of all pictures; the last `test_identities` people are for the test.
///   errors  Error, when nobody is left to train on or to test with
inline AttributeList synthetic_attribute_list(SyntheticFaces const& faces, int test_identities) {
  if (test_identities < 1 || test_identities >= faces.identities())
    throw Error("berl::data::synthetic_attribute_list", std::to_string(test_identities) + " people to test with",
                "1 to " + std::to_string(faces.identities() - 1), "Ask for more people.");
  AttributeList list;
  for (int i = 0; i < faces.size(); ++i) {
    list.paths.push_back(faces.name(i));
    list.values.push_back(synthetic_attributes(faces, i));
    list.splits.push_back(faces.label(i) < faces.identities() - test_identities ? AttributeSplit::train : AttributeSplit::test);
  }
  return list;
}
}  // namespace berl::data
