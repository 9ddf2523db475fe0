#include "../compare.hpp"

#include <berl/cuda/losses/class_sampling.hpp>
#include <berl/losses/adaptive_face.hpp>
#include <berl/losses/curricular_face.hpp>

#include <algorithm>
#include <vector>

using namespace berl;
using namespace berl::gpu;

namespace {
constexpr int identities = 1000;
std::vector<int> const labels{700, 3, 700, 999, 0};
std::vector<int> by_the_host(std::uint64_t step, int n) {
  Context<Host> ctx{1, Arena(2 * padded<std::uint64_t>(identities) * sizeof(std::uint64_t))};
  std::vector<int> classes(static_cast<std::size_t>(n));
  losses::sample_classes(ctx, Seed{1}, step, labels, identities, classes);
  return classes;
}
Tensor<int, Shape<1>> batch_of(std::vector<int> const& values) {
  Tensor<int, Shape<1>> x(static_cast<int>(values.size()));
  std::copy(values.begin(), values.end(), x.span().begin());
  return x;
}

/// A head's parameters on the host, all in one block.
template <class H, class S>
struct Head {
  losses::HeadLayout layout = losses::layout_of(H{});
  std::size_t block, buffered;
  std::vector<float> memory;
  losses::HeadParams<float, S, Host> params;
  explicit Head(int classes)
      : block(padded<float>(static_cast<std::size_t>(classes) * S::size) + losses::HeadParams<float, S, Host>::numbers(layout, classes)),
        buffered(losses::HeadParams<float, S, Host>::states(layout)),
        memory(2 * block + buffered) {
    params.place(layout, classes, memory.data(), memory.data() + block, memory.data() + 2 * block);
    Random random(Seed{5});
    for (float& v : memory) v = random.uniform(-0.4f, 0.8f);
  }
};
}  // namespace

TEST_CASE("sorted by their order the first classes are those that the host draws") {
  for (std::uint64_t const step : {0, 7}) {
    std::vector<std::uint64_t> order(identities);
    OrderOfClasses const of{named(Seed{1}, "classes"), 99, &step, order.data()};
    for (std::size_t j = 0; j < order.size(); ++j) of(j);
    std::uint64_t as_said = 0;  // where no number lies on the GPU
    OrderOfClasses{named(Seed{1}, "classes"), step, nullptr, &as_said}(0);
    CHECK(as_said == order[0]);
    std::vector<int> with_wrong = labels;
    with_wrong.push_back(-1), with_wrong.push_back(identities);  // which name none
    OwnClassesFirst const own{with_wrong.data(), identities, order.data()};
    for (std::size_t i = 0; i < with_wrong.size(); ++i) own(i);
    std::sort(order.begin(), order.end());
    for (int const n : {5, 100, identities}) {
      auto first = std::vector(order.begin(), order.begin() + n);
      std::sort(first.begin(), first.end(), [](auto a, auto b) { return (a & 0xffffffff) < (b & 0xffffffff); });
      std::vector<int> classes(static_cast<std::size_t>(n));
      ClassOfOrder const class_of{first.data(), classes.data()};
      for (std::size_t k = 0; k < classes.size(); ++k) class_of(k);
      CHECK(classes == by_the_host(step, n));
    }
  }
}

TEST_CASE("labels find their places, those of no class of the step none") {
  std::vector<int> const classes{2, 3, 5, 8, 13}, asked{2, 13, 5, 4, 14, -1};
  std::vector<int> places(asked.size());
  PlaceOfLabel const place{asked.data(), classes.data(), 5, places.data()};
  for (std::size_t i = 0; i < asked.size(); ++i) place(i);
  CHECK(places == std::vector{0, 4, 2, -1, -1, -1});
}

TEST_CASE_TEMPLATE("rows are taken out of a table and added back", S, Shape<3>, Shape<8>) {
  constexpr int D = S::size, all = 6;
  std::vector<int> const classes{1, 4, 5};
  auto const table = filled<float, S>(all, "table");
  Tensor<float, S> rows(3), sums = filled<float, S>(all, "sums");
  auto const before = filled<float, S>(all, "sums");
  CHECK(Rows<float, D>::at_once == (D == 8 ? 4 : 1));
  TakeRows<float, D> const take{{classes.data()}, table.span().data(), rows.span().data()};
  AddRows<float, D> const add{{classes.data()}, rows.span().data(), sums.span().data()};
  for (std::size_t i = 0; i < classes.size() * Rows<float, D>::pieces; ++i) take(i);
  for (std::size_t i = 0; i < classes.size() * Rows<float, D>::pieces; ++i) add(i);
  for (int j = 0; j < all; ++j) {
    auto const at = std::find(classes.begin(), classes.end(), j);
    for (int d = 0; d < D; ++d) {
      auto const i = static_cast<std::size_t>(j * D + d);
      if (at != classes.end()) CHECK(rows[static_cast<std::size_t>((at - classes.begin()) * D + d)] == table[i]);
      CHECK(sums[i] == before[i] + (at != classes.end() ? table[i] : 0.0f));
    }
  }
}

TEST_CASE("learnt numbers go out with gradients of 0, and back") {
  std::vector<int> const classes{2, 0};
  std::vector<float> table{1, 2, 3}, sums{10, 20, 30}, numbers(2, NAN), gradients(2, NAN);
  TakeNumbers<float> const take{classes.data(), table.data(), numbers.data(), gradients.data()};
  for (std::size_t k = 0; k < 2; ++k) take(k);
  CHECK((numbers == std::vector<float>{3, 1} && gradients == std::vector<float>{0, 0}));
  numbers[0] = 4, gradients[0] = 0.5f, gradients[1] = 0.25f;
  ReturnNumbers<float> const give_back{classes.data(), numbers.data(), gradients.data(), table.data(), sums.data()};
  for (std::size_t k = 0; k < 2; ++k) give_back(k);
  CHECK(table == std::vector<float>{1, 2, 4});
  CHECK(sums == std::vector<float>{10.25f, 20, 30.5f});
}

TEST_CASE("the GPU draws the classes that the host draws" * needs_gpu()) {
  Context<Cuda> ctx;
  ctx.scratch = Arena(plan_sampled_head<float, Shape<8>>(ctx, 5, identities, 300), gpu::memory);
  auto const there = on_gpu(ctx, batch_of(labels));
  for (int const n : {5, 300}) {
    Tensor<int, Shape<1>, Cuda> classes(n);
    losses::sample_classes(ctx, Seed{1}, 3, there.read(), identities, std::span<int>(classes.write().data(), static_cast<std::size_t>(n)));
    auto const found = on_host(ctx, classes);
    CHECK(std::vector<int>(found.span().begin(), found.span().end()) == by_the_host(3, n));
  }
}

TEST_CASE_TEMPLATE("a step that sees some classes is the host's" * needs_gpu(), H, losses::CurricularFace, losses::AdaptiveFace) {
  using S = Shape<24>;
  constexpr int N = 5, n = 300;
  auto const classes = by_the_host(0, n);
  Head<H, S> here(identities), kept(identities);
  auto const f = filled<float, S>(N, "f");
  Tensor<float, S> df(N);
  Context<Host> host{1, Arena(losses::sampled_scratch_bytes<float, S>(N, identities, n, here.layout))};
  auto const expected = losses::sampled_forward_backward(host, H{}, f.read(), labels, here.params, classes, df.write());

  Context<Cuda> ctx;
  ctx.scratch = Arena(plan_sampled_head<float, S>(ctx, N, identities, n, here.layout), gpu::memory);
  Tensor<float, Shape<1>> memory(static_cast<int>(kept.memory.size()));
  std::copy(kept.memory.begin(), kept.memory.end(), memory.span().begin());
  auto there = on_gpu(ctx, memory);
  losses::HeadParams<float, S, Cuda> params;
  params.place(kept.layout, identities, there.write().data(), there.write().data() + kept.block, there.write().data() + 2 * kept.block);
  auto const on_f = on_gpu(ctx, f);
  auto const on_labels = on_gpu(ctx, batch_of(labels)), on_classes = on_gpu(ctx, batch_of(classes));
  Tensor<float, S, Cuda> on_df(N);
  Tensor<double, Shape<2>, Cuda> result;
  losses::sampled_forward_backward(ctx, H{}, on_f.read(), on_labels.read(), params, std::span<int const>(on_classes.read().data(), n),
                                   on_df.write(), result.write());
  std::copy(here.memory.begin(), here.memory.end(), memory.span().begin());
  CHECK(difference(on_host(ctx, there), memory) < 1e-4);  // logits of 64 lose 4e-6 to rounding
  CHECK(difference(on_host(ctx, on_df), df) < 1e-4);
  CHECK(on_host(ctx, result)[0] == doctest::Approx(expected.loss).epsilon(1e-4));
  CHECK(on_host(ctx, result)[1] == expected.accuracy);
}
