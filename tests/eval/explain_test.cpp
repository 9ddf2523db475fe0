#include <berl/eval/explain.hpp>

#include <doctest/doctest.h>
#include <berl/data/synthetic_face.hpp>
#include <berl/model.hpp>

using namespace berl;
using eval::Explainer, eval::Explanation;

namespace {
using Small = berl::Model<networks::IResNet<2, 2, 2, 2, 16>>;  // quarter width
using Trainer = train::Trainer<Small>;

Trainer::Options options(int batch) { return {.identities = 3, .batch = batch, .seed = 5}; }
std::vector<io::Image> pictures(int n) {
  data::SyntheticFaces const faces({.seed = {3}, .identities = n, .pictures_per_identity = 1});
  std::vector<io::Image> all;
  for (int i = 0; i < n; ++i) all.push_back(faces.load(i));
  return all;
}
template <class A, class B>
bool equal(A const& a, B const& b) {
  return std::equal(a.span().begin(), a.span().end(), b.span().begin(), b.span().end());
}
bool equal(Explanation<64> const& a, Explanation<64> const& b) {
  return equal(a.input, b.input) && equal(a.reconstruction, b.reconstruction) && equal(a.mask, b.mask) && equal(a.canonical, b.canonical) &&
         equal(a.albedo, b.albedo) && equal(a.normal, b.normal) && equal(a.depth, b.depth) && equal(a.shading, b.shading) &&
         equal(a.seen_depth, b.seen_depth) && equal(a.seen_normal, b.seen_normal) && equal(a.light, b.light) && equal(a.view, b.view) &&
         a.l1 == b.l1;
}
}  // namespace

TEST_CASE("any number of pictures is explained, whatever the batch and the number of threads") {
  Trainer trainer(options(1));
  auto const five = pictures(5);
  Explainer<Small> at_once(trainer.parameters(), {.batch = 8}), in_twos(trainer.parameters(), {.batch = 2, .threads = 2});
  auto const all = at_once(five), some = in_twos(five);
  REQUIRE(all.size() == 5);
  REQUIRE(some.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK(equal(all[i], some[i]));
  CHECK_FALSE(equal(all[0], all[1]));
  CHECK(at_once(std::span<io::Image const>{}).empty());
  CHECK(equal(at_once(std::span(five).first(1))[0], all[0]));

  Tensor<float, Small::Input> planar(3);
  for (int i = 0; i < 3; ++i) io::to_network(five[static_cast<std::size_t>(i)], planar.write().sample(i));
  auto const three = in_twos(planar.read());
  REQUIRE(three.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(equal(three[i], all[i]));
}

TEST_CASE("an explanation is what the trainer's second stage makes of a picture") {
  Trainer trainer(options(1));
  trainer.begin(train::Stage::reconstruction, optim::Constant{.rate = 0}, optim::Constant{.rate = 0});
  auto const picture = pictures(1);
  Tensor<float, Small::Input> planar(1);
  io::to_network(picture[0], planar.write().data());
  int const label = 0;
  auto const losses = trainer.differentiate(planar.read(), std::span(&label, 1));
  auto const face = Explainer<Small>(trainer.parameters())(picture)[0];
  CHECK(face.l1 == doctest::Approx(losses.recon).epsilon(1e-6));  // of one batch of one picture: the same sum in float
  auto const same = [](auto const& tensor, auto view) {           // the networks run in another mode, which sums in the same order
    double worst = 0;
    for (std::size_t i = 0; i < tensor.size(); ++i) worst = std::max(worst, std::abs(double{tensor[i]} - double{view.data()[i]}));
    return worst < 1e-5;
  };
  CHECK(same(face.input, trainer.activations().image));
  CHECK(same(face.depth, trainer.activations().depth));
  CHECK(same(face.albedo, trainer.activations().albedo));
  CHECK(same(face.reconstruction, trainer.rendering().image));
  CHECK(same(face.mask, trainer.rendering().mask));
  CHECK(same(face.seen_depth, trainer.rendering().depth));

  // numbers in their units
  auto const& s = face.settings;
  CHECK(face.ambient() == doctest::Approx((1 + double{face.light[0]}) / 2));
  CHECK(face.diffuse() == doctest::Approx((1 + double{face.light[1]}) / 2));
  auto const l = face.light_direction();
  CHECK(imaging::dot(l, l) == doctest::Approx(1));
  CHECK(l.x / l.z == doctest::Approx(double{face.light[2]}));
  CHECK(face.angles()[1] == doctest::Approx(s.rotation_range * double{face.view[1]}));
  CHECK(face.shift()[0] == doctest::Approx(s.translation_range * double{face.view[3]}));
}

TEST_CASE("a picture is made smaller as in training") {
  auto o = options(1);
  o.resize = data::Resize::area;
  Trainer trainer(o);
  trainer.begin(train::Stage::reconstruction, optim::Constant{}, optim::Constant{});
  auto const picture = pictures(1);
  Tensor<float, Small::Input> planar(1);
  io::to_network(picture[0], planar.write().data());
  int const label = 0;
  trainer.differentiate(planar.read(), std::span(&label, 1));
  auto const image = trainer.activations().image.read();
  auto const area = Explainer<Small>(trainer.parameters(), {.resize = data::Resize::area})(picture)[0];
  auto const bilinear = Explainer<Small>(trainer.parameters())(picture)[0];
  CHECK(std::equal(image.data(), image.data() + image.size(), area.input.span().begin()));
  CHECK_FALSE(equal(area.input, bilinear.input));
}

TEST_CASE("what is wrong with pictures, sizes and weights is said") {
  Trainer trainer(options(1));
  Explainer<Small> explain(trainer.parameters());
  std::vector<io::Image> const small{io::blank(64, 112, 3)};
  CHECK_THROWS_WITH_AS(
      explain(small),
      "berl::eval::Explainer: picture 0: found 64 x 112; expected 112 x 112, an aligned face. Align the picture, or resize it "
      "with data::fit_square.",
      Error);
  CHECK_THROWS_AS(Explainer<Small>(trainer.parameters(), {.batch = 0}), Error);
  CHECK_THROWS_AS(Explainer<Small>(trainer.parameters(), {.threads = -1}), Error);
  trainer.parameters().albedo.visit([](auto const&, auto& array) { array.value()[0] = std::nanf(""); }, Path{});
  CHECK_THROWS_WITH_AS(
      explain(pictures(1)),
      "berl::eval::Explainer: picture 0: found view, light, depth or albedo that are not finite; expected numbers. The weights "
      "are damaged or the training has diverged: take an older checkpoint.",
      Error);
}
