#include "../compare.hpp"

#include <berl/cuda/nn/pointwise.hpp>
#include <berl/cuda/recording.hpp>

#include <type_traits>

using namespace berl;
using namespace berl::gpu;

namespace {
/// Layers without parameters: forward adds to what is there, backward overwrites; y and dx on either device.
template <class L_, class In_, class E_ = float>
struct Case {
  using L = L_;
  using In = In_;
  using E = E_;
  using T = number_of<E>;
  using Out = typename L::template output<In>;
};
#define CASES                                                                                                                             \
  Case<nn::ReLU, Shape<32, 3, 5>>, Case<nn::LeakyReLU<>, Shape<3, 5, 5>>, Case<nn::Tanh, Shape<7>, double>, Case<nn::Sigmoid, Shape<64>>, \
      Case<nn::Softplus, Shape<3, 4, 4>>, Case<nn::Dropout<40>, Shape<32, 3, 5>>, Case<nn::Dropout<40>, Shape<9>, double>,                \
      Case<nn::Upsample, Shape<32, 3, 5>>, Case<nn::Upsample, Shape<3, 2, 3>, double>, Case<nn::Average, Shape<32, 3, 5>>,                \
      Case<nn::Average, Shape<5, 3, 3>, double>, Case<nn::ReLU, Shape<32, 3, 5>, Bf16>, Case<nn::Tanh, Shape<7>, Bf16>,                   \
      Case<nn::Softplus, Shape<3, 4, 4>, Bf16>, Case<nn::Dropout<40>, Shape<32, 3, 5>, Bf16>, Case<nn::Dropout<40>, Shape<9>, Bf16>,      \
      Case<nn::Upsample, Shape<32, 3, 5>, Bf16>, Case<nn::Upsample, Shape<3, 2, 3>, Bf16>, Case<nn::Average, Shape<32, 3, 5>, Bf16>,      \
      Case<nn::Average, Shape<5, 3, 3>, Bf16>

constexpr int batch = 3;
/// A map whose numbers E holds.
template <class C, class S>
Tensor<typename C::T, S> held(char const* name, double size = 1) {
  return stored_as<typename C::T>(stored_as<typename C::E>(filled<typename C::T, S>(batch, name, -size, size)));
}
template <class C>
struct Result {
  Tensor<typename C::T, typename C::Out> y = held<C, typename C::Out>("y");
  Tensor<typename C::T, typename C::In> dx = held<C, typename C::In>("dx");
};
template <class C, class T, class D, class X, class DY, class Y, class DX>
void run(Context<D>& ctx, X const& x, DY const& dy, Y y, DX dx) {
  using L = typename C::L;
  typename L::template Params<T, D> none;
  alignas(64) T memory[64] = {};
  L::template forward<Training>(ctx, none, x.read(), y, Pass<T>(memory, 3, 4));
  L::template backward<Training>(ctx, none, x.read(), dy.read(), dx, Pass<T>(memory, 3, 4));
}
}  // namespace

TEST_CASE_TEMPLATE("elements that are found by their place are the host's", C, CASES) {
  using E = typename C::E;
  using T = typename C::T;
  using In = typename C::In;
  using Out = typename C::Out;
  using InLayout = LayoutOf<In, Cuda>;
  auto const x = held<C, In>("x", 2);
  auto const dy = held<C, Out>("dy");
  Result<C> expected;
  Context<Host> host;
  run<C, T>(host, x, dy, expected.y.add(), expected.dx.write());
  // The same functions as on the GPU, on maps that lie as there.
  Tensor<E, In, Host, InLayout> there(batch), dx(batch);
  Tensor<E, Out, Host, LayoutOf<Out, Cuda>> y(batch), dy_there(batch);
  copy(stored_as<E>(x).read(), there.write());
  copy(stored_as<E>(dy).read(), dy_there.write());
  Result<C> found;
  copy(stored_as<E>(found.y).read(), y.write());
  auto const each = [](auto const& f, auto to, auto const*... from) {
    for (std::size_t i = 0; i < to.size(); ++i) map_at<1>(f, to, i, from...);
  };
  E const* const xs = there.read().data();
  E const* const dys = dy_there.read().data();
  if constexpr (std::is_same_v<typename C::L, nn::Upsample>) {
    each(nn::detail::UpsampleOf<In, InLayout, E>{xs}, y.add());
    each(nn::detail::UpsamplePullOf<In, InLayout, E>{dys}, dx.write());
  } else if constexpr (std::is_same_v<typename C::L, nn::Average>) {
    each(nn::detail::AverageOf<In, InLayout, E>{xs}, y.add());
    each(nn::detail::AveragePullOf<In, InLayout, E>{dys}, dx.write());
  } else if constexpr (std::is_same_v<typename C::L, nn::Dropout<40>>) {
    T memory[64];
    Pass<T> const pass(memory, 3, 4);
    std::uint64_t const newest = pass.step();
    Seed const seed = named({pass.seed()}, "dropout");
    each(nn::detail::DropOf<40, In, InLayout>{seed, pass.step(), pass.position(), nullptr}, y.add(), xs);
    each(nn::detail::DropOf<40, In, InLayout>{seed, 0, pass.position(), &newest}, dx.write(), dys);  // memory goes first
  } else {
    auto const both = [&]<class F>(nn::Pointwise<F> const&) {
      each(nn::detail::ValueOf<F>{}, y.add(), xs);
      each(nn::detail::PullOf<F>{}, dx.write(), xs, dys);
    };
    both(typename C::L{});
  }
  Tensor<E, Out> found_y(batch);
  Tensor<E, In> found_dx(batch);
  copy(y.read(), found_y.write());
  copy(dx.read(), found_dx.write());
  CHECK(difference(stored_as<T>(found_y), expected.y) < rounding<E>);
  CHECK(difference(stored_as<T>(found_dx), expected.dx) < rounding<E>);
}

TEST_CASE("dropout passes on, once trained, what it is given") {
  auto const x = filled<float, Shape<9>>(1, "x");
  auto y = filled<float, Shape<9>>(1, "y");
  auto const before = filled<float, Shape<9>>(1, "y");
  for (std::size_t i = 0; i < x.size(); ++i) map_at<1>(nn::detail::PassOn{}, y.add(), i, x.read().data());
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(y[i] == before[i] + x[i]);
}

TEST_CASE("maps that are stored as Bf16 are summed in float") {
  using In = Shape<32, 2, 2>;
  using Up = nn::Upsample::output<In>;
  Tensor<float, In> exact(2);
  Tensor<float, Up> dy(2);
  fill(exact, "x"), fill(dy, "dy");
  auto const x = stored_as<Bf16>(exact);
  auto const dys = stored_as<Bf16>(dy);
  auto const as_float = stored_as<float>(x);
  auto const dys_as_float = stored_as<float>(dys);
  for (std::size_t i = 0; i < x.size(); ++i)
    CHECK(nn::detail::UpsamplePullOf<In, Nchw, Bf16>{dys.read().data()}(i) ==
          nn::detail::UpsamplePullOf<In, Nchw, float>{dys_as_float.read().data()}(i));
  for (std::size_t i = 0; i < 2 * channels<In>; ++i)
    CHECK(nn::detail::AverageOf<In, Nchw, Bf16>{x.read().data()}(i) == nn::detail::AverageOf<In, Nchw, float>{as_float.read().data()}(i));
}

TEST_CASE_TEMPLATE("the GPU computes what the host does" * needs_gpu(), C, CASES) {
  using E = typename C::E;
  using T = typename C::T;
  auto const x = held<C, typename C::In>("x", 2);
  auto const dy = held<C, typename C::Out>("dy");
  Result<C> expected, before;
  Context<Host> host;
  run<C, T>(host, x, dy, expected.y.add(), expected.dx.write());
  auto ctx = test_context();
  auto const x_there = on_gpu(ctx, stored_as<E>(x));
  auto const dy_there = on_gpu(ctx, stored_as<E>(dy));
  auto y = on_gpu(ctx, stored_as<E>(before.y));
  auto dx = on_gpu(ctx, stored_as<E>(before.dx));
  run<C, E>(ctx, x_there, dy_there, y.add(), dx.write());
  CHECK(difference(stored_as<T>(on_host(ctx, y)), expected.y) < rounding<E>);
  CHECK(difference(stored_as<T>(on_host(ctx, dx)), expected.dx) < rounding<E>);
}

TEST_CASE("dropout that is recorded once draws the mask of the step whose number lies on the GPU" * needs_gpu()) {
  using In = Shape<32, 3, 5>;
  using L = nn::Dropout<40>;
  auto const x = filled<float, In>(batch, "x", 1, 2);
  auto ctx = test_context();
  auto const there = on_gpu(ctx, x);
  Tensor<float, In, Cuda> y(batch);
  Tensor<std::uint64_t, Shape<1>, Cuda> step;
  ctx.step = step.read().data();
  L::Params<float, Cuda> none;
  L::Params<float, Host> none_here;
  alignas(64) float memory[64] = {};
  auto const drop = [&] { L::forward<Training>(ctx, none, there.read(), y.write(), Pass<float>(memory, 3, 0)); };
  drop();
  Recording const recording(ctx, drop);
  std::vector<Tensor<float, In>> masks;
  for (std::uint64_t const number : {4u, 5u, 6u}) {
    Tensor<std::uint64_t, Shape<1>> const now(1, number);
    copy(ctx, now.read(), step.write());
    recording.run();
    Context<Host> host;
    Tensor<float, In> expected(batch);
    L::forward<Training>(host, none_here, x.read(), expected.write(), Pass<float>(memory, 3, number));
    masks.push_back(on_host(ctx, y));
    CHECK(difference(masks.back(), expected) == 0);
  }
  CHECK(difference(masks[0], masks[1]) > 0);
  CHECK(difference(masks[1], masks[2]) > 0);
}

TEST_CASE("packs and single elements give the same, and the rest behind the last pack is not forgotten" * needs_gpu()) {
  auto ctx = test_context();
  auto const x = on_gpu(ctx, filled<float, Shape<11>>(3, "x"));
  Tensor<float, Shape<11>, Cuda> packed(3), behind(3);
  Context<Host> host;
  map(ctx, "test", nn::detail::ValueOf<nn::point::ReLU>{}, packed.write(), x.read().data());
  map(ctx, "test", nn::detail::ValueOf<nn::point::ReLU>{}, Write<float, Shape<11>, Cuda>(behind.write().data() + 1, 2),
      x.read().data() + 1);
  auto const a = on_host(ctx, packed), b = on_host(ctx, behind);
  for (std::size_t i = 1; i <= 22; ++i) CHECK(b[i] == a[i]);
  CHECK(b[23] == 0);
  CHECK(a[32] == std::max(0.f, on_host(ctx, x)[32]));
}
