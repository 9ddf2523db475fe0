#include "run_layer.hpp"

#include <berl/networks/iia.hpp>
#include <berl/networks/ira.hpp>
#include <berl/networks/iresnet.hpp>
#include <berl/networks/unsup3d.hpp>
#include <berl/nn/kept.hpp>
#include <berl/nn/stored.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace berl;
using nn::narrow, nn::operands, nn::stored_bytes, nn::ToNumbers;

static_assert(narrow<Bf16> && !narrow<float> && !narrow<double>);
static_assert(operands<Bf16>(48) == 64 && operands<float>(48) == 0, "three lines of floats are one and a half of two bytes");
static_assert(stored_bytes<float, Shape<7>>(3) == 0 && stored_bytes<Bf16, Shape<7>>(3) == 64, "21 of two bytes, to a whole cache line");

/// As of a device that has narrow maps.
template <>
struct berl::Kernel<nn::Conversion, Host> {
  template <class From, class S, class To>
  static void run(Context<Host>&, Read<From, S, Host> from, To to) {
    using E = typename To::element;
    for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] = E(adds<To> ? to.data()[i] + from.data()[i] : number_of<E>(from.data()[i]));
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
    if constexpr (!skips<DX>)
      for (std::size_t i = 0; i < dy.size(); ++i) dx.data()[i] = T(3 * dy.data()[i]);
  }
};
using S = Shape<4>;
using nn::BatchNorm, nn::Conv2d, nn::InNumbers, nn::layer_of, nn::Linear, nn::List, nn::Named, nn::Repeat, nn::Residual, nn::Sequential,
    nn::Tanh;
float const numbers[] = {1, 1 + 0x1p-7f, 1 + 0x1p-9f, -1.7f};  // two that Bf16 holds, two that it does not

struct Top : Sequential<Thrice, Named<"fc", Linear<4, 3>>, Named<"features", BatchNorm<3, Fixed>>> {};
struct End : Sequential<Named<"fc", Linear<4, 3>>, Named<"features", BatchNorm<3, Fixed>>> {};
using OneToOne = Conv2d<1, 1, 1, 1, 0>;
struct Inner : Sequential<OneToOne, Tanh> {};

template <class L>
using Layers = typename ToNumbers<L, Bf16>::layers;
template <class A, class B>
inline constexpr bool same = std::is_same_v<A, B>;
template <class L>
using Last = nn::Unnamed<layer_of<L, L::layers::size - 1>>;
}  // namespace

static_assert(same<ToNumbers<Top, float>, Top>);
static_assert(same<Layers<Top>, List<Thrice, InNumbers<Named<"fc", Linear<4, 3>>, Named<"features", BatchNorm<3, Fixed>>>>>);
static_assert(same<Layers<OneToOne>, List<InNumbers<OneToOne>>> && same<Layers<Sequential<Thrice>>, List<InNumbers<Thrice>>>);
static_assert(same<Layers<Sequential<Inner, Tanh>>, List<Inner, InNumbers<Tanh>>>, "behind a network that others follow");
static_assert(same<Layers<Sequential<OneToOne, Inner>>, List<OneToOne, nn::ToNumbers<Inner, Bf16>>>);
static_assert(same<Layers<Inner>, List<InNumbers<OneToOne, Tanh>>>);
static_assert(same<Layers<Sequential<OneToOne, Repeat<2, Inner>>>, List<OneToOne, InNumbers<Repeat<2, Inner>>>>);
static_assert(same<Layers<Residual<Inner>>, List<InNumbers<Residual<Inner>>>>);
// the networks of a model
static_assert(same<Last<Last<ToNumbers<networks::DepthNet<16, 4>, Bf16>>>, InNumbers<Conv2d<4, 1, 5>>>);
static_assert(same<Last<Last<ToNumbers<networks::AlbedoNet<16, 4>, Bf16>>>, InNumbers<Conv2d<4, 3, 5>, Tanh>>);
static_assert(same<Last<Last<ToNumbers<networks::LightNet<4>, Bf16>>>, InNumbers<Conv2d<32, 4, 1, 1, 0>, Tanh>>);
static_assert(same<Last<Last<ToNumbers<networks::PixelConfidenceNet<8>, Bf16>>>, InNumbers<Conv2d<8, 2, 5>, nn::Softplus>>);
static_assert(Last<ToNumbers<networks::IResNet18::Top, Bf16>>::numbers::layers::size == 2, "fc and features");

TEST_CASE("numbers that are stored as they are go through a network as they are") {
  Context<Host> ctx;  // without any scratch
  nn::ParamsOf<Thrice, float, Host> none;
  Read<float, S, Host> const x(numbers, 1);
  CHECK(nn::stored(ctx, x, Write<float, S, Host>()).data() == numbers);
  float y[4], dx[4];
  using L = ToNumbers<Thrice, float>;
  nn::forward<L, Training>(ctx, none, x, Write<float, S, Host>(y, 1), Forget{});
  nn::backward<L, Training>(ctx, none, x, x, Write<float, S, Host>(dx, 1), Pass<float>(nullptr, 0, 0));
  for (int i = 0; i < 4; ++i) CHECK((y[i] == 3 * numbers[i] && dx[i] == 3 * numbers[i]));
}

TEST_CASE("others are rounded on the way in, and gradients on the way back; what comes out is not") {
  using L = ToNumbers<Thrice, Bf16>;
  Context<Host> ctx{1, Arena(nn::scratch<L, Bf16, S>(1, 1))};
  nn::ParamsOf<L, Bf16, Host> none;
  Bf16 room[4], dx[4], added[4];
  auto const x = nn::stored(ctx, Read<float, S, Host>(numbers, 1), Write<Bf16, S, Host>(room, 1));
  CHECK(x.data() == room);
  float y[4];
  Pass<Bf16> const nothing(nullptr, 0, 0);
  nn::forward<L, Training>(ctx, none, x, Write<float, S, Host>(y, 1), Forget{});
  Read<float, S, Host> const dy(numbers, 1);
  nn::backward<L, Training>(ctx, none, x, dy, Write<Bf16, S, Host>(dx, 1), nothing);
  for (Bf16& v : added) v = Bf16(0.5f);
  nn::backward<L, Training>(ctx, none, x, dy, Add<Bf16, S, Host>(added, 1), nothing);
  nn::backward<L, Training>(ctx, none, x, dy, Skip<Bf16, S, Host>(nullptr, 1), nothing);
  for (int i = 0; i < 4; ++i) {
    CHECK(float{x.data()[i]} == float{Bf16(numbers[i])});
    CHECK(y[i] == 3 * float{Bf16(numbers[i])});
    CHECK(float{dx[i]} == float{Bf16(3 * numbers[i])});
    CHECK(float{added[i]} == float{Bf16(0.5f + 3 * numbers[i])});
  }
  CHECK(y[2] == 3);                  // what is not held is lost before it is multiplied
  CHECK(y[1] != float{Bf16(y[1])});  // 3 + 3/128 has nine bits
}

TEST_CASE("a network's last product and what follows run in float, on what the layers before have stored in 16 bits") {
  using L = ToNumbers<Top, Bf16>;
  using Out = Shape<3>;
  constexpr int batch = 5;
  using Sizes = nn::SizesOf<L, float>;
  static_assert(Sizes::block == nn::SizesOf<End, float>::block && Sizes::buffers == nn::SizesOf<End, float>::buffers);
  test::RunLayer<End, float, S> end(batch);
  auto const values = end.weights.values();

  // with exactly the memory that the type asks for
  std::size_t const kept = nn::kept<L, Bf16, S>(batch);
  Context<Host> ctx{1, Arena(nn::scratch<L, Bf16, S>(batch, 1))};
  Arena memory((Sizes::block + Sizes::buffers) * sizeof(float) + (kept + 32) * sizeof(Bf16));
  float* const gradients = memory.take<float>(Sizes::block);
  float* const buffers = memory.take<float>(Sizes::buffers);
  Bf16* const block = memory.take<Bf16>(kept + 32);
  std::fill_n(block, kept + 32, Bf16(-7));
  auto const end_buffers = end.buffers();
  nn::ParamsOf<L, Bf16, Host> params;
  nn::place<L, Bf16, Host>(params, values.data(), gradients, buffers);
  std::size_t k = 0;
  params.visit(
      [&](Nameless, auto& array) {
        using P = std::remove_cvref_t<decltype(array)>;
        if constexpr (!Trainable<P>)
          k += static_cast<std::size_t>(std::copy_n(&end_buffers[k], P::shape::size, array.value()) - array.value());
      },
      Nameless{});

  Tensor<Bf16, S> x(batch), dx(batch);
  Tensor<float, Out> y(batch);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = Bf16(end.x[i]);
    end.x[i] = Bf16(3 * x[i]);
  }
  end.forward<Training>();
  end.backward<Training>();
  nn::forward<L, Training>(ctx, params, x.read(), y.write(), Pass<Bf16>(block, 1, 2));
  nn::backward<L, Training>(ctx, params, x.read(), end.dy.read(), dx.write(), Pass<Bf16>(block, 1, 2));
  bool narrower = true;
  for (std::size_t i = 0; i < y.size(); ++i) {
    CHECK(y[i] == end.y[i]);
    narrower = narrower && y[i] == float{Bf16(y[i])};
  }
  CHECK(!narrower);
  for (std::size_t i = 0; i < dx.size(); ++i) CHECK(float{dx[i]} == float{Bf16(3 * Bf16(end.dx[i]))});
  std::vector<float> found, found_buffers;
  params.visit(
      [&](Nameless, auto& array) {
        using P = std::remove_cvref_t<decltype(array)>;
        if constexpr (Trainable<P>)
          found.insert(found.end(), array.gradient(), array.gradient() + P::shape::size);
        else
          found_buffers.insert(found_buffers.end(), array.value(), array.value() + P::shape::size);
      },
      Nameless{});
  CHECK(test::equal_bits(found, end.gradients()));
  CHECK(test::equal_bits(found_buffers, end.buffers()));
  for (std::size_t i = kept; i < kept + 32; ++i) CHECK(float{block[i]} == -7);
}

namespace {
/// Names of arrays with their places, and names of what a pass keeps.
template <class L, class T, class In>
std::vector<std::string> described() {
  nn::ParamsOf<L, T, Host> params;
  std::vector<float> values(nn::SizesOf<L, float>::block), buffers(nn::SizesOf<L, float>::buffers + 1);
  nn::place<L, T, Host>(params, values.data(), values.data(), buffers.data());
  std::vector<std::string> all;
  params.visit(
      [&](Path const& path, auto& array) {
        auto const* const first = Trainable<std::remove_cvref_t<decltype(array)>> ? values.data() : buffers.data();
        all.push_back(path.text + " " + std::to_string(array.value() - first));
      },
      Path{});
  std::vector<T> memory(nn::kept<L, T, In>(1));
  auto const output = [&](Path const& path, auto const& of) { all.push_back(path.text + " of " + std::to_string(of.size())); };
  nn::visit_kept<L, T, In>(Pass<T>(memory.data(), 0, 0), 1, Path{}, output);
  return all;
}
template <class L, class In>
void check_described() {
  CHECK(described<ToNumbers<L, Bf16>, Bf16, In>() == described<L, float, In>());
}
struct Flat : Sequential<Thrice, OneToOne, BatchNorm<1>, OneToOne, BatchNorm<1>, Tanh> {};
struct Repeated : Sequential<OneToOne, Repeat<2, Inner>> {};
}  // namespace

TEST_CASE("parameters and what is kept have the names, the order and the places that they have in the network itself") {
  check_described<Top, S>();
  check_described<Flat, Shape<1, 2, 2>>();
  check_described<Repeated, Shape<1, 2, 2>>();
  check_described<networks::DepthNet<16, 4>, Shape<16, 14, 14>>();
  check_described<networks::AlbedoNet<16, 4>, Shape<16, 14, 14>>();
  check_described<networks::ViewNet<4>, Shape<3, 64, 64>>();
}
