#include <berl/losses/arc_face_straight.hpp>
#include <berl/losses/combined_margin.hpp>
#include <berl/losses/cos_face.hpp>

#include "head_golden.hpp"

using namespace berl::losses;

TEST_CASE("the combined margin contains the others") {
  for (double const g : {-0.9, -0.2, 0.3, 0.8}) {
    auto const target = CombinedMargin{}.target(g);
    CHECK(target.logit == doctest::Approx(64 * (std::cos(std::acos(g) + 0.3) - 0.2)));
    double const h = 1e-6;
    CHECK(target.slope == doctest::Approx((CombinedMargin{}.target(g + h).logit - CombinedMargin{}.target(g - h).logit) / (2 * h)));
    CombinedMargin const doubled{.scale = 1, .angle_factor = 2, .margin = 0, .cosine_margin = 0};
    CHECK(doubled.target(g).logit == doctest::Approx(2 * g * g - 1));
    CHECK(doubled.target(g).slope == doctest::Approx(4 * g));
  }
  CHECK(CombinedMargin{.form = CombinedMargin::Form::easy}.target(-0.3).logit == 64 * -0.3);
  CHECK(CombinedMargin{.form = CombinedMargin::Form::easy}.target(0.3).logit == CombinedMargin{}.target(0.3).logit);
  CHECK(std::isfinite(CombinedMargin{}.target(1.0).slope));
  // m2 or m3 alone: the check values of ArcFace without a guard, and of CosFace
  head_golden::Small small;
  double t = 0;
  head_golden::near(small.run(CombinedMargin{.margin = 0.5, .cosine_margin = 0}, t).loss, 91.4916414);
  head_golden::printed(CombinedMargin{.margin = 0, .cosine_margin = 0.4}, 103.0318007, {-3.4809377, -1.8582467, 0.4778969, 1.4889846},
                       14.1428984);
}

TEST_CASE("the combined margin has its loss's gradient, in both forms") {
  for (auto const form : {CombinedMargin::Form::whole, CombinedMargin::Form::easy})
    head_golden::differentiate(CombinedMargin{.scale = 8, .angle_factor = 0.9, .form = form});
}

/// One row of the fixture: an embedding along the first axis, and classes w_j = c_j e_0 + sqrt(1 - c_j^2) e_j, so that c_j is the cosine.
template <class Head>
void follow_logits(Head const& head, std::string const& name, double filter) {
  using namespace berl;
  constexpr int rows = 7, C = 13;
  using S = Shape<C + 1>;
  golden::File const file("head_combined_logits");
  auto const cosines = golden::filled("cos", rows * C, 0.99), gy = golden::filled("gy", rows * C, 1);
  auto const y = file.get(name + "/y"), gx = file.get(name + "/gx");
  auto const labels = file.get<int>("labels");
  int hidden = 0;
  for (int i = 0; i < rows; ++i) {
    int const own = labels[static_cast<std::size_t>(i)];
    if (own < 0) continue;  // a row that the code leaves to another worker
    Tensor<double, S> f(1), w(C), df(1), dw(C);
    f[0] = 1;
    double largest = 0, sum = 0;
    for (int j = 0; j < C; ++j) {
      auto const c = static_cast<double>(cosines[static_cast<std::size_t>(i * C + j)]);
      w.write().sample(j)[0] = c;
      w.write().sample(j)[j + 1] = std::sqrt(1 - c * c);
      largest = std::max(largest, y[static_cast<std::size_t>(i * C + j)]);
    }
    for (int j = 0; j < C; ++j) sum += std::exp(y[static_cast<std::size_t>(i * C + j)] - largest);
    Context<Host> ctx;
    ctx.scratch = Arena(scratch_bytes<double, S>(1, C, layout_of(head), filter != 0));
    double none = 0;
    auto const result = forward_backward(ctx, head, f.read(), std::vector{own}, w.read(), dw.add(), df.write(), none, filter);
    CHECK(ctx.scratch.peak() == ctx.scratch.bytes());
    CHECK(result.loss == doctest::Approx(largest + std::log(sum) - y[static_cast<std::size_t>(i * C + own)]).epsilon(1e-12));
    bool nearest = true;
    for (int j = 0; j < C; ++j) {
      auto const k = static_cast<std::size_t>(i * C + j);
      auto const c = static_cast<double>(cosines[k]);
      double const p = std::exp(y[k] - largest) / sum, slope = gx[k] / static_cast<double>(gy[k]);
      double const dc = (p - (j == own ? 1 : 0)) * slope;  // along e_j the gradient is dc sqrt(1 - c^2)
      CHECK(std::abs(df[static_cast<std::size_t>(j + 1)] - dc * std::sqrt(1 - c * c)) < 1e-11);
      hidden += slope == 0 ? 1 : 0;
      nearest = nearest && (j == own || c < static_cast<double>(cosines[static_cast<std::size_t>(i * C + own)]));
    }
    CHECK(result.accuracy == (nearest ? 1 : 0));  // of the cosines before the filter
  }
  CHECK((hidden > 0) == (filter != 0));
}

TEST_CASE("the combined margin's logit of the own class is that of its published code") {
  golden::File const file("head_combined_logits");
  auto const cosines = golden::filled("cos", 7 * 13, 0.99);
  auto const labels = file.get<int>("labels");
  auto const follow = [&](CombinedMargin const& head, std::string const& name) {
    auto const y = file.get(name + "/y");
    int rows = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] < 0) continue;
      std::size_t const k = 13 * i + static_cast<std::size_t>(labels[i]);
      CHECK(head.target(static_cast<double>(cosines[k])).logit == doctest::Approx(y[k]).epsilon(1e-12));  // the fixture's tolerance
      ++rows;
    }
    CHECK(rows > 0);
  };
  follow({.angle_factor = 1, .margin = 0.5, .cosine_margin = 0}, "arc");
  follow({.angle_factor = 1, .margin = 0, .cosine_margin = 0.4}, "cos");
}

TEST_CASE("logits of the combined margin's published code, with and without the filter of near classes") {
  follow_logits(ArcFaceStraight{}, "arc", 0);
  follow_logits(ArcFaceStraight{}, "arc_filter", 0.2);
  follow_logits(CosFace{.margin = 0.4}, "cos", 0);
  follow_logits(CosFace{.margin = 0.4}, "cos_filter", 0.2);
}
