#include "../compare.hpp"
#include "../crew.hpp"
#include "../multiply.hpp"

#include <berl/cuda/losses/margin_head.hpp>
#include <berl/losses/ada_cos.hpp>
#include <berl/losses/ada_face.hpp>
#include <berl/losses/adaptive_face.hpp>
#include <berl/losses/arc_face.hpp>
#include <berl/losses/circle_loss.hpp>
#include <berl/losses/curricular_face.hpp>
#include <berl/losses/mag_face.hpp>
#include <berl/losses/margin_head.hpp>
#include <berl/losses/mv_softmax.hpp>
#include <berl/losses/npc_face.hpp>
#include <berl/losses/softmax.hpp>
#include <berl/losses/sphere_face.hpp>

#include <type_traits>  // remove_cvref_t
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
/// What a pass leaves, and what the head keeps: its state and learnt numbers begin as if some steps had gone before.
template <class T>
struct Result {
  Tensor<T, S> dw, df;
  Tensor<T, Shape<1>> state, number, d_number;
  double loss = 0, accuracy = 0;
  template <class H>
  Result(H const& head, Given<T> const& given)
      : dw(filled<T, S>(given.classes, "dw", 0, 1e-3)),
        df(given.samples),
        state(2),
        number(filled<T, Shape<1>>(given.classes, "numbers", 0.3, 0.9)),  // some out of the range in which AdaptiveFace keeps them
        d_number(filled<T, Shape<1>>(given.classes, "d_numbers", 0, 1e-3)) {
    if constexpr (requires { head.begin(state.span().data(), 3); })
      head.begin(state.span().data(), given.classes);
    else
      state[0] = T(0.3);
  }
  losses::Kept<T> kept() { return {state.span(), number.span().data(), d_number.span().data()}; }
};
template <class T>
void check_close(Result<T> const& found, Result<T> const& expected, double tolerance = rounding<T>) {
  CHECK(difference(found.dw, expected.dw) < tolerance);
  CHECK(difference(found.df, expected.df) < tolerance);
  CHECK(difference(found.state, expected.state) < tolerance);
  CHECK(difference(found.number, expected.number) < tolerance);
  CHECK(difference(found.d_number, expected.d_number) < tolerance);
  CHECK(found.loss == doctest::Approx(expected.loss).epsilon(tolerance));
  CHECK(found.accuracy == expected.accuracy);
}
template <class H, class T>
Result<T> by_the_host(H const& head, Given<T> const& given, double filter) {
  Context<Host> ctx{1, Arena(losses::scratch_bytes<T, S>(given.samples, given.classes, losses::layout_of(head), true))};
  Result<T> r(head, given);
  auto const found = losses::forward_backward(ctx, head, given.f.read(), std::span<int const>(given.labels), given.w.read(), r.dw.add(),
                                              r.df.write(), r.kept(), filter);
  r.loss = found.loss;
  r.accuracy = found.accuracy;
  return r;
}
/// What the kernels do, by a team of the host; products by their definition.
template <class Team, class H, class T>
Result<T> by_a_team(H const& head, Given<T> const& given, double filter) {
  Result<T> r(head, given);
  std::vector<std::vector<double>> memory;
  auto const m = HeadTable<T>::place(given.samples, given.classes, D, losses::layout_of(head),
                                     [&]<class V>(V, std::size_t n) { return reinterpret_cast<V*>(memory.emplace_back(n, NAN).data()); });
  HeadProducts<T> const products(Precision::fp32, m, D);
  HeadGiven<T> const pass{given.labels.data(), static_cast<T>(filter), r.state.span().data(), r.number.span().data(),
                          r.d_number.span().data()};
  T const* const w = given.w.span().data();
  int const tiles = m.stride / head_samples;
  std::vector<SumOfExponentials<T>> shared(head_threads);
  std::vector<losses::Gathered<T>> sums(head_threads);
  std::vector<T> numbers(2 * head_threads);
  double result[2] = {};
  if constexpr (requires(T a) { head.limited(a); })
    for (T& a : r.number.span()) gpu::detail::LimitNumber<T, H>{head}(a);
  work<Team>([&](Team team) {
    auto const gather = [&](auto const& f) {
      for (int group = 0; group < m.groups; ++group)
        for (int tile = 0; tile < tiles; ++tile, Team::sync()) gather_classes<H>(team, m, pass, f, group, tile, sums.data());
    };
    for (int i = 0; i < given.samples; ++i) embed_sample(team, m, head, pass, i, given.f.read().sample(i), w, D);
    for (int j = 0; j < given.classes; ++j) {
      T const inverse = inverse_length<H>(team, pass, j, w, D);
      if (Team::rank() == 0) m.inverse_w[j] = inverse;
    }
    Team::sync();
    if (Team::rank() == 0) multiply<T>(products.cosines, w, m.u, nullptr, nullptr, m.table);
    Team::sync();
    if constexpr (losses::gathers<H>) gather(GatherOf<T, H>{head});
    aim(team, m, head, pass, true);
    Team::sync();
    for (int group = 0; group < m.groups; ++group)
      for (int tile = 0; tile < tiles; ++tile, Team::sync()) add_classes(team, m, head, pass, group, tile, shared.data());
    for (int tile = 0; tile < tiles; ++tile, Team::sync()) join_groups(team, m, tile, shared.data());
    mean_of_samples(team, m, head, pass, result);
    Team::sync();
    if constexpr (losses::uses_norm<H>) gather(NormSlopeOf<T, H>{head});
    for (int block = 0; block * head_classes < given.classes; ++block, Team::sync())
      pull_classes(team, m, head, pass, block, numbers.data());
    if (Team::rank() == 0) multiply<T>(products.embeddings, m.table, w, nullptr, nullptr, m.du);
    Team::sync();
    for (int i = 0; i < given.samples; ++i) pull_sample<H>(team, m, i, D, r.df.write());
    if (Team::rank() != 0) return;
    if constexpr (!losses::is_affine<H>) {
      AcrossClass<T> const across{m.along, m.inverse_w, D};
      for (std::size_t i = 0; i < r.dw.size(); ++i) r.dw[i] += across(i, w[i]);
    }
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
  Result<T> r(head, given);
  auto const f = on_gpu(ctx, given.f), w = on_gpu(ctx, given.w);
  auto dw = on_gpu(ctx, r.dw);
  auto state = on_gpu(ctx, r.state), number = on_gpu(ctx, r.number), d_number = on_gpu(ctx, r.d_number);
  Tensor<T, S, Cuda> df(given.samples);
  Tensor<int, Shape<1>> labels(given.samples);
  std::copy(given.labels.begin(), given.labels.end(), labels.span().begin());
  auto const there = on_gpu(ctx, labels);
  Tensor<double, Shape<2>, Cuda> result;
  ctx.synchronize();
  std::size_t const bytes = plan_head<T, S>(ctx, given.samples, given.classes, losses::layout_of(head));
  ctx.scratch = Arena(bytes, gpu::memory);
  losses::Kept<T> const kept({state.write().data(), 2}, number.write().data(), d_number.write().data());
  losses::forward_backward(ctx, head, f.read(), there.read(), w.read(), dw.add(), df.write(), kept, result.write(), filter);
  ctx.synchronize();
  ctx.scratch = Arena(MiB, gpu::memory);
  r.dw = on_host(ctx, dw);
  r.df = on_host(ctx, df);
  r.state = on_host(ctx, state);
  r.number = on_host(ctx, number);
  r.d_number = on_host(ctx, d_number);
  auto const numbers = on_host(ctx, result);
  r.loss = numbers[0];
  r.accuracy = numbers[1];
  return r;
}
/// A head of its defaults, but MagFace with embeddings as short as those here in its range.
template <class H>
H made() {
  if constexpr (std::is_same_v<H, losses::MagFace>)
    return H{.shortest = 1, .longest = 8};
  else
    return H{};
}
/// Cosines above which other classes are hidden; an affine head has none.
template <class H>
std::vector<double> filters() {
  return losses::is_affine<H> ? std::vector{0.0} : std::vector{0.0, 0.3};
}
}  // namespace

/// One of each kind: of cosines alone, with a state of one number, with sums over other classes, learnt numbers, lengths.
#define HEADS                                                                                                                          \
  losses::CurricularFace, losses::ArcFace, losses::MvArcSoftmax, losses::CircleLoss, losses::Softmax, losses::AdaCos, losses::NpcFace, \
      losses::AdaptiveFace, losses::AdaFace, losses::MagFace, losses::SphereFace

TEST_CASE_TEMPLATE("a team's loss and gradients are those of the host's loops", H, HEADS) {
  for (double const filter : filters<H>()) {
    Given<double> const few(37, 150), many(5, 2500), both(37, 300);  // tiles of samples, groups of classes, and both
    for (auto const* given : {&few, &many, &both}) {
      auto const expected = by_the_host(made<H>(), *given, filter);
      check_close(by_a_team<Solo>(made<H>(), *given, filter), expected);
      check_close(by_a_team<Crew<5>>(made<H>(), *given, filter), expected);
    }
    Given<float> const floats(37, 150);
    check_close(by_a_team<Solo>(made<H>(), floats, filter), by_the_host(made<H>(), floats, filter),
                1e-4);  // logits of 64 lose 4e-6 to rounding
  }
}

TEST_CASE("MagFace's embeddings here are of lengths that move its margin") {
  auto const head = made<losses::MagFace>();
  Given<double> const given(37, 150);
  int inside = 0;
  for (int i = 0; i < given.samples; ++i) {
    double squared = 0;
    for (int d = 0; d < D; ++d) squared += std::pow(given.f.read().sample(i)[d], 2);
    double const length = std::sqrt(squared);
    inside += length > head.shortest && length < head.longest ? 1 : 0;
  }
  CHECK(inside > 30);
}

TEST_CASE("classes without a direction and labels of no class make the loss NaN") {
  auto const all_wrong = [](auto const& head) {
    Given<double> flat(37, 150);
    for (int d = 0; d < D; ++d)
      flat.w[static_cast<std::size_t>(3 * D + d)] = losses::is_affine<std::remove_cvref_t<decltype(head)>> ? NAN : 0;
    CHECK(std::isnan(by_a_team<Solo>(head, flat, 0).loss));
    Given<double> wrong(37, 150);
    wrong.labels[5] = 150;
    CHECK(std::isnan(by_a_team<Solo>(head, wrong, 0).loss));
    wrong.labels[5] = -1;
    CHECK(std::isnan(by_a_team<Solo>(head, wrong, 0).loss));
  };
  all_wrong(losses::CurricularFace{});
  all_wrong(losses::Softmax{});
  all_wrong(losses::AdaptiveFace{});
}

TEST_CASE_TEMPLATE("heads on the GPU are those of the host" * needs_gpu(), H, HEADS) {
  for (double const filter : filters<H>()) {
    Given<double> const doubles(37, 2500);
    check_close(by_the_gpu(made<H>(), doubles, filter), by_the_host(made<H>(), doubles, filter), 1e-12);
    Given<float> const floats(200, 5000);
    auto const once = by_the_gpu(made<H>(), floats, filter);
    check_close(once, by_the_host(made<H>(), floats, filter), 1e-4);
    auto const again = by_the_gpu(made<H>(), floats, filter);
    CHECK((same_bits(again.dw, once.dw) && same_bits(again.df, once.df) && again.loss == once.loss));
    CHECK((same_bits(again.state, once.state) && same_bits(again.d_number, once.d_number)));
  }
}
