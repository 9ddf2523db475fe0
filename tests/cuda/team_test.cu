#include "gpu.hpp"

#include <berl/cuda/team.hpp>

#include <berl/cuda/launch.hpp>
#include <berl/cuda/tensor.hpp>

using namespace berl;
using namespace berl::gpu;

static_assert(threads_for(1, 512) == 32 && threads_for(33, 512) == 64 && threads_for(512, 512) == 512 && threads_for(5000, 512) == 512);
static_assert(Block<96>::size == 96 && Block<96>::warps == 3);

namespace {
/// Each member's numbers are its rank and 1; the team's largest rank, and the sums as its last member sees them.
template <int threads>
__global__ void together(double* sums, unsigned long long* largest) {
  using Team = Block<threads>;
  double v[2] = {static_cast<double>(Team::rank()), 1};
  Team::raise(*largest, static_cast<unsigned long long>(Team::rank()));
  Team::sum(v);
  if (Team::rank() == threads - 1) sums[0] = v[0], sums[1] = v[1];
}
}  // namespace

TEST_CASE("a team of one has its own sums and the largest of what it saw") {
  CHECK(Solo::rank() == 0);
  double v[2] = {3, 4};
  Solo::sum(v);
  CHECK((v[0] == 3 && v[1] == 4));
  unsigned long long largest = 5;
  Solo::raise(largest, 4);
  CHECK(largest == 5);
  Solo::raise(largest, 1ull << 40);
  CHECK(largest == 1ull << 40);
}

TEST_CASE_TEMPLATE("the members of a block get one sum and one maximum" * needs_gpu(), Threads, Shape<32>, Shape<96>, Shape<1024>) {
  constexpr int n = Threads::size;
  Context<Cuda> ctx;
  Tensor<double, Shape<2>, Cuda> sums;
  Tensor<unsigned long long, Shape<1>, Cuda> largest;
  launch(ctx, "together", together<n>, {1, n}, sums.write().data(), largest.write().data());
  Tensor<double, Shape<2>> s;
  Tensor<unsigned long long, Shape<1>> l;
  copy(ctx, sums.read(), s.write());
  copy(ctx, largest.read(), l.write());
  ctx.synchronize();
  CHECK(s[0] == n * (n - 1) / 2);
  CHECK(s[1] == n);
  CHECK(l[0] == n - 1);
}
