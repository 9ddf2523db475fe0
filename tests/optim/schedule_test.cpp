#include <berl/optim/schedule.hpp>

#include <doctest/doctest.h>
#include <golden_plain.hpp>

using namespace berl::optim;

namespace {
constexpr double rounding = 1e-14;  // the published one multiplies from step to step

void compare(Schedule const& schedule, std::vector<double> const& expected, long first = 0) {
  for (long k = first; k < static_cast<long>(expected.size()); ++k)
    CHECK(std::abs(rate_at(schedule, k) - expected[static_cast<std::size_t>(k)]) < rounding);
}
}  // namespace

TEST_CASE("the polynomial schedule is the published closed form, and the published run from its second step on") {
  golden::File const file("optimizers");
  Poly const warmed{.rate = 0.1, .total = 30, .power = 2, .warm_up = 5}, linear{.rate = 0.02, .total = 20};
  compare(warmed, file.get("poly0/closed_form"));
  compare(warmed, file.get("poly0/lr_used"), 1);
  CHECK(file.get("poly0/lr_used")[0] == 0.1);  // the oversight: not warmed up
  CHECK(warmed(0) == 0);
  compare(linear, file.get("poly1/closed_form"));
  compare(linear, file.get("poly1/lr_used"));
}

TEST_CASE("the stepped schedule is CurricularFace's and PyTorch's") {
  golden::File const file("optimizers");
  MultiStep const steps{.rate = 0.1, .milestones = {10, 18, 22}};
  compare(steps, file.get("multistep/lr_used"));
  compare(steps, file.get("multistep/lr_curricularface"));
  compare(MultiStep{.rate = 0.1, .milestones = {4, 11}}, file.get("sgd_multistep/lr"));
  CHECK(MultiStep{.rate = 1, .milestones = {3, 3}}(3) == doctest::Approx(0.01));
}

TEST_CASE("cosine goes from the rate to the last one, through the middle") {
  Cosine const c{.rate = 0.4, .total = 110, .last = 0.2, .warm_up = 10};
  CHECK(c(0) == 0);
  CHECK(c(5) == doctest::Approx(0.2));
  CHECK(c(10) == doctest::Approx(0.4));
  CHECK(c(60) == doctest::Approx(0.3));
  CHECK(c(110) == 0.2);
  CHECK(c(1000) == 0.2);
  for (long k = 10; k < 110; ++k) CHECK(c(k) > c(k + 1));
}

TEST_CASE("every schedule warms up along the same line and then stands at its rate") {
  for (Schedule const& s :
       {Schedule(Constant{.rate = 0.1, .warm_up = 4}), Schedule(MultiStep{.rate = 0.1, .milestones = {9}, .warm_up = 4}),
        Schedule(Poly{.rate = 0.1, .total = 9, .warm_up = 4}), Schedule(Cosine{.rate = 0.1, .total = 9, .warm_up = 4})})
    for (long k = 0; k <= 4; ++k) CHECK(rate_at(s, k) == doctest::Approx(0.1 * static_cast<double>(k) / 4));
  CHECK(Constant{.rate = 0.1}(0) == 0.1);
}
