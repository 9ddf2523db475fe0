#include "../compare.hpp"

#include <berl/cuda/nn/map.hpp>

using namespace berl;
using namespace berl::gpu;

namespace {
using Line = Shape<11>;
/// i + x + 10 y
struct Sum {
  template <class T>
  BERL_FN T operator()(std::size_t i, T x, T y) const {
    return static_cast<T>(i) + x + 10 * y;
  }
};
struct Given {
  Tensor<float, Line> x{2}, y{2}, before{2}, base{2};
  Given() {
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = 3, y[i] = static_cast<float>(i % 7);
      before[i] = 100, base[i] = 1000;
    }
  }
  float sum(std::size_t i) const { return static_cast<float>(i) + 3 + 10 * static_cast<float>(i % 7); }
};
template <class S, class L>
void check_positions() {
  for (int n = 0; n < 2; ++n)
    for (int c = 0; c < channels<S>; ++c)
      for (int v = 0; v < height<S>; ++v)
        for (int u = 0; u < width<S>; ++u) {
          auto const at = position<S, L>(static_cast<std::size_t>(n * S::size + offset_of<S, L>(c, v, u)));
          CHECK((at.sample == static_cast<std::size_t>(n) && at.c == c && at.pixel == v * width<S> + u));
        }
}
}  // namespace

TEST_CASE("values are stored as the view says: instead of what was there, added to it, or to a base") {
  Given g;
  auto written = g.before, added = g.before, onto = g.before;
  Onto<float, Line, Cuda> const on(as_gpu(onto.write()), as_gpu(g.base.read()));
  float const *const x = g.x.span().data(), *const y = g.y.span().data();
  for (std::size_t i = 0; i + 4 <= 20; i += 4) {
    map_at<4>(Sum{}, as_gpu(written.write()), i, x, y);
    map_at<4>(Sum{}, as_gpu(added.add()), i, x, y);
    map_at<4>(Sum{}, on, i, x, y);
  }
  for (std::size_t i = 20; i < 22; ++i) {  // the rest, one by one
    map_at<1>(Sum{}, as_gpu(written.write()), i, x, y);
    map_at<1>(Sum{}, as_gpu(added.add()), i, x, y);
    map_at<1>(Sum{}, on, i, x, y);
  }
  for (std::size_t i = 0; i < 22; ++i) {
    CHECK(written[i] == g.sum(i));
    CHECK(added[i] == 100 + g.sum(i));
    CHECK(onto[i] == 1000 + g.sum(i));
  }
}

TEST_CASE("elements of one type are computed from another's, in the wider one") {
  alignas(16) Bf16 narrow[8], stored[8];
  alignas(16) float wide[8], sums[8];
  for (int i = 0; i < 8; ++i) {
    narrow[i] = Bf16(static_cast<float>(i) + 0.5f);
    wide[i] = static_cast<float>(i) + 0x1p-8f;
    sums[i] = 1000;
  }
  map_at<8>(Sum{}, Write<Bf16, Shape<8>, Cuda>(stored, 1), 0, narrow, wide);
  map_at<4>(Sum{}, Add<float, Shape<8>, Cuda>(sums, 1), 4, narrow, wide);
  for (int i = 0; i < 8; ++i) {
    float const sum = static_cast<float>(i) + (static_cast<float>(i) + 0.5f) + 10 * wide[i];
    CHECK(float{stored[i]} == float{Bf16(sum)});
    CHECK(sums[i] == (i < 4 ? 1000 : 1000 + sum));
  }
}

TEST_CASE("an element's place says its sample, channel and pixel") {
  check_positions<Shape<32, 3, 5>, Nhwc>();
  check_positions<Shape<32, 3, 5>, Nchw>();
  check_positions<Shape<3, 4, 2>, Nchw>();
}

TEST_CASE("the GPU maps whole batches, aligned or not" * needs_gpu()) {
  auto ctx = test_context();
  Given g;
  auto const x = on_gpu(ctx, g.x), y = on_gpu(ctx, g.y);
  auto to = on_gpu(ctx, g.before);
  map(ctx, "sum", Sum{}, to.add(), x.read().data(), y.read().data());
  auto const all = on_host(ctx, to);
  for (std::size_t i = 0; i < 22; ++i) CHECK(all[i] == 100 + g.sum(i));
  Write<float, Line, Cuda> const second(to.write().data() + Line::size, 1);  // 44 bytes from the start
  map(ctx, "sum", Sum{}, second, x.read().data() + Line::size, y.read().data() + Line::size);
  auto const part = on_host(ctx, to);
  for (std::size_t i = 0; i < 11; ++i) CHECK(part[11 + i] == static_cast<float>(i) + 3 + 10 * static_cast<float>((i + 11) % 7));
}
