#include <berl/core/device.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

using namespace berl;

namespace {
/// An operation that is known on the host, and one that is known everywhere.
template <int N>
struct AddN {};
struct Where {};
}  // namespace

template <int N>
struct berl::Kernel<AddN<N>, Host> {
  static int run(int x) { return x + N; }
};
template <>
struct berl::Kernel<Where, Host> {
  static constexpr char const* name = "host";
};
template <>
struct berl::Kernel<Where, Cuda> {
  static constexpr char const* name = "cuda";
};

static_assert(std::is_empty_v<Host> && std::is_empty_v<Cuda> && !std::is_same_v<Host, Cuda>, "tags, nothing else");
static_assert(std::is_move_constructible_v<Context<Host>> && !std::is_copy_constructible_v<Context<Host>>, "it owns its scratch");

TEST_CASE("operation and device together choose the kernel") {
  CHECK(Kernel<AddN<3>, Host>::run(4) == 7);
  CHECK(Kernel<AddN<-1>, Host>::run(4) == 3);
  CHECK(std::string(Kernel<Where, Host>::name) == "host");
  CHECK(std::string(Kernel<Where, Cuda>::name) == "cuda");
}

TEST_CASE("a context begins with one thread and without scratch") {
  Context<Host> ctx;
  CHECK(ctx.threads == 1);
  CHECK(ctx.scratch.bytes() == 0);
  CHECK_THROWS_AS(ctx.scratch.take<float>(1), std::logic_error);
}

TEST_CASE("a context takes an arena of a size, and keeps it when it moves") {
  Context<Host> ctx{7, Arena(256)};
  double* const block = ctx.scratch.take<double>(3);
  *block = 2.5;
  Context<Host> const to = std::move(ctx);
  CHECK(to.threads == 7);
  CHECK(to.scratch.bytes() == 256);
  CHECK(to.scratch.mark() == 64);
  CHECK(*block == 2.5);
}
