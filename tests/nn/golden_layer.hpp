#pragma once
#include <berl/core/tensor.hpp>
#include <berl/nn/sequential.hpp>
#include <berl/nn/state.hpp>

#include <algorithm>
#include <cmath>
#include <golden.hpp>
#include <map>
#include <string>
#include <vector>

namespace berl::test {
/// One case of a layer fixture, run forward and backward as T: how far y, dx and the parameters' gradients are from the
/// reference, relative to the largest entry of each.
struct LayerRun {
  std::map<std::string, double> error;
  double worst() const {
    double w = 0;
    for (auto const& [name, e] : error)
      if (!(e <= w)) w = std::isnan(e) ? HUGE_VAL : e;
    return w;
  }
};

/// What a case has to do with the fixture, compiled once for all layers.
template <class T>
class FixtureCase {
 public:
  FixtureCase(Golden const& golden, std::string const& name) : golden_(golden), name_(name) {}

 protected:
  struct Array {
    std::string name;
    T* value;
    T* gradient;  // null for a buffer
    std::size_t size;
  };
  [[gnu::noinline]] void add(std::string const& name, T* value, T* gradient, std::size_t size) {
    arrays.push_back({name, value, gradient, size});
  }
  void load_parameters() {
    for (Array const& a : arrays)
      if (golden_.contains(name_ + "/" + a.name)) copy_in(name_ + "/" + a.name, {a.value, a.size});
  }
  [[gnu::noinline]] void copy_in(std::string const& name, std::span<T> to) const {
    auto const from = golden_.values<T>(name);
    if (from.size() != to.size()) throw std::runtime_error(name + ": the case has another size than the test's shape");
    std::copy(from.begin(), from.end(), to.begin());
  }
  [[gnu::noinline]] LayerRun compare(std::string const& path, std::span<T const> y, std::span<T const> dx) const {
    LayerRun run;
    run.error["y"] = golden_.compare(path + "/y", y).relative_max;
    run.error["gx"] = golden_.compare(path + "/gx", dx).relative_max;
    for (Array const& a : arrays) {
      std::string const name = a.gradient ? "g" + a.name : a.name;
      std::span<T const> const values(a.gradient ? a.gradient : a.value, a.size);
      if (golden_.contains(path + "/" + name)) run.error[name] = golden_.compare(path + "/" + name, values).relative_max;
    }
    return run;
  }
  std::vector<Array> arrays;

 private:
  Golden const& golden_;
  std::string name_;
};

template <class L, class Mode, class In, class T>
class LayerCase : FixtureCase<T> {
 public:
  using Out = nn::OutputOf<L, In>;
  LayerCase(Golden const& golden, std::string const& name, int batch, int threads = 2)
      : FixtureCase<T>(golden, name),
        x(batch),
        dx(batch),
        y(batch),
        dy(batch),
        memory_((nn::kept<L, T, In>(batch) + 1) * sizeof(T) + 64) {
    ctx_.threads = threads;
    ctx_.scratch = Arena(nn::scratch<L, T, In>(batch, threads));
    kept_ = memory_.take<T>(nn::kept<L, T, In>(batch));
    weights.params.visit(
        [&](Path const& at, auto& p) {
          using P = std::remove_cvref_t<decltype(p)>;
          T* gradient = nullptr;
          if constexpr (Trainable<P>) gradient = p.gradient();
          this->add(at.text, p.value(), gradient, static_cast<std::size_t>(P::shape::size));
        },
        Path{});
    this->load_parameters();
  }
  /// Runs the arrays below `path` (the case's own, or one of its steps).
  LayerRun run(std::string const& path) {
    Tensor<T, In, Host, Nchw> plain_x(x.batch());
    Tensor<T, Out, Host, Nchw> plain_y(x.batch());
    this->copy_in(path + "/x", plain_x.span());
    this->copy_in(path + "/gy", plain_y.span());
    copy(plain_x.read(), x.write());
    copy(plain_y.read(), dy.write());
    weights.clear_gradients();
    Pass<T> const pass(kept_, 1, 1);
    nn::forward<L, Mode>(ctx_, weights.params, x.read(), y.write(), pass);
    nn::backward<L, Mode>(ctx_, weights.params, x.read(), dy.read(), dx.write(), pass);
    copy(dx.read(), plain_x.write());
    copy(y.read(), plain_y.write());
    return this->compare(path, plain_y.span(), plain_x.span());
  }
  nn::Weights<L, T> weights;
  Tensor<T, In> x, dx;
  Tensor<T, Out> y, dy;

 private:
  Arena memory_;
  T* kept_ = nullptr;
  Context<Host> ctx_;
};
}  // namespace berl::test
