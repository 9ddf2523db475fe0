#include <berl/nn/layer.hpp>

#include <doctest/doctest.h>

#include <array>
#include <type_traits>

using namespace berl;

static_assert(Trainable<Param<float, Shape<3>, Host>> && !Trainable<Buffer<float, Shape<3>, Host>>);
static_assert(std::is_same_v<Param<float, Shape<3>, Host>::rule, Decayed>);
static_assert(std::is_trivially_copyable_v<Onto<float, Shape<3>, Host>> && std::is_trivially_copyable_v<Pass<float>>);
static_assert(accumulates<Add<float, Shape<3>, Host>> && accumulates<Onto<float, Shape<3>, Host>>);
static_assert(!accumulates<Write<float, Shape<3>, Host>> && !accumulates<Skip<float, Shape<3>, Host>>);
static_assert(onto<Onto<float, Shape<3>, Host>> && !onto<Add<float, Shape<3>, Host>>);

TEST_CASE("a path joins names and numbers with points") {
  CHECK((Path{} / "weight").text == "weight");
  CHECK((Path{} / "layer1" / 12 / "bn1" / "weight").text == "layer1.12.bn1.weight");
  static_assert(std::is_same_v<decltype(Nameless{} / "a" / 3), Nameless>);
}

TEST_CASE("a parameter is where it was placed") {
  float value[3] = {1, 2, 3}, gradient[3] = {};
  Param<float, Shape<3>, Host> p;
  p.place(value, gradient);
  CHECK(p.read().data() == value);
  CHECK(p.write().data() == value);
  CHECK(p.read_gradient().data() == gradient);
  CHECK(p.add_gradient().batch() == 1);
  Buffer<float, Shape<3>, Host> b;
  b.place(value);
  CHECK(b.read().size() == 3);
}

TEST_CASE("a pass hands out aligned blocks, to forward and backward the same") {
  alignas(64) std::array<float, 128> memory{};
  Pass<float> forward(memory.data(), 3, 4), backward(memory.data(), 3, 4);
  CHECK(forward.take(5) == memory.data());
  CHECK(forward.take(17) == memory.data() + 16);  // 16 floats to 64 bytes
  CHECK(forward.position() == 48);
  CHECK(forward.seed() == 3);
  CHECK(forward.step() == 4);
  Pass<float> part = backward.part(32);
  CHECK(part.take(1) == memory.data());
  CHECK(backward.take(1) == memory.data() + 32);
  CHECK(backward.part_at(16).take(1) == memory.data() + 64);
  CHECK(backward.position() == 48);  // part_at leaves it where it was
}

TEST_CASE("a part that keeps numbers goes on where it stands, at the same position") {
  alignas(64) std::array<Bf16, 256> memory{};
  Pass<Bf16> pass(memory.data(), 3, 4);
  pass.take(40);  // two lines
  Pass<float> numbers = pass.numbers();
  CHECK(numbers.position() == 32);
  CHECK(pass.position() == 32);
  CHECK(static_cast<void*>(numbers.take(1)) == memory.data() + 64);
  CHECK(numbers.position() == 48);
  CHECK(numbers.seed() == 3);
  CHECK(numbers.step() == 4);
  pass.take_numbers(1);
  CHECK(pass.position() == 48);
}

TEST_CASE("values are stored as the view says") {
  using S = Shape<2>;
  double y[4] = {1, 2, 3, 4}, base[4] = {10, 20, 30, 40};
  put_at(Write<double, S, Host>(y, 2), 0, 0.5);
  put_at(Add<double, S, Host>(y, 2), 1, 0.5);
  Onto<double, S, Host> const sum(Write<double, S, Host>(y, 2), Read<double, S, Host>(base, 2));
  put_at(sum, 3, 0.5);
  CHECK(y[0] == 0.5);
  CHECK(y[1] == 2.5);
  CHECK(y[2] == 3);
  CHECK(y[3] == 40.5);
  CHECK(base_of(sum, 1) == base + 2);
  CHECK(base_of(Add<double, S, Host>(y, 2), 1) == y + 2);
}
