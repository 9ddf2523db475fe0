#include <berl/core/random.hpp>
#include <berl/core/tensor.hpp>
#include <berl/host/losses/head_pass.hpp>
#include <berl/losses/margin_head.hpp>

#include <doctest/doctest.h>

#include <algorithm>  // max_element
#include <cmath>
#include <cstring>  // memcmp
#include <limits>
#include <numeric>  // iota
#include <vector>

using namespace berl;
using host::HeadMemory, host::HeadPlan, host::class_block;

namespace {
/// The plain softmax of scaled cosines.
struct Cosines {
  double scale = 2;
  template <class T>
  losses::Target<T> target(T g) const {
    return {static_cast<T>(scale) * g, static_cast<T>(scale), g};
  }
  template <class T>
  T logit(T c, T, T) const {
    return static_cast<T>(scale) * c;
  }
  template <class T>
  T slope(T, T, T) const {
    return static_cast<T>(scale);
  }
};
static_assert(losses::MarginHead<Cosines>);
template <class T, class S>
using HeadPass = host::HeadPass<T, S, Cosines>;
template <class T>
std::span<T const> const no_state{};

template <class T, int D>
struct Ran {
  T mean;
  double loss, accuracy;
  Tensor<T, Shape<D>> df, dw;
};
template <class T, int D>
Ran<T, D> run(Tensor<T, Shape<D>> const& f, std::vector<int> const& labels, Tensor<T, Shape<D>> const& w, int threads = 1,
              Cosines const head = {}) {
  HeadPlan const plan{f.batch(), w.batch()};
  Context<Host> ctx{threads, Arena(HeadMemory<T, D>::bytes(plan, true))};
  HeadPass<T, Shape<D>> const pass(ctx, head, f.read(), labels, w.read(), true);
  CHECK(ctx.scratch.mark() == ctx.scratch.bytes());  // bytes() promises what the pass takes, and no more
  Ran<T, D> ran{pass.batch().mean(), 0, 0, Tensor<T, Shape<D>>(f.batch(), 99), Tensor<T, Shape<D>>(w.batch())};
  auto const sums = pass.forward(no_state<T>);
  ran.loss = sums.loss, ran.accuracy = sums.accuracy;
  pass.backward(no_state<T>, ran.dw.add(), ran.df.write());
  return ran;
}
template <class T, int D>
Tensor<T, Shape<D>> random(int n, std::uint64_t stream) {
  Tensor<T, Shape<D>> t(n);
  Random r(Seed{5}, stream);
  for (T& v : t.span()) v = static_cast<T>(r.normal());
  return t;
}
}  // namespace

TEST_CASE_TEMPLATE("an embedding along its own class, among classes at right angles", T, float, double) {
  // cosines 1, 0, ..., 0: loss = log(e^2 + C - 1) - 2, p = 1 / (e^2 + C - 1) for each of the others
  constexpr int D = 200, C = 200;
  Tensor<T, Shape<D>> f(1), w(C);
  f[7] = T(4);  // lengths do not count in the loss
  for (std::size_t j = 0; j < C; ++j) w[j * D + j] = T(0.5);
  auto const ran = run<T, D>(f, {7}, w);
  double const sum = std::exp(2.0) + C - 1;
  double const rounding = sizeof(T) == 4 ? 1e-6 : 1e-14;  // one exponential and one logarithm of a few hundred, of two units each
  CHECK(ran.mean == 1);
  CHECK(ran.accuracy == 1);
  CHECK(ran.loss == doctest::Approx(std::log(sum) - 2).epsilon(rounding));
  for (std::size_t d = 0; d < D; ++d)  // dL/dc_j = 2 p, along w_j/|w_j|, over |f|; nothing along f itself
    CHECK(ran.df[d] == doctest::Approx(d == 7 ? 0 : 2 / sum / 4).epsilon(rounding));
  for (std::size_t j = 0; j < C; ++j)
    for (std::size_t d = 0; d < D; ++d)  // dw_j = 2 p (u - c w_j/|w_j|) / |w_j|
      if (std::abs(static_cast<double>(ran.dw[j * D + d]) - (d == 7 && j != 7 ? 2 / sum / 0.5 : 0)) > rounding)
        FAIL_CHECK("class " << j << ", number " << d);
}

TEST_CASE("two classes on opposite sides; the nearer one is not the own one") {
  Tensor<double, Shape<2>> f(2), w(2);
  w[0] = 3, w[2] = -1;              // (3, 0) and (-1, 0)
  f[0] = 1, f[1] = std::sqrt(3.0);  // 60 degrees from the first
  f[2] = 2;                         // along the first, but of the second
  auto const ran = run<double, 2>(f, {0, 1}, w);
  double const first = std::log(1 + std::exp(-2.0)), second = std::log(1 + std::exp(4.0));  // c = 1/2 and -1/2; -1 and 1; scale 2
  double const rounding = 1e-15 * 8;                                                        // a few units of numbers up to 4
  CHECK(std::abs(ran.loss - (first + second) / 2) < rounding);
  CHECK(std::abs(ran.mean - (0.5 - 1) / 2) < rounding);
  CHECK(ran.accuracy == 0.5);
  // dc_1 = -dc_0 = p_1 scale / 2 samples, so G = -4 p_1 / 2 (1, 0), of which the part across f stays, over |f| = 2
  double const p = std::exp(-2.0) / (1 + std::exp(-2.0)), g = -2 * p;
  CHECK(std::abs(ran.df[0] - g * (1 - 0.25) / 2) < rounding);
  CHECK(std::abs(ran.df[1] - g * (-0.5 * std::sqrt(0.75)) / 2) < rounding);
  CHECK(std::abs(ran.df[2]) < rounding);  // along the axis there is nothing across
  CHECK(std::abs(ran.df[3]) < rounding);
}

TEST_CASE_TEMPLATE("all gradients are those of the formula written out, over several groups and lanes", T, float, double) {
  constexpr int D = 5, N = 19, C = 3 * class_block + 10;
  auto const f = random<T, D>(N, 1), w = random<T, D>(C, 2);
  std::vector<int> labels;
  for (int i = 0; i < N; ++i) labels.push_back(i * 37 % C);
  labels[3] = labels[2];  // a class with two samples
  auto const ran = run<T, D>(f, labels, w);
  auto const length = [](T const* v) {
    double sum = 0;
    for (int d = 0; d < D; ++d) sum += static_cast<double>(v[d]) * static_cast<double>(v[d]);
    return std::sqrt(sum);
  };
  std::vector<double> df(N * D), dw(static_cast<std::size_t>(C) * D);
  double loss = 0;
  int right = 0;
  for (int i = 0; i < N; ++i) {
    T const* const fi = f.read().sample(i);
    std::vector<double> c(C), z(C);
    double sum = 0;
    for (int j = 0; j < C; ++j) {
      auto const k = static_cast<std::size_t>(j);
      for (int d = 0; d < D; ++d) c[k] += static_cast<double>(fi[d]) * static_cast<double>(w.read().sample(j)[d]);
      c[k] /= length(fi) * length(w.read().sample(j));
      sum += z[k] = std::exp(2 * c[k]);
    }
    auto const own = static_cast<std::size_t>(labels[static_cast<std::size_t>(i)]);
    loss += std::log(sum) - 2 * c[own];
    right += *std::max_element(c.begin(), c.end()) == c[own] ? 1 : 0;
    for (int j = 0; j < C; ++j) {
      auto const k = static_cast<std::size_t>(j);
      double const dc = 2 * (z[k] / sum - (k == own ? 1 : 0)) / N;
      T const* const wj = w.read().sample(j);
      for (int d = 0; d < D; ++d) {
        double const u = static_cast<double>(fi[d]) / length(fi), v = static_cast<double>(wj[d]) / length(wj);
        df[static_cast<std::size_t>(i * D + d)] += dc * (v - c[k] * u) / length(fi);
        dw[static_cast<std::size_t>(j * D + d)] += dc * (u - c[k] * v) / length(wj);
      }
    }
  }
  double const rounding = sizeof(T) == 4 ? 2e-6 : 2e-15;  // sums of 394 terms of at most 1/19, and lengths from 0.3
  CHECK(std::abs(ran.loss - loss / N) < 20 * rounding);   // of numbers up to 8
  CHECK(right < N);
  CHECK(ran.accuracy == doctest::Approx(static_cast<double>(right) / N));
  double worst = 0;
  for (std::size_t k = 0; k < df.size(); ++k) worst = std::max(worst, std::abs(static_cast<double>(ran.df[k]) - df[k]));
  for (std::size_t k = 0; k < dw.size(); ++k) worst = std::max(worst, std::abs(static_cast<double>(ran.dw[k]) - dw[k]));
  CHECK(worst < rounding);
}

TEST_CASE("sums go on from block to block although the largest logit grows") {
  constexpr int C = 2 * HeadPlan::most_groups * class_block;  // two blocks in each group: at right angles to f, then along it
  Tensor<double, Shape<2>> f(1), w(C);
  f[0] = 1;
  for (int j = 0; j < C; ++j) w.write().sample(j)[j / class_block % 2 == 0 ? 1 : 0] = 1;
  CHECK(run<double, 2>(f, {0}, w).loss == doctest::Approx(std::log(C / 2 * (1 + std::exp(2.0)))).epsilon(1e-14));  // as above
}

TEST_CASE("large logits neither overflow nor vanish") {
  Tensor<float, Shape<2>> f(2), w(2);
  w[0] = 1, w[2] = -1;
  f[0] = f[2] = 1;
  auto const ran = run<float, 2>(f, {1, 0}, w, 1, Cosines{200});  // exp(400) and exp(-400) are no floats
  CHECK(ran.loss == 200);                                         // 400 for the wrong one and 0 for the right one
  for (float const d : ran.df.span()) CHECK(d == 0);
}

TEST_CASE("one, two and seven threads give the same bits; weights are added to, a Skip is left alone") {
  constexpr int D = 6, N = 21, C = 5 * class_block;
  auto const f = random<float, D>(N, 3), w = random<float, D>(C, 4);
  std::vector<int> labels(N);
  std::iota(labels.begin(), labels.end(), 0);
  auto const one = run<float, D>(f, labels, w, 1);
  for (int const threads : {2, 7}) {
    auto const many = run<float, D>(f, labels, w, threads);
    CHECK(many.loss == one.loss);
    CHECK(std::memcmp(many.df.span().data(), one.df.span().data(), one.df.size() * sizeof(float)) == 0);
    CHECK(std::memcmp(many.dw.span().data(), one.dw.span().data(), one.dw.size() * sizeof(float)) == 0);
  }
  Context<Host> ctx{1, Arena(HeadMemory<float, D>::bytes({N, C}, true))};
  HeadPass<float, Shape<D>> const pass(ctx, Cosines{}, f.read(), labels, w.read(), true);
  pass.forward(no_state<float>);
  Tensor<float, Shape<D>> dw(C, 1.f);
  pass.backward(no_state<float>, dw.add(), Skip<float, Shape<D>, Host>{});
  for (std::size_t k = 0; k < dw.size(); ++k)
    if (std::abs(dw[k] - (1 + one.dw[k])) > 3e-7f) FAIL_CHECK("number " << k);  // three roundings of numbers near 1
}

TEST_CASE("forward alone gives the same loss in the smaller memory") {
  constexpr int D = 6, N = 3, C = 2 * class_block + 1;
  auto const f = random<double, D>(N, 5), w = random<double, D>(C, 6);
  std::vector<int> const labels{0, C - 1, class_block};
  auto const whole = run<double, D>(f, labels, w);
  Context<Host> ctx{1, Arena(HeadMemory<double, D>::bytes({N, C}, false))};
  HeadPass<double, Shape<D>> const pass(ctx, Cosines{}, f.read(), labels, w.read(), false);
  CHECK(pass.batch().mean() == whole.mean);
  CHECK(pass.forward(no_state<double>).loss == whole.loss);
}

TEST_CASE("a class or an embedding without a direction makes the loss no number, not a wrong one") {
  constexpr int D = 4;
  for (bool const of_class : {true, false}) {
    auto f = random<float, D>(2, 7), w = random<float, D>(3, 8);
    for (int d = 0; d < D; ++d) (of_class ? w.write().sample(2) : f.write().sample(1))[d] = 0;
    Context<Host> ctx{1, Arena(HeadMemory<float, D>::bytes({2, 3}, false))};
    std::vector<int> const labels{0, 1};
    HeadPass<float, Shape<D>> const pass(ctx, Cosines{}, f.read(), labels, w.read(), false);
    CHECK(std::isnan(pass.forward(no_state<float>).loss));
  }
}
