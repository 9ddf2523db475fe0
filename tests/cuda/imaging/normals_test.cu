#include "../crew.hpp"
#include "scene.hpp"

#include <berl/cuda/imaging/normals.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
template <class T_, int S_>
struct Case {
  using T = T_;
  static constexpr int S = S_, batch = 2;
};
#define CASES Case<float, 64>, Case<double, 33>, Case<float, 5>

template <class C>
struct Maps {
  using T = typename C::T;
  static constexpr int S = C::S;
  Tensor<T, Shape<1, S, S>> depth = bump<T, S>(C::batch);
  Tensor<T, Shape<3, S, S>> d_normal = filled<T, Shape<3, S, S>>(C::batch, "d normal");
  Tensor<T, Shape<3, S, S>> normal{C::batch};
  Tensor<T, Shape<1, S, S>> d_depth = filled<T, Shape<1, S, S>>(C::batch, "d depth");
};
template <class C>
Maps<C> by_the_host() {
  Maps<C> maps;
  Context<Host> ctx;
  imaging::normals(ctx, {}, maps.depth.read(), maps.normal.write());
  imaging::normals_backward(ctx, {}, maps.depth.read(), maps.d_normal.read(), maps.d_depth.add());
  return maps;
}
template <class C>
void check_close(Maps<C> const& a, Maps<C> const& b) {
  CHECK(difference(a.normal, b.normal) < rounding<typename C::T>);
  CHECK(difference(a.d_depth, b.d_depth) < rounding<typename C::T>);
}
}  // namespace

TEST_CASE_TEMPLATE("each pixel by itself has the host's normal and gradient", C, CASES) {
  using T = typename C::T;
  constexpr int S = C::S;
  using Band = imaging::detail::NormalBand<T, S>;
  static_assert(sizeof(Band) <= 48 * KiB && Band::bands * Band::rows >= S);
  auto const expected = by_the_host<C>();
  imaging::Settings const settings;
  auto const camera = imaging::camera<T, S>(settings);
  auto const by = [&]<class Team>(Team) {
    Maps<C> maps;
    imaging::detail::NormalsOf<T, S> const normals{camera, T(settings.normal_epsilon), as_gpu(maps.depth.read()),
                                                   as_gpu(maps.normal.write())};
    Band shared;
    for (int n = 0; n < C::batch; ++n)
      for (int i = 0; i < S * S; ++i) normals(n, i / S, i % S);
    work<Team>([&](Team team) {
      for (int n = 0; n < C::batch; ++n)
        for (int band = 0; band < Band::bands; ++band)
          imaging::detail::pull_normals<T, S>(team, camera, T(settings.normal_epsilon), maps.depth.read().sample(n),
                                              maps.d_normal.read().sample(n), as_gpu(maps.d_depth.add()), n, band, shared);
    });
    return maps;
  };
  check_close(by(Solo{}), expected);
  check_close(by(Crew<5>{}), expected);
}

TEST_CASE_TEMPLATE("the GPU finds the host's normals and their gradient, twice the same" * needs_gpu(), C, CASES) {
  auto ctx = test_context();
  auto const run = [&] {
    Maps<C> maps;
    auto const depth = on_gpu(ctx, maps.depth);
    auto const d_normal = on_gpu(ctx, maps.d_normal);
    auto normal = on_gpu(ctx, maps.normal);
    auto d_depth = on_gpu(ctx, maps.d_depth);
    imaging::normals(ctx, {}, depth.read(), normal.write());
    imaging::normals_backward(ctx, {}, depth.read(), d_normal.read(), d_depth.add());
    maps.normal = on_host(ctx, normal);
    maps.d_depth = on_host(ctx, d_depth);
    return maps;
  };
  auto const once = run();
  check_close(once, by_the_host<C>());
  CHECK(same_bits(once.d_depth, run().d_depth));
}
