#include "slabs.hpp"

#include <berl/cuda/nn/lay.hpp>

using namespace berl;
using namespace berl::gpu;

TEST_CASE("maps are handed over in their layout, with what the view asks for") {
  using Few = Shape<3, 4, 5>;  // in planes
  auto const y = filled<float, Few>(2, "y");
  Tensor<float, Few, Host, Nhwc> pixels(2);
  copy(y.read(), pixels.write());
  float const bias[] = {1, 2, 3};
  Relaid<Few, Nhwc, float> const plain{pixels.read().data(), nullptr}, biased{pixels.read().data(), bias};
  for (std::size_t i = 0; i < y.size(); ++i) {
    CHECK(plain(i) == y[i]);
    CHECK(biased(i) == y[i] + bias[i / 20 % 3]);
  }
  CHECK(BiasedOf<float>{bias}.at(1)(5.f) == 7.f);
  CHECK(laid_bytes<float, Few, Nhwc>(2) == 128 * sizeof(float));
  CHECK((laid_bytes<float, Shape<16, 4, 5>, Nhwc>(2) == 0 && laid_bytes<float, Shape<3, 1, 1>, Nhwc>(2) == 0));
}

TEST_CASE_TEMPLATE("a team sums dy for the gradient of a bias", S, Shape<32, 4, 5>, Shape<3, 4, 5>, Shape<7>) {
  constexpr int C = channels<S>;
  auto const dy = filled<float, S>(3, "dy");
  Tensor<float, S, Host, Nchw> plain(3);
  copy(dy.read(), plain.write());
  auto const by = [&]<class Team>(Team) {
    using By = Slabs<Team, S, float>;
    auto const dys = By::lying(dy);
    auto db = filled<float, Shape<C>>(1, "db");
    By::template sum<1>(SumOf<float>{}, Skip<float, S, Host>(nullptr, 3), nn::detail::AddToGradient<float>{&db[0]}, dys.read().data());
    return db;
  };
  auto expected = filled<float, Shape<C>>(1, "db");
  for (int k = 0; k < C; ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < plain.size(); ++i)
      if (static_cast<int>(i / plane<S> % C) == k) sum += static_cast<double>(plain[i]);
    expected[static_cast<std::size_t>(k)] += static_cast<float>(sum);
  }
  CHECK(difference(by(Solo{}), expected) < rounding<float>);
  CHECK(difference(by(Crew<5>{}), expected) < rounding<float>);
}

TEST_CASE("results are delivered on the GPU, with bias and base" * needs_gpu()) {
  auto const check = [&]<class S>(S) {
    auto ctx = test_context();
    constexpr int C = channels<S>;
    auto const v = filled<float, S>(3, "v"), base = filled<float, S>(3, "base");
    auto const bias = filled<float, Shape<C>>(1, "bias");
    Tensor<float, S, Host, Nhwc> pixels(3);
    copy(v.read(), pixels.write());
    Tensor<float, S, Cuda, Nhwc> from(3);
    copy(ctx, pixels.read(), from.write());
    auto const there = on_gpu(ctx, bias);
    auto to = on_gpu(ctx, base);
    deliver<Nhwc>(ctx, "test", from.read().data(), there.read().data(), to.add());
    auto const found = on_host(ctx, to);
    Tensor<float, S, Host, Nchw> a(3), b(3), c(3);
    copy(v.read(), a.write());
    copy(base.read(), b.write());
    copy(found.read(), c.write());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(c[i] == doctest::Approx(b[i] + (a[i] + bias[i / plane<S> % C])));
    Tensor<float, Shape<C>, Cuda> sum;
    bias_gradient(ctx, "test", to.read(), sum.write().data());
    auto const sums = on_host(ctx, sum);
    for (int k = 0; k < C; ++k) {
      double expected = 0;
      for (std::size_t i = 0; i < c.size(); ++i)
        if (static_cast<int>(i / plane<S> % C) == k) expected += static_cast<double>(c[i]);
      CHECK(sums[static_cast<std::size_t>(k)] == doctest::Approx(expected).epsilon(1e-5));
    }
  };
  check(Shape<3, 4, 5>{});
  check(Shape<32, 4, 5>{});
  check(Shape<6, 1, 1>{});
}
