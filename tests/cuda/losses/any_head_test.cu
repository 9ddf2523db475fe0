#include "../compare.hpp"

#include <berl/cuda/losses/any_head.hpp>

#include <vector>

using namespace berl;
using namespace berl::gpu;

namespace {
using S = Shape<24>;
losses::HeadSettings settings(std::string_view kind) {
  losses::HeadSettings s;
  s.kind = kind;
  return s;
}
}  // namespace

TEST_CASE("a head chosen at run time has the layout of the host's, each of them") {
  for (auto const& kind : losses::head_kinds) {
    CAPTURE(kind.layout.name);
    auto const head = losses::make_head_on_gpu<S>(settings(kind.layout.name));
    CHECK(std::string(head.layout().name) == kind.layout.name);
    CHECK_NOTHROW(head.on_gpu());
  }
  CHECK_THROWS_AS(losses::AnyHead<S>(losses::ArcFace{}).on_gpu(), std::logic_error);
  CHECK_THROWS_AS(losses::make_head_on_gpu<S>(settings("face")), Error);
}

TEST_CASE("a head chosen at run time gives the bits of the head itself" * needs_gpu()) {
  constexpr int N = 5, C = 12;
  auto const run = [&](auto const& head, float* t) {
    Context<Cuda> ctx;
    ctx.scratch = Arena(plan_head<float, S>(ctx, N, C), gpu::memory);
    auto const f = filled<float, S>(N, "f"), w = filled<float, S>(C, "w");
    Tensor<float, S, Cuda> on_f(N), on_w(C), dw(C), df(N);
    Tensor<int, Shape<1>> labels(N);
    Tensor<int, Shape<1>, Cuda> on_labels(N);
    Tensor<float, Shape<1>> state(1, *t);
    Tensor<float, Shape<1>, Cuda> on_state(1);
    Tensor<double, Shape<2>, Cuda> result(1);
    for (int i = 0; i < N; ++i) labels[static_cast<std::size_t>(i)] = 2 * i;
    copy(ctx, f.read(), on_f.write()), copy(ctx, w.read(), on_w.write()), copy(ctx, labels.read(), on_labels.write());
    copy(ctx, state.read(), on_state.write());
    copy(ctx, Tensor<float, S>(C).read(), dw.write());
    losses::forward_backward(ctx, head, on_f.read(), on_labels.read(), on_w.read(), dw.add(), df.write(),
                             losses::Kept<float>({on_state.write().data(), 1}), result.write(), 0.0);
    Tensor<float, S> host_dw(C), host_df(N);
    Tensor<double, Shape<2>> host_result(1);
    copy(ctx, dw.read(), host_dw.write()), copy(ctx, df.read(), host_df.write()), copy(ctx, result.read(), host_result.write());
    copy(ctx, on_state.read(), state.write());
    ctx.synchronize();
    *t = state[0];
    std::vector<double> all(host_dw.span().begin(), host_dw.span().end());
    all.insert(all.end(), host_df.span().begin(), host_df.span().end());
    all.insert(all.end(), host_result.span().begin(), host_result.span().end());
    return all;
  };
  float t = 0.3f, u = 0.3f;
  CHECK(run(losses::make_head_on_gpu<S>(settings("curricularface")), &t) == run(losses::CurricularFace{}, &u));
  CHECK(t == u);
  CHECK(t != 0.3f);
}
