#pragma once
#include <berl/core/random.hpp>
#include <berl/core/tensor.hpp>
#include <berl/nn/array.hpp>
#include <berl/nn/sequential.hpp>
#include <berl/nn/state.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>  // memcmp
#include <limits>
#include <span>
#include <vector>

namespace berl::test {
/// A layer or network with random parameters, input and dy, and exactly the memory that its type asks for: Arena throws when
/// scratch() is too small, and `kept_is_enough` sees what was written behind kept().
template <class L, class T, class In>
class RunLayer {
 public:
  using Out = nn::OutputOf<L, In>;
  explicit RunLayer(int batch, int threads = 2, std::uint64_t seed = 3)
      : x(batch),
        dx(batch, std::numeric_limits<T>::quiet_NaN()),
        y(batch, std::numeric_limits<T>::quiet_NaN()),
        dy(batch),
        kept_(nn::kept<L, T, In>(batch)),
        memory_((kept_ + guard) * sizeof(T)),
        block_(memory_.take<T>(kept_ + guard)) {
    ctx.threads = threads;
    ctx.scratch = Arena(nn::scratch<L, T, In>(batch, threads));
    std::fill_n(block_, kept_ + guard, canary);
    Random random(Seed{seed});
    auto const draw = [&](T* to, std::size_t n, double low, double high) {
      for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<T>(random.uniform(low, high));
    };
    weights.params.visit(
        [&](Nameless, auto& array) {
          using P = std::remove_cvref_t<decltype(array)>;
          if constexpr (Trainable<P>)
            draw(array.value(), P::shape::size, -1, 1);
          else
            draw(array.value(), P::shape::size, 0.5, 1.5);  // running variances are positive
        },
        Nameless{});
    draw(&x[0], x.size(), -1, 1);
    draw(&dy[0], dy.size(), -1, 1);
  }

  Pass<T> pass() const { return {block_, 1, 2}; }
  template <class Mode>
  void forward() {
    nn::forward<L, Mode>(ctx, weights.params, x.read(), y.write(), pass());
  }
  template <class Mode>
  void forward_forget() {
    nn::forward<L, Mode>(ctx, weights.params, x.read(), y.write(), Forget{});
  }
  template <class Mode>
  void backward() {
    spoil_scratch();
    nn::backward<L, Mode>(ctx, weights.params, x.read(), dy.read(), dx.write(), pass());
  }
  template <class Mode>
  void backward_skip() {
    spoil_scratch();
    nn::backward<L, Mode>(ctx, weights.params, x.read(), dy.read(), Skip<T, In, Host>(nullptr, x.batch()), pass());
  }

  bool kept_is_enough() const {
    for (int i = 0; i < guard; ++i)
      if (block_[kept_ + static_cast<std::size_t>(i)] != canary) return false;
    return true;
  }
  std::vector<T> gradients() { return arrays(true); }
  std::vector<T> buffers() { return arrays(false); }
  /// Everything that a step leaves behind.
  std::vector<T> results() {
    std::vector<T> all(y.span().begin(), y.span().end());
    all.insert(all.end(), dx.span().begin(), dx.span().end());
    for (auto const& part : {gradients(), buffers()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }

  Context<Host> ctx;
  nn::Weights<L, T> weights;
  Tensor<T, In> x, dx;
  Tensor<T, Out> y, dy;

 private:
  /// What forward has left in scratch is nothing that backward may read.
  void spoil_scratch() {
    Scope const scope(ctx.scratch);
    std::size_t const n = ctx.scratch.bytes() / sizeof(T);
    std::fill_n(ctx.scratch.take<T>(n), n, std::numeric_limits<T>::quiet_NaN());
  }
  static constexpr int guard = 64;
  static constexpr T canary = T(-77.25);
  std::vector<T> arrays(bool trained) {
    std::vector<T> all;
    weights.params.visit(
        [&](Nameless, auto& array) {
          using P = std::remove_cvref_t<decltype(array)>;
          T const* from = nullptr;
          if constexpr (Trainable<P>)
            from = trained ? array.gradient() : nullptr;
          else
            from = trained ? nullptr : array.value();
          if (from) all.insert(all.end(), from, from + P::shape::size);
        },
        Nameless{});
    return all;
  }
  std::size_t kept_;
  Arena memory_;
  T* block_;
};

/// Gives the arrays of one network the values of another's, which has the same.
template <class T>
void copy_values(auto& from, auto& to) {
  std::vector<std::span<T>> values;
  from.visit(nn::Each<T>([&](nn::Array<T> const& array) { values.push_back(array.values); }), Path{});
  std::size_t k = 0;
  to.visit(nn::Each<T>([&](nn::Array<T> const& array) { std::copy_n(values.at(k++).data(), array.values.size(), array.values.data()); }),
           Path{});
}
template <class T>
bool equal_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
template <class T>
bool all_finite(std::vector<T> const& values) {
  for (T const v : values)
    if (!std::isfinite(v)) return false;
  return true;
}

/// A step in float leaves the same bits for 1, 2 and 7 threads, all of them finite, and nothing behind kept().
template <class L, class Mode, class In>
bool same_bits(int batch) {
  std::vector<float> first;
  for (int const threads : {1, 2, 7}) {
    RunLayer<L, float, In> run(batch, threads);
    run.template forward<Mode>();
    run.template backward<Mode>();
    if (!run.kept_is_enough()) return false;
    auto const found = run.results();
    if (!all_finite(found)) return false;
    if (threads == 1)
      first = found;
    else if (!equal_bits(first, found))
      return false;
  }
  return true;
}

/// Where dx is not wanted, the parameters' gradients are the same, but for the rounding of another loop: a product may be
/// fused with its sum in one and not in the other, 6e-8 of each term.
template <class L, class Mode, class In>
bool skip_changes_no_gradient(int batch) {
  RunLayer<L, float, In> with(batch), without(batch);
  with.template forward<Mode>();
  with.template backward<Mode>();
  without.template forward<Mode>();
  without.template backward_skip<Mode>();
  auto const a = with.gradients(), b = without.gradients();
  bool same = all_finite(a) && all_finite(b);
  for (std::size_t i = 0; i < a.size(); ++i) same = same && std::abs(a[i] - b[i]) <= 1e-5f * std::max(1.0f, std::abs(a[i]));
  return same;
}
}  // namespace berl::test
