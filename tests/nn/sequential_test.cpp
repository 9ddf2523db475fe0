#include <berl/nn/conv2d.hpp>
#include <berl/nn/dropout.hpp>
#include <berl/nn/linear.hpp>  // Flatten
#include <berl/nn/norm.hpp>
#include <berl/nn/prelu.hpp>
#include <berl/nn/resample.hpp>
#include <berl/nn/sequential.hpp>

#include <doctest/doctest.h>

#include "checked_layer.hpp"
#include "run_layer.hpp"

using namespace berl;
using namespace berl::nn;
using test::check_layer, test::equal_bits, test::RunLayer, test::same_bits;

namespace {
using In = Shape<3, 7, 6>;
struct Body : Sequential<Named<"bn1", BatchNorm<3>>, Named<"conv1", Conv2d<3, 3, 3>>, Named<"prelu", PReLU<3>>> {};
struct Block : Residual<Body> {};
struct Down : Residual<Sequential<Conv2d<3, 5, 3, 2>, BatchNorm<5>>, Named<"downsample", Sequential<Conv2d<3, 5, 1, 2>, BatchNorm<5>>>> {};
struct Net : Sequential<Conv2d<3, 3, 3, 1, 1, Bias>, Named<"layer1", Sequential<Block, Repeat<2, Block>>>, Down, Flatten, PReLU<60>> {};

static_assert(std::is_same_v<OutputOf<Net, In>, Shape<60>>);
static_assert(std::is_same_v<HiddenOf<Net, In, 3>, Shape<5, 4, 3>>);

// By hand, for a batch of 2 in float, where blocks are padded to 16 elements.
constexpr std::size_t map = 256, half = 128;          // 2 * 126 = 252 and 2 * 60 = 120, padded
constexpr std::size_t of_block = 2 * 16 + map + map;  // mean and deviation, then what lies after bn1 and conv1
constexpr std::size_t of_down = 2 * (half + 2 * 16);  // body and shortcut: what lies after the convolution, mean and deviation
static_assert(kept<Block, float, In>(2) == of_block);
static_assert(kept<Repeat<2, Block>, float, In>(2) == 2 * of_block + map);
static_assert(kept<Down, float, In>(2) == of_down);
static_assert(kept<Net, float, In>(2) == map + (3 * of_block + 2 * map) + map + of_down + half + half);
static_assert(scratch<Sequential<ReLU, ReLU, ReLU>, float, In>(2, 1) == 2 * 4 * map);  // two blocks to go back and forth
static_assert(scratch<Sequential<ReLU>, float, In>(2, 1) == 0 && kept<Sequential<ReLU>, float, In>(2) == 0);  // nothing lies between
static_assert(scratch<Repeat<3, ReLU>, float, In>(2, 1) == 2 * 4 * map);
static_assert(macs<Block, In>() == 42 * 3 * 3 * 9);
static_assert(macs<Net, In>() == 4 * (42 * 3 * 3 * 9) + 12 * 5 * 3 * (9 + 1));
}  // namespace

TEST_CASE("arrays are visited in order, under their names") {
  Weights<Net> net;
  std::string names;
  net.params.visit([&](Path const& path, auto&) { names += path.text + "\n"; }, Path{});
  std::string const norm[] = {"weight", "bias", "running_mean", "running_var"};
  std::string expected = "0.weight\n0.bias\n";
  for (std::string const block : {"layer1.0.", "layer1.1.", "layer1.2."}) {  // a Repeat counts as N
    for (auto const& n : norm) expected += block + "bn1." + n + "\n";
    expected += block + "conv1.weight\n" + block + "prelu.weight\n";
  }
  for (std::string const part : {"1.", "1.downsample."}) {  // what has a name takes no number
    expected += part + "0.weight\n";
    for (auto const& n : norm) expected += part + "1." + n + "\n";
  }
  expected += "3.weight\n";  // Flatten is 2
  CHECK(names == expected);
}

TEST_CASE("a Repeat that has a name visits its layers by number") {
  Weights<Named<"stage", Repeat<2, PReLU<3>>>> net;
  std::string names;
  net.params.visit([&](Path const& path, auto&) { names += path.text + " "; }, Path{});
  CHECK(names == "stage.0.weight stage.1.weight ");
}

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
