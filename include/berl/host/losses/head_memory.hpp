#pragma once
#include <berl/core/arena.hpp>                // padded
#include <berl/host/losses/exponentials.hpp>  // sample_lanes
#include <berl/losses/head.hpp>               // HeadLayout

#include <algorithm>  // min, max, fill_n
#include <cmath>      // exp, log
#include <cstddef>

namespace berl::host {
inline constexpr int class_block = 128;  // classes handled at a time

/// How a batch and its classes are cut: both sizes alone decide, not the number of threads. And what else there is memory for.
struct HeadPlan {
  static constexpr int most_groups = 32;  // pieces of work, each with its own partial sums
  int samples, identities;
  losses::HeadLayout layout{};
  bool filters = false;

  constexpr int stride() const { return (samples + sample_lanes - 1) / sample_lanes * sample_lanes; }
  constexpr int blocks() const { return (identities + class_block - 1) / class_block; }
  constexpr int groups() const { return std::min(blocks(), most_groups); }

  /// body(first, count) for each block of classes of one group
  template <class Body>
  void for_classes(std::ptrdiff_t group, Body const& body) const {
    auto const first_block = [&](std::ptrdiff_t g) { return static_cast<int>(g * blocks() / groups()); };
    for (int b = first_block(group); b < first_block(group + 1); ++b)
      body(b * class_block, std::min(class_block, identities - b * class_block));
  }
};

/// The pass's temporary memory. Rows have one number per sample, tables one row per group.
template <class T, int D>
struct HeadMemory {
  T *u, *u_columns, *cosines, *du, *inverse_w, *inverse_f, *weight, *g, *logit, *slope, *bound, *lse, *largest, *sums, *closest;
  T *by_norm, *d_norm, *norms;                // of a head that uses |f|: two rows and a table
  T* by_number;                               // of a head with learnt numbers, a row
  T *gathered, *counts;                       // of a head that gathers, tables
  T *hidden, *hidden_closest, *hidden_logit;  // of a filter, two tables and a row

  /// Gives every block its place through take(count); without gradients the table of cosines shrinks to a block per group.
  static constexpr HeadMemory place(HeadPlan p, bool gradients, auto&& take) {
    auto const row = static_cast<std::size_t>(p.stride()), groups = static_cast<std::size_t>(p.groups());
    auto const classes = static_cast<std::size_t>(p.identities);
    bool const whole = gradients || p.layout.gathers;
    HeadMemory m{};
    m.u = take(row * D);
    m.u_columns = take(row * D);
    m.cosines = take(row * (whole ? classes : std::min(classes, groups * class_block)));
    m.du = take(gradients ? groups * row * D : 0);
    m.inverse_w = take(classes);
    for (T** const r : {&m.inverse_f, &m.weight, &m.g, &m.logit, &m.slope, &m.bound, &m.lse}) *r = take(row);
    for (T** const table : {&m.largest, &m.sums, &m.closest}) *table = take(groups * row);
    for (T** const r : {&m.by_norm, &m.d_norm}) *r = take(p.layout.uses_norm ? row : 0);
    m.norms = take(p.layout.uses_norm ? groups * row : 0);
    m.by_number = take(p.layout.number != nullptr ? row : 0);
    for (T** const table : {&m.gathered, &m.counts}) *table = take(p.layout.gathers ? groups * row : 0);
    for (T** const table : {&m.hidden, &m.hidden_closest}) *table = take(p.filters ? groups * row : 0);
    m.hidden_logit = take(p.filters ? row : 0);
    return m;
  }
  static constexpr std::size_t bytes(HeadPlan p, bool gradients) {
    std::size_t total = 0;
    place(p, gradients, [&](std::size_t n) -> T* {
      total += padded<T>(n) * sizeof(T);
      return nullptr;
    });
    return total;
  }

  /// Of the filter's tables.
  void begin(HeadPlan p, std::ptrdiff_t group, T own_class) const {
    if (!p.filters) return;
    std::fill_n(hidden + group * p.stride(), p.stride(), T(0));
    std::fill_n(hidden_closest + group * p.stride(), p.stride(), own_class);
  }
  /// Cosines above the filter leave the table; each counts as one of 0, which has no gradient.
  void hide(HeadPlan p, std::ptrdiff_t group, T* c, int count, T filter, T own_class) const {
    int const stride = p.stride();
    T* const counts_of = hidden + group * stride;
    T* const nearest = hidden_closest + group * stride;
    for (int j = 0; j < count; ++j)
      for (int i = 0; i < stride; ++i) {
        T& cj = c[static_cast<std::ptrdiff_t>(j) * stride + i];
        bool const above = cj > filter;
        counts_of[i] += above ? T(1) : T(0);
        nearest[i] = above ? std::max(nearest[i], cj) : nearest[i];
        cj = above ? own_class : cj;
      }
  }

  struct Sums {
    double loss, accuracy;
  };
  /// The groups' sums and the own class, for each sample; then loss and accuracy.
  Sums combine(HeadPlan p, T own_class) const {
    double loss = 0, right = 0;
    for (int i = 0; i < p.stride(); ++i) {
      T top = logit[i], near = own_class, sum = 0;
      for (int k = 0; k < p.groups(); ++k) top = std::max(top, largest[k * p.stride() + i]);
      if (p.filters) {
        T count = 0;
        for (int k = 0; k < p.groups(); ++k) {
          count += hidden[k * p.stride() + i];
          near = std::max(near, hidden_closest[k * p.stride() + i]);
        }
        if (count > 0) top = std::max(top, hidden_logit[i]), sum = count * std::exp(hidden_logit[i] - top);
      }
      for (int k = 0; k < p.groups(); ++k) {
        sum += sums[k * p.stride() + i] * std::exp(largest[k * p.stride() + i] - top);
        near = std::max(near, closest[k * p.stride() + i]);
      }
      lse[i] = top + std::log(sum + std::exp(logit[i] - top));
      if (i >= p.samples) continue;
      loss += static_cast<double>(lse[i] - logit[i]);
      right += g[i] > near ? 1 : 0;
    }
    return {loss / p.samples, right / p.samples};
  }
};
}  // namespace berl::host
