#include <berl/losses/mag_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("mag face follows the published code") {
  head_golden::follow_small(MagFace{.scale = 32, .penalty = 20, .form = MagFace::Form::plain}, "head_magface");
  head_golden::follow<double, 512>(MagFace{.scale = 32, .penalty = 20, .form = MagFace::Form::plain}, "head_magface", "big", 1000, 1);
}

TEST_CASE("mag face has the specification's check values") {
  MagFace easy{.shortest = 2, .longest = 12}, lowered = easy;
  lowered.form = MagFace::Form::lowered;
  head_golden::printed(easy, 89.6418138, {-3.5071185, -2.0463701, 0.2163083, 1.2769601}, 16.1702327);
  head_golden::printed(lowered, 106.6888561, {-2.5766327, -1.2786490, 0.3657128, 0.8694136}, 13.3908440);
}

TEST_CASE("mag face has its loss's gradient, along the embedding too") {
  for (auto const form : {MagFace::Form::easy, MagFace::Form::plain, MagFace::Form::lowered})
    head_golden::differentiate(MagFace{.scale = 8, .shortest = 1.5, .longest = 3, .form = form}, 2);  // some lengths are beyond
}
