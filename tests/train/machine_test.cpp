#include <berl/core/tensor.hpp>
#include <berl/train/machine.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace berl;

namespace {
using OnHost = Kernel<train::Machine, Host>;
using Two = Shape<2, 2, 3>;
using One = Shape<1, 2, 3>;

template <class S>
Tensor<double, S> counted(int batch) {
  Tensor<double, S> x(batch);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  return x;
}
}  // namespace

TEST_CASE("a mirrored map has its columns the other way round, written or added") {
  Context<Host> ctx;
  auto const x = counted<Two>(2);
  Tensor<double, Two> y(2, 7.0), sum(2, 1.0);
  OnHost::mirror(ctx, x.read(), y.write());
  OnHost::mirror(ctx, x.read(), sum.add());
  for (std::size_t row = 0; row < 8; ++row)
    for (std::size_t u = 0; u < 3; ++u) {
      CHECK(y[row * 3 + u] == x[row * 3 + 2 - u]);
      CHECK(sum[row * 3 + u] == 1 + x[row * 3 + 2 - u]);
    }
}

TEST_CASE("one channel of each sample is taken out, and put back where it was") {
  Context<Host> ctx;
  auto x = counted<Two>(2);
  Tensor<double, One> c(2);
  OnHost::take_channel(ctx, x.read(), 1, c.write());
  CHECK(std::vector<double>(c.span().begin(), c.span().end()) == std::vector<double>{6, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23});
  for (double& v : c.span()) v = -v;
  OnHost::put_channel(ctx, c.read(), 0, x.write());
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(x[n * 12 + i] == c[n * 6 + i]);
      CHECK(x[n * 12 + 6 + i] == -c[n * 6 + i]);
    }
}

TEST_CASE("maps are copied, added and multiplied; arrays are zeroed and scaled, by 1 not at all") {
  Context<Host> ctx{2, {}};
  auto const x = counted<One>(1);
  Tensor<double, One> y(1);
  OnHost::copy(ctx, x.read(), y.write());
  OnHost::add(ctx, x.read(), y.write());
  OnHost::multiply(ctx, x.read(), y.write());
  for (std::size_t i = 0; i < 6; ++i) CHECK(y[i] == 2 * x[i] * x[i]);
  std::vector<double> many(10'000, 3);
  OnHost::scale(ctx, many.data(), many.size() - 1, 0.5);
  CHECK((many.front() == 1.5 && many[many.size() - 2] == 1.5 && many.back() == 3));
  double const nan = std::numeric_limits<double>::quiet_NaN();
  many[0] = nan;
  OnHost::scale(ctx, many.data(), many.size(), 1);
  CHECK(many[1] == 1.5);
  OnHost::zero(ctx, many.data(), many.size() - 1);
  CHECK((many.front() == 0 && many[many.size() - 2] == 0 && many.back() == 3));
}

TEST_CASE("a number is spoilt by what is not finite, and stays so") {
  Context<Host> ctx;
  auto x = counted<One>(1);
  double number = 0;
  OnHost::spoil(ctx, x.read(), &number);
  CHECK(number == 0);
  x[5] = -std::numeric_limits<double>::infinity();
  CHECK_FALSE(OnHost::finite(ctx, &x[0], x.size()));
  OnHost::spoil(ctx, x.read(), &number);
  CHECK(std::isnan(number));
  OnHost::spoil(ctx, counted<One>(1).read(), &number);
  CHECK(std::isnan(number));
}

TEST_CASE("a batch on the host is read where it is, and work is done each time") {
  Context<Host> ctx;
  Arena none;
  OnHost::Inbox<double, Two> inbox(none, 2);
  auto const x = counted<Two>(2);
  std::vector<int> const labels{1, 0};
  inbox.prepare(x.read(), labels, 2);
  static_cast<void>(inbox.take(ctx, 0));
  CHECK((inbox.pictures().data() == x.read().data() && inbox.pictures().batch() == 2));
  CHECK(inbox.labels().data() == labels.data());
  OnHost::Repeated repeated;
  int calls = 0;
  for (int k = 0; k < 3; ++k) repeated.run(ctx, true, [&] { ++calls; });
  CHECK(calls == 3);
}

TEST_CASE("numbers of a step lie in a row, and are read one by one") {
  Context<Host> ctx;
  double all[train::Numbers<double>::count] = {1, 2, 3, 4, 5, 6};
  auto const n = OnHost::numbers(ctx, train::numbers_at(all));
  CHECK((n.fr == 1 && n.accuracy == 2 && n.recon == 3 && n.mirrored == 4 && n.roughness == 5 && n.unusable == 6));
}
