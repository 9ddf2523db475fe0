#include <berl/nn/norm.hpp>
#include <berl/nn/prelu.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;
using test::check_layer, test::RunLayer, test::same_bits, test::skip_changes_no_gradient;

namespace {
template <class A, class B>
struct Pair : Sequential<A, B> {};
template <int C>
using Learnt = Pair<Named<"bn", BatchNorm<C>>, Named<"prelu", PReLU<C>>>;

// They run as one, whatever they are called, and nothing is kept between them; what is no rectifier, or no norm, stays alone.
static_assert(together<Learnt<5>, 0> == 2 && begins<Learnt<5>, 0> && !begins<Learnt<5>, 1>);
static_assert(together<Pair<GroupNorm<2, 4>, ReLU>, 0> == 2 && together<Pair<GroupNorm<2, 4>, LeakyReLU<>>, 0> == 2);
static_assert(together<Pair<BatchNorm<4>, Tanh>, 0> == 1 && together<Pair<ReLU, BatchNorm<4>>, 0> == 1);
static_assert(together<Pair<GroupNorm<2, 4>, PReLU<4>>, 0> == 1);
static_assert(together<Sequential<BatchNorm<4>, ReLU, ReLU>, 0> == 2 && begins<Sequential<BatchNorm<4>, ReLU, ReLU>, 2>);
static_assert(kept<Learnt<5>, float, Shape<5, 6, 7>>(3) == kept<BatchNorm<5>, float, Shape<5, 6, 7>>(3));
static_assert(std::is_same_v<OutputOf<Learnt<5>, Shape<5, 6, 7>>, Shape<5, 6, 7>>);

/// The same numbers as of the norm and the rectifier one after the other, in all that a step leaves.
template <class Mode, class Norm, class A, class In>
void as_one_after_the_other(int batch) {
  RunLayer<Pair<Norm, A>, double, In> both(batch);
  RunLayer<Norm, double, In> norm(batch);
  RunLayer<A, double, In> rectifier(batch);
  test::copy_values<double>(both.weights.params.template at<0>(), norm.weights.params);
  test::copy_values<double>(both.weights.params.template at<1>(), rectifier.weights.params);
  both.template forward<Mode>();
  both.template backward<Mode>();
  CHECK(both.kept_is_enough());
  norm.x = both.x;
  norm.template forward<Mode>();
  rectifier.x = norm.y;
  rectifier.template forward<Mode>();
  rectifier.dy = both.dy;
  rectifier.template backward<Mode>();
  norm.dy = rectifier.dx;
  norm.template backward<Mode>();
  std::vector<double> expected(rectifier.y.span().begin(), rectifier.y.span().end());
  expected.insert(expected.end(), norm.dx.span().begin(), norm.dx.span().end());
  for (auto const& part : {norm.gradients(), rectifier.gradients(), norm.buffers()})
    expected.insert(expected.end(), part.begin(), part.end());
  auto const found = both.results();
  REQUIRE(found.size() == expected.size());
  double worst = 0, largest = 0;  // a product may be fused with its sum in one and not in the other: 1e-16 of sums of 100 terms
  for (std::size_t i = 0; i < found.size(); ++i) {
    worst = std::max(worst, std::abs(found[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  CHECK(test::all_finite(found));
  CHECK(worst <= 1e-13 * largest);
}
}  // namespace

TEST_CASE("a norm and its rectifier in one pass leave what two passes leave") {
  as_one_after_the_other<Training, BatchNorm<5>, PReLU<5>, Shape<5, 13, 11>>(3);
  as_one_after_the_other<Training, BatchNorm<32>, PReLU<32>, Shape<32, 13, 11>>(4);
  as_one_after_the_other<Inference, BatchNorm<32>, PReLU<32>, Shape<32, 3, 5>>(2);
  as_one_after_the_other<Training, BatchNorm<16, Fixed>, LeakyReLU<>, Shape<16>>(5);
  as_one_after_the_other<Training, GroupNorm<8, 32>, ReLU, Shape<32, 7, 5>>(2);
  as_one_after_the_other<Training, GroupNorm<2, 6>, LeakyReLU<>, Shape<6, 7, 5>>(3);
}

TEST_CASE("the gradients of a norm with its rectifier are their differences") {
  check_layer<Learnt<3>, Training, Shape<3, 5, 3>>(3);
  check_layer<Learnt<16>, Training, Shape<16, 2, 3>>(2);
  check_layer<Learnt<3>, Inference, Shape<3, 5, 3>>(2);
  check_layer<Pair<GroupNorm<2, 4>, LeakyReLU<>>, Training, Shape<4, 3, 5>>(2);
  check_layer<Pair<GroupNorm<4, 16>, ReLU>, Training, Shape<16, 2, 3>>(1);
  check_layer<Residual<Learnt<3>>, Training, Shape<3, 5, 3>>(2);  // added to, at either end
}

TEST_CASE("a norm with its rectifier leaves the same bits for any number of threads, with dx and without") {
  CHECK(same_bits<Learnt<16>, Training, Shape<16, 13, 11>>(9));
  CHECK(same_bits<Pair<GroupNorm<3, 9>, ReLU>, Training, Shape<9, 13, 11>>(9));
  CHECK(skip_changes_no_gradient<Learnt<5>, Training, Shape<5, 13, 11>>(3));
}
