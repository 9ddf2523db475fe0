#include <berl/losses/attribute.hpp>
#include <berl/model.hpp>
#include <berl/train/tap_trainer.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // they do match: all of them are below

namespace {
std::atomic<long> allocations = 0;
void* try_to_allocate(std::size_t bytes, std::size_t alignment) noexcept {
  ++allocations;
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void* allocate(std::size_t bytes, std::size_t alignment) {
  void* const block = try_to_allocate(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
}  // namespace

// Every allocation of the program comes through here.
void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new[](std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return allocate(bytes, static_cast<std::size_t>(alignment)); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return allocate(bytes, static_cast<std::size_t>(alignment)); }
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept { return try_to_allocate(bytes, alignof(std::max_align_t)); }
void* operator new[](std::size_t bytes, std::nothrow_t const&) noexcept { return try_to_allocate(bytes, alignof(std::max_align_t)); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

using namespace berl;

TEST_CASE("trainer: a step allocates nothing, in any stage, not even the first one") {
  struct Backbone : networks::IResNet<2, 2, 2, 2, 4, 112, 8> {};
  using Tiny = Model<Backbone, losses::CurricularFace, networks::Bypass<16, 4, 4>>;
  for (int const threads : {1, 2}) {
    train::Trainer<Tiny, Host> trainer(
        {.identities = 3, .batch = 4, .threads = threads, .flip = 0.5, .confidence = true, .smoothness = 0.01, .clip = 5});
    Tensor<float, Tiny::Input> images(4);
    Tensor<float, Tiny::Embedding> embeddings(4);
    for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<float>(i % 255) / 127 - 1;
    std::vector<int> const labels{0, 1, 2, 0};
    for (auto const stage : {train::Stage::recognition, train::Stage::reconstruction, train::Stage::joint}) {
      trainer.begin(stage, optim::MultiStep{.rate = 0.01, .milestones = {1}}, optim::Constant{.rate = 1e-4});
      long const before = allocations;
      trainer.prepare(images.read(), labels);
      for (int step = 0; step < 2; ++step) trainer.step([&] { trainer.prepare(images.read(), labels); });
      trainer.embed(images.read(), embeddings.write());
      CHECK(allocations == before);
    }
  }
  long const before = allocations;
  ::operator delete(::operator new(1));
  ::operator delete(::operator new(1, std::nothrow));
  CHECK(allocations == before + 2);  // the count counts
}

TEST_CASE("tap trainer: neither a step nor an evaluation allocates") {
  struct Backbone : networks::IResNet<2, 2, 2, 2, 4, 112, 8> {};
  using Tuned = train::TapTrainer<Backbone, networks::PooledAttributeHead<16, 8, 3>>;
  Tuned trainer({.batch = 4, .threads = 2});
  trainer.begin(optim::MultiStep{.rate = 0.01, .milestones = {1}});
  Tensor<float, Tuned::Input> const images(4, 0.1f);
  Tensor<float, Tuned::Output> const targets(4, 1.0f);
  Tensor<float, Tuned::Output> said(4);
  long const before = allocations;
  for (int step = 0; step < 2; ++step)
    trainer.step(images.read(), [&](Context<Host>& ctx, auto x, auto d) { return losses::attribute(ctx, x, targets.read(), d); });
  trainer.predict(images.read(), said.write());
  CHECK(allocations == before);
}
