#include <berl/core/tensor.hpp>
#include <berl/losses/make_head.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace berl;
using losses::AnyHead, losses::Kept;

namespace {
using S = Shape<8>;
constexpr int B = 20, C = 300;  // three groups of classes, two of lanes

/// A step of a head, with all that it leaves behind.
struct Ran {
  double loss, accuracy;
  std::vector<float> all;
  Ran(AnyHead<S> const& head, int threads, double filter, bool bad_class = false, bool bad_embedding = false) {
    auto const layout = head.layout();
    Context<Host> ctx;
    ctx.threads = threads;
    ctx.scratch = Arena(losses::scratch_bytes<float, S>(B, C, layout, filter != 0));
    Tensor<float, S> f(B), w(C), df(B), dw(C);
    std::vector<float> state(layout.state.size()), numbers(C), d_numbers(C);
    bool const learns = layout.number != nullptr;
    Kept<float> const kept(state, learns ? numbers.data() : nullptr, learns ? d_numbers.data() : nullptr);
    losses::initialize(ctx, head, w.write(), kept, Seed{5});
    std::vector<int> labels;
    for (int i = 0; i < B; ++i) labels.push_back(31 * i % C);
    for (std::size_t i = 0; i < f.size(); ++i) f[i] = 6 * std::sin(static_cast<float>(i * i));
    if (bad_class) w[8 * 299 + 3] = std::nanf("");  // no sample's own
    if (bad_embedding) f[13] = std::nanf("");
    auto const result =
        losses::forward_backward(ctx, head, f.read(), std::span<int const>(labels), w.read(), dw.add(), df.write(), kept, filter);
    CHECK(ctx.scratch.peak() == ctx.scratch.bytes());
    loss = result.loss, accuracy = result.accuracy;
    for (auto const part : {df.span(), dw.span(), std::span(state), std::span(d_numbers)}) all.insert(all.end(), part.begin(), part.end());
  }
  bool operator==(Ran const&) const = default;
};
}  // namespace

TEST_CASE("every head has the same bits for any number of threads, with a filter too, and NaN stays NaN") {
  for (auto const& kind : losses::head_kinds) {
    CAPTURE(kind.layout.name);
    auto const head = losses::make_head<S>({.kind = kind.layout.name});
    CHECK(head.layout().name == std::string(kind.layout.name));
    for (double const filter : {0.0, 0.3}) {
      if (kind.affine && filter != 0) continue;
      Ran const one(head, 1, filter);
      CHECK(std::isfinite(one.loss));
      for (float const v : one.all)
        if (!std::isfinite(v)) FAIL_CHECK("not finite");
      CHECK(Ran(head, 2, filter) == one);
      CHECK(Ran(head, 7, filter) == one);
      CHECK(!std::isfinite(Ran(head, 1, filter, true).loss));
      CHECK(!std::isfinite(Ran(head, 1, filter, false, true).loss));
    }
  }
}
