#pragma once
#include <berl/core/arena.hpp>                // Arena, padded
#include <berl/core/device.hpp>               // Context
#include <berl/core/threads.hpp>              // parallel_for
#include <berl/core/view.hpp>                 // Read, put, skips
#include <berl/host/losses/exponentials.hpp>  // exponentials
#include <berl/host/product.hpp>              // add_product, dot

#include <algorithm>  // min, max, fill_n
#include <cmath>      // sqrt, log, exp, isfinite
#include <cstddef>
#include <limits>  // quiet_NaN
#include <span>

/// One pass of a margin head over a batch and all classes, on the host. The table of cosines is class-major, (C, N), so that
/// a block of classes is contiguous and belongs to one thread.
namespace berl::host {
inline constexpr int class_block = 128;  // classes handled at a time

/// How a batch and its classes are cut: both sizes alone decide, not the number of threads.
struct HeadPlan {
  static constexpr int most_groups = 32;  // pieces of work, each with its own partial sums
  int samples, identities;

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

  /// Gives every block its place through take(count); without gradients the table of cosines shrinks to a block per group.
  static constexpr HeadMemory place(HeadPlan p, bool gradients, auto&& take) {
    auto const row = static_cast<std::size_t>(p.stride()), groups = static_cast<std::size_t>(p.groups());
    auto const classes = static_cast<std::size_t>(p.identities);
    HeadMemory m{};
    m.u = take(row * D);
    m.u_columns = take(row * D);
    m.cosines = take(row * (gradients ? classes : std::min(classes, groups * class_block)));
    m.du = take(gradients ? groups * row * D : 0);
    m.inverse_w = take(classes);
    for (T** const r : {&m.inverse_f, &m.weight, &m.g, &m.logit, &m.slope, &m.bound, &m.lse}) *r = take(row);
    for (T** const table : {&m.largest, &m.sums, &m.closest}) *table = take(groups * row);
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
};

template <class T, class S>
class HeadPass {
  static constexpr int D = S::size, L = sample_lanes;
  static_assert(D > 1, "berl::losses: an embedding of one number has no direction. Give the head Shape<D> with D of 2 or more.");
  static constexpr T own_class = T(-2);    // in the table, a sample's own class: treated apart, and below every cosine
  static constexpr T no_logit = T(-1e30);  // its exponential is zero

 public:
  HeadPass(Context<Host>& ctx, Read<T, S, Host> f, std::span<int const> labels, Read<T, S, Host> w, bool gradients)
      : ctx_(ctx),
        f_(f),
        labels_(labels),
        w_(w),
        plan_{f.batch(), w.batch()},
        gradients_(gradients),
        m_(HeadMemory<T, D>::place(plan_, gradients, [&](std::size_t n) { return ctx.scratch.template take<T>(n); })) {}

  /// Embeddings of unit length and the cosines to their own classes; returns the mean of these.
  T targets() const {
    std::ptrdiff_t const stride = plan_.stride();
    parallel_for(ctx_, stride, [&](std::ptrdiff_t i) {
      T* const u = m_.u + i * D;
      if (i >= plan_.samples) {  // the batch is filled up with samples that count nothing
        std::fill_n(u, D, T(0));
        for (int d = 0; d < D; ++d) m_.u_columns[d * stride + i] = T(0);
        m_.inverse_f[i] = m_.weight[i] = m_.g[i] = T(0);
        return;
      }
      T const* const f = f_.sample(static_cast<int>(i));
      T const* const w = w_.sample(labels_[static_cast<std::size_t>(i)]);
      m_.inverse_f[i] = 1 / std::sqrt(dot(f, f, D));
      for (int d = 0; d < D; ++d) u[d] = m_.u_columns[d * stride + i] = f[d] * m_.inverse_f[i];
      m_.weight[i] = T(1) / static_cast<T>(plan_.samples);
      m_.g[i] = clamped(dot(u, w, D) / std::sqrt(dot(w, w, D)));
    });
    double sum = 0;
    for (int i = 0; i < plan_.samples; ++i) sum += static_cast<double>(m_.g[i]);
    return static_cast<T>(sum / plan_.samples);
  }

  struct Sums {
    double loss, accuracy;
  };
  /// Cosines, and for each sample the log of the sum of exponentials.
  template <class Head>
  Sums forward(Head const& head, T t) const {
    for (int i = 0; i < plan_.stride(); ++i) {
      auto const target = head.target(m_.g[i]);
      m_.logit[i] = target.logit;
      m_.slope[i] = target.slope;
      m_.bound[i] = target.bound;
    }
    int const stride = plan_.stride();
    parallel_for(ctx_, plan_.groups(), [&](std::ptrdiff_t group) {
      T* const largest = m_.largest + group * stride;
      T* const sums = m_.sums + group * stride;
      T* const closest = m_.closest + group * stride;
      std::fill_n(largest, stride, no_logit);
      std::fill_n(sums, stride, T(0));
      std::fill_n(closest, stride, own_class);
      plan_.for_classes(group, [&](int first, int count) {
        T* const c = table(group, first);
        std::fill_n(c, static_cast<std::ptrdiff_t>(count) * stride, T(0));
        add_product<T>({w_.sample(first), D, 1}, count, m_.u_columns, stride, D, stride, c, stride);
        if (!to_cosines(c, first, count)) std::fill_n(sums, stride, std::numeric_limits<T>::quiet_NaN());
        for_own(first, count, [&](int i, int j) { c[static_cast<std::ptrdiff_t>(j) * stride + i] = own_class; });
        for (int i = 0; i < stride; i += L) add_exponentials(head, t, c + i, count, m_.bound + i, largest + i, sums + i, closest + i);
      });
    });
    return combine();
  }

  /// In place of each cosine its gradient over |w_j|; from these dw and df.
  template <class Head, class DW, class DF>
  void backward(Head const& head, T t, DW dw, DF df) const {
    int const stride = plan_.stride();
    parallel_for(ctx_, plan_.groups(), [&](std::ptrdiff_t group) {
      T* const du = m_.du + group * stride * D;
      std::fill_n(du, static_cast<std::ptrdiff_t>(stride) * D, T(0));
      plan_.for_classes(group, [&](int first, int count) {
        T* const c = table(group, first);
        T along[class_block];  // w_j/|w_j| times its gradient
        for (int j = 0; j < count; ++j)
          along[j] = to_gradients(head, t, c + static_cast<std::ptrdiff_t>(j) * stride, m_.inverse_w[first + j]);
        for_own(first, count, [&](int i, int j) {
          T const dg = (std::exp(m_.logit[i] - m_.lse[i]) - 1) * m_.weight[i] * m_.slope[i];
          c[static_cast<std::ptrdiff_t>(j) * stride + i] = dg * m_.inverse_w[first + j];
          along[j] += dg * m_.g[i];
        });
        if constexpr (!skips<DF>) add_product<T>({c, 1, stride}, stride, w_.sample(first), D, count, D, du, D);
        if constexpr (!skips<DW>) {
          add_product<T>({c, stride, 1}, count, m_.u, D, stride, D, dw.sample(first), D);
          for (int j = 0; j < count; ++j) {
            T const* const w = w_.sample(first + j);
            T* const to = dw.sample(first + j);
            T const part = along[j] * m_.inverse_w[first + j] * m_.inverse_w[first + j];
            for (int d = 0; d < D; ++d) to[d] -= part * w[d];
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
        T const part = dot(u, static_cast<T const*>(sum), D);
        T* const to = df.sample(static_cast<int>(i));
        for (int d = 0; d < D; ++d) put<DF>(to[d], (sum[d] - u[d] * part) * m_.inverse_f[i]);
      });
  }

 private:
  static T clamped(T c) { return c < T(-1) ? T(-1) : c > T(1) ? T(1) : c; }  // keeps NaN

  T* table(std::ptrdiff_t group, int first) const {
    return m_.cosines + (gradients_ ? first : group * class_block) * static_cast<std::ptrdiff_t>(plan_.stride());
  }
  /// body(i, j) for each sample i whose own class is class j of the block
  template <class Body>
  void for_own(int first, int count, Body const& body) const {
    for (int i = 0; i < plan_.samples; ++i)
      if (int const j = labels_[static_cast<std::size_t>(i)] - first; j >= 0 && j < count) body(i, j);
  }
  /// Products to cosines; false when a class has no direction, so that the loss becomes NaN instead of a wrong number.
  bool to_cosines(T* c, int first, int count) const {
    bool fine = true;
    for (int j = 0; j < count; ++j) {
      T const squared = dot(w_.sample(first + j), w_.sample(first + j), D);
      T const inverse = 1 / std::sqrt(squared);
      fine = fine && squared > 0 && std::isfinite(squared);
      m_.inverse_w[first + j] = inverse;
      T* const row = c + static_cast<std::ptrdiff_t>(j) * plan_.stride();
      for (int i = 0; i < plan_.stride(); ++i) row[i] = clamped(row[i] * inverse);
    }
    return fine;
  }
  /// Adds one block of classes to the running sums of L samples: sums exp(-largest) stays as it is while `largest` grows.
  template <class Head>
  void add_exponentials(Head const head, T t, T const* c, int count, T const* bound, T* largest, T* sums, T* closest) const {
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
  template <class Head>
  static T logit(Head const& head, T c, T bound, T t) {
    T const z = head.logit(c, bound, t);
    return c > T(-1.5) ? z : no_logit;
  }
  /// One class: c becomes dL/dc / |w|, without the samples of that class; returns the sum of c dL/dc.
  template <class Head>
  T to_gradients(Head const head, T t, T* c, T inverse) const {
    T along[L] = {};
    for (int i = 0; i < plan_.stride(); i += L) {
      alignas(64) T p[L];
      for (int l = 0; l < L; ++l) p[l] = logit(head, c[i + l], m_.bound[i + l], t) - m_.lse[i + l];
      exponentials(p);
      for (int l = 0; l < L; ++l) {
        T const dc = p[l] * m_.weight[i + l] * head.slope(c[i + l], m_.bound[i + l], t);
        along[l] += dc * c[i + l];
        c[i + l] = dc * inverse;
      }
    }
    T sum = 0;
    for (T const a : along) sum += a;
    return sum;
  }
  /// The groups' sums and the own class, for each sample; then loss and accuracy.
  Sums combine() const {
    double loss = 0, right = 0;
    for (int i = 0; i < plan_.stride(); ++i) {
      T top = m_.logit[i], near = own_class, sum = 0;
      for (int g = 0; g < plan_.groups(); ++g) top = std::max(top, m_.largest[g * plan_.stride() + i]);
      for (int g = 0; g < plan_.groups(); ++g) {
        sum += m_.sums[g * plan_.stride() + i] * std::exp(m_.largest[g * plan_.stride() + i] - top);
        near = std::max(near, m_.closest[g * plan_.stride() + i]);
      }
      m_.lse[i] = top + std::log(sum + std::exp(m_.logit[i] - top));
      if (i >= plan_.samples) continue;
      loss += static_cast<double>(m_.lse[i] - m_.logit[i]);
      right += m_.g[i] > near ? 1 : 0;
    }
    return {loss / plan_.samples, right / plan_.samples};
  }

  Context<Host>& ctx_;
  Read<T, S, Host> f_;
  std::span<int const> labels_;
  Read<T, S, Host> w_;
  HeadPlan plan_;
  bool gradients_;
  HeadMemory<T, D> m_;
};
}  // namespace berl::host
