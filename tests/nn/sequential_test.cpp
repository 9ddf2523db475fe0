#include <berl/nn/dropout.hpp>
#include <berl/nn/resample.hpp>
#include <berl/nn/sequential.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "run_layer.hpp"
#include "small_network.hpp"

using namespace berl;
using namespace berl::nn;
using namespace berl::test::small;
using test::check_layer, test::equal_bits, test::RunLayer, test::same_bits;

TEST_CASE("a Sequential gives what its layers give, one after the other") {
  using A = Conv2d<3, 5, 3, 2>;
  using B = BatchNorm<5>;
  using C = PReLU<5>;
  using H = Shape<5, 4, 3>;
  struct Chain : Sequential<A, B, C> {};
  RunLayer<Chain, float, In> chain(2);
  chain.forward<Training>();
  chain.backward<Training>();
  CHECK(chain.kept_is_enough());

  RunLayer<A, float, In> a(2);
  RunLayer<B, float, H> b(2);
  RunLayer<C, float, H> c(2);
  std::copy_n(chain.weights.params.at<0>().weight.value(), 135, a.weights.params.weight.value());
  std::copy_n(chain.weights.params.at<1>().weight.value(), 5, b.weights.params.weight.value());
  std::copy_n(chain.weights.params.at<1>().bias.value(), 5, b.weights.params.bias.value());
  std::copy_n(chain.weights.params.at<2>().weight.value(), 5, c.weights.params.weight.value());
  a.x = chain.x;
  a.forward<Training>();
  b.x = a.y;
  b.forward<Training>();
  c.x = b.y;
  c.forward<Training>();
  c.dy = chain.dy;
  c.backward<Training>();
  b.dy = c.dx;
  b.backward<Training>();
  a.dy = b.dx;
  a.backward<Training>();
  auto const vector = [](auto const& t) { return std::vector<float>(t.span().begin(), t.span().end()); };
  CHECK(equal_bits(vector(chain.y), vector(c.y)));
  CHECK(equal_bits(vector(chain.dx), vector(a.dx)));
  auto gradients = a.gradients();
  for (auto const& more : {b.gradients(), c.gradients()}) gradients.insert(gradients.end(), more.begin(), more.end());
  CHECK(equal_bits(chain.gradients(), gradients));
}

namespace {
/// What a network of a cheap layer between two others leaves equals, bit by bit, what the three leave one after the other.
template <class Mode, class A, class B, class C, class In>
void computed_again() {
  struct Chain : Sequential<A, B, C> {};
  using H = OutputOf<A, In>;
  using G = OutputOf<B, H>;
  static_assert(!recomputed<Chain, 0> && recomputed<Chain, 1> && !recomputed<Chain, 2>);
  static_assert(kept<Chain, float, In>(3) == nn::detail::elements<float, H>(3) + kept<B, float, H>(3));
  RunLayer<Chain, float, In> chain(3);
  RunLayer<A, float, In> a(3);
  RunLayer<B, float, H> b(3);
  RunLayer<C, float, G> c(3);
  test::copy_values<float>(chain.weights.params.template at<0>(), a.weights.params);
  test::copy_values<float>(chain.weights.params.template at<1>(), b.weights.params);
  test::copy_values<float>(chain.weights.params.template at<2>(), c.weights.params);
  a.x = chain.x;
  c.dy = chain.dy;
  chain.template forward<Mode>();
  chain.template backward<Mode>();
  CHECK(chain.kept_is_enough());
  a.template forward<Mode>();
  b.x = a.y;
  b.template forward<Mode>();
  c.x = b.y;
  c.template forward<Mode>();
  c.template backward<Mode>();
  b.dy = c.dx;
  b.template backward<Mode>();
  a.dy = b.dx;
  a.template backward<Mode>();
  std::vector<float> expected(c.y.span().begin(), c.y.span().end());
  expected.insert(expected.end(), a.dx.span().begin(), a.dx.span().end());
  for (auto const& part : {a.gradients(), b.gradients(), c.gradients(), a.buffers(), b.buffers(), c.buffers()})
    expected.insert(expected.end(), part.begin(), part.end());
  CHECK(test::all_finite(expected));
  CHECK(equal_bits(chain.results(), expected));
}
}  // namespace

TEST_CASE("what is computed again in backward has the bits that it had in forward") {
  using First = Conv2d<3, 16, 3>;
  computed_again<Training, First, BatchNorm<16>, Conv2d<16, 32, 3>, In>();
  computed_again<Training, First, GroupNorm<4, 16>, Conv2d<16, 5, 3, 2>, In>();
  computed_again<Training, First, PReLU<16>, Conv2d<16, 16, 1, 2, 0>, In>();
  computed_again<Training, First, ReLU, ConvTranspose2d<16, 3, 4, 2, 1, Bias>, In>();
  computed_again<Training, First, Upsample, Conv2d<16, 16, 5>, In>();
  computed_again<Inference, First, BatchNorm<16>, Conv2d<16, 32, 3>, In>();
  computed_again<Training, Conv2d<3, 16, 4, 2, 1>, BatchNorm<16>, Conv2d<16, 8, 3, 1, 0>,
                 Shape<3, 6, 6>>();  // a kernel as large as the picture
}

namespace {
/// dx = dy weight, in place of either x or dy: it would lose its dy where x came back into the place of dx.
struct Scale : Layer {
  static constexpr bool in_place = true, dx_over_x = true;
  template <class In>
  using output = In;
  template <class T, class D>
  struct Params {
    Param<T, Shape<1>, D> weight;
    constexpr void visit(auto&& f, auto const& path) { f(path / "weight", weight); }
  };
  template <class Mode, class T, class In, class Y, class P>
  static void forward(Context<Host>&, Params<T, Host>& p, Read<T, In, Host> x, Y y, P) {
    for (std::size_t i = 0; i < x.size(); ++i) put_at(y, static_cast<std::ptrdiff_t>(i), *p.weight.value() * x.data()[i]);
  }
  template <class Mode, class T, class In, class DX>
  static void backward(Context<Host>&, Params<T, Host>& p, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx, Pass<T>) {
    T sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += x.data()[i] * dy.data()[i];
    *p.weight.gradient() += sum;
    if constexpr (!skips<DX>)
      for (std::size_t i = 0; i < x.size(); ++i) put_at(dx, static_cast<std::ptrdiff_t>(i), *p.weight.value() * dy.data()[i]);
  }
};
}  // namespace

TEST_CASE("of neighbours that could be computed again only one is, and only in front of a layer that lets go of its input") {
  struct Two : Sequential<BatchNorm<3>, Upsample, Conv2d<3, 3, 3>, ReLU, Tanh> {};
  static_assert(!recomputed<Two, 0> && recomputed<Two, 1> && !recomputed<Two, 2> && !recomputed<Two, 3>);
  struct Three : Sequential<BatchNorm<3>, PReLU<3>, Conv2d<3, 3, 3>, Block> {};
  static_assert(recomputed<Three, 0> && !recomputed<Three, 1> && !recomputed<Three, 2>);
  struct Four : Sequential<ReLU, Conv2d<3, 3, 3>, Named<"inner", Sequential<BatchNorm<3>, Conv2d<3, 3, 3>>>> {};
  static_assert(recomputed<Four, 0> && !recomputed<Four, 1>);
  struct Five : Sequential<Conv2d<3, 3, 3>, ReLU, Scale, Conv2d<3, 3, 3>> {};
  static_assert(!recomputed<Five, 1>);
  check_layer<Five, Training, In>(2, 1e-6);
  check_layer<Two, Training, Shape<3, 3, 4>>(2, 1e-6);
  check_layer<Three, Training, In>(2, 1e-6);
  check_layer<Four, Training, In>(2, 1e-6);
}

namespace {
/// A convolution that counts how often somebody wants to read what it writes.
struct Telling : Conv2d<16, 16, 3> {
  static inline int forward_read = 0, backward_read = 0;
  template <class Mode, class T, class In, class Y, class P>
  static void forward(Context<Host>& ctx, Params<T, Host> const& p, Read<T, In, Host> x, Y y, P pass) {
    if (reader_of(y)) ++forward_read;
    Conv2d<16, 16, 3>::forward<Mode>(ctx, p, x, y, pass);
  }
  template <class Mode, class T, class In, class DX>
  static void backward(Context<Host>& ctx, Params<T, Host>& p, Read<T, In, Host> x, Read<T, In, Host> dy, DX dx, Pass<T> pass) {
    if (reader_of(dx)) ++backward_read;
    Conv2d<16, 16, 3>::backward<Mode>(ctx, p, x, dy, dx, pass);
  }
};
}  // namespace

TEST_CASE("a batch norm beside a convolution sums while that writes, and leaves the bits of one that stands alone") {
  using Maps = Shape<16, 9, 7>;
  struct Chain : Sequential<BatchNorm<16>, Telling, BatchNorm<16>, PReLU<16>, Telling, BatchNorm<16>> {};
  struct Alone : Sequential<Sequential<BatchNorm<16>>, Sequential<Telling>, Sequential<BatchNorm<16>, PReLU<16>>, Sequential<Telling>,
                            Sequential<BatchNorm<16>>> {};
  auto const counted = [](auto mode, int forwards, int backwards, int batch) {
    using Mode = decltype(mode);
    RunLayer<Chain, float, Maps> chain(batch);
    RunLayer<Alone, float, Maps> alone(batch);
    Telling::forward_read = Telling::backward_read = 0;
    chain.forward<Mode>();
    chain.backward<Mode>();
    CHECK(Telling::forward_read == forwards);
    CHECK(Telling::backward_read == backwards);
    alone.forward<Mode>();
    alone.backward<Mode>();
    CHECK(Telling::forward_read == forwards);  // no more
    CHECK(Telling::backward_read == backwards);
    CHECK(test::all_finite(chain.results()));
    CHECK(equal_bits(chain.results(), alone.results()));
    CHECK(chain.kept_is_enough());
  };
  for (int const batch : {1, 3}) counted(Training{}, 2, 2, batch);
  counted(Inference{}, 0, 2, 3);  // whose statistics are given
  CHECK(same_bits<Chain, Training, Maps>(3));
  check_layer<Chain, Training, Maps>(2, 1e-6);
  RunLayer<Chain, float, Maps> kept(3), forgotten(3);
  kept.forward<Training>();
  forgotten.forward_forget<Training>();
  CHECK(equal_bits(kept.buffers(), forgotten.buffers()));
  for (std::size_t i = 0; i < kept.y.size(); ++i) CHECK(kept.y[i] == forgotten.y[i]);
}

TEST_CASE("so do norms beside a transposed convolution, and in a residual body") {
  struct Up : Sequential<BatchNorm<32>, ConvTranspose2d<32, 16, 4, 2, 1>, BatchNorm<16>, PReLU<16>> {};
  check_layer<Up, Training, Shape<32, 3, 5>>(2, 1e-6);
  CHECK(same_bits<Up, Training, Shape<32, 9, 7>>(3));
  struct Around : Residual<Sequential<BatchNorm<16>, Conv2d<16, 16, 3>, BatchNorm<16>>> {};
  check_layer<Around, Training, Shape<16, 5, 4>>(2, 1e-6);
  CHECK(same_bits<Around, Training, Shape<16, 9, 7>>(3));
}

TEST_CASE("a Repeat gives what its layers give in a Sequential") {
  struct Loop : Repeat<3, Block> {};
  struct Flat : Sequential<Block, Block, Block> {};
  RunLayer<Loop, float, In> loop(3);
  RunLayer<Flat, float, In> flat(3);  // drawn in the same order from the same seed
  static_assert(kept<Loop, float, In>(3) == kept<Flat, float, In>(3));
  for (auto const step : {0, 1}) {
    CAPTURE(step);
    loop.forward<Training>();
    flat.forward<Training>();
    loop.backward<Training>();
    flat.backward<Training>();
    CHECK(equal_bits(loop.results(), flat.results()));
  }
  CHECK(loop.kept_is_enough());
}

TEST_CASE("a Residual adds its body to its shortcut, and both gradients") {
  RunLayer<Block, double, In> block(2);
  RunLayer<Body, double, In> body(2);
  block.forward<Training>();
  block.backward<Training>();
  body.forward<Training>();
  body.backward<Training>();
  for (std::size_t i = 0; i < block.y.size(); ++i) {  // one rounding of values below 10
    CHECK(block.y[i] == doctest::Approx(block.x[i] + body.y[i]).epsilon(1e-14));
    CHECK(std::abs(block.dx[i] - (block.dy[i] + body.dx[i])) < 1e-13);
  }
}

TEST_CASE("without a pass a network gives the same bits, from scratch alone") {
  RunLayer<Net, float, In> kept(3), forgotten(3);
  kept.forward<Inference>();
  forgotten.forward_forget<Inference>();
  CHECK(test::all_finite(std::vector<float>(kept.y.span().begin(), kept.y.span().end())));
  for (std::size_t i = 0; i < kept.y.size(); ++i) CHECK(kept.y[i] == forgotten.y[i]);
  CHECK(kept.kept_is_enough());
}

TEST_CASE("a network leaves the same bits for any number of threads") { CHECK(same_bits<Net, Training, In>(5)); }

TEST_CASE("the gradients of compositions are their differences") {
  check_layer<Net, Training, In>(3, 1e-6);  // five layers deep third derivatives are larger
  check_layer<Net, Inference, In>(1, 1e-6);
  check_layer<Down, Training, In>(2);
  check_layer<Repeat<3, Sequential<Conv2d<3, 3, 3>, Tanh>>, Training, In>(2);
}

TEST_CASE("each layer may end a residual body, and begin one") {
  // y = base + value and dx = base + pulled: what forgets its base fails here
  check_layer<Residual<Conv2d<3, 3, 3, 1, 1, Bias>>, Training, In>(2);
  check_layer<Residual<Sequential<Conv2d<3, 5, 3, 2>, ConvTranspose2d<5, 3, 2, 2, 0, Bias>>>, Training, Shape<3, 6, 4>>(2);
  check_layer<Residual<ConvTranspose2d<3, 3, 3, 1, 1>>, Training, In>(2);
  check_layer<Residual<BatchNorm<3>>, Training, In>(3);
  check_layer<Residual<GroupNorm<3, 3>>, Training, In>(2);
  check_layer<Residual<PReLU<3>>, Training, In>(2);
  check_layer<Residual<Tanh>, Training, In>(2);
  check_layer<Residual<Dropout<40>>, Training, In>(2);
  check_layer<Residual<Dropout<40>>, Inference, In>(2);
  check_layer<Residual<Flatten, Flatten>, Training, Shape<2, 2, 3>>(2);
  check_layer<Residual<Average, Average>, Training, In>(2);
  check_layer<Residual<Upsample, ConvTranspose2d<3, 3, 2, 2, 0>>, Training, In>(2);
}
