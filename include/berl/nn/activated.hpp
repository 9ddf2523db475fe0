#pragma once
#include <berl/nn/layer.hpp>  // Layer
#include <berl/nn/runs.hpp>   // Lanes

namespace berl::nn {
namespace detail {
/// What a norm hands its values v on to before they are stored, for a block of channels from c on: of<block, lanes>(c) has
///   value(v, lane)      what is stored
///   pull(v, dy, lane)   dv
struct Unchanged {
  static constexpr bool learns = false;
  template <int block, int lanes>
  BERL_FN Unchanged of(std::ptrdiff_t) const {
    return {};
  }
  template <class T>
  BERL_FN static T value(T v, int) {
    return v;
  }
  template <class T>
  BERL_FN static T pull(T, T dy, int) {
    return dy;
  }
};
/// F, which has nothing to learn.
template <class F>
struct Rectified {
  static constexpr bool learns = false;
  template <int block, int lanes>
  BERL_FN Rectified of(std::ptrdiff_t) const {
    return {};
  }
  template <class T>
  BERL_FN static T value(T v, int) {
    return F::value(v);
  }
  template <class T>
  BERL_FN static T pull(T v, T dy, int) {
    return dy * F::slope(v);
  }
};
/// F with a weight for each channel, whose gradient is a sum of F::learnt(v, dy).
template <class F, class T>
struct RectifiedBy {
  static constexpr bool learns = true;
  T const* weight;
  T* gradient;

  template <int block, int lanes>
  struct Run {
    Lanes<T, block, lanes> weight;
    BERL_FN T value(T v, int lane) const { return F::value(v, weight.at[lane]); }
    BERL_FN T pull(T v, T dy, int lane) const { return F::pull(v, weight.at[lane], dy); }
    BERL_FN T learnt(T v, T dy) const { return F::learnt(v, dy); }
  };
  template <int block, int lanes>
  BERL_FN Run<block, lanes> of(std::ptrdiff_t c) const {
    return {Lanes<T, block, lanes>(weight + c)};
  }
};
}  // namespace detail

/// A layer of elements so simple that a norm applies it before it stores them, and backward computes them again.
template <class A>
concept Rectifier = requires { requires A::rectifies; };

/// A norm and the rectifier behind it, in one pass where each alone would take one.
///   y = A(Norm(x)); the norm's own output is neither stored nor kept: backward computes it again from x
///   shapes  the norm's
///   keeps   x, and the norm's statistics
template <class Norm, class A>
struct Activated : Layer {
  static constexpr bool in_place = true, recomputes = Norm::recomputes, sums_runs = Norm::sums_runs;
  template <class In>
  using output = typename A::template output<typename Norm::template output<In>>;
  template <class T, class In>
  static constexpr std::size_t kept(int batch) {
    return Norm::template kept<T, In>(batch);
  }
  template <class T, class In>
  static constexpr std::size_t scratch(int batch, int threads) {
    return Norm::template scratch<T, In>(batch, threads);
  }
  template <class In>
  static constexpr std::size_t run_sums(int batch) {
    return Norm::template run_sums<In>(batch);
  }
  template <class Mode, class T, class In, class D, class NormParams, class Params, class Y, class P, class... Sums>
  static void forward(Context<D>& ctx, NormParams& norm, Params& rectifier, Read<T, In, D> x, Y y, P pass, Sums... sums) {
    Norm::template forward_through<Mode>(ctx, norm, A::template rectified<T>(rectifier), x, y, pass, sums...);
  }
  template <class Mode, class T, class In, class D, class NormParams, class Params, class DX, class... Sums>
  static void backward(Context<D>& ctx, NormParams& norm, Params& rectifier, Read<T, In, D> x, Read<T, In, D> dy, DX dx, Pass<T> pass,
                       Sums... sums) {
    Norm::template backward_through<Mode>(ctx, norm, A::template rectified<T>(rectifier), x, dy, dx, pass, sums...);
  }
  template <class T, class In>
  static auto moments_of_runs(Read<T, In, Host> x, double* sums) {
    return Norm::moments_of_runs(x, sums);
  }
  template <class T, class In, class NormParams, class Params>
  static auto sums_of_runs(NormParams& norm, Params& rectifier, Read<T, In, Host> x, Read<T, In, Host> dy, Pass<T> pass, double* sums) {
    return Norm::sums_of_runs_through(norm, A::template rectified<T>(rectifier), x, dy, pass, sums);
  }
  template <class T, class In, class D, class NormParams, class Params, class Y>
  static void again(Context<D>& ctx, NormParams& norm, Params& rectifier, Read<T, In, D> x, Y y, Pass<T> pass) {
    Norm::again_through(ctx, norm, A::template rectified<T>(rectifier), x, y, pass);
  }
};
}  // namespace berl::nn
