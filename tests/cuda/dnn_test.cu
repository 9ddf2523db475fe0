#include "gpu.hpp"

#include <berl/cuda/dnn.hpp>

#include <string>

using namespace berl;
using namespace berl::gpu;

TEST_CASE("a refused call says what, where and why") {
  std::string said;
  try {
    Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_DATA_FLOAT).finish();  // of no size
  } catch (Error const& error) {
    said = error.what();
  }
  CHECK(said.find("cudnnBackendFinalize (") == 0);
  CHECK(said.find("dnn.hpp:") != std::string::npos);
  CHECK(said.find("CUDNN_STATUS_") != std::string::npos);
}

TEST_CASE("without a GPU, cuDNN says so; with one, it has a handle") {
  if (found()) {
    Context<Cuda> ctx;
    CHECK(ctx.owned.get<Dnn>(ctx.stream.get()).get() != nullptr);
  } else {
    CHECK_THROWS_AS(Dnn(nullptr), Error);
  }
}
