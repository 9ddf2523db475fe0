#pragma once
#include <berl/core/error.hpp>  // Error

#include <cmath>  // isnan
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <vector>

namespace berl::eval {
struct AttributeAccuracy {
  std::vector<double> per_attribute;
  double mean = 0;
};

/// The part of pictures in which an attribute is told rightly, present where its logit is above 0 (he2022, Sec. 4.4).
///   shapes  logits, labels: (pictures, attributes); labels 1 or 0
///   errors  Error: no picture, a logit that is not a number
inline AttributeAccuracy attribute_accuracy(std::span<float const> logits, std::span<std::uint8_t const> labels, std::size_t attributes) {
  if (attributes == 0 || logits.size() != labels.size() || logits.size() % attributes != 0)
    throw std::logic_error("berl::eval::attribute_accuracy: one label for each logit, and rows of one length.");
  if (logits.empty()) throw Error("berl::eval: list of attributes", "no picture", "one at least", "Give the list of the test pictures.");
  AttributeAccuracy a{.per_attribute = std::vector<double>(attributes)};
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i]))
      throw Error("berl::eval: attribute " + std::to_string(i % attributes) + " of picture " + std::to_string(i / attributes),
                  "a logit that is not a number", "a number", "Look for the picture, or for damage of the weights.");
    a.per_attribute[i % attributes] += (logits[i] > 0) == (labels[i] != 0) ? 1 : 0;
  }
  for (double& rate : a.per_attribute) {
    rate /= static_cast<double>(logits.size() / attributes);
    a.mean += rate / static_cast<double>(attributes);
  }
  return a;
}
}  // namespace berl::eval
