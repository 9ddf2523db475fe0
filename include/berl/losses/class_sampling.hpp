#pragma once
#include <berl/losses/any_head.hpp>  // forward_backward of any head

#include <algorithm>  // copy_n, fill_n, lower_bound, max, min, nth_element
#include <cstdint>

/// Partial FC (an2022): a step sees only some of the classes, those of its batch and others drawn anew each time. Softmax, state and
/// learnt numbers are as if there were no more; the gradients of all other classes stay 0, and an optimiser leaves their weights and
/// momentum alone, so that neither decays (Sgd::step_rows; train::Trainer does so).
namespace berl::losses {
/// How many classes a step sees: rate * identities. Where the batch is larger than that it is the batch, not the number of classes that
/// happen to be in it: what a step takes memory for is then the same for each batch, and nothing has to wait for that number on a GPU.
constexpr int sampled_classes(int batch, int identities, double rate) {
  return std::min(identities, std::max(batch, static_cast<int>(rate * identities)));
}

/// The order in which a step takes other classes: by random numbers, which end with the class, so that no two are equal. Those of its batch
/// come before, with their own number alone.
BERL_FN constexpr std::uint64_t class_order(Seed seed, std::uint64_t step, int j) {
  std::uint64_t const drawn = random_bits(seed, step, static_cast<std::uint64_t>(j), 0) | std::uint64_t{1} << 63;
  return (drawn & ~std::uint64_t{0xffffffff}) | static_cast<std::uint64_t>(j);
}

/// The classes of a step, as many as `classes` has room for (sampled_classes), in ascending order: all that have a label, and of the others
/// each equally likely. The same for the same seed and step, on any device.
///   scratch  16 bytes for each identity
///   errors  Error, when a label names no class
inline void sample_classes(Context<Host>& ctx, Seed seed, std::uint64_t step, std::span<int const> labels, int identities,
                           std::span<int> classes) {
  detail::check_labels(labels, static_cast<int>(labels.size()), identities);
  Scope const scope(ctx.scratch);
  auto const all = static_cast<std::size_t>(identities);
  std::uint64_t* const order = ctx.scratch.take<std::uint64_t>(all);
  std::uint64_t* const sorted = ctx.scratch.take<std::uint64_t>(all);
  Seed const own = named(seed, "classes");
  parallel_for(ctx, identities, [&](std::ptrdiff_t j) { order[j] = class_order(own, step, static_cast<int>(j)); });
  for (int const label : labels) order[label] = static_cast<std::uint64_t>(label);
  std::copy_n(order, all, sorted);
  std::nth_element(sorted, sorted + classes.size() - 1, sorted + all);
  std::uint64_t const last = sorted[classes.size() - 1];
  auto next = classes.begin();
  for (int j = 0; j < identities; ++j)
    if (order[j] <= last) *next++ = j;
}

namespace detail {
/// Bytes of scratch: what classes are drawn with; and what a step keeps of those that it sees.
constexpr std::size_t order_bytes(int identities) {
  return 2 * padded<std::uint64_t>(static_cast<std::size_t>(identities)) * sizeof(std::uint64_t);
}
template <class T, class S>
constexpr std::size_t row_bytes(int batch, int classes, HeadLayout const& layout) {
  auto const n = static_cast<std::size_t>(classes);
  return (2 * padded<T>(n * S::size) + (layout.number != nullptr ? 2 * padded<T>(n) : 0)) * sizeof(T) +
         padded<int>(static_cast<std::size_t>(batch)) * sizeof(int);
}
}  // namespace detail

/// Bytes of ctx.scratch that both of these take.
template <class T, class S>
constexpr std::size_t sampled_scratch_bytes(int batch, int identities, int classes, HeadLayout const& layout = {}, bool filters = false) {
  return std::max(detail::order_bytes(identities),
                  detail::row_bytes<T, S>(batch, classes, layout) + scratch_bytes<T, S>(batch, classes, layout, filters));
}

/// forward_backward() over these classes of `params` alone, which hold those of all labels. Adds to their gradients.
template <class H, class T, class S>
HeadResult sampled_forward_backward(Context<Host>& ctx, H const& head, Read<T, S, Host> embedding, std::span<int const> labels,
                                    HeadParams<T, S, Host>& params, std::span<int const> classes, Write<T, S, Host> d_embedding,
                                    double filter = 0) {
  constexpr int D = S::size;
  Scope const scope(ctx.scratch);
  int const n = static_cast<int>(classes.size());
  bool const numbers = params.layout.number != nullptr;
  std::size_t const learnt = numbers ? classes.size() : 0;
  Write<T, S, Host> const weight(ctx.scratch.template take<T>(classes.size() * D), n);
  Add<T, S, Host> const d_weight(ctx.scratch.template take<T>(classes.size() * D), n);
  T* const number = numbers ? ctx.scratch.template take<T>(learnt) : nullptr;
  T* const d_number = numbers ? ctx.scratch.template take<T>(learnt) : nullptr;
  std::span const own(ctx.scratch.template take<int>(labels.size()), labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i)
    own[i] = static_cast<int>(std::lower_bound(classes.begin(), classes.end(), labels[i]) - classes.begin());
  auto const from = params.weight.read();
  auto const to = params.weight.add_gradient();
  parallel_for(ctx, n, [&](std::ptrdiff_t k) {
    std::copy_n(from.sample(classes[static_cast<std::size_t>(k)]), D, weight.sample(static_cast<int>(k)));
    std::fill_n(d_weight.sample(static_cast<int>(k)), D, T(0));
  });
  for (std::size_t k = 0; k < learnt; ++k) number[k] = params.number.value()[classes[k]], d_number[k] = T(0);
  auto const result = losses::forward_backward(ctx, head, embedding, std::span<int const>(own), weight.read(), d_weight, d_embedding,
                                               Kept<T>(params.kept().state, number, d_number), filter);
  parallel_for(ctx, n, [&](std::ptrdiff_t k) {
    T const* const d = d_weight.sample(static_cast<int>(k));
    T* const sum = to.sample(classes[static_cast<std::size_t>(k)]);
    for (int i = 0; i < D; ++i) sum[i] += d[i];
  });
  for (std::size_t k = 0; k < learnt; ++k) {
    params.number.value()[classes[k]] = number[k];  // kept in its range
    params.number.gradient()[classes[k]] += d_number[k];
  }
  return result;
}
}  // namespace berl::losses
