#include "compare.hpp"

#include <berl/cuda/recording.hpp>

#include <stdexcept>
#include <string>
#include <type_traits>

using namespace berl;
using namespace berl::gpu;

namespace {
/// x += *by
struct AddFromMemory {
  float* x;
  float const* by;
  BERL_FN void operator()(std::size_t i) const { x[i] += *by; }
};
using Number = Tensor<float, Shape<1>, Cuda>;
float value(Context<Cuda>& ctx, Number const& x) { return on_host(ctx, x)[0]; }
void set(Context<Cuda>& ctx, Number& x, float to) {
  Tensor<float, Shape<1>> const here(1, to);
  copy(ctx, here.read(), x.write());
}
template <class F>
std::string said(F const& f) {
  try {
    f();
  } catch (Error const& error) {
    return error.what();
  }
  return {};
}
}  // namespace

static_assert(!std::is_copy_constructible_v<Recording> && std::is_nothrow_move_constructible_v<Recording>);

TEST_CASE("what cannot be recorded is told with CUDA's words and the way out") {
  std::string const text = said([] { throw Recording::refusal("cudaStreamEndCapture: a reason"); });
  CHECK(text.find("found cudaStreamEndCapture: a reason; expected") != std::string::npos);
  CHECK(text.find("options.graph = false") != std::string::npos);
}

TEST_CASE("recording does nothing yet; each run does all, with what lies in memory then" * needs_gpu()) {
  auto ctx = test_context();
  Number x, by;
  int calls = 0;
  set(ctx, by, 1);
  Recording const recording(ctx, [&] {
    ++calls;
    for (int k = 0; k < 3; ++k) each(ctx, "test", 1, AddFromMemory{x.write().data(), by.read().data()});
  });
  CHECK(value(ctx, x) == 0);
  recording.run();
  CHECK(value(ctx, x) == 3);
  set(ctx, by, 10);
  recording.run();
  recording.run();
  CHECK(value(ctx, x) == 63);
  CHECK(calls == 1);
}

TEST_CASE("after a body that throws, or that waits, the queue can be used" * needs_gpu()) {
  auto ctx = test_context();
  Number x, by;
  set(ctx, by, 1);
  auto const add = [&] { each(ctx, "test", 1, AddFromMemory{x.write().data(), by.read().data()}); };
  CHECK_THROWS_WITH_AS(Recording(ctx,
                                 [&] {
                                   add();
                                   throw std::runtime_error("the body's own");
                                 }),
                       "the body's own", std::runtime_error);
  CHECK(value(ctx, x) == 0);
  std::string const text = said([&] {
    Recording(ctx, [&] {
      add();
      ctx.synchronize();
    });
  });
  CAPTURE(text);
  CHECK(text.find("berl::gpu::Recording") == 0);
  CHECK(text.find("cudaStreamSynchronize") != std::string::npos);  // which call it was
  CHECK(text.find("options.graph = false") != std::string::npos);
  add();
  CHECK(value(ctx, x) == 1);
  Recording(ctx, add).run();
  CHECK(value(ctx, x) == 2);
}

TEST_CASE("an event holds another queue until it is set, and nobody before" * needs_gpu()) {
  auto ctx = test_context();
  Stream const other;
  Event const event;
  CHECK_NOTHROW(event.wait());
  CHECK_NOTHROW(event.hold(other));
  Number x, by;
  set(ctx, by, 1);
  for (int k = 0; k < 1000; ++k) each(ctx, "test", 1, AddFromMemory{x.write().data(), by.read().data()});
  event.set(ctx.stream);
  event.hold(other);
  float seen = 0;
  check(cudaMemcpyAsync(&seen, x.read().data(), sizeof seen, cudaMemcpyDeviceToHost, other.get()), "cudaMemcpyAsync");
  check(cudaStreamSynchronize(other.get()), "cudaStreamSynchronize");
  CHECK(seen == 1000);
}
