#pragma once
#include <berl/core/arena.hpp>   // padded
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/view.hpp>    // Read, put
#include <berl/losses/head.hpp>  // logit_of, slope_of

#include <cmath>  // sqrt, exp, log
#include <limits>

/// What a margin head's kernels do between the products of matrices, each by a team. As on the host, one table, class after class with a
/// number for each sample, has the products w_j u_i and then, in their place, the gradients of the cosines over |w_j|; the logits are not
/// stored: forward and backward each read the table once.
namespace berl::gpu {
/// Heads whose target is a function of the cosine alone, and whose state, if any, is one number t.
template <class H>
concept CosineHead = losses::MarginHead<H> && losses::detail::TargetOfCosine<H> && !losses::gathers<H> && !losses::has_number<H> &&
                     !losses::uses_norm<H> && !losses::is_affine<H> && losses::detail::state_of<H>.size() <= 1;

template <class H>
inline constexpr bool keeps_t = losses::detail::state_of<H>.size() == 1;

inline constexpr int head_samples = 32, head_classes = 8, head_threads = head_samples * head_classes;  // of a team, beside one another

/// The pass's memory, and how the classes are cut: the sizes alone decide.
template <class T>
struct HeadTable {
  int samples, classes, stride, groups;
  T *u, *du, *table;                               // (N, D) twice, (C, stride)
  T *inverse_w, *along;                            // of a class
  T *inverse_f, *g, *logit, *slope, *bound, *lse;  // of a sample
  T *largest, *sums, *closest;                     // (groups, stride)
  double *loss, *right;                            // of a sample

  static HeadTable place(int samples, int classes, int D, auto&& take) {
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
    for (double** const one : {&m.loss, &m.right}) *one = take(double{}, row);
    return m;
  }
  static std::size_t bytes(int samples, int classes, int D) {
    std::size_t total = 0;
    place(samples, classes, D, [&]<class V>(V, std::size_t n) -> V* {
      total += padded<V>(n) * sizeof(V);
      return nullptr;
    });
    return total;
  }
  BERL_FN int class_begin(int group) const { return static_cast<int>(static_cast<long long>(classes) * group / groups); }
};

template <class T>
BERL_FN constexpr T clamped(T c) {  // keeps NaN
  return c < T(-1) ? T(-1) : c > T(1) ? T(1) : c;
}
inline constexpr double no_logit = -1e30, no_cosine = -2;
template <class T>
inline constexpr T infinite = std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T no_number = std::numeric_limits<T>::quiet_NaN();

/// The sum of exponentials of some logits, sum exp(top), and the largest of their cosines.
template <class T>
struct SumOfExponentials {
  T top = static_cast<T>(no_logit), sum = 0, near = static_cast<T>(no_cosine);

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

/// A class's 1/|w|; one without a direction has none, and makes the loss NaN.
template <class Team, class T>
BERL_FN T inverse_length(Team const&, T const* w, int D) {
  T squared[1] = {};
  for (int d = Team::rank(); d < D; d += Team::size) squared[0] += w[d] * w[d];
  Team::sum(squared);
  T const inverse = 1 / std::sqrt(squared[0]);
  return inverse > 0 && inverse < infinite<T> ? inverse : no_number<T>;
}

/// A sample's embedding of unit length, and the cosine to its own class, NaN where there is no such class.
template <class Team, class T>
BERL_FN void embed_sample(Team const&, HeadTable<T> const& m, int i, T const* f, int label, T const* weights, int D) {
  bool const known = label >= 0 && label < m.classes;
  T const* const w = weights + static_cast<std::ptrdiff_t>(known ? label : 0) * D;
  T sums[3] = {};  // f f, f w, w w
  for (int d = Team::rank(); d < D; d += Team::size) {
    sums[0] += f[d] * f[d];
    sums[1] += f[d] * w[d];
    sums[2] += w[d] * w[d];
  }
  Team::sum(sums);
  T const inverse = 1 / std::sqrt(sums[0]);
  for (int d = Team::rank(); d < D; d += Team::size) m.u[static_cast<std::ptrdiff_t>(i) * D + d] = f[d] * inverse;
  if (Team::rank() != 0) return;
  m.inverse_f[i] = inverse;
  m.g[i] = known ? clamped(sums[1] * inverse / std::sqrt(sums[2])) : no_number<T>;
}

/// The state renewed, where `training` says so, and the logits of the own classes.
template <class Team, class T, class H>
BERL_FN void aim(Team const&, HeadTable<T> const& m, H const& head, T* state, bool training) {
  if constexpr (keeps_t<H>) {
    double sum[1] = {};
    for (int i = Team::rank(); i < m.samples; i += Team::size) sum[0] += static_cast<double>(m.g[i]);
    Team::sum(sum);
    if constexpr (requires { head.next(T{}, T{}); })
      if (training && Team::rank() == 0) *state = head.next(*state, static_cast<T>(sum[0] / m.samples));
  }
  for (int i = Team::rank(); i < m.samples; i += Team::size) {
    losses::Target<T> const target = head.target(m.g[i]);
    m.logit[i] = target.logit;
    m.slope[i] = target.slope;
    m.bound[i] = target.bound;
  }
}

/// The other classes of one group, for head_samples samples from 32 tile on.
///   shared  head_threads of them, which all members see
template <class Team, class T, class H>
BERL_FN void add_classes(Team const&, HeadTable<T> const& m, H const& head, T const* state, T filter, int const* labels, int group,
                         int tile, SumOfExponentials<T>* shared) {
  constexpr int at_once = 4;
  T const t = state != nullptr ? *state : T(0);
  int const last = m.class_begin(group + 1);
  for (int p = Team::rank(); p < head_threads; p += Team::size) {
    int const i = tile * head_samples + p % head_samples;
    SumOfExponentials<T> found;
    if (i < m.samples) {
      T const bound = m.bound[i];
      int const own = labels[i];
      for (int j = m.class_begin(group) + p / head_samples; j < last; j += at_once * head_classes) {
        T z[at_once];
        for (int k = 0; k < at_once; ++k) {
          z[k] = static_cast<T>(no_logit);
          int const at = j + k * head_classes;
          if (at >= last || at == own) continue;
          T const c = clamped(m.table[static_cast<std::ptrdiff_t>(at) * m.stride + i] * m.inverse_w[at]);
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
    m.loss[i] = static_cast<double>(m.lse[i] - m.logit[i]);
    m.right[i] = m.g[i] > near ? 1 : 0;
  }
}
/// Mean loss and accuracy.
template <class Team, class T>
BERL_FN void mean_of_samples(Team const&, HeadTable<T> const& m, double* result) {
  double sums[2] = {};
  for (int i = Team::rank(); i < m.samples; i += Team::size) {
    sums[0] += m.loss[i];
    sums[1] += m.right[i];
  }
  Team::sum(sums);
  for (int k = Team::rank(); k < 2; k += Team::size) result[k] = sums[k] / m.samples;
}

/// Products to gradients over |w|, for head_classes classes from 8 block on; along[j] is the sum of the cosines' products with theirs.
///   shared  head_threads numbers
template <class Team, class T, class H>
BERL_FN void pull_classes(Team const&, HeadTable<T> const& m, H const& head, T const* state, T filter, int const* labels, int block,
                          T* shared) {
  T const t = state != nullptr ? *state : T(0), weight = T(1) / static_cast<T>(m.samples);
  for (int p = Team::rank(); p < head_threads; p += Team::size) {
    int const j = block * head_classes + p / head_samples;
    T along = 0;
    if (j < m.classes) {
      T const inverse = m.inverse_w[j];
      for (int i = p % head_samples; i < m.samples; i += head_samples) {
        T& at = m.table[static_cast<std::ptrdiff_t>(j) * m.stride + i];
        T c, dc;
        if (labels[i] == j) {
          c = m.g[i];
          dc = (std::exp(m.logit[i] - m.lse[i]) - 1) * weight * m.slope[i];
        } else {
          c = clamped(at * inverse);
          dc = filter != 0 && c > filter
                   ? T(0)
                   : std::exp(losses::logit_of(head, c, m.bound[i], t) - m.lse[i]) * weight * losses::slope_of(head, c, m.bound[i], t);
        }
        along += dc * c;
        at = dc * inverse;
      }
    }
    shared[p] = along;
  }
  Team::sync();
  for (int r = Team::rank(); r < head_classes; r += Team::size) {
    if (block * head_classes + r >= m.classes) continue;
    T sum = 0;
    for (int lane = 0; lane < head_samples; ++lane) sum += shared[r * head_samples + lane];
    m.along[block * head_classes + r] = sum;
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
/// df_i = (G - u (u G)) / |f|, stored as the view's type says.
template <class Team, class T, class DF>
BERL_FN void pull_sample(Team const&, HeadTable<T> const& m, int i, int D, DF const& df) {
  T const* const u = m.u + static_cast<std::ptrdiff_t>(i) * D;
  T const* const du = m.du + static_cast<std::ptrdiff_t>(i) * D;
  T part[1] = {};
  for (int d = Team::rank(); d < D; d += Team::size) part[0] += u[d] * du[d];
  Team::sum(part);
  for (int d = Team::rank(); d < D; d += Team::size) put<DF>(df.sample(i)[d], (du[d] - u[d] * part[0]) * m.inverse_f[i]);
}
}  // namespace berl::gpu
