#pragma once
#include <berl/cuda/losses/margin_head.hpp>  // plan_head
#include <berl/losses/class_sampling.hpp>    // class_order, sampled_forward_backward

#include <cub/device/device_radix_sort.cuh>  // SortKeys

#include <algorithm>  // max
#include <cstdint>

/// Partial FC on the GPU: the classes are drawn there, by the order that the host has too, and nothing has to wait for them.
namespace berl::gpu {
/// The number of the step is read where it lies, if it lies anywhere: what is recorded once draws anew in each step.
struct OrderOfClasses {
  Seed seed;
  std::uint64_t step;
  std::uint64_t const* newest_step;
  std::uint64_t* order;
  BERL_FN void operator()(std::size_t j) const {
    order[j] = losses::class_order(seed, newest_step != nullptr ? *newest_step : step, static_cast<int>(j));
  }
};
/// Classes of the batch come first; a label of no class is left out here, and makes the loss NaN.
struct OwnClassesFirst {
  int const* labels;
  int identities;
  std::uint64_t* order;
  BERL_FN void operator()(std::size_t i) const {
    if (labels[i] >= 0 && labels[i] < identities) order[labels[i]] = static_cast<std::uint64_t>(labels[i]);
  }
};
struct ClassOfOrder {
  std::uint64_t const* order;
  int* classes;
  BERL_FN void operator()(std::size_t k) const { classes[k] = static_cast<int>(order[k] & 0xffffffff); }
};
/// Where a label stands among the classes of the step; -1 where it does not.
struct PlaceOfLabel {
  int const *labels, *classes;
  int n;
  int* places;
  BERL_FN void operator()(std::size_t i) const {
    int first = 0, count = n;
    while (count > 0) {
      int const half = count / 2;
      if (classes[first + half] < labels[i])
        first += half + 1, count -= half + 1;
      else
        count = half;
    }
    places[i] = first < n && classes[first] == labels[i] ? first : -1;
  }
};
/// Rows of D numbers out of a table, or their sums back into it, 16 bytes at a time where a row has whole ones.
template <class T, int D>
struct Rows {
  static constexpr int at_once = D % pack_of<T> == 0 ? pack_of<T> : 1, pieces = D / at_once;
  int const* classes;
  BERL_FN std::size_t in_table(std::size_t i) const { return static_cast<std::size_t>(classes[i / pieces]) * D + i % pieces * at_once; }
};
template <class T, int D>
struct TakeRows : Rows<T, D> {
  T const* table;
  T* rows;
  BERL_FN void operator()(std::size_t i) const { store(rows + i * this->at_once, load<Rows<T, D>::at_once>(table + this->in_table(i))); }
};
template <class T, int D>
struct AddRows : Rows<T, D> {
  T const* rows;
  T* table;
  BERL_FN void operator()(std::size_t i) const {
    T* const to = table + this->in_table(i);
    auto sum = load<Rows<T, D>::at_once>(static_cast<T const*>(to));
    auto const more = load<Rows<T, D>::at_once>(rows + i * this->at_once);
    for (int k = 0; k < this->at_once; ++k) sum.v[k] += more.v[k];
    store(to, sum);
  }
};
/// The learnt numbers of the classes, whose gradients begin with 0; and both back again.
template <class T>
struct TakeNumbers {
  int const* classes;
  T const* table;
  T *numbers, *gradients;
  BERL_FN void operator()(std::size_t k) const {
    numbers[k] = table[classes[k]];
    gradients[k] = T(0);
  }
};
template <class T>
struct ReturnNumbers {
  int const* classes;
  T const *numbers, *gradients;
  T *table, *sums;
  BERL_FN void operator()(std::size_t k) const {
    table[classes[k]] = numbers[k];  // kept in its range
    sums[classes[k]] += gradients[k];
  }
};

namespace detail {
/// Sorts by these bits; with no memory it says how much it needs.
inline void sort_order(Context<Cuda>& ctx, void* memory, std::size_t& bytes, std::uint64_t const* from, std::uint64_t* to, int n,
                       int bits) {
  check(cub::DeviceRadixSort::SortKeys(memory, bytes, from, to, n, 0, bits, ctx.stream.get()), "cub::DeviceRadixSort::SortKeys");
}
inline std::size_t sort_bytes(Context<Cuda>& ctx, int identities, int classes) {
  std::size_t all = 0, some = 0;
  sort_order(ctx, nullptr, all, nullptr, nullptr, identities, 64);
  sort_order(ctx, nullptr, some, nullptr, nullptr, classes, 32);
  return std::max(all, some);
}
}  // namespace detail

/// Plans a head that sees so many classes of all identities, and returns the bytes of ctx.scratch that a step takes.
///   errors  Error, where cuBLASLt has no algorithm
template <class T, class S>
std::size_t plan_sampled_head(Context<Cuda>& ctx, int batch, int identities, int classes, losses::HeadLayout const& layout = {}) {
  return std::max(losses::detail::order_bytes(identities) + workspace_bytes(detail::sort_bytes(ctx, identities, classes)),
                  losses::detail::row_bytes<T, S>(batch, classes, layout) + plan_head<T, S>(ctx, batch, classes, layout));
}
}  // namespace berl::gpu

namespace berl::losses {
/// As on the host; a label that names no class makes the loss NaN.
///   scratch  gpu::plan_sampled_head
inline void sample_classes(Context<Cuda>& ctx, Seed seed, std::uint64_t step, Read<int, Shape<1>, Cuda> labels, int identities,
                           std::span<int> classes) {
  constexpr char const* name = "berl::losses::sample_classes";
  Scope const scope(ctx.scratch);
  auto const all = static_cast<std::size_t>(identities);
  int const n = static_cast<int>(classes.size());
  std::uint64_t* const order = ctx.scratch.take<std::uint64_t>(all);
  std::uint64_t* const sorted = ctx.scratch.take<std::uint64_t>(all);
  std::size_t bytes = gpu::detail::sort_bytes(ctx, identities, n);
  void* const memory = gpu::take_workspace(ctx, bytes);
  gpu::each(ctx, name, all, gpu::OrderOfClasses{named(seed, "classes"), step, ctx.step, order});
  gpu::each(ctx, name, static_cast<std::size_t>(labels.batch()), gpu::OwnClassesFirst{labels.data(), identities, order});
  gpu::detail::sort_order(ctx, memory, bytes, order, sorted, identities, 64);
  gpu::detail::sort_order(ctx, memory, bytes, sorted, order, n, 32);  // the first of them by their numbers
  gpu::each(ctx, name, classes.size(), gpu::ClassOfOrder{order, classes.data()});
}

/// forward_backward() over these classes of `params` alone, which hold those of all labels. Adds to their gradients.
///   scratch  gpu::plan_sampled_head
template <class H, class T, class S>
void sampled_forward_backward(Context<Cuda>& ctx, H const& head, Read<T, S, Cuda> embedding, Read<int, Shape<1>, Cuda> labels,
                              HeadParams<T, S, Cuda>& params, std::span<int const> classes, Write<T, S, Cuda> d_embedding,
                              Write<double, Shape<2>, Cuda> result, double filter = 0) {
  constexpr char const* name = "berl::losses::sampled_forward_backward";
  constexpr int D = S::size;
  if constexpr (gpu::Rows<T, D>::at_once > 1)
    gpu::require_aligned(name, params.weight.value()), gpu::require_aligned(name, params.weight.gradient());
  Scope const scope(ctx.scratch);
  std::size_t const pieces = classes.size() * gpu::Rows<T, D>::pieces;
  int const n = static_cast<int>(classes.size());
  Write<T, S, Cuda> const weight(ctx.scratch.template take<T>(classes.size() * D), n);
  Add<T, S, Cuda> const d_weight(ctx.scratch.template take<T>(classes.size() * D), n);
  Kept<T> kept(params.kept().state);
  bool const numbers = params.layout.number != nullptr;
  if (numbers) {
    kept.number = ctx.scratch.template take<T>(classes.size());
    kept.d_number = ctx.scratch.template take<T>(classes.size());
    gpu::each(ctx, name, classes.size(), gpu::TakeNumbers<T>{classes.data(), params.number.value(), kept.number, kept.d_number});
  }
  Write<int, Shape<1>, Cuda> const places(ctx.scratch.template take<int>(static_cast<std::size_t>(labels.batch())), labels.batch());
  gpu::each(ctx, name, places.size(), gpu::PlaceOfLabel{labels.data(), classes.data(), n, places.data()});
  gpu::each(ctx, name, pieces, gpu::TakeRows<T, D>{{classes.data()}, params.weight.value(), weight.data()});
  gpu::check(cudaMemsetAsync(d_weight.data(), 0, d_weight.size() * sizeof(T), ctx.stream.get()), "cudaMemsetAsync");
  losses::forward_backward(ctx, head, embedding, places.read(), weight.read(), d_weight, d_embedding, kept, result, filter);
  gpu::each(ctx, name, pieces, gpu::AddRows<T, D>{{classes.data()}, d_weight.data(), params.weight.gradient()});
  if (numbers)
    gpu::each(ctx, name, classes.size(),
              gpu::ReturnNumbers<T>{classes.data(), kept.number, kept.d_number, params.number.value(), params.number.gradient()});
}
}  // namespace berl::losses
