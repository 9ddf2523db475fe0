#pragma once
#include <berl/core/bf16.hpp>     // number_of
#include <berl/cuda/context.hpp>  // Context<Cuda>
#include <berl/cuda/pack.hpp>     // require_aligned

#include <cublasLt.h>

#include <deque>
#include <initializer_list>
#include <memory>  // unique_ptr
#include <source_location>
#include <string>
#include <type_traits>  // remove_pointer_t, type_identity_t

/// Products of matrices by cuBLASLt, planned for one size. Programs link cublasLt.
namespace berl::gpu {
/// As of the CUDA runtime: check(cublasLtCreate(&handle), "cublasLtCreate").
///   errors  Error, unless the call succeeded: its text names the call, the file and the line
inline void check(cublasStatus_t status, char const* call, std::source_location const& from = std::source_location::current()) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(std::string(call) + " (" + from.file_name() + ":" + std::to_string(from.line()) + ")",
              std::string(cublasLtGetStatusName(status)) + ", " + cublasLtGetStatusString(status), "success",
              status == CUBLAS_STATUS_NOT_INITIALIZED
                  ? "Look that nvidia-smi lists a GPU and that its driver serves this CUDA toolkit."
                  : "Report the sizes, the GPU's name and cuBLAS's version: berl should have said so itself.");
}

/// to = [base +] a b [+ bias], of matrices that lie row after row; a is rows x depth, or stands transposed in memory, b depth x columns
/// likewise. `bias` has a number for each column; a row of memory has so many elements (a_row, ...).
struct ProductShape {
  int rows, columns, depth;
  bool a_transposed, b_transposed, biased;
  int a_row, b_row, to_row;
  cudaDataType_t type = CUDA_R_32F, to_type = CUDA_R_32F;  ///< of a and b; of the rest
  Precision precision = Precision::fp32;
  friend bool operator==(ProductShape const&, ProductShape const&) = default;
};
template <class T>
  requires std::is_floating_point_v<number_of<T>>
inline constexpr cudaDataType_t matrix_type = sizeof(T) == 8   ? CUDA_R_64F
                                              : sizeof(T) == 4 ? CUDA_R_32F
                                                               : CUDA_R_16BF;

namespace detail {
template <class P, cublasStatus_t (*destroy)(P)>
struct Destroy {
  void operator()(P p) const { static_cast<void>(destroy(p)); }
};
template <class P, cublasStatus_t (*destroy)(P)>
using Held = std::unique_ptr<std::remove_pointer_t<P>, Destroy<P, destroy>>;

/// rows x columns, row after row; to cuBLAS, which counts by columns, a matrix of columns x rows.
inline Held<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy> matrix(cudaDataType_t type, int rows, int columns, int row) {
  cublasLtMatrixLayout_t made = nullptr;
  check(cublasLtMatrixLayoutCreate(&made, type, static_cast<std::uint64_t>(columns), static_cast<std::uint64_t>(rows), row),
        "cublasLtMatrixLayoutCreate");
  return Held<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>(made);
}
}  // namespace detail

/// One product, and the algorithm that cuBLASLt expects to be fastest. It is not measured, so it is the same in each run.
class ProductPlan {
 public:
  static constexpr std::size_t most_workspace = 64 * MiB;

  ///   errors  Error, where cuBLASLt has no algorithm
  ProductPlan(cublasLtHandle_t handle, ProductShape const& s) : shape_(s) {
    bool const wide = s.type == CUDA_R_64F;
    cublasLtMatmulDesc_t product = nullptr;
    check(cublasLtMatmulDescCreate(&product,
                                   wide                                                     ? CUBLAS_COMPUTE_64F
                                   : s.type == CUDA_R_32F && s.precision != Precision::fp32 ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                                                            : CUBLAS_COMPUTE_32F,
                                   wide ? CUDA_R_64F : CUDA_R_32F),
          "cublasLtMatmulDescCreate");
    product_.reset(product);
    // by columns: to^T = b^T a^T, so the first matrix of cuBLAS is b
    set(CUBLASLT_MATMUL_DESC_TRANSA, s.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, s.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (s.biased) set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    b_ = s.b_transposed ? detail::matrix(s.type, s.columns, s.depth, s.b_row) : detail::matrix(s.type, s.depth, s.columns, s.b_row);
    a_ = s.a_transposed ? detail::matrix(s.type, s.depth, s.rows, s.a_row) : detail::matrix(s.type, s.rows, s.depth, s.a_row);
    to_ = detail::matrix(s.to_type, s.rows, s.columns, s.to_row);
    if (handle != nullptr) choose(handle);
  }
  ProductShape const& shape() const { return shape_; }
  std::size_t workspace() const { return algorithm_.workspaceSize; }

  /// Base and bias may be null; base may be `to`.
  ///   scratch workspace()
  template <class T, class To>
  void run(Context<Cuda>& ctx, cublasLtHandle_t handle, T const* a, T const* b, To const* bias, To const* base, To* to) const {
    Scope const scope(ctx.scratch);
    number_of<T> const one = 1, beta = base != nullptr ? 1 : 0;
    if (shape_.biased) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<void const*>(bias));
    void* const workspace_of_call = take_workspace(ctx, workspace());
    check(cublasLtMatmul(handle, product_.get(), &one, b, b_.get(), a, a_.get(), &beta, base != nullptr ? base : to, to_.get(), to,
                         to_.get(), &algorithm_.algo, workspace_of_call, workspace(), ctx.stream.get()),
          "cublasLtMatmul");
  }

 private:
  template <class V>
  void set(cublasLtMatmulDescAttributes_t name, V const& value) const {
    check(cublasLtMatmulDescSetAttribute(product_.get(), name, &value, sizeof value), "cublasLtMatmulDescSetAttribute");
  }
  void choose(cublasLtHandle_t handle) {
    cublasLtMatmulPreference_t made = nullptr;
    check(cublasLtMatmulPreferenceCreate(&made), "cublasLtMatmulPreferenceCreate");
    detail::Held<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> const preference(made);
    auto const prefer = [&](cublasLtMatmulPreferenceAttributes_t name, auto const& value) {
      check(cublasLtMatmulPreferenceSetAttribute(made, name, &value, sizeof value), "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, most_workspace);
    for (auto const matrix : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                              CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(matrix, std::uint32_t{16});  // as views are; what is not said counts as 256
    int found = 0;
    auto const status =
        cublasLtMatmulAlgoGetHeuristic(handle, product_.get(), b_.get(), a_.get(), to_.get(), to_.get(), made, 1, &algorithm_, &found);
    if (status != CUBLAS_STATUS_NOT_SUPPORTED) check(status, "cublasLtMatmulAlgoGetHeuristic");
    if (found == 0)
      throw Error("berl::gpu::Products",
                  "no algorithm of cuBLASLt for " + std::to_string(shape_.rows) + " x " + std::to_string(shape_.columns) + " sums of " +
                      std::to_string(shape_.depth),
                  "one", "Use another cuBLAS, or berl::Host.");
  }
  ProductShape shape_;
  detail::Held<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> product_;
  detail::Held<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy> a_, b_, to_;
  cublasLtMatmulHeuristicResult_t algorithm_{};
};

/// All products that a context has planned: ctx.owned.get<Products>().
class Products {
 public:
  Products() {
    cublasLtHandle_t made = nullptr;
    check(cublasLtCreate(&made), "cublasLtCreate");
    handle_.reset(made);
  }
  ProductPlan const& plan(ProductShape const& s) {
    for (ProductPlan const& one : plans_)
      if (one.shape() == s) return one;
    return plans_.emplace_back(handle_.get(), s);
  }
  cublasLtHandle_t handle() const { return handle_.get(); }

  /// Runs the product of this shape.
  ///   errors  std::logic_error, unless it has been planned; Error, where a matrix does not start at a multiple of 16 bytes
  template <class T, class To>
  static void run(Context<Cuda>& ctx, char const* name, ProductShape const& s, T const* a, T const* b, std::type_identity_t<To> const* bias,
                  std::type_identity_t<To> const* base, To* to) {
    for (void const* const matrix : std::initializer_list<void const*>{a, b, base, to}) require_aligned(name, matrix);
    if (Products* const all = ctx.owned.find<Products>())
      for (ProductPlan const& one : all->plans_)
        if (one.shape() == s) return one.run<T, To>(ctx, all->handle(), a, b, bias, base, to);
    throw std::logic_error(std::string(name) + ": this size and precision have not been planned. Call berl::gpu::plan first.");
  }

 private:
  detail::Held<cublasLtHandle_t, cublasLtDestroy> handle_;
  std::deque<ProductPlan> plans_;  // which stay where they are
};
}  // namespace berl::gpu
