#pragma once
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/product.hpp>  // add_product

#include <algorithm>  // min, fill, nth_element
#include <cstddef>
#include <functional>  // greater
#include <span>
#include <vector>

/// What searches in galleries have in common.
namespace berl::eval {
/// Rows become columns, as add_product wants its second factor.
///   shapes  rows: (n, size), result: (size, n)
template <class T>
std::vector<T> transposed(std::span<T const> rows, std::size_t size) {
  std::size_t const n = size == 0 ? 0 : rows.size() / size;
  std::vector<T> columns(rows.size());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t d = 0; d < size; ++d) columns[d * n + i] = rows[i * size + d];
  return columns;
}

/// Scalar products of a few rows with all columns, by blocks of columns; the same bits for any number of threads.
///   shapes  rows: (r, size), columns: (size, n), scores: (r, n)
template <class T>
void similarities(Context<Host> const& ctx, std::span<T const> rows, std::size_t size, std::span<T const> columns, std::span<T> scores) {
  constexpr std::size_t block = 24 * host::lanes_of<T>;
  std::size_t const r = rows.size() / size, n = columns.size() / size;
  std::fill(scores.begin(), scores.end(), T(0));
  parallel_for(ctx, static_cast<std::ptrdiff_t>((n + block - 1) / block), [&](std::ptrdiff_t k) {
    std::size_t const first = static_cast<std::size_t>(k) * block;
    auto const apart = static_cast<std::ptrdiff_t>(n);
    host::add_product(host::Strided<T>{rows.data(), static_cast<std::ptrdiff_t>(size), 1}, static_cast<int>(r), columns.data() + first,
                      apart, static_cast<int>(size), static_cast<int>(std::min(block, n - first)), scores.data() + first, apart);
  });
}

/// The k largest of any number of values, in memory for 2 k of them; which these are does not depend on the order they come in.
template <class T>
class Largest {
 public:
  explicit Largest(std::size_t k) : k_(k) {}
  /// Whether a value could be one of them: most are not.
  bool wants(T value) const { return k_ > 0 && (!full_ || value > least_); }
  void add(T value) {
    if (!wants(value)) return;
    values_.push_back(value);
    if (values_.size() >= 2 * k_) cut();
  }
  /// From the largest to the least.
  std::vector<T> sorted() const {
    auto all = values_;
    std::sort(all.begin(), all.end(), std::greater<>{});
    all.resize(std::min(all.size(), k_));
    return all;
  }

 private:
  void cut() {
    auto const last = values_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(values_.begin(), last, values_.end(), std::greater<>{});
    least_ = *last;
    full_ = true;
    values_.resize(k_);
  }
  std::size_t k_;
  bool full_ = false;
  T least_{};
  std::vector<T> values_;
};
}  // namespace berl::eval
