#pragma once
#include <berl/core/device.hpp>               // Context
#include <berl/core/threads.hpp>              // parallel_for
#include <berl/core/view.hpp>                 // Read, put, skips
#include <berl/host/losses/exponentials.hpp>  // exponentials
#include <berl/host/losses/head_memory.hpp>   // HeadPlan, HeadMemory
#include <berl/host/product.hpp>              // add_product, dot

#include <algorithm>  // max, fill_n
#include <cmath>      // sqrt, log, exp, isfinite
#include <cstddef>
#include <limits>  // quiet_NaN
#include <span>

/// One pass of a margin head over a batch and all classes, on the host. The table of cosines is class-major, (C, N), so that
/// a block of classes is contiguous and belongs to one thread.
namespace berl::host {
/// What a pass is given beside embeddings and class weights.
template <class T>
struct HeadExtras {
  T const* number = nullptr;  // one for each class, where the head learns them
  double filter = 0;          // cosines of other classes above it count as 0, where it is not 0 itself
};

template <class T, class S, class Head>
class HeadPass {
  static constexpr int D = S::size, L = sample_lanes;
  static constexpr bool affine = losses::is_affine<Head>;
  static_assert(affine || D > 1, "berl::losses: an embedding of one number has no direction. Give the head Shape<D> with D of 2 or more.");
  static constexpr T no_logit = T(-1e30);                          // its exponential is zero
  static constexpr T own_class = affine ? no_logit : T(-2);        // in the table, a sample's own class, or one that is hidden by the
  static constexpr T any_class = affine ? no_logit / 2 : T(-1.5);  // filter: treated apart, and below every other number

 public:
  using Extras = HeadExtras<T>;
  HeadPass(Context<Host>& ctx, Head const& head, Read<T, S, Host> f, std::span<int const> labels, Read<T, S, Host> w, bool gradients,
           Extras const& extras = {})
      : ctx_(ctx),
        head_(head),
        f_(f),
        labels_(labels),
        w_(w),
        extras_(extras),
        plan_{f.batch(), w.batch(), losses::layout_of(head), extras.filter != 0},
        whole_(gradients || losses::gathers<Head>),
        m_(HeadMemory<T, D>::place(plan_, gradients, [&](std::size_t n) { return ctx.scratch.template take<T>(n); })) {
    embed();
    if constexpr (losses::gathers<Head>) std::fill_n(m_.gathered, plan_.groups() * plan_.stride(), T(0));
  }

  /// For each sample the sums of head.gather() over the other classes.
  void gather(T t) const {
    if constexpr (losses::gathers<Head>) {
      int const stride = plan_.stride();
      for (int i = 0; i < stride; ++i) m_.bound[i] = head_.bound(m_.g[i]);
      parallel_for(ctx_, plan_.groups(), [&](std::ptrdiff_t group) {
        T* const sums = m_.gathered + group * stride;
        T* const counts = m_.counts + group * stride;
        std::fill_n(sums, stride, T(0));
        std::fill_n(counts, stride, T(0));
        m_.begin(plan_, group, own_class);
        plan_.for_classes(group, [&](int first, int count) {
          T* const c = table(group, first);
          fill(group, c, first, count);
          for (int j = 0; j < count; ++j)
            for (int i = 0; i < stride; ++i) {
              T const cj = c[static_cast<std::ptrdiff_t>(j) * stride + i];
              auto const one = head_.gather(cj, m_.bound[i], t);
              sums[i] += cj > any_class ? one.sum : T(0);
              counts[i] += cj > any_class ? one.count : T(0);
            }
        });
        if (plan_.filters)
          for (int i = 0; i < stride; ++i) {
            T const n = m_.hidden[group * stride + i];
            auto const zero = head_.gather(T(0), m_.bound[i], t);
            sums[i] += n * zero.sum;
            counts[i] += n * zero.count;
          }
      });
      for (int group = 1; group < plan_.groups(); ++group)
        for (int i = 0; i < stride; ++i) {
          m_.gathered[i] += m_.gathered[group * stride + i];
          m_.counts[i] += m_.counts[group * stride + i];
        }
    }
  }
  /// What the head's state is renewed from.
  losses::Batch<T> batch() const { return {plan_.samples, m_.g, m_.inverse_f, m_.gathered}; }

  using Sums = typename HeadMemory<T, D>::Sums;
  /// Cosines, and for each sample the log of the sum of exponentials.
  Sums forward(std::span<T const> state) const {
    double const penalty = targets(state);
    T const t = state.empty() ? T(0) : state[0];
    int const stride = plan_.stride();
    parallel_for(ctx_, plan_.groups(), [&](std::ptrdiff_t group) {
      T* const largest = m_.largest + group * stride;
      T* const sums = m_.sums + group * stride;
      T* const closest = m_.closest + group * stride;
      std::fill_n(largest, stride, no_logit);
      std::fill_n(sums, stride, T(0));
      std::fill_n(closest, stride, own_class);
      if constexpr (!losses::gathers<Head>) m_.begin(plan_, group, own_class);
      plan_.for_classes(group, [&](int first, int count) {
        T* const c = table(group, first);
        if constexpr (!losses::gathers<Head>) fill(group, c, first, count);
        if (!usable(first, count)) std::fill_n(sums, stride, std::numeric_limits<T>::quiet_NaN());
        for (int i = 0; i < stride; i += L) add_exponentials(t, c + i, count, m_.bound + i, largest + i, sums + i, closest + i);
      });
    });
    Sums result = m_.combine(plan_, own_class);
    result.loss += penalty;
    return result;
  }

  /// In place of each cosine its gradient over |w_j|; from these dw, df and the gradient of the learnt numbers.
  template <class DW, class DF>
  void backward(std::span<T const> state, DW dw, DF df, T* d_number = nullptr) const {
    T const t = state.empty() ? T(0) : state[0];
    int const stride = plan_.stride();
    parallel_for(ctx_, plan_.groups(), [&](std::ptrdiff_t group) {
      T* const du = m_.du + group * stride * D;
      std::fill_n(du, static_cast<std::ptrdiff_t>(stride) * D, T(0));
      if constexpr (losses::uses_norm<Head>) std::fill_n(m_.norms + group * stride, stride, T(0));
      plan_.for_classes(group, [&](int first, int count) {
        T* const c = table(group, first);
        T along[class_block];  // w_j/|w_j| times its gradient; of an affine head the gradient of a_j
        for (int j = 0; j < count; ++j)
          along[j] = to_gradients(t, c + static_cast<std::ptrdiff_t>(j) * stride, m_.inverse_w[first + j], group);
        for_own(first, count, [&](int i, int j) {
          T const dz = (std::exp(m_.logit[i] - m_.lse[i]) - 1) * m_.weight[i];
          T const dg = dz * m_.slope[i];
          c[static_cast<std::ptrdiff_t>(j) * stride + i] = dg * m_.inverse_w[first + j];
          along[j] += affine ? dg : dg * m_.g[i];
          if constexpr (losses::uses_norm<Head>) m_.d_norm[i] += dz * m_.by_norm[i];
          if constexpr (losses::has_number<Head> && !affine) {  // nvcc needs the braces
            if (d_number != nullptr) d_number[first + j] += dz * m_.by_number[i];
          }
        });
        if constexpr (affine)
          if (d_number != nullptr)
            for (int j = 0; j < count; ++j) d_number[first + j] += along[j];
        if constexpr (!skips<DF>) add_product<T>({c, 1, stride}, stride, w_.sample(first), D, count, D, du, D);
        if constexpr (!skips<DW>) {
          add_product<T>({c, stride, 1}, count, m_.u, D, stride, D, dw.sample(first), D);
          if constexpr (!affine) {
            for (int j = 0; j < count; ++j) {
              T const* const w = w_.sample(first + j);
              T* const to = dw.sample(first + j);
              T const part = along[j] * m_.inverse_w[first + j] * m_.inverse_w[first + j];
              for (int d = 0; d < D; ++d) to[d] -= part * w[d];
            }
          }
        }
      });
    });
    if constexpr (!skips<DF>)
      parallel_for(ctx_, plan_.samples, [&](std::ptrdiff_t i) {
        T* const sum = m_.du + i * D;  // of the first group, to which the others are added in order
        for (std::ptrdiff_t group = 1; group < plan_.groups(); ++group)
          for (int d = 0; d < D; ++d) sum[d] += m_.du[(group * stride + i) * D + d];
        T const* const u = m_.u + i * D;
        T* const to = df.sample(static_cast<int>(i));
        if constexpr (affine) {
          for (int d = 0; d < D; ++d) put<DF>(to[d], sum[d]);
        } else {
          T const part = dot(u, static_cast<T const*>(sum), D);
          T length = 0;  // d|f| = u df
          if constexpr (losses::uses_norm<Head>) {
            length = m_.d_norm[i];
            for (std::ptrdiff_t group = 0; group < plan_.groups(); ++group) length += m_.norms[group * stride + i];
          }
          for (int d = 0; d < D; ++d) {
            T const across = (sum[d] - u[d] * part) * m_.inverse_f[i];
            if constexpr (losses::uses_norm<Head>)
              put<DF>(to[d], across + u[d] * length);
            else
              put<DF>(to[d], across);
          }
        }
      });
  }

 private:
  static T clamped(T c) { return c < T(-1) ? T(-1) : c > T(1) ? T(1) : c; }  // keeps NaN

  T* table(std::ptrdiff_t group, int first) const {
    return m_.cosines + (whole_ ? first : group * class_block) * static_cast<std::ptrdiff_t>(plan_.stride());
  }
  /// body(i, j) for each sample i whose own class is class j of the block
  template <class Body>
  void for_own(int first, int count, Body const& body) const {
    for (int i = 0; i < plan_.samples; ++i)
      if (int const j = labels_[static_cast<std::size_t>(i)] - first; j >= 0 && j < count) body(i, j);
  }
  /// Embeddings of unit length and the cosines to their own classes.
  void embed() const {
    std::ptrdiff_t const stride = plan_.stride();
    parallel_for(ctx_, stride, [&](std::ptrdiff_t i) {
      T* const u = m_.u + i * D;
      if (i >= plan_.samples) {  // the batch is filled up with samples that count nothing
        std::fill_n(u, D, T(0));
        for (int d = 0; d < D; ++d) m_.u_columns[d * stride + i] = T(0);
        m_.inverse_f[i] = m_.weight[i] = m_.g[i] = m_.logit[i] = m_.slope[i] = m_.bound[i] = T(0);
        return;
      }
      int const label = labels_[static_cast<std::size_t>(i)];
      T const* const f = f_.sample(static_cast<int>(i));
      T const* const w = w_.sample(label);
      m_.inverse_f[i] = affine ? T(1) : 1 / std::sqrt(dot(f, f, D));
      for (int d = 0; d < D; ++d) u[d] = m_.u_columns[d * stride + i] = f[d] * m_.inverse_f[i];
      m_.weight[i] = T(1) / static_cast<T>(plan_.samples);
      if constexpr (affine)
        m_.g[i] = dot(u, w, D) + extras_.number[label];
      else
        m_.g[i] = clamped(dot(u, w, D) / std::sqrt(dot(w, w, D)));
    });
  }
  /// Logits of the own classes; returns the mean of what the head adds to the loss.
  double targets(std::span<T const> state) const {
    double penalty = 0;
    for (int i = 0; i < plan_.samples; ++i) {
      losses::Own<T> own{m_.g[i], 1 / m_.inverse_f[i]};
      if constexpr (losses::has_number<Head>) own.number = extras_.number[labels_[static_cast<std::size_t>(i)]];
      if constexpr (losses::gathers<Head>) own.others = {m_.gathered[i], m_.counts[i]};
      auto const target = losses::target_of(head_, own, state.data());
      m_.logit[i] = target.logit;
      m_.slope[i] = target.slope;
      m_.bound[i] = target.bound;
      if constexpr (losses::uses_norm<Head>) {
        m_.by_norm[i] = target.by_norm;
        m_.d_norm[i] = target.penalty_slope * m_.weight[i];
        penalty += static_cast<double>(target.penalty) / plan_.samples;
      }
      if constexpr (losses::has_number<Head> && !affine) m_.by_number[i] = target.by_number;
    }
    if (plan_.filters)
      for (int i = 0; i < plan_.stride(); ++i)
        m_.hidden_logit[i] = losses::logit_of(head_, T(0), m_.bound[i], state.empty() ? T(0) : state[0]);
    return penalty;
  }
  /// A block of the table of cosines.
  void fill(std::ptrdiff_t group, T* c, int first, int count) const {
    int const stride = plan_.stride();
    std::fill_n(c, static_cast<std::ptrdiff_t>(count) * stride, T(0));
    add_product<T>({w_.sample(first), D, 1}, count, m_.u_columns, stride, D, stride, c, stride);
    to_cosines(c, first, count);
    for_own(first, count, [&](int i, int j) { c[static_cast<std::ptrdiff_t>(j) * stride + i] = own_class; });
    if (plan_.filters) m_.hide(plan_, group, c, count, static_cast<T>(extras_.filter), own_class);
  }
  /// Products to cosines. A class without a direction gets an inverse length that is not usable().
  void to_cosines(T* c, int first, int count) const {
    for (int j = 0; j < count; ++j) {
      T const squared = dot(w_.sample(first + j), w_.sample(first + j), D);
      T inverse = 1 / std::sqrt(squared);
      T* const row = c + static_cast<std::ptrdiff_t>(j) * plan_.stride();
      if constexpr (affine) {
        T const number = extras_.number[first + j];
        inverse = std::isfinite(squared + number) ? T(1) : std::numeric_limits<T>::quiet_NaN();
        for (int i = 0; i < plan_.stride(); ++i) row[i] += number;
      } else {
        for (int i = 0; i < plan_.stride(); ++i) row[i] = clamped(row[i] * inverse);
      }
      m_.inverse_w[first + j] = inverse;
    }
  }
  /// False where a class has no direction, so that the loss becomes NaN instead of a wrong number.
  bool usable(int first, int count) const {
    bool fine = true;
    for (int j = first; j < first + count; ++j) fine = fine && m_.inverse_w[j] > 0 && std::isfinite(m_.inverse_w[j]);
    return fine;
  }
  /// Adds one block of classes to the running sums of L samples: sums exp(-largest) stays as it is while `largest` grows.
  void add_exponentials(T t, T const* c, int count, T const* bound, T* largest, T* sums, T* closest) const {
    Head const head = head_;
    T top[L], near[L], scale[L], sum[L] = {};
    for (int l = 0; l < L; ++l) top[l] = largest[l];
    for (int l = 0; l < L; ++l) near[l] = closest[l];
    for (int j = 0; j < count; ++j)
      for (int l = 0; l < L; ++l) {
        T const cj = c[static_cast<std::ptrdiff_t>(j) * plan_.stride() + l];
        top[l] = std::max(top[l], logit(head, cj, bound[l], t));
        near[l] = std::max(near[l], cj);
      }
    for (int l = 0; l < L; ++l) scale[l] = largest[l] - top[l];
    exponentials(scale);
    for (int j = 0; j < count; ++j) {
      alignas(64) T z[L];
      for (int l = 0; l < L; ++l) z[l] = logit(head, c[static_cast<std::ptrdiff_t>(j) * plan_.stride() + l], bound[l], t) - top[l];
      exponentials(z);
      for (int l = 0; l < L; ++l) sum[l] += z[l];
    }
    for (int l = 0; l < L; ++l) sums[l] = sums[l] * scale[l] + sum[l];
    for (int l = 0; l < L; ++l) largest[l] = top[l];
    for (int l = 0; l < L; ++l) closest[l] = near[l];
  }
  static T logit(Head const& head, T c, T bound, T t) {
    T const z = losses::logit_of(head, c, bound, t);
    return c > any_class ? z : no_logit;
  }
  /// One class: c becomes dL/dc / |w|, without the samples of that class; returns the sum of c dL/dc, of an affine head that of dL/dc.
  T to_gradients(T t, T* c, T inverse, std::ptrdiff_t group) const {
    Head const head = head_;
    T along[L] = {};
    for (int i = 0; i < plan_.stride(); i += L) {
      alignas(64) T p[L];
      for (int l = 0; l < L; ++l) p[l] = logit(head, c[i + l], m_.bound[i + l], t) - m_.lse[i + l];
      exponentials(p);
      if constexpr (losses::uses_norm<Head>)
        for (int l = 0; l < L; ++l)
          m_.norms[group * plan_.stride() + i + l] += p[l] * m_.weight[i + l] * losses::norm_slope_of(head, c[i + l], m_.bound[i + l], t);
      for (int l = 0; l < L; ++l) {
        T const dc = p[l] * m_.weight[i + l] * losses::slope_of(head, c[i + l], m_.bound[i + l], t);
        along[l] += affine ? dc : dc * c[i + l];
        c[i + l] = dc * inverse;
      }
    }
    T sum = 0;
    for (T const a : along) sum += a;
    return sum;
  }
  Context<Host>& ctx_;
  Head head_;
  Read<T, S, Host> f_;
  std::span<int const> labels_;
  Read<T, S, Host> w_;
  Extras extras_;
  HeadPlan plan_;
  bool whole_;
  HeadMemory<T, D> m_;
};
}  // namespace berl::host
