#include "slabs.hpp"

using namespace berl;
using namespace berl::gpu;

namespace {
/// y = x + c
struct PlusChannel {
  struct Channel {
    int c;
    BERL_FN double operator()(double x) const { return x + c; }
  };
  BERL_FN Channel at(int c) const { return {c}; }
};
/// y = x z; sums of x and of x z
struct Products {
  struct Channel {
    BERL_FN double operator()(double (&t)[2], double x, double z) const {
      t[0] = x;
      return t[1] = x * z;
    }
  };
  BERL_FN Channel at(int) const { return {}; }
};
template <int C>
struct Keep {
  double (*to)[2];
  BERL_FN void operator()(int c, double const (&sums)[2]) const { to[c][0] = sums[0], to[c][1] = sums[1]; }
};
constexpr int batch = 7;
/// Small whole numbers, whose sums are exact in any order.
template <class S>
Tensor<double, S> whole(int step) {
  Tensor<double, S> x(batch);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(static_cast<int>(i * static_cast<std::size_t>(step) % 17) - 5);
  return x;
}
template <class S>
struct Expected {
  Tensor<double, S> plus{batch}, product{batch};
  double sums[channels<S>][2] = {};
  Expected(Tensor<double, S> const& x, Tensor<double, S> const& z) {
    for (int n = 0; n < batch; ++n)
      for (int c = 0; c < channels<S>; ++c)
        for (int v = 0; v < height<S>; ++v)
          for (int u = 0; u < width<S>; ++u) {
            auto const i = static_cast<std::size_t>(n * S::size + offset_of<S>(c, v, u));
            plus[i] = x[i] + c;
            product[i] = x[i] * z[i];
            sums[c][0] += x[i];
            sums[c][1] += x[i] * z[i];
          }
  }
};
template <int C>
void check_sums(double const (&found)[C][2], double const (&expected)[C][2]) {
  for (int c = 0; c < C; ++c) {
    CHECK(found[c][0] == expected[c][0]);
    CHECK(found[c][1] == expected[c][1]);
  }
}
template <class S, class Team>
void check_team() {
  using By = Slabs<Team, S, double>;
  auto const x = whole<S>(3), z = whole<S>(5);
  Expected<S> const expected(x, z);
  auto const xs = By::lying(x), zs = By::lying(z);
  auto y = By::lying(x);
  By::map(PlusChannel{}, y.write(), xs.read().data());
  CHECK(same_bits(By::back(y), expected.plus));
  double found[channels<S>][2] = {};
  By::template sum<2>(Products{}, y.write(), Keep<channels<S>>{found}, xs.read().data(), zs.read().data());
  CHECK(same_bits(By::back(y), expected.product));
  check_sums(found, expected.sums);
}
}  // namespace

// Interleaved channels in packs; planes, in packs and one by one; vectors.
#define SHAPES Shape<16, 3, 5>, Shape<3, 4, 4>, Shape<5, 3, 3>, Shape<3, 9, 16>, Shape<20>, Shape<7>

TEST_CASE_TEMPLATE("a team maps channels and sums each over batch and pixels", S, SHAPES) {
  check_team<S, Solo>();
  check_team<S, Crew<5>>();
  check_team<S, Crew<21>>();
}

TEST_CASE_TEMPLATE("the GPU maps channels and sums them" * needs_gpu(), S, SHAPES) {
  using L = LayoutOf<S, Cuda>;
  auto ctx = test_context();
  auto const x = whole<S>(3), z = whole<S>(5);
  Expected<S> const expected(x, z);
  auto const xs = on_gpu(ctx, x), zs = on_gpu(ctx, z);
  Tensor<double, S, Cuda> y(batch);
  channels_map<S, L>(ctx, "plus", PlusChannel{}, y.write(), xs.read().data());
  CHECK(same_bits(on_host(ctx, y), expected.plus));
  Tensor<double, Shape<2 * channels<S>>, Cuda> sums;
  channels_sum<2, S, L>(ctx, "products", Products{}, y.write(), Keep<channels<S>>{reinterpret_cast<double(*)[2]>(sums.write().data())},
                        xs.read().data(), zs.read().data());
  CHECK(same_bits(on_host(ctx, y), expected.product));
  auto const found = on_host(ctx, sums);
  for (int c = 0; c < channels<S>; ++c)
    for (int k = 0; k < 2; ++k) CHECK(found[static_cast<std::size_t>(2 * c + k)] == expected.sums[c][k]);
}

TEST_CASE("shares of a batch are its samples, each once") {
  for (int slabs : {1, 3, 8})
    for (std::size_t n : {0u, 2u, 17u}) {
      CHECK(slab_begin(n, 0, slabs) == 0);
      CHECK(slab_begin(n, slabs, slabs) == n);
    }
  static_assert(SlabsOf<Shape<64, 8, 8>, Nhwc, float>::N == 4 && SlabsOf<Shape<64, 8, 8>, Nhwc, float>::across == 16);
  static_assert(SlabsOf<Shape<4096>, Nchw, float>::parts == 2 && SlabsOf<Shape<3, 8, 8>, Nchw, double>::N == 2);
}
