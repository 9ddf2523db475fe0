#include <berl/eval/attributes.hpp>

#include <doctest/doctest.h>

using namespace berl::eval;

TEST_CASE("an attribute is present where its logit is above zero") {
  std::vector<float> const logits{1, -1, 0, 2, 3, 1e-30f};  // two pictures of three
  std::vector<std::uint8_t> const labels{1, 0, 1, 1, 0, 1};
  auto const a = attribute_accuracy(logits, labels, 3);
  CHECK(a.per_attribute == std::vector<double>{1, 0.5, 0.5});  // a logit of 0 says absent
  CHECK(a.mean == doctest::Approx(2 / 3.0));                   // four of six entries
}

TEST_CASE("no picture, and a logit that is not a number, are refused by name") {
  CHECK_THROWS_AS(attribute_accuracy({}, {}, 40), berl::Error);
  CHECK_THROWS_AS(attribute_accuracy(std::vector<float>(41), std::vector<std::uint8_t>(41), 40), std::logic_error);
  std::vector<float> logits(6);
  logits[4] = std::nanf("");
  CHECK_THROWS_WITH_AS(attribute_accuracy(logits, std::vector<std::uint8_t>(6), 3),
                       "berl::eval: attribute 1 of picture 1: found a logit that is not a number; expected a number. Look for the picture, "
                       "or for damage of the weights.",
                       berl::Error);
}
