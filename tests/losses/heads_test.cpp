#include <berl/losses/heads.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "../io/scratch_folder.hpp"

using namespace berl;
using losses::HeadSettings;
using test::message_of;

TEST_CASE("heads: each has a name of its own, and begins with the constants that are published") {
  std::set<std::string> names;
  for (auto const& kind : losses::head_kinds) CHECK(names.insert(kind.layout.name).second);
  CHECK(names.size() == 22);
  auto const published = [](char const* name, std::size_t k) { return losses::head_kind(name).published[k].value(); };
  CHECK(published("curricularface", 0) == 64);
  CHECK(published("curricularface", 1) == 0.5);
  CHECK(published("circleloss", 0) == 256);
  CHECK(published("circleloss", 1) == 0.25);
  CHECK(published("adaface", 1) == 0.4);
  CHECK(published("magface", 6) == 35);
  CHECK(published("adaface", 9) == 0.333);
  CHECK(published("adaface", 10) == 0.01);
  CHECK(published("curricularface", 10) == 0.01);
  CHECK(published("sphereface", 11) == 1500);
  CHECK(published("sphereface", 12) == 5);
  CHECK(!losses::head_kind("softmax").published[0]);
  CHECK(losses::head_kind("softmax").affine);
}

TEST_CASE("heads: constants reach the head that is meant, and no other is made") {
  HeadSettings settings{.kind = "magface"};
  settings["margin"] = 0.3;
  settings["longest"] = 50;
  int made = 0;
  losses::with_head(settings, [&](auto const& head) {
    ++made;
    if constexpr (std::same_as<std::remove_cvref_t<decltype(head)>, losses::MagFace>) {
      CHECK(head.margin == 0.3);
      CHECK(head.longest == 50);
      CHECK(head.shortest == 10);
    } else {
      FAIL("another head");
    }
  });
  CHECK(made == 1);
  CHECK(losses::configured<losses::ArcFace>({}).scale == 64);
  HeadSettings lengths{.kind = "adaface"}, lambdas{.kind = "sphereface"};
  lengths["concentration"] = 0.5, lengths["momentum"] = 1;  // 1: the batch alone, the default of the published class
  CHECK(losses::configured<losses::AdaFace>(lengths).concentration == 0.5);
  CHECK(losses::configured<losses::AdaFace>(lengths).momentum == 1);
  lambdas["first_lambda"] = 1000, lambdas["least_lambda"] = 0;
  CHECK(losses::configured<losses::SphereFace>(lambdas).first_lambda == 1000);
  CHECK(losses::configured<losses::SphereFace>(lambdas).least_lambda == 0);
}

TEST_CASE("heads: of those that were published in several forms one may be chosen") {
  using losses::CombinedMargin, losses::MagFace, losses::MisclassifiedVectors, losses::MvAmSoftmax, losses::MvArcSoftmax;
  auto const with = [](auto head, char const* form) {
    auto const made = losses::configured({.kind = head.name, .form = form}, head);
    return made.form;
  };
  CHECK(with(MagFace{}, "auto") == MagFace::Form::easy);
  CHECK(with(MagFace{}, "easy") == MagFace::Form::easy);
  CHECK(with(MagFace{}, "plain") == MagFace::Form::plain);
  CHECK(with(MagFace{}, "lowered") == MagFace::Form::lowered);
  CHECK(with(CombinedMargin{}, "auto") == CombinedMargin::Form::whole);
  CHECK(with(CombinedMargin{}, "easy") == CombinedMargin::Form::easy);
  CHECK(with(MvAmSoftmax{}, "fixed") == MisclassifiedVectors::Form::fixed);
  CHECK(with(MvArcSoftmax{}, "fixed") == MisclassifiedVectors::Form::fixed);
  CHECK(with(MvArcSoftmax{}, "adaptive") == MisclassifiedVectors::Form::adaptive);
  CHECK(with(MvArcSoftmax{.form = MisclassifiedVectors::Form::fixed}, "auto") == MisclassifiedVectors::Form::fixed);
  for (auto const& kind : losses::head_kinds) CHECK(kind.form("auto").has_value() == !kind.forms.empty());
}

TEST_CASE("heads: what cannot be is said in one sentence") {
  auto const answer = [](char const* kind, char const* constant = nullptr, double value = 0) {
    HeadSettings settings{.kind = kind};
    if (constant != nullptr) settings[constant] = value;
    return message_of<Error>([&] { losses::with_head(settings, [](auto const&) {}); });
  };
  CHECK(answer("arcfce").find("setting head.kind: found 'arcfce'; expected one of curricularface, arcface, ") == 0);
  CHECK(answer("magface", "cosine_margin", 0.1) ==
        "setting head.cosine_margin: found 0.1; expected auto. The head magface has no such constant.");  // only its plain form has
  CHECK(answer("arcface", "hardness", 1.5) == "setting head.hardness: found 1.5; expected auto. The head arcface has no such constant.");
  CHECK(message_of<Error>([] { (void)HeadSettings{}["margins"]; }).find("HeadSettings: found 'margins'; expected one of scale, margin, ") !=
        std::string::npos);
  CHECK(answer("arcface", "margin", 4) == "setting head.margin: found 4; expected 0 to 3.14159. auto is as published.");
  CHECK(answer("sphereface", "margin", 0.5) == "setting head.margin: found 0.5; expected 1 to 8. auto is as published.");
  CHECK(answer("arcface", "scale", 0).find("setting head.scale: found 0; expected 0.000001 or more") == 0);
  CHECK(answer("arcface", "scale", std::nan("")).find("setting head.scale: found nan") == 0);
  CHECK(answer("adaface", "momentum", 1.5) == "setting head.momentum: found 1.5; expected 0 to 1. auto is as published.");
  CHECK(answer("arcface", "first_lambda", 5) ==
        "setting head.first_lambda: found 5; expected auto. The head arcface has no such constant.");
  auto const form = [](char const* kind, char const* name) {
    return message_of<Error>([&] { losses::with_head({.kind = kind, .form = name}, [](auto const&) {}); });
  };
  CHECK(form("magface", "fixed") ==
        "setting head.form: found 'fixed'; expected auto, easy, plain, lowered. These are the forms of the head magface.");
  CHECK(form("arcface", "easy") == "setting head.form: found 'easy'; expected auto. These are the forms of the head arcface.");
  CHECK(answer("magface", "shortest", 200) == "setting head.longest: found 110; expected more than head.shortest, 200. Change either.");
  CHECK_NOTHROW(losses::with_head({.kind = "sphereface"}, [](auto const&) {}));
  HeadSettings lengths{.kind = "sphereface"};
  lengths["scale"] = 0;
  CHECK_NOTHROW(losses::with_head(lengths, [](auto const&) {}));
}
