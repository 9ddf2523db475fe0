#pragma once
#include <berl/core/view.hpp>  // Read
#include <berl/nn/runs.hpp>    // Lanes, map_run, sum_run

#include <algorithm>  // copy_n
#include <cmath>      // sqrt
#include <utility>    // declval

/// What the norms do to the channels of a run: batch and group norms differ in what they join to one mean and one variance.
namespace berl::nn::detail {
/// Mean and squared deviation of a set, to which sets are joined without cancellation.
struct Moments {
  double count = 0, mean = 0, squares = 0;  // squares: sum of (x - mean)^2
  void join(double n, double other_mean, double other_squares) {
    double const delta = other_mean - mean, total = count + n;
    mean += delta * n / total;
    squares += other_squares + delta * delta * count * n / total;
    count = total;
  }
};
/// Of each channel of a run, in one pass: the values count from the first of them.
template <class R, class T>
void moments_of_run(T const* x, double* mean, double* squares) {
  Lanes<T, R::block> const first(x);
  double sums[2][R::block] = {};
  sum_run<T, R::block, R::length>(
      [&](int i, int k, T& d, T& square) {
        d = x[i] - first.at[k];
        square = d * d;
      },
      sums);
  for (int c = 0; c < R::block; ++c) {
    double const squared = sums[1][c] - sums[0][c] * sums[0][c] / R::pixels;
    mean[c] = static_cast<double>(x[c]) + sums[0][c] / R::pixels;
    squares[c] = squared > 0 ? squared : 0;
  }
}
/// One channel of a batch norm L, when its batch has been summed: squares is the sum of (x - mean)^2 over `count` elements.
template <class L, class T>
BERL_FN void finish_statistics(double count, double mean_of_batch, double squares, T& mean, T& inverse, T& running_mean, T& running_var) {
  double const var = squares / count, unbiased = count > 1 ? squares / (count - 1) : var;
  mean = static_cast<T>(mean_of_batch);
  inverse = static_cast<T>(1 / std::sqrt(var + L::eps));
  running_mean = static_cast<T>((1 - L::momentum) * static_cast<double>(running_mean) + L::momentum * mean_of_batch);
  running_var = static_cast<T>((1 - L::momentum) * static_cast<double>(running_var) + L::momentum * unbiased);
}
/// The same in backward, given the sums of dv and dv (x - mean): adds to the gradients, and leaves b and d of dx. Running statistics are
/// constants.
template <bool trained, class T>
BERL_FN void finish_gradients(double count, double const* sum, T weight, T inverse, T& dweight, T& dbias, T& b, T& d) {
  double const inv = static_cast<double>(inverse), slope = static_cast<double>(weight) * inv;
  dbias += static_cast<T>(sum[0]);
  dweight += static_cast<T>(sum[1] * inv);
  b = trained ? static_cast<T>(-slope * inv * inv * sum[1] / count) : T(0);
  d = trained ? static_cast<T>(-slope * sum[0] / count) : T(0);
}
/// The values of a norm, v = scale (x - mean) + shift, and what they are handed on to, element by element: for a block of channels from c
/// on, lane k of a loop sees the channel c + k % block.
template <class A, class T, int block, int lanes>
struct NormOfChannels {
  Lanes<T, block, lanes> mean, scale, shift;
  decltype(std::declval<A>().template of<block, lanes>(0)) rectified;
  BERL_FN NormOfChannels(T const* means, T const* scales, T const* shifts, A const& a, std::ptrdiff_t c)
      : mean(means + c),
        scale(scales + c),
        shift(shifts + c),
        rectified(a.template of<block, lanes>(c)) {}
  BERL_FN NormOfChannels(T const* means, T const* weights, T const* inverses, T const* shifts, A const& a, std::ptrdiff_t c)
      : mean(means + c),
        scale(weights + c, inverses + c),
        shift(shifts + c),
        rectified(a.template of<block, lanes>(c)) {}

  /// A(v)
  BERL_FN T output(T x, int k) const { return rectified.value(value(x, k), k); }
  /// What is summed over each channel: dv and dv (x - mean), and what A learns from.
  BERL_FN void terms(T x, T dy, int k, T& d, T& product) const {
    d = rectified.pull(value(x, k), dy, k);
    product = d * (x - mean.at[k]);
  }
  BERL_FN void terms(T x, T dy, int k, T& d, T& product, T& learnt) const {
    terms(x, dy, k, d, product);
    learnt = rectified.learnt(value(x, k), dy);
  }
  /// scale dv + b (x - mean) + d
  BERL_FN T pull(T x, T dy, T b, T d, int k) const { return scale.at[k] * rectified.pull(value(x, k), dy, k) + b * (x - mean.at[k]) + d; }

 private:
  BERL_FN T value(T x, int k) const { return scale.at[k] * (x - mean.at[k]) + shift.at[k]; }
};
/// The same over a run whose first channel is c.
template <class R, class A, class T>
struct NormOfRun : NormOfChannels<A, T, R::block, run_lanes> {
  using NormOfChannels<A, T, R::block, run_lanes>::NormOfChannels;

  /// y = [base +] A(v)
  template <bool onto_base>
  void forward(T const* x, T const* base, T* y) const {
    map_run<onto_base>(R::length, base, y, [&](int i, int k) { return this->output(x[i], k); });
  }
  /// The sums of terms() over each channel.
  template <int terms>
  void sum(T const* x, T const* dy, double (&sums)[terms][R::block]) const {
    sum_run<T, R::block, R::length>([&](int i, int k, auto&... t) { this->terms(x[i], dy[i], k, t...); }, sums);
  }
  /// dx = [base +] scale dv + b (x - mean) + d
  template <bool onto_base>
  void backward(T const* x, T const* dy, T const* bs, T const* ds, T const* base, T* dx) const {
    Lanes<T, R::block> const b(bs), d(ds);
    map_run<onto_base>(R::length, base, dx, [&](int i, int k) { return this->pull(x[i], dy[i], b.at[k], d.at[k], k); });
  }
};
/// reader(run) of a batch norm's forward (not inlined: whoever calls it, the bits are the same): the moments of each run of x, for every
/// sample and channel.
template <class T, class In>
struct MomentsOfRuns {
  using R = Runs<In>;
  T const* x;
  double *means, *squares;  // (N, C) each
  MomentsOfRuns(Read<T, In, Host> all, double* sums)
      : x(all.data()),
        means(sums),
        squares(sums + static_cast<std::ptrdiff_t>(all.batch()) * channels<In>) {}
  [[gnu::noinline]] void operator()(std::ptrdiff_t i) const {
    moments_of_run<R>(x + i * R::length, means + i * R::block, squares + i * R::block);
  }
};
/// A batch's norm, of which of(c) is that of the runs whose first channel is c.
template <class R, class A, class T>
struct NormOfBatch {
  T const *mean, *weight, *inverse, *bias;
  A rectified;
  NormOfRun<R, A, T> of(std::ptrdiff_t c) const { return {mean, weight, inverse, bias, rectified, c}; }
};
/// reader(run) of a batch norm's backward: the sums of NormOfRun over each run of x and dy, for every sample and channel.
template <class T, class In, class A>
struct SumsOfRuns {
  using R = Runs<In>;
  static constexpr int terms = A::learns ? 3 : 2;
  T const *x, *dy;
  NormOfBatch<R, A, T> norm;
  double* partial[terms];  // (N, C) each
  SumsOfRuns(Read<T, In, Host> all, Read<T, In, Host> all_dy, NormOfBatch<R, A, T> const& of, double* sums)
      : x(all.data()),
        dy(all_dy.data()),
        norm(of) {
    for (int s = 0; s < terms; ++s) partial[s] = sums + static_cast<std::ptrdiff_t>(s) * all.batch() * channels<In>;
  }
  [[gnu::noinline]] void operator()(std::ptrdiff_t i) const {
    double sums[terms][R::block] = {};
    norm.of(i % R::blocks * R::block).sum(x + i * R::length, dy + i * R::length, sums);
    for (int s = 0; s < terms; ++s) std::copy_n(sums[s], R::block, partial[s] + i * R::block);
  }
};
}  // namespace berl::nn::detail
