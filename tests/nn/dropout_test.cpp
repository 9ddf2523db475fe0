#include <berl/nn/dropout.hpp>
#include <berl/nn/linear.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;
using test::check_layer, test::same_bits;

namespace {
using Wide = Shape<8, 50, 50>;

/// Which of the elements a pass lets through, where all inputs are 1.
template <class L, class In = Wide>
std::vector<float> mask(std::uint64_t seed, std::uint64_t step, int batch = 5) {
  test::RunLayer<L, float, In> run(batch);
  for (float& x : run.x.span()) x = 1;
  std::vector<float> memory(kept<L, float, In>(batch) + 16);
  nn::forward<L, Training>(run.ctx, run.weights.params, run.x.read(), run.y.write(), Pass<float>(memory.data(), seed, step));
  return {run.y.span().begin(), run.y.span().end()};
}
double kept_share(std::vector<float> const& mask) {
  double n = 0;
  for (float const m : mask) n += m > 0;
  return n / static_cast<double>(mask.size());
}
template <class A, class B>
double agreement(A const& a, B const& b) {
  double n = 0;
  for (std::size_t i = 0; i < a.size(); ++i) n += (a[i] > 0) == (b[i] > 0);
  return n / static_cast<double>(a.size());
}
// 100,000 independent draws with probability p: the share has the deviation sqrt(p (1 - p) / 1e5) <= 0.0016. Five of them are
// exceeded once in two million seeds, and this seed is fixed.
constexpr double five_deviations = 0.008;
}  // namespace

TEST_CASE_TEMPLATE("dropout lets its share through, scaled so that the mean stays", P, std::integral_constant<int, 10>,
                   std::integral_constant<int, 40>, std::integral_constant<int, 99>) {
  auto const found = mask<Dropout<P::value>>(1, 0);
  double const share = 1 - P::value / 100.0;
  CHECK(std::abs(kept_share(found) - share) < five_deviations);
  for (float const m : found) {
    bool const as_it_should = m == 0 || std::abs(m * share - 1) < 1e-6;
    REQUIRE(as_it_should);
  }
}

TEST_CASE("the mask is a function of seed, step and place, and of nothing else") {
  auto const a = mask<Dropout<50>>(1, 0);
  CHECK(a == mask<Dropout<50>>(1, 0));
  // independent masks of one half agree in one half of the elements
  CHECK(std::abs(agreement(a, mask<Dropout<50>>(2, 0)) - 0.5) < five_deviations);
  CHECK(std::abs(agreement(a, mask<Dropout<50>>(1, 1)) - 0.5) < five_deviations);
  std::vector<float> const first(a.begin(), a.begin() + Wide::size), second(a.begin() + Wide::size, a.begin() + 2 * Wide::size);
  CHECK(std::abs(agreement(first, second) - 0.5) < 0.018);  // samples differ: five deviations of 20,000 draws
}

TEST_CASE("two dropouts of one network have different masks") {
  struct Neighbours : Sequential<Dropout<50>, Dropout<50>> {};
  struct Nested : Sequential<Sequential<Dropout<10>, Dropout<50>>, Dropout<50>> {};
  struct Repeated : Sequential<Repeat<2, Dropout<50>>> {};
  CHECK(std::abs(kept_share(mask<Neighbours>(1, 0)) - 0.25) < five_deviations);  // one half of one half
  CHECK(std::abs(kept_share(mask<Nested>(1, 0)) - 0.225) < five_deviations);
  CHECK(std::abs(kept_share(mask<Repeated>(1, 0)) - 0.25) < five_deviations);
}

TEST_CASE("backward draws forward's mask again") {
  struct Net : Sequential<Dropout<30>, Dropout<40>> {};
  test::RunLayer<Net, double, Shape<4, 5, 6>> run(3);
  for (double& x : run.x.span()) x = 1;
  for (double& d : run.dy.span()) d = 1;
  run.forward<Training>();
  run.backward<Training>();
  CHECK(run.kept_is_enough());
  int dropped = 0;
  for (std::size_t i = 0; i < run.x.size(); ++i) {
    CHECK(run.dx[i] == run.y[i]);
    dropped += run.y[i] == 0;
  }
  CHECK(dropped > 100);  // of 360, of which 58 percent are expected
  CHECK(dropped < 300);
}

TEST_CASE("dropout does nothing in inference, nor when nothing is to be dropped") {
  test::RunLayer<Dropout<50>, float, Shape<7>> run(3);
  run.forward<Inference>();
  run.backward<Inference>();
  test::RunLayer<Dropout<0>, float, Shape<7>> none(3);
  none.forward<Training>();
  none.backward<Training>();
  test::RunLayer<Dropout<50>, float, Shape<7>> forgotten(3);
  forgotten.forward_forget<Inference>();
  for (std::size_t i = 0; i < run.x.size(); ++i) {
    CHECK(run.y[i] == run.x[i]);
    CHECK(run.dx[i] == run.dy[i]);
    CHECK(none.y[i] == none.x[i]);
    CHECK(none.dx[i] == none.dy[i]);
    CHECK(forgotten.y[i] == run.x[i]);
  }
}

TEST_CASE("the gradients of dropout are its differences, for any number of threads") {
  check_layer<Dropout<40>, Training, Shape<3, 5, 7>>(2);
  check_layer<Dropout<40>, Inference, Shape<7>>(2);
  CHECK(same_bits<Dropout<40>, Training, Shape<3, 71, 67>>(4));  // more than one piece of 16 Ki
}
