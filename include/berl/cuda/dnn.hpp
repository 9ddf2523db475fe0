#pragma once
#include <berl/cuda/context.hpp>  // Context<Cuda>

#include <cudnn.h>

#include <memory>  // unique_ptr
#include <source_location>
#include <string>
#include <type_traits>  // remove_pointer_t

/// cuDNN's handle, and its descriptors of tensors, operations and plans. Programs link cudnn.
namespace berl::gpu {
/// The exception for a failed call of cuDNN: its text names the call, the file and the line.
inline Error dnn_failure(cudnnStatus_t status, char const* call, std::source_location const& from) {
  char more[512] = "";
  cudnnGetLastErrorString(more, sizeof more);
  char const* const remedy =
      status == CUDNN_STATUS_NOT_INITIALIZED || status == CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH
          ? "Look that the libraries of one cuDNN 9 are found, in LD_LIBRARY_PATH too, and that nvidia-smi lists a GPU."
          : "Report the shapes, the GPU's name and cuDNN's version: berl should have said so itself.";
  return {std::string(call) + " (" + from.file_name() + ":" + std::to_string(from.line()) + ")",
          std::string(cudnnGetErrorString(status)) + (more[0] != '\0' ? std::string(", ") + more : std::string()), "success", remedy};
}
/// As of the CUDA runtime: check(cudnnCreate(&handle), "cudnnCreate").
///   errors  Error, unless the call succeeded
inline void check(cudnnStatus_t status, char const* call, std::source_location const& from = std::source_location::current()) {
  if (status != CUDNN_STATUS_SUCCESS) throw dnn_failure(status, call, from);
}

/// cuDNN on a context's queue: ctx.owned.get<Dnn>(ctx.stream.get()).
class Dnn {
 public:
  explicit Dnn(cudaStream_t stream) {
    cudnnHandle_t made = nullptr;
    check(cudnnCreate(&made), "cudnnCreate");
    handle_.reset(made);
    check(cudnnSetStream(made, stream), "cudnnSetStream");
  }
  cudnnHandle_t get() const { return handle_.get(); }

 private:
  struct Destroy {
    void operator()(cudnnHandle_t handle) const { static_cast<void>(cudnnDestroy(handle)); }
  };
  std::unique_ptr<std::remove_pointer_t<cudnnHandle_t>, Destroy> handle_;
};

/// The types of attributes' values.
template <class V>
inline constexpr cudnnBackendAttributeType_t attribute_type = CUDNN_TYPE_VOID_PTR;
template <>
inline constexpr cudnnBackendAttributeType_t attribute_type<std::int64_t> = CUDNN_TYPE_INT64;
template <>
inline constexpr cudnnBackendAttributeType_t attribute_type<float> = CUDNN_TYPE_FLOAT;
template <>
inline constexpr cudnnBackendAttributeType_t attribute_type<double> = CUDNN_TYPE_DOUBLE;
template <>
inline constexpr cudnnBackendAttributeType_t attribute_type<cudnnHandle_t> = CUDNN_TYPE_HANDLE;
template <>
inline constexpr cudnnBackendAttributeType_t attribute_type<cudnnDataType_t> = CUDNN_TYPE_DATA_TYPE;
template <>
inline constexpr cudnnBackendAttributeType_t attribute_type<cudnnConvolutionMode_t> = CUDNN_TYPE_CONVOLUTION_MODE;
template <>
inline constexpr cudnnBackendAttributeType_t attribute_type<cudnnBackendHeurMode_t> = CUDNN_TYPE_HEUR_MODE;
template <>
inline constexpr cudnnBackendAttributeType_t attribute_type<cudnnBackendNumericalNote_t> = CUDNN_TYPE_NUMERICAL_NOTE;

/// One descriptor: set what it has, then finish it.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    cudnnBackendDescriptor_t made = nullptr;
    check(cudnnBackendCreateDescriptor(type, &made), "cudnnBackendCreateDescriptor");
    descriptor_.reset(made);
  }
  cudnnBackendDescriptor_t get() const { return descriptor_.get(); }

  template <class V>
  Descriptor& set(cudnnBackendAttributeName_t name, V value) {
    return set_bytes(name, attribute_type<V>, 1, &value);
  }
  template <class V, std::size_t n>
  Descriptor& set(cudnnBackendAttributeName_t name, V const (&values)[n]) {
    return set_bytes(name, attribute_type<V>, n, values);
  }
  Descriptor& set(cudnnBackendAttributeName_t name, Descriptor const& other) {
    cudnnBackendDescriptor_t const one = other.get();
    return set_bytes(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &one);
  }
  Descriptor& finish() {
    check(cudnnBackendFinalize(get()), "cudnnBackendFinalize");
    return *this;
  }
  /// False where cuDNN cannot do what is described.
  bool finishes() { return cudnnBackendFinalize(get()) == CUDNN_STATUS_SUCCESS; }

  /// Reads up to `most` values, and returns how many there are.
  template <class V>
  int read(cudnnBackendAttributeName_t name, int most, V* values, cudnnBackendAttributeType_t type = attribute_type<V>) const {
    std::int64_t count = 0;
    check(cudnnBackendGetAttribute(get(), name, type, most, &count, values), "cudnnBackendGetAttribute");
    return static_cast<int>(count);
  }

 private:
  Descriptor& set_bytes(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t count, void const* values) {
    check(cudnnBackendSetAttribute(get(), name, type, static_cast<std::int64_t>(count), values), "cudnnBackendSetAttribute");
    return *this;
  }
  struct Destroy {
    void operator()(cudnnBackendDescriptor_t descriptor) const { static_cast<void>(cudnnBackendDestroyDescriptor(descriptor)); }
  };
  std::unique_ptr<void, Destroy> descriptor_;
};
}  // namespace berl::gpu
