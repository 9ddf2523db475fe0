#include "compare.hpp"
#include "multiply.hpp"

#include <berl/cuda/blas.hpp>

#include <string>
#include <vector>

using namespace berl;
using namespace berl::gpu;

namespace {
// Either matrix as it is or transposed, rows of memory longer than those of the matrix, with a bias.
ProductShape const shapes[] = {{3, 5, 7, false, true, true, 7, 7, 5},
                               {32, 64, 16, true, false, false, 32, 64, 64},
                               {33, 24, 150, false, false, false, 152, 24, 32},
                               {24, 8, 40, true, true, true, 24, 40, 12}};
}  // namespace

TEST_CASE("cuBLASLt takes the descriptors of all products") {
  for (ProductShape shape : shapes) {
    CHECK_NOTHROW(ProductPlan(nullptr, shape));
    shape.precision = Precision::tf32;
    CHECK_NOTHROW(ProductPlan(nullptr, shape));
    shape.type = shape.to_type = CUDA_R_64F;
    CHECK_NOTHROW(ProductPlan(nullptr, shape));
    shape.type = CUDA_R_16BF;
    for (auto const to : {CUDA_R_16BF, CUDA_R_32F}) {
      shape.to_type = to;
      CHECK_NOTHROW(ProductPlan(nullptr, shape));
    }
  }
}

TEST_CASE("a refused call says what and where") {
  std::string said;
  try {
    check(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmul");
  } catch (Error const& error) {
    said = error.what();
  }
  CHECK(said.find("cublasLtMatmul (") == 0);
  CHECK(said.find("blas_test.cu:") != std::string::npos);
  CHECK(said.find("CUBLAS_STATUS_NOT_SUPPORTED") != std::string::npos);
  CHECK_NOTHROW(check(CUBLAS_STATUS_SUCCESS, "cublasLtMatmul"));
}

TEST_CASE("products on the GPU are those of the definition" * needs_gpu()) {
  auto ctx = test_context();
  using Block = Shape<6144>;  // 64 x 96, more than any of the matrices
  auto const a = filled<float, Block>(1, "a"), b = filled<float, Block>(1, "b"), base = filled<float, Block>(1, "base");
  auto const bias = filled<float, Shape<64>>(1, "bias");
  auto const as = on_gpu(ctx, a), bs = on_gpu(ctx, b);
  auto const biases = on_gpu(ctx, bias);
  CHECK_THROWS_AS(Products::run<float>(ctx, "test", shapes[0], nullptr, nullptr, nullptr, nullptr, static_cast<float*>(nullptr)),
                  std::logic_error);
  for (ProductShape const& shape : shapes)
    for (bool const onto : {false, true}) {
      ctx.owned.get<Products>().plan(shape);
      auto expected = base;
      float* const to = expected.span().data();
      multiply<float>(shape, a.span().data(), b.span().data(), bias.span().data(), onto ? to : nullptr, to);
      auto found = on_gpu(ctx, base);
      float* const there = found.write().data();
      Products::run<float>(ctx, "test", shape, as.read().data(), bs.read().data(), biases.read().data(), onto ? there : nullptr, there);
      CHECK(difference(on_host(ctx, found), expected) < rounding<float>);  // what lies between the rows is as it was
    }
}
