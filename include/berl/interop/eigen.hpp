#pragma once
#include <berl/core/view.hpp>  // Read, Write

#include <Eigen/Core>  // Map

namespace berl::interop {
/// A batch as a matrix of Eigen's, one row for each sample. Nothing is copied: it is the view's memory,
/// which must be plain: maps of a multiple of 16 channels name their layout, Tensor<T, S, Host, Nchw>.
///   shapes  view: (N, S...) -> N x S::size, row-major
template <class T, class S>
auto matrix(Read<T, S, Host, Nchw> view) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, S::size, Eigen::RowMajor>;
  return Eigen::Map<Matrix const>(view.data(), view.batch(), S::size);
}
template <class T, class S>
auto matrix(Write<T, S, Host, Nchw> view) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, S::size, Eigen::RowMajor>;
  return Eigen::Map<Matrix>(view.data(), view.batch(), S::size);
}
}  // namespace berl::interop
