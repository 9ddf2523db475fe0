#pragma once
#include <berl/core/config.hpp>             // BERL_FN
#include <berl/core/view.hpp>               // put
#include <berl/cuda/losses/head_table.hpp>  // HeadTable, HeadGiven, similarity
#include <berl/losses/head.hpp>             // target_of, logit_of, slope_of, Batch

#include <cmath>  // sqrt, exp, log

/// What a margin head's kernels do between the products of matrices, each by a team. Forward and backward each read the table once, and
/// once more for a head that sums over the other classes.
namespace berl::gpu {
/// The sum of exponentials of some logits, sum exp(top), and the largest of their cosines.
template <class T>
struct SumOfExponentials {
  T top = static_cast<T>(no_logit), sum = 0, near = static_cast<T>(no_logit);

  BERL_FN void join(SumOfExponentials const& other) {
    T const larger = other.top > top ? other.top : top;
    sum = sum * std::exp(top - larger) + other.sum * std::exp(other.top - larger);
    top = larger;
    if (other.near > near) near = other.near;
  }
  /// Logits z, of which those at no_logit are none.
  template <int n>
  BERL_FN void add(T const (&z)[n]) {
    T larger = top;
    for (T const one : z)
      if (one > larger) larger = one;
    sum *= std::exp(top - larger);
    for (T const one : z) sum += one > static_cast<T>(no_logit) ? std::exp(one - larger) : one == one ? T(0) : one;  // NaN stays
    top = larger;
  }
};

/// Class j's 1/|w|, of an affine head 1; one without a direction, or with a number that is not finite, has none, and makes the loss NaN.
template <class H, class Team, class T>
BERL_FN T inverse_length(Team const&, HeadGiven<T> const& given, int j, T const* weights, int D) {
  T const* const w = weights + static_cast<std::ptrdiff_t>(j) * D;
  T squared[1] = {};
  for (int d = Team::rank(); d < D; d += Team::size) squared[0] += w[d] * w[d];
  Team::sum(squared);
  T inverse;
  if constexpr (losses::is_affine<H>)
    inverse = 1 + 0 * (squared[0] + given.number[j]);
  else
    inverse = 1 / std::sqrt(squared[0]);
  return inverse > 0 && inverse < infinite<T> ? inverse : no_number<T>;
}

/// A sample's embedding of unit length, of an affine head as it is, and c_iy of its own class, NaN where there is no such class; the bound
/// of its other classes, for a head that sums over them before there is a target.
template <class Team, class T, class H>
BERL_FN void embed_sample(Team const&, HeadTable<T> const& m, H const& head, HeadGiven<T> const& given, int i, T const* f, T const* weights,
                          int D) {
  int const label = given.labels[i];
  bool const known = label >= 0 && label < m.classes;
  T const* const w = weights + static_cast<std::ptrdiff_t>(known ? label : 0) * D;
  T sums[3] = {};  // f f, f w, w w
  for (int d = Team::rank(); d < D; d += Team::size) {
    sums[0] += f[d] * f[d];
    sums[1] += f[d] * w[d];
    sums[2] += w[d] * w[d];
  }
  Team::sum(sums);
  T const inverse = losses::is_affine<H> ? T(1) : 1 / std::sqrt(sums[0]);
  for (int d = Team::rank(); d < D; d += Team::size) m.u[static_cast<std::ptrdiff_t>(i) * D + d] = f[d] * inverse;
  if (Team::rank() != 0) return;
  m.inverse_f[i] = inverse;
  if constexpr (losses::is_affine<H>)
    m.g[i] = known ? sums[1] + given.number[label] : no_number<T>;
  else
    m.g[i] = known ? clamped(sums[1] * inverse / std::sqrt(sums[2])) : no_number<T>;
  if constexpr (losses::gathers<H>) m.bound[i] = head.bound(m.g[i]);
}

/// What a head's gather() says of a class, and where it says it.
template <class T, class H>
struct GatherOf {
  H head;
  BERL_FN losses::Gathered<T> operator()(HeadTable<T> const& m, int i, T c, bool, T t) const { return head.gather(c, m.bound[i], t); }
};
/// dL/dz_ij dz_ij/d|f_i|, without the batch's weight; a class that is hidden by the filter has no gradient.
template <class T, class H>
struct NormSlopeOf {
  H head;
  BERL_FN losses::Gathered<T> operator()(HeadTable<T> const& m, int i, T c, bool hidden, T t) const {
    T const bound = m.bound[i];
    return {hidden ? T(0) : std::exp(losses::logit_of(head, c, bound, t) - m.lse[i]) * losses::norm_slope_of(head, c, bound, t), T(0)};
  }
};
/// Sums f(m, i, c_ij, whether hidden, t) over the other classes of one group, for head_samples samples from 32 tile on.
///   shared  head_threads of them, which all members see
template <class H, class Team, class T, class F>
BERL_FN void gather_classes(Team const&, HeadTable<T> const& m, HeadGiven<T> const& given, F const& f, int group, int tile,
                            losses::Gathered<T>* shared) {
  T const t = given.t(), filter = given.filter;
  for (int p = Team::rank(); p < head_threads; p += Team::size) {
    int const i = tile * head_samples + p % head_samples;
    losses::Gathered<T> all{};
    for (int j = m.class_begin(group) + p / head_samples; i < m.samples && j < m.class_begin(group + 1); j += head_classes) {
      if (j == given.labels[i]) continue;
      T const c = similarity<H>(m, given, j, i);
      bool const hidden = filter != 0 && c > filter;
      auto const one = f(m, i, hidden ? T(0) : c, hidden, t);
      all.sum += one.sum;
      all.count += one.count;
    }
    shared[p] = all;
  }
  Team::sync();
  for (int lane = Team::rank(); lane < head_samples; lane += Team::size) {
    losses::Gathered<T> all = shared[lane];
    for (int r = 1; r < head_classes; ++r) {
      all.sum += shared[r * head_samples + lane].sum;
      all.count += shared[r * head_samples + lane].count;
    }
    std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(group) * m.stride + tile * head_samples + lane;
    m.gathered[at] = all.sum;
    m.counts[at] = all.count;
  }
}

/// The state renewed, in training, and the logits of the own classes.
template <class Team, class T, class H>
BERL_FN void aim(Team const&, HeadTable<T> const& m, H const& head, HeadGiven<T> const& given, bool training) {
  if constexpr (losses::gathers<H>) {
    for (int i = Team::rank(); i < m.samples; i += Team::size)
      for (int group = 1; group < m.groups; ++group) {
        m.gathered[i] += m.gathered[group * m.stride + i];
        m.counts[i] += m.counts[group * m.stride + i];
      }
    Team::sync();
  }
  constexpr int states = losses::detail::states_of<H>;
  T now[states > 0 ? states : 1] = {};
  for (int k = 0; k < states; ++k) now[k] = given.state[k];
  if constexpr (states > 0)
    if (training) {
      losses::renew(head, now, losses::Batch<T, Team>{m.samples, m.g, m.inverse_f, m.gathered});
      Team::sync();
      for (int k = Team::rank(); k < states; k += Team::size) given.state[k] = now[k];
    }
  for (int i = Team::rank(); i < m.samples; i += Team::size) {
    losses::Own<T> own{m.g[i], 1 / m.inverse_f[i]};
    if constexpr (losses::has_number<H>)  // of a sample whose class is none, whose cosine is NaN, that of another
      own.number = given.number[given.labels[i] >= 0 && given.labels[i] < m.classes ? given.labels[i] : 0];
    if constexpr (losses::gathers<H>) own.others = {m.gathered[i], m.counts[i]};
    auto const target = losses::target_of(head, own, static_cast<T const*>(now));
    m.logit[i] = target.logit;
    m.slope[i] = target.slope;
    m.bound[i] = target.bound;
    m.loss[i] = 0;
    if constexpr (losses::uses_norm<H>) {
      m.by_norm[i] = target.by_norm;
      m.d_norm[i] = target.penalty_slope / static_cast<T>(m.samples);
      m.loss[i] = static_cast<double>(target.penalty);
    }
    if constexpr (losses::has_number<H> && !losses::is_affine<H>) m.by_number[i] = target.by_number;
  }
}

/// The other classes of one group, for head_samples samples from 32 tile on.
///   shared  head_threads of them, which all members see
template <class Team, class T, class H>
BERL_FN void add_classes(Team const&, HeadTable<T> const& m, H const& head, HeadGiven<T> const& given, int group, int tile,
                         SumOfExponentials<T>* shared) {
  constexpr int at_once = 4;
  T const t = given.t(), filter = given.filter;
  int const last = m.class_begin(group + 1);
  for (int p = Team::rank(); p < head_threads; p += Team::size) {
    int const i = tile * head_samples + p % head_samples;
    SumOfExponentials<T> found;
    if (i < m.samples) {
      T const bound = m.bound[i];
      int const own = given.labels[i];
      for (int j = m.class_begin(group) + p / head_samples; j < last; j += at_once * head_classes) {
        T z[at_once];
        for (int k = 0; k < at_once; ++k) {
          z[k] = static_cast<T>(no_logit);
          int const at = j + k * head_classes;
          if (at >= last || at == own) continue;
          T const c = similarity<H>(m, given, at, i);
          z[k] = losses::logit_of(head, filter != 0 && c > filter ? T(0) : c, bound, t);
          if (c > found.near) found.near = c;
        }
        found.add(z);
      }
    }
    shared[p] = found;
  }
  Team::sync();
  for (int lane = Team::rank(); lane < head_samples; lane += Team::size) {
    SumOfExponentials<T> all = shared[lane];
    for (int r = 1; r < head_classes; ++r) all.join(shared[r * head_samples + lane]);
    std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(group) * m.stride + tile * head_samples + lane;
    m.largest[at] = all.top;
    m.sums[at] = all.sum;
    m.closest[at] = all.near;
  }
}

/// The groups and the own class, for as many samples: log of the sum of exponentials, loss, and whether the own cosine is the largest.
template <class Team, class T>
BERL_FN void join_groups(Team const&, HeadTable<T> const& m, int tile, SumOfExponentials<T>* shared) {
  for (int p = Team::rank(); p < head_threads; p += Team::size) {
    int const i = tile * head_samples + p % head_samples;
    SumOfExponentials<T> found;
    for (int group = p / head_samples; group < m.groups; group += head_classes) {
      std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(group) * m.stride + i;
      found.join({m.largest[at], m.sums[at], m.closest[at]});
    }
    shared[p] = found;
  }
  Team::sync();
  for (int lane = Team::rank(); lane < head_samples; lane += Team::size) {
    int const i = tile * head_samples + lane;
    if (i >= m.samples) continue;
    SumOfExponentials<T> all = shared[lane];
    for (int r = 1; r < head_classes; ++r) all.join(shared[r * head_samples + lane]);
    T const near = all.near;
    all.join({m.logit[i], T(1), near});
    m.lse[i] = all.top + std::log(all.sum);
    m.loss[i] += static_cast<double>(m.lse[i] - m.logit[i]);
    m.right[i] = m.g[i] > near ? 1 : 0;
  }
}
/// Mean loss and accuracy; the loss with the penalty of the learnt numbers.
template <class Team, class T, class H>
BERL_FN void mean_of_samples(Team const&, HeadTable<T> const& m, H const& head, HeadGiven<T> const& given, double* result) {
  losses::Penalty penalty{0, 0};
  if constexpr (requires { head.number_penalty(0.0); }) {
    double sum[1] = {};
    for (int j = Team::rank(); j < m.classes; j += Team::size) sum[0] += static_cast<double>(given.number[j]);
    Team::sum(sum);
    penalty = head.number_penalty(sum[0] / m.classes);
    if (Team::rank() == 0) *m.penalty_slope = penalty.slope / m.classes;
  }
  double sums[2] = {};
  for (int i = Team::rank(); i < m.samples; i += Team::size) {
    sums[0] += m.loss[i];
    sums[1] += m.right[i];
  }
  Team::sum(sums);
  if (Team::rank() != 0) return;
  result[0] = sums[0] / m.samples + penalty.value;
  result[1] = sums[1] / m.samples;
}

/// Products to gradients over |w|, for head_classes classes from 8 block on; along[j] is the sum of the cosines' products with theirs, of
/// an affine head that of the gradients, which is a_j's. Adds the gradients of the learnt numbers.
///   shared  2 head_threads numbers
template <class Team, class T, class H>
BERL_FN void pull_classes(Team const&, HeadTable<T> const& m, H const& head, HeadGiven<T> const& given, int block, T* shared) {
  constexpr bool affine = losses::is_affine<H>, numbers = losses::has_number<H> && !affine;
  T const t = given.t(), filter = given.filter, weight = T(1) / static_cast<T>(m.samples);
  for (int p = Team::rank(); p < head_threads; p += Team::size) {
    int const j = block * head_classes + p / head_samples;
    T along = 0, d_number = 0;
    if (j < m.classes) {
      T const inverse = m.inverse_w[j];
      for (int i = p % head_samples; i < m.samples; i += head_samples) {
        T c, dc;
        if (given.labels[i] == j) {
          T const dz = (std::exp(m.logit[i] - m.lse[i]) - 1) * weight;
          c = m.g[i];
          dc = dz * m.slope[i];
          if constexpr (numbers) d_number += dz * m.by_number[i];
        } else {
          c = similarity<H>(m, given, j, i);
          dc = filter != 0 && c > filter
                   ? T(0)
                   : std::exp(losses::logit_of(head, c, m.bound[i], t) - m.lse[i]) * weight * losses::slope_of(head, c, m.bound[i], t);
        }
        along += affine ? dc : dc * c;
        m.table[static_cast<std::ptrdiff_t>(j) * m.stride + i] = dc * inverse;
      }
    }
    shared[p] = along;
    if constexpr (numbers) shared[head_threads + p] = d_number;
  }
  Team::sync();
  for (int r = Team::rank(); r < head_classes; r += Team::size) {
    int const j = block * head_classes + r;
    if (j >= m.classes) continue;
    T sum = 0, d_number = 0;
    for (int lane = 0; lane < head_samples; ++lane) {
      sum += shared[r * head_samples + lane];
      if constexpr (numbers) d_number += shared[head_threads + r * head_samples + lane];
    }
    m.along[j] = sum;
    if constexpr (affine) d_number = sum;
    if constexpr (requires { head.number_penalty(0.0); }) d_number += static_cast<T>(*m.penalty_slope);
    if constexpr (losses::has_number<H>) given.d_number[j] += d_number;
  }
}
/// What the product leaves of dw_j that is along w_j itself: -along |w|^-2 w.
template <class T>
struct AcrossClass {
  T const *along, *inverse_w;
  int D;
  BERL_FN T operator()(std::size_t i, T w) const {
    std::size_t const j = i / static_cast<std::size_t>(D);
    return -(along[j] * inverse_w[j] * inverse_w[j]) * w;
  }
};
/// df_i = (G - u (u G)) / |f| + u dL/d|f|, of an affine head G, stored as the view's type says.
template <class H, class Team, class T, class DF>
BERL_FN void pull_sample(Team const&, HeadTable<T> const& m, int i, int D, DF const& df) {
  T const* const u = m.u + static_cast<std::ptrdiff_t>(i) * D;
  T const* const du = m.du + static_cast<std::ptrdiff_t>(i) * D;
  if constexpr (losses::is_affine<H>) {
    for (int d = Team::rank(); d < D; d += Team::size) put<DF>(df.sample(i)[d], du[d]);
  } else {
    T sums[2] = {};  // u G; of the other classes' sums that |f| is part of
    for (int d = Team::rank(); d < D; d += Team::size) sums[0] += u[d] * du[d];
    if constexpr (losses::uses_norm<H>)
      for (int group = Team::rank(); group < m.groups; group += Team::size) sums[1] += m.gathered[group * m.stride + i];
    Team::sum(sums);
    T length = 0;
    if constexpr (losses::uses_norm<H>)
      length = m.d_norm[i] + ((std::exp(m.logit[i] - m.lse[i]) - 1) * m.by_norm[i] + sums[1]) / static_cast<T>(m.samples);
    for (int d = Team::rank(); d < D; d += Team::size) put<DF>(df.sample(i)[d], (du[d] - u[d] * sums[0]) * m.inverse_f[i] + u[d] * length);
  }
}
}  // namespace berl::gpu
