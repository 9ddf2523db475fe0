#include <berl/core/tensor.hpp>
#include <berl/losses/adaptive_face.hpp>
#include <berl/losses/any_head.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace berl;
using S = Shape<4>;
using losses::AdaptiveFace, losses::AnyHead, losses::Kept;

TEST_CASE("any head gives the bits of the head in it") {
  constexpr int B = 3, C = 5;
  AdaptiveFace const head{.scale = 7};
  AnyHead<S> const any(head);
  CHECK(any.layout().name == std::string("adaptiveface"));
  auto const run = [&](auto const& h) {
    Context<Host> ctx;
    ctx.scratch = Arena(losses::scratch_bytes<float, S>(B, C, losses::layout_of(h), true));
    Tensor<float, S> f(B), w(C), df(B), dw(C);
    for (std::size_t i = 0; i < f.size(); ++i) f[i] = std::sin(static_cast<float>(i));
    std::vector<float> numbers(C), d_numbers(C);
    Kept<float> const kept({}, numbers.data(), d_numbers.data());
    std::vector<int> const labels{0, 3, 2};
    losses::initialize(ctx, h, w.write(), kept, Seed{5});
    auto const step = losses::forward_backward(ctx, h, f.read(), std::span<int const>(labels), w.read(), dw.add(), df.write(), kept, 0.4);
    auto const again = losses::forward(ctx, h, f.read(), std::span<int const>(labels), w.read(), Kept<float const>(kept), 0.4);
    std::vector<double> all{step.loss, step.accuracy, again.loss, again.accuracy};
    for (auto const part : {w.span(), df.span(), dw.span(), std::span(numbers), std::span(d_numbers)})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  auto const expected = run(head);
  CHECK(expected[0] > 0);
  CHECK(run(any) == expected);
  auto const copy = any;
  CHECK(run(copy) == expected);
}

TEST_CASE("an empty one is a mistake of the program") { CHECK_THROWS_AS((AnyHead<S>().layout()), std::logic_error); }
