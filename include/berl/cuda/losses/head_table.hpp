#pragma once
#include <berl/core/arena.hpp>   // padded
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/losses/head.hpp>  // HeadLayout, is_affine

#include <cstddef>
#include <limits>

/// A margin head's memory on a GPU. As on the host, one table, class after class with a number for each sample, has the products w_j u_i
/// and then, in their place, the gradients of the cosines over |w_j|; the logits are not stored.
namespace berl::gpu {
inline constexpr int head_samples = 32, head_classes = 8, head_threads = head_samples * head_classes;  // of a team, beside one another

/// The pass's memory, and how the classes are cut: the sizes and the head's layout alone decide.
template <class T>
struct HeadTable {
  int samples, classes, stride, groups;
  T *u, *du, *table;                               // (N, D) twice, (C, stride)
  T *inverse_w, *along;                            // of a class
  T *inverse_f, *g, *logit, *slope, *bound, *lse;  // of a sample
  T *largest, *sums, *closest;                     // (groups, stride)
  T *gathered, *counts;                            // (groups, stride), where the head sums over other classes
  T *by_norm, *d_norm;                             // of a sample, where |f| counts
  T* by_number;                                    // of a sample, where numbers are learnt
  double *loss, *right;                            // of a sample
  double* penalty_slope;                           // of the learnt numbers' penalty, by each of them

  static HeadTable place(int samples, int classes, int D, losses::HeadLayout const& layout, auto&& take) {
    HeadTable m{};
    m.samples = samples;
    m.classes = classes;
    m.stride = (samples + head_samples - 1) / head_samples * head_samples;
    int const some = classes / (16 * head_classes);
    m.groups = some < 1 ? 1 : some < 128 ? some : 128;
    auto const row = static_cast<std::size_t>(m.stride), groups = static_cast<std::size_t>(m.groups), c = static_cast<std::size_t>(classes);
    for (T** const one : {&m.u, &m.du}) *one = take(T{}, static_cast<std::size_t>(samples) * static_cast<std::size_t>(D));
    m.table = take(T{}, c * row);
    for (T** const one : {&m.inverse_w, &m.along}) *one = take(T{}, c);
    for (T** const one : {&m.inverse_f, &m.g, &m.logit, &m.slope, &m.bound, &m.lse}) *one = take(T{}, row);
    for (T** const one : {&m.largest, &m.sums, &m.closest}) *one = take(T{}, groups * row);
    if (layout.gathers || layout.uses_norm)
      for (T** const one : {&m.gathered, &m.counts}) *one = take(T{}, groups * row);
    if (layout.uses_norm)
      for (T** const one : {&m.by_norm, &m.d_norm}) *one = take(T{}, row);
    if (layout.number != nullptr) m.by_number = take(T{}, row);
    for (double** const one : {&m.loss, &m.right}) *one = take(double{}, row);
    m.penalty_slope = take(double{}, 1);
    return m;
  }
  static std::size_t bytes(int samples, int classes, int D, losses::HeadLayout const& layout) {
    std::size_t total = 0;
    place(samples, classes, D, layout, [&]<class V>(V, std::size_t n) -> V* {
      total += padded<V>(n) * sizeof(V);
      return nullptr;
    });
    return total;
  }
  BERL_FN int class_begin(int group) const { return static_cast<int>(static_cast<long long>(classes) * group / groups); }
};
/// What a pass is given beside embeddings and class weights.
template <class T>
struct HeadGiven {
  int const* labels;
  T filter;              // 0: none
  T* state;              // null: the head has none
  T *number, *d_number;  // of each class, where the head learns them; the gradient in training alone

  BERL_FN T t() const { return state != nullptr ? *state : T(0); }
};

template <class T>
BERL_FN constexpr T clamped(T c) {  // keeps NaN
  return c < T(-1) ? T(-1) : c > T(1) ? T(1) : c;
}
inline constexpr double no_logit = -1e30;  // below every logit and cosine
template <class T>
inline constexpr T infinite = std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T no_number = std::numeric_limits<T>::quiet_NaN();

/// c_ij of the products in the table.
template <class H, class T>
BERL_FN T similarity(HeadTable<T> const& m, HeadGiven<T> const& given, int j, int i) {
  T const product = m.table[static_cast<std::ptrdiff_t>(j) * m.stride + i] * m.inverse_w[j];
  if constexpr (losses::is_affine<H>)
    return product + given.number[j];
  else
    return clamped(product);
}
}  // namespace berl::gpu
