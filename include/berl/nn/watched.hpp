#pragma once
#include <berl/core/view.hpp>          // Write
#include <berl/host/nn/runs_left.hpp>  // RunReader

namespace berl::nn {
/// What a layer overwrites while somebody reads its runs, each as soon as it is whole: what a convolution gives when a norm sums over it.
/// reader(run) is called once for each run of the batch, in any order and on several threads; the reader must outlive the view.
template <class T, class S>
struct Watched : Write<T, S, Host> {
  host::RunReader reader;
  template <class Reader>
  Watched(Write<T, S, Host> to, Reader const& whoever)
      : Write<T, S, Host>(to),
        reader{[](void const* who, std::ptrdiff_t run) { (*static_cast<Reader const*>(who))(run); }, &whoever} {}
};
/// Who reads the runs of what is written to a view: nobody, unless it is a Watched one.
template <class V>
host::RunReader reader_of(V const& view) {
  if constexpr (requires { view.reader; })
    return view.reader;
  else
    return {};
}
}  // namespace berl::nn
