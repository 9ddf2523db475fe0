#include <berl/losses/ada_face.hpp>
#include <berl/losses/adaptive_face.hpp>
#include <berl/losses/curricular_face.hpp>
#include <berl/losses/head.hpp>
#include <berl/losses/npc_face.hpp>
#include <berl/losses/softmax.hpp>
#include <berl/losses/sphere_face.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace berl::losses;

namespace {
struct OnlyTarget {  // says the least that a head can say
  double scale = 3;
  template <class T>
  Target<T> target(T g) const {
    return {T(2) * g, T(2), g};
  }
};
struct NoTarget {
  double scale = 3;
};
struct NoScale {
  template <class T>
  Target<T> target(T g) const {
    return {g, T(1), g};
  }
};
struct BeginsASpan : OnlyTarget {
  template <class T>
  void begin(std::span<T> state, int) const {
    state[0] = 1;
  }
};
struct RenewsASpan : OnlyTarget {
  template <class T>
  void renew(std::span<T> state, auto const&) const {
    state[0] = 1;
  }
};
static_assert(!MarginHead<BeginsASpan> && !MarginHead<RenewsASpan>);
static_assert(MarginHead<OnlyTarget> && !MarginHead<NoTarget> && !MarginHead<NoScale> && !MarginHead<int>);
static_assert(gathers<NpcFace> && !gathers<CurricularFace>);
static_assert(has_number<Softmax> && has_number<AdaptiveFace> && !has_number<AdaFace>);
static_assert(uses_norm<SphereFace> && !uses_norm<AdaFace> && is_affine<Softmax> && !is_affine<AdaptiveFace>);
}  // namespace

TEST_CASE("what a head does not say holds by itself") {
  OnlyTarget const head;
  CHECK(logit_of(head, 0.5, 0.0, 0.0) == 1.5);
  CHECK(slope_of(head, 0.5, 0.0, 0.0) == 3);
  CHECK(norm_slope_of(head, 0.5, 0.0, 0.0) == 0);
  CHECK(target_of(head, Own<double>{0.5, 1}, static_cast<double const*>(nullptr)).logit == 1);
  auto const layout = layout_of(head);
  CHECK(layout.name == std::string("own"));
  CHECK(layout.state.empty());
  CHECK(layout.number == nullptr);
}

TEST_CASE("a layout names what a head keeps") {
  CHECK(layout_of(CurricularFace{}).state.size() == 1);
  CHECK(layout_of(CurricularFace{}).state[0] == std::string("t"));
  CHECK(layout_of(AdaFace{}).state[1] == std::string("batch_std"));
  CHECK(layout_of(Softmax{}).number == std::string("bias"));
  CHECK(layout_of(AdaptiveFace{}).number == std::string("margin"));
  CHECK(layout_of(AdaptiveFace{}).name == std::string("adaptiveface"));
}

TEST_CASE("a state of one number is renewed by next, from the mean of the cosines") {
  double const g[] = {0.2, 0.6};
  Batch<double> const batch{2, g, nullptr, nullptr};
  CHECK(batch.mean() == doctest::Approx(0.4));
  double t = 0.5;
  renew(CurricularFace{}, &t, batch);
  CHECK(t == doctest::Approx(0.01 * 0.4 + 0.99 * 0.5));
  renew(OnlyTarget{}, static_cast<double*>(nullptr), batch);  // has none
}

TEST_CASE("the median cosine is that of the angle in the middle, the lower of two") {
  double const odd[] = {0.1, -0.5, 0.9}, even[] = {0.1, -0.5, 0.9, 0.4}, equal[] = {0.3, 0.3, 0.3, 0.1};
  CHECK(Batch<double>{3, odd, nullptr, nullptr}.median() == 0.1);
  CHECK(Batch<double>{4, even, nullptr, nullptr}.median() == 0.4);  // angles 0.45, 1.16, 1.47, 2.09
  CHECK(Batch<double>{4, equal, nullptr, nullptr}.median() == 0.3);
  CHECK(Batch<double>{1, odd, nullptr, nullptr}.median() == 0.1);
}
