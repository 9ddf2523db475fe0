#include "../crew.hpp"
#include "run_layer.hpp"

#include <berl/cuda/nn/few_channels.hpp>

#include <numeric>

using namespace berl;
using namespace berl::gpu;
using nn::Bias, nn::Conv2d, nn::NoBias, nn::Sequential;

namespace {
template <class L>
struct Alone : Sequential<L> {};

/// What the bodies of the three kernels leave behind.
template <class T>
struct Found {
  std::vector<T> y, onto, dx;
  std::vector<number_of<T>> dw;
  bool operator==(Found const&) const = default;
};
template <class T, class S, class L>
std::vector<T> list(Tensor<T, S, Host, L> const& x) {
  return {x.span().begin(), x.span().end()};
}

/// A step of a convolution by a team, on maps of T that lie as on the GPU.
template <class Team, class L, class T, class In>
Found<T> by_a_team(test::RunLayer<Alone<L>, number_of<T>, In>& run) {
  using F = FewChannels<L, T, In>;
  using A = number_of<T>;
  using Out = typename F::Out;
  using Filter = Shape<F::C, F::K, F::K>;
  int const batch = run.x.batch();
  auto& params = run.weights.params.template at<0>();
  Tensor<A, Filter, Host, Nhwc> filters(F::M), dw(F::M);
  copy(Read<A, Filter, Host, Nchw>(params.weight.value(), F::M), filters.write());
  auto const w = stored_as<T>(filters);
  auto const x = stored_as<T>(run.x);
  Tensor<A, Out, Host, Nhwc> dy_there(batch);
  copy(run.dy.read(), dy_there.write());
  auto const dy = stored_as<T>(dy_there);
  Tensor<T, Out, Host, Nhwc> y(batch), onto(batch);
  Tensor<T, In> dx(batch);
  fill(dx, "dx");
  auto const base = dx;
  int const slabs = F::slabs(batch);
  constexpr std::size_t guard = 8;
  std::vector<double> partial(F::partial(batch) + guard, -77.25);
  struct alignas(16) Sixteen {
    std::byte bytes[16];
  };
  std::vector<Sixteen> shared_filters(32 * 64), shared_picture(16 * 64);  // 32 and 16 KiB
  auto* const fs = reinterpret_cast<A*>(shared_filters.data());
  auto* const picture = reinterpret_cast<A*>(shared_picture.data());
  work<Team>([&](Team team) {
    for (int band = 0; band < batch * F::bands; ++band)
      for (int part = 0; part < F::parts; ++part) {
        few_channels_forward<F>(team, x.read().data(), w.read().data(), params.bias_data(), Write<T, Out, Cuda>(&y[0], batch), band, part,
                                fs, picture);
        Team::sync();
        few_channels_forward<F>(team, x.read().data(), w.read().data(), params.bias_data(),
                                Onto<T, Out, Cuda>({&onto[0], batch}, {dy.read().data(), batch}), band, part, fs, picture);
        Team::sync();
      }
    for (int slab = 0; slab < slabs; ++slab)
      for (int part = 0; part < F::parts; ++part) {
        few_channels_weights<F>(team, x.read().data(), dy.read().data(), batch, slab, slabs, part, fs, picture, partial.data());
        Team::sync();
      }
    for (int e = 0; e < F::weights; ++e)
      finish_channel<1, F::weights>(team, nn::detail::AddToGradient<A>{&dw[0]}, e, partial.data(), slabs);
    for (int block = 0; block * F::most_threads < batch * plane<In>; ++block)
      few_channels_data<F>(team, dy.read().data(), w.read().data(), Add<T, In, Cuda>(dx.write().data(), batch), block, fs);
  });
  CHECK(std::all_of(partial.end() - guard, partial.end(), [](double v) { return v == -77.25; }));
  CHECK(std::none_of(partial.begin(), partial.end() - guard, [](double v) { return v == -77.25; }));
  Tensor<T, Out> plain(batch), plain_onto(batch);
  copy(y.read(), plain.write());
  copy(onto.read(), plain_onto.write());
  Tensor<A, Filter, Host, Nchw> in_order(F::M);
  copy(dw.read(), in_order.write());
  // what has been added to dx, and to dy
  auto const minus = [](auto const& a, auto const& b) {
    std::vector<T> d;
    for (std::size_t i = 0; i < a.size(); ++i) d.push_back(static_cast<T>(static_cast<A>(a[i]) - static_cast<A>(b[i])));
    return d;
  };
  return {list(plain), minus(plain_onto, stored_as<T>(run.dy)), minus(dx, base), list(in_order)};
}

template <class T_, class L_, class In_, int batch_>
struct Case {
  using T = T_;
  using L = L_;
  using In = In_;
  static constexpr int batch = batch_;
};
}  // namespace

// Bands that do not divide the rows, two of them beside one another, strips that do not divide the columns; several bands in a slab, and
// fewer in the last; two parts of the channels out; one to four channels in.
TEST_CASE_TEMPLATE("teams convolve pictures as the host does", Each, Case<float, Conv2d<3, 64, 3>, Shape<3, 19, 21>, 3>,
                   Case<double, Conv2d<3, 32, 3, 2>, Shape<3, 9, 14>, 2>, Case<float, Conv2d<3, 32, 4, 2, 1, Bias>, Shape<3, 18, 16>, 2>,
                   Case<float, Conv2d<3, 16, 3, 1, 0>, Shape<3, 6, 5>, 301>, Case<float, Conv2d<4, 16, 8, 4, 3>, Shape<4, 37, 41>, 1>,
                   Case<float, Conv2d<2, 128, 2, 3, 1, Bias>, Shape<2, 11, 7>, 2>, Case<Bf16, Conv2d<3, 64, 3>, Shape<3, 10, 9>, 2>,
                   Case<Bf16, Conv2d<1, 48, 5, 1, 4, Bias>, Shape<1, 5, 134>, 2>,
                   Case<double, Conv2d<4, 16, 1, 1, 0, Bias>, Shape<4, 3, 3>, 3>) {
  using T = typename Each::T;
  using A = number_of<T>;
  using L = typename Each::L;
  using Run = test::RunLayer<Alone<L>, A, typename Each::In>;
  Run run(Each::batch);
  for (A& value : run.weights.values()) value = static_cast<A>(static_cast<T>(value));
  run.x = stored_as<A>(stored_as<T>(run.x)), run.dy = stored_as<A>(stored_as<T>(run.dy));
  auto const found = by_a_team<Solo, L, T>(run);
  CHECK(by_a_team<Crew<5>, L, T>(run) == found);
  run.template forward<Training>();
  run.template backward<Training>();
  auto gradients = run.gradients();
  gradients.resize(found.dw.size());  // without that of the bias
  // Where something is added, the sum is rounded, and the base is as large as what is added to it.
  auto const numbers = [](std::vector<T> const& v) { return std::vector<A>(v.begin(), v.end()); };
  CHECK(difference(numbers(found.y), list(run.y)) < rounding<T>);
  CHECK(difference(numbers(found.onto), list(run.y)) < 2 * rounding<T>);
  CHECK(difference(numbers(found.dx), list(run.dx)) < 2 * rounding<T>);
  CHECK(difference(found.dw, gradients) < rounding<A>);
}

TEST_CASE_TEMPLATE("each channel belongs to one member, and so does each place of a filter", F,
                   FewChannels<Conv2d<3, 64, 3>, Bf16, Shape<3, 112, 112>>, FewChannels<Conv2d<3, 48, 4, 2, 1>, float, Shape<3, 64, 64>>,
                   FewChannels<Conv2d<4, 96, 8, 4, 0>, double, Shape<4, 300, 300>>) {
  std::vector<int> channels, slots, all(static_cast<std::size_t>(F::tile));
  for (int group = 0; group < F::groups; ++group)
    for (int n = 0; n < F::N; ++n) channels.push_back(F::channel(group, n)), slots.push_back(F::slot(group, n));
  std::iota(all.begin(), all.end(), 0);
  CHECK(std::is_permutation(all.begin(), all.end(), channels.begin(), channels.end()));
  CHECK(std::is_permutation(all.begin(), all.end(), slots.begin(), slots.end()));
  CHECK(F::parts * F::tile == F::M);
  CHECK((F::tile * F::taps + F::picture) * sizeof(typename F::Number) <= 48 * KiB);
  CHECK(F::down * F::band.rows >= F::OH);
  CHECK(F::across * F::band.strips * F::strip >= F::OW);
  CHECK(F::sharers * F::pieces <= F::weight_threads);
}
TEST_CASE("the plan has room for the sums of all slabs, and no other") {
  using F = FewChannels<Conv2d<3, 64, 3>, Bf16, Shape<3, 112, 112>>;
  CHECK(F::bytes(0) == 0);
  CHECK(F::slabs(1) == 14);  // bands of eight rows
  CHECK(F::slabs(128) == 256);
  CHECK(F::bands_of_slab(128) == 7);
  CHECK(F::bytes(128) == std::size_t{256} * 64 * 27 * 8);
  using Layer = Planned<Conv2d<3, 64, 3>, Bf16, Shape<3, 112, 112>>;
  static_assert(requires(Context<Cuda>& ctx) { Layer::bytes<Pass<Bf16>>(ctx, 1), Layer::bytes<Forget>(ctx, 1); });
}

namespace {
/// Precision is nothing to these kernels: tf32 has float's tolerance. A result in Bf16 is rounded, and once more where a base is added.
template <class L, class In>
void check_on_gpu(int batch) {
  check_layer_on_gpu<Alone<L>, Training, float, In>(batch);
  check_layer_on_gpu<Alone<L>, Training, float, In>(batch, rounding<float>, Precision::tf32);
  check_layer_on_gpu<Alone<L>, Training, Bf16, In>(batch, rounding<Bf16>, Precision::bf16);
}
}  // namespace
TEST_CASE("convolutions of pictures on the GPU are those of the host" * needs_gpu()) {
  check_on_gpu<Conv2d<3, 64, 3>, Shape<3, 112, 112>>(5);
  check_on_gpu<Conv2d<3, 64, 4, 2, 1>, Shape<3, 64, 64>>(7);
  check_on_gpu<Conv2d<3, 32, 4, 2, 1, Bias>, Shape<3, 31, 37>>(3);
  check_on_gpu<Conv2d<1, 48, 5, 1, 4, Bias>, Shape<1, 9, 134>>(2);
  check_on_gpu<Conv2d<4, 128, 8, 4, 3>, Shape<4, 37, 41>>(2);
  check_layer_on_gpu<Alone<Conv2d<3, 16, 3, 2>>, Training, double, Shape<3, 9, 14>>(301);
}
