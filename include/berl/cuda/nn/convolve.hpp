#pragma once
#include <berl/core/bf16.hpp>  // number_of
#include <berl/cuda/dnn.hpp>   // Dnn, Descriptor
#include <berl/cuda/pack.hpp>  // require_aligned

#include <algorithm>  // min, none_of
#include <deque>
#include <optional>
#include <vector>

/// Convolutions by cuDNN, planned for one geometry and batch. Maps lie as (N, H, W, C), weights as (M, K, K, C).
namespace berl::gpu {
template <class T>
  requires std::is_floating_point_v<number_of<T>>
inline constexpr cudnnDataType_t data_type = sizeof(T) == 8   ? CUDNN_DATA_DOUBLE
                                             : sizeof(T) == 4 ? CUDNN_DATA_FLOAT
                                                              : CUDNN_DATA_BFLOAT16;

/// x: (N, C, H, W) to y: (N, M, OH, OW); elements of a type, multiplied with a precision where that is float.
struct Geometry {
  int N, C, H, W, M, OH, OW, K, S, P;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  Precision precision = Precision::fp32;
  friend bool operator==(Geometry const&, Geometry const&) = default;
};
/// y from x and w; x from y and w, which is a transposed convolution or the gradient of x; w from x and y, the gradient of w.
enum class Convolve { forward, data, weights };

namespace detail {
inline constexpr std::int64_t x_id = 1, w_id = 2, y_id = 3;

inline Descriptor tensor(std::int64_t id, cudnnDataType_t type, std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
  std::int64_t const extents[] = {n, c, h, w}, strides[] = {h * w * c, 1, w * c, c};
  Descriptor made(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  made.set(CUDNN_ATTR_TENSOR_DATA_TYPE, type).set(CUDNN_ATTR_TENSOR_DIMENSIONS, extents).set(CUDNN_ATTR_TENSOR_STRIDES, strides);
  made.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id).set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, std::int64_t{16}).finish();
  return made;
}
/// What is to be computed, for any GPU. The parts live as long as the whole.
struct Operation {
  Descriptor x, w, y, convolution, whole;
};
inline Descriptor convolution(Geometry const& g) {
  std::int64_t const strides[] = {g.S, g.S}, pads[] = {g.P, g.P}, ones[] = {1, 1};
  Descriptor made(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  made.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, g.type == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2})
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, pads)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, pads)
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, strides)
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, ones)
      .finish();
  return made;
}
/// The attributes of an operation, by which the three differ in name.
struct Names {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};
constexpr Names names_of(Convolve what) {
  if (what == Convolve::forward)
    return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
  if (what == Convolve::data)
    return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
}
inline Operation operation(Geometry const& g, Convolve what) {
  Names const names = names_of(what);
  Operation made{tensor(x_id, g.type, g.N, g.C, g.H, g.W), tensor(w_id, g.type, g.M, g.C, g.K, g.K),
                 tensor(y_id, g.type, g.N, g.M, g.OH, g.OW), convolution(g), Descriptor(names.type)};
  made.whole.set(names.x, made.x).set(names.w, made.w).set(names.y, made.y).set(names.convolution, made.convolution);
  if (g.type == CUDNN_DATA_DOUBLE)
    made.whole.set(names.alpha, 1.0).set(names.beta, 0.0).finish();
  else
    made.whole.set(names.alpha, 1.f).set(names.beta, 0.f).finish();
  return made;
}
/// Whether an engine with such properties may be taken: its sums have one order and are in float; floats that are to be multiplied as they
/// are go through neither tensor cores nor the Winograd transforms that lose more than a digit.
inline bool allowed(std::vector<cudnnBackendNumericalNote_t> const& notes, Geometry const& g) {
  bool const exact = g.type == CUDNN_DATA_FLOAT && g.precision == Precision::fp32;
  return std::none_of(notes.begin(), notes.end(), [&](cudnnBackendNumericalNote_t note) {
    switch (note) {
      case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
      case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
      case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
      case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13: return true;
      case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
      case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS: return exact;
      default: return false;
    }
  });
}
}  // namespace detail

/// One operation, and the first of the algorithms that cuDNN expects to be fastest which is allowed and fits. It is not measured, so the
/// choice, and with it the bits, are the same in each run.
class ConvolutionPlan {
 public:
  static constexpr std::int64_t most_workspace = 1 << 30;

  ///   errors  Error, where cuDNN has no such algorithm
  ConvolutionPlan(Dnn const& dnn, Geometry const& g, Convolve what)
      : operation_(detail::operation(g, what)),
        graph_(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) {
    graph_.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, dnn.get()).set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation_.whole).finish();
    for (auto const mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
      if (choose(dnn, g, mode)) return;
    throw Error("berl::nn::Conv2d on CUDA",
                "no algorithm of cuDNN " + std::to_string(cudnnGetVersion()) + " for a batch of " + std::to_string(g.N) + " maps of " +
                    std::to_string(g.C) + " x " + std::to_string(g.H) + " x " + std::to_string(g.W) + " and " + std::to_string(g.M) +
                    " kernels of " + std::to_string(g.K),
                "one whose sums have a fixed order", "Use tf32 instead of fp32, another cuDNN 9, or berl::Host.");
  }
  std::size_t workspace() const { return static_cast<std::size_t>(workspace_); }

  /// Pointers as in the geometry; what the operation computes is overwritten.
  ///   scratch workspace()
  template <class T>
  void run(Context<Cuda>& ctx, Dnn const& dnn, T const* x, T const* w, T const* y) const {
    for (T const* const map : {x, w, y}) gpu::require_aligned("berl::nn::Conv2d", map);
    Scope const scope(ctx.scratch);
    std::int64_t const ids[] = {detail::x_id, detail::w_id, detail::y_id};
    void* const pointers[] = {const_cast<T*>(x), const_cast<T*>(w), const_cast<T*>(y)};
    Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids).set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, pointers);
    pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, take_workspace(ctx, workspace())).finish();
    check(cudnnBackendExecute(dnn.get(), plan_->get(), pack.get()), "cudnnBackendExecute");
  }

 private:
  bool choose(Dnn const& dnn, Geometry const& g, cudnnBackendHeurMode_t mode) {
    constexpr int most = 32;
    Descriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph_).set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
    if (!heuristic.finishes()) return false;
    std::vector<Descriptor> configs;
    cudnnBackendDescriptor_t places[most];
    for (cudnnBackendDescriptor_t& place : places) place = configs.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).get();
    int const found = heuristic.read(CUDNN_ATTR_ENGINEHEUR_RESULTS, most, places, CUDNN_TYPE_BACKEND_DESCRIPTOR);
    for (int i = 0; i < std::min(found, most); ++i) {
      Descriptor& config = configs[static_cast<std::size_t>(i)];
      Descriptor const engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
      cudnnBackendDescriptor_t place = engine.get();
      config.read(CUDNN_ATTR_ENGINECFG_ENGINE, 1, &place, CUDNN_TYPE_BACKEND_DESCRIPTOR);
      std::vector<cudnnBackendNumericalNote_t> notes(CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
      notes.resize(static_cast<std::size_t>(engine.read(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT, notes.data())));
      if (!detail::allowed(notes, g)) continue;
      Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, dnn.get()).set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
      if (!plan.finishes()) continue;
      plan.read(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, 1, &workspace_);
      if (workspace_ > most_workspace) continue;
      config_.emplace(std::move(config));
      plan_.emplace(std::move(plan));
      return true;
    }
    return false;
  }
  detail::Operation operation_;
  Descriptor graph_;
  std::optional<Descriptor> config_, plan_;
  std::int64_t workspace_ = 0;
};

/// All convolutions that a context has planned: ctx.owned.get<Convolutions>(ctx).
class Convolutions {
 public:
  explicit Convolutions(Context<Cuda>& ctx) : dnn_(ctx.owned.get<Dnn>(ctx.stream.get())) {}
  ConvolutionPlan const& plan(Geometry const& g, Convolve what) {
    if (ConvolutionPlan const* const known = find(g, what)) return *known;
    return plans_.emplace_back(Planned{g, what, {dnn_, g, what}}).plan;
  }
  /// Null, unless it has been planned.
  ConvolutionPlan const* find(Geometry const& g, Convolve what) const {
    for (Planned const& one : plans_)
      if (one.geometry == g && one.what == what) return &one.plan;
    return nullptr;
  }
  Dnn const& dnn() const { return dnn_; }

 private:
  struct Planned {
    Geometry geometry;
    Convolve what;
    ConvolutionPlan plan;
  };
  Dnn const& dnn_;
  std::deque<Planned> plans_;  // which stay where they are
};
}  // namespace berl::gpu
