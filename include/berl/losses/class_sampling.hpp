#pragma once
#include <berl/losses/any_head.hpp>  // forward_backward of any head

#include <algorithm>  // copy, copy_n, sort, unique, lower_bound, max, min

/// Partial FC (an2022): a step sees only some of the classes, those of its batch and others drawn anew each time. Softmax, state and
/// learnt numbers are as if there were no more; the gradients of all other classes stay 0, and an optimiser leaves their weights and
/// momentum alone, so that neither decays (train::Trainer does so).
namespace berl::losses {
/// How many classes a step sees at most.
constexpr int most_sampled(int batch, int identities, double rate) {
  return std::min(identities, std::max(batch, static_cast<int>(rate * identities)));
}

/// The classes of a step, in ascending order: all that have a label, and of the others as many as are missing to rate * identities, each
/// equally likely (Knuth's selection sampling). The same for the same seed and step. `classes` has room for most_sampled(); the result is
/// its beginning.
///   errors  Error, when a label names no class
inline std::span<int const> sample_classes(Context<Host>& ctx, Seed seed, std::uint64_t step, std::span<int const> labels, int identities,
                                           double rate, std::span<int> classes) {
  detail::check_labels(labels, static_cast<int>(labels.size()), identities);
  Scope const scope(ctx.scratch);
  std::span const own(ctx.scratch.take<int>(labels.size()), labels.size());
  std::copy(labels.begin(), labels.end(), own.begin());
  std::sort(own.begin(), own.end());
  auto const last = std::unique(own.begin(), own.end());
  auto const present = static_cast<int>(last - own.begin());
  auto missing = static_cast<std::uint64_t>(std::max(0, static_cast<int>(rate * identities) - present));
  auto others = static_cast<std::uint64_t>(identities - present);
  Random random(named(seed, "classes"), step);
  std::size_t n = 0;
  auto next = own.begin();
  for (int j = 0; j < identities; ++j) {
    if (next != last && *next == j) {
      classes[n++] = j;
      ++next;
    } else if (random.below(others--) < missing) {
      classes[n++] = j;
      --missing;
    }
  }
  return classes.first(n);
}

/// Bytes of ctx.scratch that both of these take, for at most so many classes.
template <class T, class S>
constexpr std::size_t sampled_scratch_bytes(int batch, int classes, HeadLayout const& layout = {}, bool filters = false) {
  auto const n = static_cast<std::size_t>(classes);
  std::size_t const rows = 2 * padded<T>(n * S::size) + (layout.number != nullptr ? 2 * padded<T>(n) : 0);
  return rows * sizeof(T) + padded<int>(static_cast<std::size_t>(batch)) * sizeof(int) +
         scratch_bytes<T, S>(batch, classes, layout, filters);
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
