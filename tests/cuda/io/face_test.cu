#include <berl/cuda/io/face.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include "../../io/scratch_folder.hpp"
#include "../gpu.hpp"
#include "embedded.hpp"

using namespace berl;
using namespace berl::gpu;
using namespace berl::test;

namespace {
using OnGpu = Face<TinyBackbone, float, Cuda>;
static_assert(OnGpu::size == 32);

struct Written {
  ScratchFolder folder;
  std::filesystem::path path = folder / "backbone.safetensors";
  Written() { write_tiny(path); }
  OnGpu open(FaceOptions const& options = {}) const { return OnGpu(io::read_weights(path), options); }
};
double off(std::vector<float> const& a, std::vector<float> const& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i] - b[i]), 2);
    size += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / size);
}
void check_near(std::vector<std::vector<float>> const& found, std::vector<std::vector<float>> const& expected, double tolerance) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(off(found[i], expected[i]) < tolerance);
}
}  // namespace

TEST_CASE("embeddings of any number of pictures are the host's, in either precision" * needs_gpu()) {
  Written const written;
  auto const pictures = tiny_pictures(7);
  auto const expected = embedded_by_the_host(written.path, pictures, false), fused = embedded_by_the_host(written.path, pictures, true);
  for (Precision const precision : {Precision::fp32, Precision::tf32}) {
    // Eighteen layers of sums in another order; in tf32 each of their factors is off by up to 5e-4, either way: weights that are so on the
    // host move an embedding by 1e-3, and two pictures' are 0.2 apart.
    double const tolerance = precision == Precision::fp32 ? 1e-4 : 1e-2;
    auto const face = written.open({.precision = precision, .batch = 3});
    CHECK(face.embed(std::span<io::Image const>{}).empty());
    for (std::size_t const n : {7u, 1u, 3u, 5u}) {
      std::span<io::Image const> const some(pictures.data(), n);
      check_near(face.embed(some), {expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(n)}, tolerance);
      check_near(face.embed(some, FlipFused{}), {fused.begin(), fused.begin() + static_cast<std::ptrdiff_t>(n)}, tolerance);
    }
    CHECK(off(face.embed(pictures[2]), expected[2]) < tolerance);
  }
  CHECK(off(expected[0], expected[1]) > 0.2);  // so that pictures that change places are noticed
}

TEST_CASE("and of maps that are stored in 16 bits, but for their rounding" * needs_gpu()) {
  Written const written;
  auto const pictures = tiny_pictures(5);
  using Narrow = Face<TinyBackbone, Bf16, Cuda>;
  Narrow const face(io::read_weights(written.path), {.batch = 3});
  // Weights are off by eight times as much as in tf32, where that moves an embedding by 1e-3, and so are maps.
  check_near(face.embed(pictures), embedded_by_the_host(written.path, pictures, false), 0.03);
  CHECK_THROWS_AS(written.open({.precision = Precision::bf16}), Error);
}

TEST_CASE("one object serves several threads" * needs_gpu()) {
  Written const written;
  auto const pictures = tiny_pictures(6);
  auto const face = written.open({.batch = 2});
  auto const expected = face.embed(pictures);
  std::vector<std::vector<float>> found(6);
  {
    std::vector<std::jthread> threads;
    for (std::size_t k = 0; k < 6; ++k) threads.emplace_back([&, k] { found[k] = face.embed(pictures[k]); });
  }
  for (std::size_t k = 0; k < 6; ++k) CHECK(off(found[k], expected[k]) < 1e-5);  // the same kernels, at another place in the batch
}

TEST_CASE("what the caller gets wrong is said" * needs_gpu()) {
  Written const written;
  CHECK_THROWS_AS(written.open({.batch = 0}), Error);
  CHECK(message_of<Error>([&] { written.open({.gpu = 99}); }).find("GPU number 99") != std::string::npos);
  auto const face = written.open();
  CHECK(message_of<Error>([&] { face.embed(io::blank(112, 111, 3)); }).find("picture 0: found 112 x 111 pixels") != std::string::npos);
}

TEST_CASE("without a GPU a face on one says what was looked for" * doctest::skip(found())) {
  Written const written;
  CHECK(message_of<Error>([&] { written.open(); }).find("NVIDIA") != std::string::npos);
}
