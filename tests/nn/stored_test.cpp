#include <berl/nn/stored.hpp>

#include <doctest/doctest.h>

using namespace berl;
using nn::narrow, nn::operands, nn::stored_bytes;

static_assert(narrow<Bf16> && !narrow<float> && !narrow<double>);
static_assert(operands<Bf16>(48) == 64 && operands<float>(48) == 0, "three lines of floats are one and a half of two bytes");
static_assert(stored_bytes<float, Shape<7>>(3) == 0 && stored_bytes<Bf16, Shape<7>>(3) == 64, "21 of two bytes, to a whole cache line");

/// As of a device that has narrow maps.
template <>
struct berl::Kernel<nn::Conversion, Host> {
  template <class From, class To, class S>
  static void run(Context<Host>&, Read<From, S, Host> from, Write<To, S, Host> to) {
    for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] = To(from.data()[i]);
  }
};

namespace {
/// y = 3 x, dx = 3 dy
struct Thrice : nn::Layer {
  template <class In>
  using output = In;
  template <class Mode, class T, class In, class D, class Params, class Y, class P>
  static void forward(Context<D>&, Params const&, Read<T, In, D> x, Y y, P) {
    for (std::size_t i = 0; i < x.size(); ++i) y.data()[i] = T(3 * x.data()[i]);
  }
  template <class Mode, class T, class In, class D, class Params, class DX>
  static void backward(Context<D>&, Params const&, Read<T, In, D>, Read<T, In, D> dy, DX dx, Pass<T>) {
    for (std::size_t i = 0; i < dy.size(); ++i) dx.data()[i] = T(3 * dy.data()[i]);
  }
};
using S = Shape<4>;
float const numbers[] = {1, 1 + 0x1p-7f, 1 + 0x1p-9f, -1.7f};  // two that Bf16 holds, two that it does not
}  // namespace

TEST_CASE("numbers that are stored as they are go through a network as they are") {
  Context<Host> ctx;  // without any scratch
  nn::ParamsOf<Thrice, float, Host> none;
  Read<float, S, Host> const x(numbers, 1);
  CHECK(nn::stored(ctx, x, Write<float, S, Host>()).data() == numbers);
  float y[4], dx[4];
  nn::forward_to_numbers<Thrice, Training>(ctx, none, x, Write<float, S, Host>(y, 1), Forget{});
  nn::backward_from_numbers<Thrice, Training>(ctx, none, x, x, Write<float, S, Host>(dx, 1), Pass<float>(nullptr, 0, 0));
  for (int i = 0; i < 4; ++i) CHECK((y[i] == 3 * numbers[i] && dx[i] == 3 * numbers[i]));
}

TEST_CASE("others are rounded on the way in and behind the network") {
  Context<Host> ctx{1, Arena(stored_bytes<Bf16, S>(1))};
  nn::ParamsOf<Thrice, Bf16, Host> none;
  Bf16 room[4], dx[4];
  auto const x = nn::stored(ctx, Read<float, S, Host>(numbers, 1), Write<Bf16, S, Host>(room, 1));
  CHECK(x.data() == room);
  float y[4];
  nn::forward_to_numbers<Thrice, Training>(ctx, none, x, Write<float, S, Host>(y, 1), Forget{});
  nn::backward_from_numbers<Thrice, Training>(ctx, none, x, Read<float, S, Host>(numbers, 1), Write<Bf16, S, Host>(dx, 1),
                                              Pass<Bf16>(nullptr, 0, 0));
  for (int i = 0; i < 4; ++i) {
    float const expected = Bf16(3 * Bf16(numbers[i]));
    CHECK(float{x.data()[i]} == float{Bf16(numbers[i])});
    CHECK(y[i] == expected);
    CHECK(float{dx[i]} == expected);
  }
  CHECK(y[0] == 3);
  CHECK(y[2] == 3);  // what is not held is lost before it is multiplied
}
