#include <berl/core/tensor.hpp>
#include <berl/networks/attribute_head.hpp>
#include <berl/networks/initialise.hpp>
#include <berl/nn/sequential.hpp>
#include <berl/nn/sizes.hpp>
#include <berl/nn/state.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace berl;
using networks::AttributeHead, networks::PooledAttributeHead;
using Tap = Shape<256, 14, 14>;

static_assert(std::is_same_v<nn::OutputOf<AttributeHead<>, Tap>, Shape<40>> &&
              std::is_same_v<nn::OutputOf<PooledAttributeHead<>, Tap>, Shape<40>>);
static_assert(nn::SizesOf<AttributeHead<>>::parameters == 25'690'624 + 20'520);
static_assert(nn::SizesOf<PooledAttributeHead<>>::parameters == 152'104);
static_assert(nn::macs<AttributeHead<>, Tap>() == 50'176 * 512 + 512 * 40);

TEST_CASE("attribute heads: two linear layers with a rectifier between, on all of the tap or on its means") {
  using Small = Shape<2, 2, 2>;
  nn::Weights<AttributeHead<8, 3, 2>> flat;
  nn::Weights<PooledAttributeHead<2, 3, 2>> pooled;
  networks::initialise_head<float>(flat.params, Seed{1});
  networks::initialise_head<float>(pooled.params, Seed{1});
  Tensor<float, Small> x(1);
  for (std::size_t i = 0; i < 8; ++i) x[i] = static_cast<float>(i) - 3;
  float const means[2] = {-1.5f, 2.5f};
  Context<Host> ctx{1, Arena(1 << 20)};
  auto const check = [&]<class Head>(auto& params, float const* in, int inputs) {
    std::vector<float> w1, w2;
    params.visit(
        [&](Path const& path, auto& array) {
          if (path.text.ends_with("weight"))
            (path.text == "fc1.weight" ? w1 : w2).assign(array.value(), array.value() + array.read().size());
        },
        Path{});
    Tensor<float, Shape<2>> y(1);
    nn::forward<Head, Inference>(ctx, params, x.read(), y.write(), Forget{});
    for (std::size_t k = 0; k < 2; ++k) {
      float expected = 0;
      for (std::size_t h = 0; h < 3; ++h) {
        float hidden = 0;
        for (int i = 0; i < inputs; ++i) hidden += w1[h * static_cast<std::size_t>(inputs) + static_cast<std::size_t>(i)] * in[i];
        expected += w2[3 * k + h] * std::max(hidden, 0.f);
      }
      CHECK(y[k] == doctest::Approx(expected).epsilon(1e-5));  // some roundings in float
    }
  };
  check.template operator()<AttributeHead<8, 3, 2>>(flat.params, &x[0], 8);
  check.template operator()<PooledAttributeHead<2, 3, 2>>(pooled.params, means, 2);
}
