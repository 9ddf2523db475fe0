#include <berl/nn/conv2d.hpp>
#include <berl/nn/norm.hpp>
#include <berl/nn/prelu.hpp>
#include <berl/nn/state.hpp>

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <type_traits>

using namespace berl;
using namespace berl::nn;

namespace {
struct Net : Sequential<Conv2d<3, 5, 3, 1, 1, Bias>, BatchNorm<5>, PReLU<5>, Repeat<2, BatchNorm<5, Fixed>>> {};

// By hand. Decayed: 5 * 3 * 9 = 135 weights, 5 biases, 5 slopes. Undecayed: batch norm's 5 weights, 5 biases, and twice 5 biases.
// Fixed: twice 5 weights. Buffers: three times 5 means and 5 variances. In float blocks are padded to 16 elements, in double to 8.
using F = SizesOf<Net>;
static_assert(F::decayed == 144 + 16 + 16 && F::undecayed == 16 + 16 + 2 * 16 && F::fixed == 2 * 16 && F::buffers == 3 * 32);
static_assert(F::block == 176 + 64 + 32);
static_assert(F::parameters == 135 + 5 + 5 + 10 + 2 * 10 && F::trained == F::parameters - 10);
using D = SizesOf<Net, double>;
static_assert(D::decayed == 136 + 8 + 8 && D::undecayed == 8 + 8 + 2 * 8 && D::fixed == 2 * 8 && D::buffers == 3 * 16);
static_assert(D::parameters == F::parameters && D::trained == F::trained);
static_assert(SizesOf<Sequential<ReLU, Repeat<3, ReLU>>>::block == 0);
static_assert(std::is_nothrow_move_constructible_v<Arena>);

struct Placed {
  std::ptrdiff_t at;
  int size;
};
}  // namespace

TEST_CASE("place puts what decays first, then what does not, then what is fixed; all aligned, none overlapping") {
  Weights<Net> net;
  float* const values = net.params.at<0>().weight.value();  // the first that decays begins the block
  float* const gradients = net.params.at<0>().weight.gradient();
  std::set<std::ptrdiff_t> taken;
  net.params.visit(
      [&](Path const& path, auto& array) {
        using P = std::remove_cvref_t<decltype(array)>;
        CAPTURE(path.text);
        CHECK(reinterpret_cast<std::uintptr_t>(array.value()) % 64 == 0);
        if constexpr (Trainable<P>) {
          std::ptrdiff_t const at = array.value() - values;
          CHECK(array.gradient() - gradients == at);
          std::size_t low = 0, high = F::decayed;
          if constexpr (std::is_same_v<typename P::rule, Undecayed>) low = F::decayed, high = F::decayed + F::undecayed;
          if constexpr (std::is_same_v<typename P::rule, Fixed>) low = F::decayed + F::undecayed, high = F::block;
          CHECK(at >= static_cast<std::ptrdiff_t>(low));
          CHECK(at + P::shape::size <= static_cast<std::ptrdiff_t>(high));
          for (int i = 0; i < P::shape::size; ++i) CHECK(taken.insert(at + i).second);
        }
      },
      Path{});
  CHECK(static_cast<std::int64_t>(taken.size()) == F::parameters);
}

TEST_CASE("new weights are 0, but norms and slopes begin as they should; clear_gradients clears all gradients and no more") {
  Weights<Net> net;
  net.params.visit(
      [&](Path const& path, auto& array) {
        using P = std::remove_cvref_t<decltype(array)>;
        CAPTURE(path.text);
        bool const one =
            (path.text.ends_with("weight") && path.text[0] != '0' && path.text[0] != '2') || path.text.ends_with("running_var");
        for (int i = 0; i < P::shape::size; ++i) {
          CHECK(array.value()[i] == (one ? 1 : path.text == "2.weight" ? 0.25f : 0));
          array.value()[i] = 3;
          if constexpr (Trainable<P>) {
            CHECK(array.gradient()[i] == 0);
            array.gradient()[i] = 4;
          }
        }
      },
      Path{});
  net.clear_gradients();
  Weights<Net> const moved = std::move(net);  // the arrays stay where they are
  auto params = moved.params;
  params.visit(
      [&](Nameless, auto& array) {
        using P = std::remove_cvref_t<decltype(array)>;
        for (int i = 0; i < P::shape::size; ++i) {
          CHECK(array.value()[i] == 3);
          if constexpr (Trainable<P>) CHECK(array.gradient()[i] == 0);
        }
      },
      Nameless{});
}
