#include "../compare.hpp"
#include "../crew.hpp"
#include "../multiply.hpp"

#include <berl/cuda/losses/margin_head.hpp>
#include <berl/losses/arc_face.hpp>
#include <berl/losses/circle_loss.hpp>
#include <berl/losses/cos_face.hpp>
#include <berl/losses/curricular_face.hpp>
#include <berl/losses/margin_head.hpp>
#include <berl/losses/mv_softmax.hpp>

#include <vector>

using namespace berl;
using namespace berl::gpu;

namespace {
using S = Shape<24>;
constexpr int D = S::size;

/// A batch that is no multiple of a team's samples, and classes of which some samples are hard negatives.
template <class T>
struct Given {
  int samples, classes;
  Tensor<T, S> f, w;
  std::vector<int> labels;
  Given(int n, int c) : samples(n), classes(c), f(filled<T, S>(n, "f")), w(filled<T, S>(c, "w")) {
    for (int i = 0; i < n; ++i) labels.push_back(i * 7 % c);
    for (int i = 0; i < n; ++i)  // near its own class, and every third one near another
      for (int d = 0; d < D; ++d)
        f[static_cast<std::size_t>(i * D + d)] +=
            w[static_cast<std::size_t>((i % 3 == 0 ? (i * 5 + 1) % c : labels[static_cast<std::size_t>(i)]) * D + d)];
  }
};
template <class T>
struct Result {
  Tensor<T, S> dw, df;
  T t = T(0.3);
  double loss = 0, accuracy = 0;
  explicit Result(Given<T> const& given) : dw(filled<T, S>(given.classes, "dw", 0, 1e-3)), df(given.samples) {}
};
template <class T>
void check_close(Result<T> const& found, Result<T> const& expected, double tolerance = rounding<T>) {
  CHECK(difference(found.dw, expected.dw) < tolerance);
  CHECK(difference(found.df, expected.df) < tolerance);
  CHECK(found.t == doctest::Approx(expected.t).epsilon(tolerance));
  CHECK(found.loss == doctest::Approx(expected.loss).epsilon(tolerance));
  CHECK(found.accuracy == expected.accuracy);
}
template <class H, class T>
Result<T> by_the_host(H const& head, Given<T> const& given, double filter) {
  Context<Host> ctx{1, Arena(losses::scratch_bytes<T, S>(given.samples, given.classes, losses::layout_of(head), true))};
  Result<T> r(given);
  auto const found = losses::forward_backward(ctx, head, given.f.read(), std::span<int const>(given.labels), given.w.read(), r.dw.add(),
                                              r.df.write(), r.t, filter);
  r.loss = found.loss;
  r.accuracy = found.accuracy;
  return r;
}
/// What the kernels do, by a team of the host; products by their definition.
template <class Team, class H, class T>
Result<T> by_a_team(H const& head, Given<T> const& given, double limit) {
  Result<T> r(given);
  std::vector<std::vector<double>> memory;
  auto const m = HeadTable<T>::place(given.samples, given.classes, D,
                                     [&]<class V>(V, std::size_t n) { return reinterpret_cast<V*>(memory.emplace_back(n, NAN).data()); });
  HeadProducts<T> const products(Precision::fp32, m, D);
  T const filter = static_cast<T>(limit);
  T const* const w = given.w.span().data();
  int const* const labels = given.labels.data();
  int const tiles = m.stride / head_samples;
  std::vector<SumOfExponentials<T>> shared(head_threads);
  std::vector<T> numbers(head_threads);
  double result[2] = {};
  work<Team>([&](Team team) {
    for (int i = 0; i < given.samples; ++i) embed_sample(team, m, i, given.f.read().sample(i), labels[i], w, D);
    Team::sync();
    aim(team, m, head, &r.t, true);
    for (int j = 0; j < given.classes; ++j) {
      T const inverse = inverse_length(team, w + j * D, D);
      if (Team::rank() == 0) m.inverse_w[j] = inverse;
    }
    if (Team::rank() == 0) multiply<T>(products.cosines, w, m.u, nullptr, nullptr, m.table);
    Team::sync();
    for (int group = 0; group < m.groups; ++group)
      for (int tile = 0; tile < tiles; ++tile, Team::sync()) add_classes(team, m, head, &r.t, filter, labels, group, tile, shared.data());
    for (int tile = 0; tile < tiles; ++tile, Team::sync()) join_groups(team, m, tile, shared.data());
    mean_of_samples(team, m, result);
    for (int block = 0; block * head_classes < given.classes; ++block, Team::sync())
      pull_classes(team, m, head, &r.t, filter, labels, block, numbers.data());
    if (Team::rank() == 0) multiply<T>(products.embeddings, m.table, w, nullptr, nullptr, m.du);
    Team::sync();
    for (int i = 0; i < given.samples; ++i) pull_sample(team, m, i, D, r.df.write());
    if (Team::rank() != 0) return;
    AcrossClass<T> const across{m.along, m.inverse_w, D};
    for (std::size_t i = 0; i < r.dw.size(); ++i) r.dw[i] += across(i, w[i]);
    multiply<T>(products.classes, m.table, m.u, nullptr, r.dw.span().data(), r.dw.span().data());
  });
  r.loss = result[0];
  r.accuracy = result[1];
  return r;
}
template <class H, class T>
Result<T> by_the_gpu(H const& head, Given<T> const& given, double filter, Precision precision = Precision::fp32) {
  auto ctx = test_context();
  ctx.precision = precision;
  Result<T> r(given);
  auto const f = on_gpu(ctx, given.f), w = on_gpu(ctx, given.w);
  auto dw = on_gpu(ctx, r.dw);
  Tensor<T, S, Cuda> df(given.samples);
  Tensor<int, Shape<1>> labels(given.samples);
  std::copy(given.labels.begin(), given.labels.end(), labels.span().begin());
  auto const there = on_gpu(ctx, labels);
  Tensor<T, Shape<1>> t(1, r.t);
  auto state = on_gpu(ctx, t);
  Tensor<double, Shape<2>, Cuda> result;
  ctx.synchronize();
  std::size_t const bytes = plan_head<T, S>(ctx, given.samples, given.classes);
  ctx.scratch = Arena(bytes, gpu::memory);
  losses::forward_backward(ctx, head, f.read(), there.read(), w.read(), dw.add(), df.write(), state.write().data(), result.write(), filter);
  ctx.synchronize();
  ctx.scratch = Arena(MiB, gpu::memory);
  r.dw = on_host(ctx, dw);
  r.df = on_host(ctx, df);
  r.t = on_host(ctx, state)[0];
  auto const numbers = on_host(ctx, result);
  r.loss = numbers[0];
  r.accuracy = numbers[1];
  return r;
}
}  // namespace

#define HEADS losses::CurricularFace, losses::ArcFace, losses::CosFace, losses::MvArcSoftmax, losses::CircleLoss

static_assert(CosineHead<losses::CurricularFace> && CosineHead<losses::MvAmSoftmax>);

TEST_CASE_TEMPLATE("a team's loss and gradients are those of the host's loops", H, HEADS) {
  for (double const filter : {0.0, 0.3}) {
    Given<double> const few(37, 150), many(5, 2500);
    for (auto const* given : {&few, &many}) {
      auto const expected = by_the_host(H{}, *given, filter);
      check_close(by_a_team<Solo>(H{}, *given, filter), expected);
      check_close(by_a_team<Crew<5>>(H{}, *given, filter), expected);
    }
    Given<float> const floats(37, 150);
    check_close(by_a_team<Solo>(H{}, floats, filter), by_the_host(H{}, floats, filter), 1e-4);  // logits of 64 lose 4e-6 to rounding
  }
}

TEST_CASE("classes without a direction and labels of no class make the loss NaN") {
  losses::CurricularFace const head;
  Given<double> flat(37, 150);
  for (int d = 0; d < D; ++d) flat.w[static_cast<std::size_t>(3 * D + d)] = 0;
  CHECK(std::isnan(by_a_team<Solo>(head, flat, 0).loss));
  Given<double> wrong(37, 150);
  wrong.labels[5] = 150;
  CHECK(std::isnan(by_a_team<Solo>(head, wrong, 0).loss));
  wrong.labels[5] = -1;
  CHECK(std::isnan(by_a_team<Solo>(head, wrong, 0).loss));
}

TEST_CASE_TEMPLATE("heads on the GPU are those of the host" * needs_gpu(), H, HEADS) {
  for (double const filter : {0.0, 0.3}) {
    Given<double> const doubles(37, 2500);
    check_close(by_the_gpu(H{}, doubles, filter), by_the_host(H{}, doubles, filter), 1e-12);
    Given<float> const floats(200, 5000);
    auto const once = by_the_gpu(H{}, floats, filter);
    check_close(once, by_the_host(H{}, floats, filter), 1e-4);
    auto const again = by_the_gpu(H{}, floats, filter);
    CHECK((same_bits(again.dw, once.dw) && same_bits(again.df, once.df) && again.loss == once.loss && again.t == once.t));
  }
}
