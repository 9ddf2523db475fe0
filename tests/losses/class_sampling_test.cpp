#include <berl/core/tensor.hpp>
#include <berl/losses/adaptive_face.hpp>
#include <berl/losses/class_sampling.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

using namespace berl;

TEST_CASE("a sample holds the classes of the batch and others, each equally likely, as the seed and the step say") {
  constexpr int C = 50;
  std::vector<int> const labels{7, 3, 7, 49};
  Context<Host> ctx;
  ctx.scratch = Arena(losses::sampled_scratch_bytes<float, Shape<4>>(4, C, 0));
  std::vector<int> met(C);
  auto const draw = [&](std::uint64_t step, double rate) {
    std::vector<int> s(static_cast<std::size_t>(losses::sampled_classes(4, C, rate)));
    losses::sample_classes(ctx, Seed{1}, step, labels, C, s);
    return s;
  };
  constexpr int steps = 4000;
  for (int step = 0; step < steps; ++step) {
    auto const s = draw(static_cast<std::uint64_t>(step), 0.2);
    CHECK(s.size() == 10);
    CHECK(std::is_sorted(s.begin(), s.end()));
    CHECK(std::set<int>(s.begin(), s.end()).size() == 10);
    for (int const j : s) ++met[static_cast<std::size_t>(j)];
  }
  for (int j = 0; j < C; ++j) {  // 7 of 47; five standard deviations
    double const p = j == 3 || j == 7 || j == 49 ? 1 : 7.0 / 47;
    CHECK(std::abs(met[static_cast<std::size_t>(j)] - p * steps) <= 5 * std::sqrt(p * (1 - p) * steps));
  }
  CHECK(draw(3, 0.2) == draw(3, 0.2));
  CHECK(draw(3, 0.2) != draw(4, 0.2));
  auto const few = draw(3, 0.02);  // as many as the batch can have, which has one twice
  CHECK(few.size() == 4);
  for (int const own : {3, 7, 49}) CHECK(std::count(few.begin(), few.end(), own) == 1);
  CHECK(draw(3, 1).size() == C);
  CHECK(losses::sampled_classes(100, C, 0.2) == C);
  std::vector<int> const wrong{0, 50};
  std::vector<int> room(4);
  CHECK_THROWS_WITH_AS(losses::sample_classes(ctx, Seed{1}, 0, wrong, C, room), doctest::Contains("label of sample 1: found 50"), Error);
}

TEST_CASE("a sampled step is the step of a head that has these classes alone; the gradients of the others stay 0") {
  using S = Shape<4>;
  using losses::AdaptiveFace, losses::Kept;
  constexpr int B = 3, C = 9;
  AdaptiveFace const head{.scale = 5};
  auto const layout = losses::layout_of(head);
  std::vector<int> const labels{8, 2, 8}, classes{1, 2, 5, 8}, own{3, 1, 3};
  Tensor<double, S> f(B), df(B), expected_df(B), few(4), d_few(4);
  std::vector<double> memory(2 * (C * 4 + 8 + 16), 0), number(4), d_number(4);  // weights and numbers, padded to 8
  losses::HeadParams<double, S, Host> params;
  params.place(layout, C, memory.data(), memory.data() + memory.size() / 2, nullptr);
  for (std::size_t i = 0; i < f.size(); ++i) f[i] = std::sin(static_cast<double>(i));
  for (std::size_t i = 0; i < C * 4; ++i) params.weight.value()[i] = std::cos(static_cast<double>(3 * i));
  for (std::size_t j = 0; j < C; ++j) params.number.value()[j] = 0.3 + 0.01 * static_cast<double>(j);
  params.number.value()[5] = -1;  // is kept in its range, as one that is seen
  params.number.value()[4] = -1;
  for (std::size_t k = 0; k < 4; ++k) {
    std::copy_n(params.weight.read().sample(classes[k]), 4, few.write().sample(static_cast<int>(k)));
    number[k] = params.number.value()[classes[k]];
  }
  Context<Host> ctx;
  ctx.scratch = Arena(losses::sampled_scratch_bytes<double, S>(B, C, 4, layout));
  auto const expected = losses::forward_backward(ctx, head, f.read(), std::span<int const>(own), few.read(), d_few.add(),
                                                 expected_df.write(), Kept<double>({}, number.data(), d_number.data()));
  auto const result = losses::sampled_forward_backward(ctx, head, f.read(), labels, params, classes, df.write());
  CHECK(ctx.scratch.peak() == ctx.scratch.bytes());
  CHECK(result.loss == expected.loss);
  CHECK(std::equal(df.span().begin(), df.span().end(), expected_df.span().begin()));
  for (int j = 0; j < C; ++j) {
    auto const at = std::find(classes.begin(), classes.end(), j);
    for (int d = 0; d < 4; ++d)
      CHECK(params.weight.gradient()[j * 4 + d] ==
            (at == classes.end() ? 0 : d_few.read().sample(static_cast<int>(at - classes.begin()))[d]));
    CHECK(params.number.gradient()[j] == (at == classes.end() ? 0 : d_number[static_cast<std::size_t>(at - classes.begin())]));
  }
  CHECK(params.number.value()[5] == 0);
  CHECK(params.number.value()[4] == -1);
}
