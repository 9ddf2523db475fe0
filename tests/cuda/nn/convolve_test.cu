#include <doctest/doctest.h>

#include <berl/cuda/nn/convolve.hpp>

using namespace berl;
using namespace berl::gpu;

TEST_CASE("cuDNN takes the descriptors of all operations") {
  for (Geometry const& g :
       {Geometry{4, 3, 9, 9, 64, 5, 5, 3, 2, 1}, Geometry{1, 64, 8, 8, 32, 8, 8, 3, 1, 1},
        Geometry{1, 64, 8, 8, 32, 8, 8, 3, 1, 1, data_type<Bf16>}, Geometry{1, 8, 4, 4, 8, 4, 4, 1, 1, 0, data_type<double>}})
    for (auto const what : {Convolve::forward, Convolve::data, Convolve::weights}) CHECK_NOTHROW(gpu::detail::operation(g, what));
  CHECK_THROWS_AS(gpu::detail::operation({1, 16, 8, 8, 16, 9, 8, 3, 1, 1}, Convolve::forward), Error);  // 9 rows out of 8
}

TEST_CASE("what an engine says of its sums decides") {
  Geometry exact{}, rounded{};
  rounded.precision = Precision::tf32;
  using Notes = std::vector<cudnnBackendNumericalNote_t>;
  CHECK(gpu::detail::allowed({}, exact));
  CHECK(gpu::detail::allowed(Notes{CUDNN_NUMERICAL_NOTE_WINOGRAD, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4}, exact));
  for (auto const note : {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS}) {
    CHECK(!gpu::detail::allowed(Notes{note}, exact));
    CHECK(gpu::detail::allowed(Notes{note}, rounded));
  }
  for (Geometry const& g : {exact, rounded}) {
    CHECK(!gpu::detail::allowed(Notes{CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}, g));
    CHECK(!gpu::detail::allowed(Notes{CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION}, g));
  }
}
