#include <berl/losses/curricular_face.hpp>

#include "head_golden.hpp"

using namespace berl;
using losses::ArcFace, losses::CurricularFace;

namespace {
template <class T, class S>
struct Case {
  int B, C;
  std::vector<T> f, w;
  std::vector<int> labels;
  Case(int batch, int identities)
      : B(batch),
        C(identities),
        f(head_golden::as<T>(golden::filled("f", static_cast<std::size_t>(B) * S::size, 1))),
        w(head_golden::as<T>(golden::filled("w", static_cast<std::size_t>(C) * S::size, 1))) {
    for (int i = 0; i < B; ++i) labels.push_back((7 * i) % C);
  }
  Read<T, S, Host> embeddings() const { return {f.data(), B}; }
  Read<T, S, Host> weights() const { return {w.data(), C}; }
};
template <class T, class S, class Head>
struct Step {
  Tensor<T, S> dw, df;
  T t = T(0.1);
  losses::HeadResult result;
  Step(Case<T, S> const& c, Head const& head, int threads) : dw(c.C), df(c.B) {
    Context<Host> ctx;
    ctx.threads = threads;
    ctx.scratch = Arena(losses::scratch_bytes<T, S>(c.B, c.C));
    result = losses::forward_backward(ctx, head, c.embeddings(), c.labels, c.weights(), dw.add(), df.write(), t);
  }
};
}  // namespace

TEST_CASE("both gradients are those of the loss") {
  using S = Shape<6>;
  Case<double, S> c(9, 140);  // two blocks of classes, the last of them small; a batch that fills no row
  // t and which negatives are hard are constants of the derivative: t stands still here, and the step is too small to cross a bound
  CurricularFace const head{.scale = 8, .momentum = 0};
  Step<double, S, CurricularFace> const step(c, head, 1);
  Context<Host> ctx;
  ctx.scratch = Arena(losses::forward_scratch_bytes<double, S>(c.B, c.C));
  auto const loss = [&] { return losses::forward(ctx, head, c.embeddings(), c.labels, c.weights(), 0.1).loss; };
  auto const check = [&](std::vector<double>& x, Tensor<double, S> const& dx) {
    double const h = 1e-6;  // truncation h^2, rounding 1e-16 / h: 1e-10 of values about 1
    for (std::size_t i = 0; i < x.size(); ++i) {
      double const at = x[i];
      x[i] = at + h;
      double const above = loss();
      x[i] = at - h;
      double const below = loss();
      x[i] = at;
      CHECK(std::abs((above - below) / (2 * h) - dx[i]) < 3e-8);
    }
  };
  check(c.f, step.df);
  check(c.w, step.dw);
  // a product's length changes nothing
  for (int i = 0; i < c.B; ++i) CHECK(std::abs(host::dot(c.embeddings().sample(i), step.df.read().sample(i), 6)) < 1e-14);
  for (int j = 0; j < c.C; ++j) CHECK(std::abs(host::dot(c.weights().sample(j), step.dw.read().sample(j), 6)) < 1e-14);
}

TEST_CASE_TEMPLATE("a step has the same bits for any number of threads", T, float, double) {
  using S = Shape<64>;
  Case<T, S> const c(270, 6000);  // more blocks than groups, and two blocks of samples
  Step<T, S, CurricularFace> const one(c, {}, 1), two(c, {}, 2), seven(c, {}, 7);
  CHECK(std::isfinite(one.result.loss));
  for (auto const* other : {&two, &seven}) {
    CHECK(one.result.loss == other->result.loss);
    CHECK(one.result.accuracy == other->result.accuracy);
    CHECK(one.t == other->t);
    CHECK(std::equal(one.dw.span().begin(), one.dw.span().end(), other->dw.span().begin()));
    CHECK(std::equal(one.df.span().begin(), one.df.span().end(), other->df.span().begin()));
  }
}

TEST_CASE("a gradient that nobody wants is not computed, and the others stay as they were") {
  using S = Shape<8>;
  Case<double, S> const c(5, 12);
  Step<double, S, ArcFace> const both(c, {}, 1);
  Context<Host> ctx;
  ctx.scratch = Arena(losses::scratch_bytes<double, S>(c.B, c.C));
  double t = 0;
  Tensor<double, S> dw(c.C), df(c.B);
  losses::forward_backward(ctx, ArcFace{}, c.embeddings(), c.labels, c.weights(), Skip<double, S, Host>{}, df.write(), t);
  losses::forward_backward(ctx, ArcFace{}, c.embeddings(), c.labels, c.weights(), dw.add(), Skip<double, S, Host>{}, t);
  CHECK(std::equal(dw.span().begin(), dw.span().end(), both.dw.span().begin()));
  CHECK(std::equal(df.span().begin(), df.span().end(), both.df.span().begin()));
}

TEST_CASE("one identity alone has no loss, and large logits do not overflow") {
  using S = Shape<8>;
  Case<float, S> const alone(3, 1), far(3, 50);
  Step<float, S, ArcFace> const none(alone, {}, 1);
  CHECK(none.result.loss == 0);
  CHECK(none.result.accuracy == 1);
  for (float const d : none.df.span()) CHECK(d == 0);
  Step<float, S, ArcFace> const large(far, {.scale = 1000}, 1);
  CHECK(std::isfinite(large.result.loss));
  for (float const d : large.dw.span()) CHECK(std::isfinite(d));
}

TEST_CASE("a class or an embedding that is not a number makes the loss not a number") {
  using S = Shape<8>;
  for (float const bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    Case<float, S> weights(3, 50), embeddings(3, 50);
    weights.w[49 * 8 + 3] = bad;  // no sample's own
    embeddings.f[8 + 5] = bad;
    CHECK_FALSE(std::isfinite(Step<float, S, CurricularFace>(weights, {}, 1).result.loss));
    CHECK_FALSE(std::isfinite(Step<float, S, CurricularFace>(embeddings, {}, 1).result.loss));
  }
  Case<float, S> zero(3, 50);
  std::fill_n(zero.w.begin() + 49 * 8, 8, 0.0f);
  CHECK_FALSE(std::isfinite(Step<float, S, CurricularFace>(zero, {}, 1).result.loss));
}

TEST_CASE("a label without a class is refused by name") {
  using S = Shape<8>;
  Case<float, S> c(3, 5);
  c.labels = {0, 4, 5};
  CHECK_THROWS_WITH_AS(
      (Step<float, S, ArcFace>(c, {}, 1)),
      "berl::losses: label of sample 2: found 5; expected 0 to 4, for 5 identities. Number the identities from 0, and plan "
      "the head for all of them.",
      Error);
  c.labels = {0, -1, 4};
  CHECK_THROWS_AS((Step<float, S, ArcFace>(c, {}, 1)), Error);
  c.labels = {0, 1};
  CHECK_THROWS_AS((Step<float, S, ArcFace>(c, {}, 1)), std::logic_error);
}

TEST_CASE("class weights start as N(0, 0.01^2), whatever the number of threads") {
  using S = Shape<512>;
  Tensor<float, S> one(200), seven(200);
  Context<Host> ctx;
  float t = 1;
  losses::initialize(ctx, CurricularFace{}, one.write(), t, Seed{3});
  CHECK(t == 0);
  ctx.threads = 7;
  losses::initialize(ctx, CurricularFace{}, seven.write(), t, Seed{3});
  CHECK(std::equal(one.span().begin(), one.span().end(), seven.span().begin()));
  double sum = 0, squares = 0;
  for (float const v : one.span()) sum += static_cast<double>(v), squares += static_cast<double>(v) * static_cast<double>(v);
  double const n = static_cast<double>(one.size());
  CHECK(std::abs(sum / n) < 5 * 0.01 / std::sqrt(n));  // five standard errors
  CHECK(std::abs(squares / n / 1e-4 - 1) < 5 * std::sqrt(2.0 / n));
}

TEST_CASE("the paper's head fits into what is planned for it") {
  constexpr std::size_t bytes = losses::scratch_bytes<float, Shape<512>>(200, 85'742);
  static_assert(bytes < 90 * MiB);  // 68 MiB of cosines, 13 MiB of partial sums
  static_assert(losses::forward_scratch_bytes<float, Shape<512>>(200, 85'742) < 6 * MiB);
  CHECK(bytes > 0);
}
