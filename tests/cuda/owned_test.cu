#include <doctest/doctest.h>

#include <berl/cuda/owned.hpp>

#include <string>

using berl::gpu::Owned;

namespace {
struct Says {
  std::string& said;
  char letter;
  ~Says() { said += letter; }
};
struct First : Says {};
struct Second : Says {};
}  // namespace

TEST_CASE("an owner has one of a type, and gives them up from the last") {
  std::string said;
  {
    Owned owned;
    CHECK(owned.find<First>() == nullptr);
    First& first = owned.get<First>(First{{said, '-'}});
    said.clear();
    first.letter = '1';
    Second& second = owned.get<Second>(Second{{said, '-'}});
    second.letter = '2';
    said.clear();
    CHECK(owned.find<First>() == &first);
    CHECK(&owned.get<Second>(Second{{said, 'x'}}) == &second);
    CHECK(said == "x");  // the argument's end; it was not taken
    Owned other = std::move(owned);
    CHECK(other.find<First>() == &first);
    said.clear();
  }
  CHECK(said == "21");
}
