#pragma once
#include <berl/nn/runs.hpp>  // Lanes, map_run, sum_run

#include <utility>  // declval

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
/// The values of a norm, v = scale (x - mean) + shift, and what they are handed on to, for a run whose first channel is c.
template <class R, class A, class T>
struct NormOfRun {
  Lanes<T, R::block> mean, scale, shift;
  decltype(std::declval<A>().template of<R::block>(0)) rectified;
  NormOfRun(T const* means, T const* scales, T const* shifts, A const& a, std::ptrdiff_t c)
      : mean(means + c),
        scale(scales + c),
        shift(shifts + c),
        rectified(a.template of<R::block>(c)) {}

  /// y = [base +] A(v)
  template <bool onto_base>
  void forward(T const* x, T const* base, T* y) const {
    map_run<onto_base>(R::length, base, y, [&](int i, int k) { return rectified.value(value(x[i], k), k); });
  }
  /// The sums over each channel of dv, dv (x - mean), and of what A learns from.
  template <int terms>
  void sum(T const* x, T const* dy, double (&sums)[terms][R::block]) const {
    if constexpr (A::learns)
      sum_run<T, R::block, R::length>(
          [&](int i, int k, T& d, T& product, T& learnt) {
            terms_at(x, dy, i, k, d, product);
            learnt = rectified.learnt(value(x[i], k), dy[i]);
          },
          sums);
    else
      sum_run<T, R::block, R::length>([&](int i, int k, T& d, T& product) { terms_at(x, dy, i, k, d, product); }, sums);
  }
  /// dx = [base +] scale dv + b (x - mean) + d
  template <bool onto_base>
  void backward(T const* x, T const* dy, T const* bs, T const* ds, T const* base, T* dx) const {
    Lanes<T, R::block> const b(bs), d(ds);
    map_run<onto_base>(R::length, base, dx, [&](int i, int k) {
      return scale.at[k] * rectified.pull(value(x[i], k), dy[i], k) + b.at[k] * (x[i] - mean.at[k]) + d.at[k];
    });
  }

 private:
  void terms_at(T const* x, T const* dy, int i, int k, T& d, T& product) const {
    d = rectified.pull(value(x[i], k), dy[i], k);
    product = d * (x[i] - mean.at[k]);
  }
  T value(T x, int k) const { return scale.at[k] * (x - mean.at[k]) + shift.at[k]; }
};
}  // namespace berl::nn::detail
