#pragma once
#include <berl/core/arena.hpp>   // alignment
#include <berl/core/device.hpp>  // Host
#include <berl/core/view.hpp>    // Read, Write, Add

#include <algorithm>  // copy_n, fill_n
#include <memory>     // unique_ptr
#include <new>        // align_val_t
#include <span>
#include <type_traits>  // is_same_v

namespace berl {
/// Owns a batch of samples on one device. A tensor is read and written through its views.
template <class T, class S, class D = Host, class L = LayoutOf<S, D>>
class Tensor;

template <class T, class S, class L>
class Tensor<T, S, Host, L> {
 public:
  using shape = S;
  using element = T;

  explicit Tensor(int batch = 1, T fill = T(0)) : data_(allocate(batch)), batch_(batch) { std::fill_n(data_.get(), size(), fill); }
  Tensor(Tensor const& other) : data_(allocate(other.batch_)), batch_(other.batch_) { std::copy_n(other.data_.get(), size(), data_.get()); }
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor const& other) { return *this = Tensor(other); }
  Tensor& operator=(Tensor&&) noexcept = default;

  Read<T, S, Host, L> read() const { return {data_.get(), batch_}; }
  Write<T, S, Host, L> write() { return {data_.get(), batch_}; }
  Add<T, S, Host, L> add() { return {data_.get(), batch_}; }

  T& operator[](std::size_t i) { return data_[i]; }
  T const& operator[](std::size_t i) const { return data_[i]; }
  std::span<T> span() { return {data_.get(), size()}; }
  std::span<T const> span() const { return {data_.get(), size()}; }
  int batch() const { return batch_; }
  std::size_t size() const { return static_cast<std::size_t>(batch_) * S::size; }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete(p, std::align_val_t{alignment}); }
  };
  static T* allocate(int batch) {
    auto const n = static_cast<std::size_t>(batch) * S::size;
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{alignment}));
  }
  std::unique_ptr<T[], Free> data_;
  int batch_;
};

/// The only way across: copies a batch from one layout to another; <berl/cuda/tensor.hpp> has the ways to and from a GPU.
template <class T, class S, class From, class To>
void copy(Read<T, S, Host, From> from, Write<T, S, Host, To> to) {
  if constexpr (std::is_same_v<From, To>) {
    std::copy_n(from.data(), from.size(), to.data());
  } else {
    for (int n = 0; n < from.batch(); ++n)
      for (int c = 0; c < channels<S>; ++c)
        for (int v = 0; v < height<S>; ++v)
          for (int u = 0; u < width<S>; ++u) to.sample(n)[offset_of<S, To>(c, v, u)] = from.sample(n)[offset_of<S, From>(c, v, u)];
  }
}
}  // namespace berl
