#pragma once
#include <berl/core/tensor.hpp>
#include <berl/losses/margin_head.hpp>

#include <doctest/doctest.h>
#include <golden.hpp>

#include <type_traits>

/// Runs a head over a fixture's batches and compares loss, gradients and t.
namespace head_golden {
template <class T>
std::vector<T> as(std::vector<float> const& v) {
  return {v.begin(), v.end()};
}

template <class T, int D, class Head>
void follow(Head const& head, std::string const& fixture, std::string const& size, int C, int steps) {
  using namespace berl;
  using S = Shape<D>;
  // double: gradients and logits that the fixture stores in float are good to 1e-7, the rest to rounding
  bool constexpr exact = std::is_same_v<T, double>;
  double const tight = exact ? 1e-10 : 5e-6;  // float: the fixture's measured deviations of a float run are below 5e-7; ten times that
  double const stored = exact ? 1e-7 : 2e-5;  // float gradients: measured 1.4e-6
  golden::File const file(fixture);
  auto const w = as<T>(golden::filled(size + "/weight", static_cast<std::size_t>(C) * D, 1));
  T t = 0;
  for (int k = 0; k < steps; ++k) {
    std::string const at = size + "/step" + std::to_string(k) + "/";
    auto const f = file.get<T>(at + "embeddings");
    auto const labels = file.get<int>(at + "labels");
    int const B = static_cast<int>(labels.size());
    Context<Host> ctx;
    ctx.scratch = Arena(losses::scratch_bytes<T, S>(B, C));
    Tensor<T, S> dw(C, T(1)), df(B, T(1e30));  // one is added to, the other overwritten
    auto const result =
        losses::forward_backward(ctx, head, Read<T, S, Host>(f.data(), B), labels, Read<T, S, Host>(w.data(), C), dw.add(), df.write(), t);
    for (T& d : dw.span()) d -= T(1);
    CHECK(ctx.scratch.peak() == ctx.scratch.bytes());
    CHECK(std::abs(result.loss / file.get(at + "loss")[0] - 1) < tight);
    if (file.has(at + "t")) CHECK(std::abs(static_cast<double>(t) / file.get(at + "t")[0] - 1) < tight);
    bool const small = file.has(at + "gweight");
    CHECK(golden::deviation(df.span(), file.get(at + "gemb")) < (small && exact ? tight : stored));
    if (small) {
      CHECK(golden::deviation(dw.span(), file.get(at + "gweight")) < (exact ? tight : stored));
    } else {
      std::vector<double> some, norms;
      for (int const i : file.get<int>(at + "gweight.idx")) some.push_back(static_cast<double>(dw[static_cast<std::size_t>(i)]));
      CHECK(golden::deviation(some, file.get(at + "gweight.val")) < (exact ? tight : 1e-3));  // float: entries near 1 lost to the seed of 1
      for (int j = 0; j < C; ++j) norms.push_back(std::sqrt(static_cast<double>(host::dot(dw.read().sample(j), dw.read().sample(j), D))));
      CHECK(golden::deviation(norms, file.get(at + "gweight.row_l2")) < (exact ? 1e-7 : 1e-3));
    }
    // accuracy is that of the plain cosines
    if (file.has(at + "origin_cos_times_s") && exact) {
      auto const cosines = file.get(at + "origin_cos_times_s");
      double right = 0;
      for (int i = 0; i < B; ++i) {
        auto const row = cosines.begin() + i * C;
        right += std::max_element(row, row + C) - row == labels[static_cast<std::size_t>(i)] ? 1 : 0;
      }
      CHECK(result.accuracy == right / B);
    }
    auto const again = losses::forward(ctx, head, Read<T, S, Host>(f.data(), B), labels, Read<T, S, Host>(w.data(), C), t);
    CHECK(again.loss == result.loss);
    CHECK(again.accuracy == result.accuracy);
  }
}

/// Appendix A.3 of the specification: four samples, six classes.
struct Small {
  static constexpr int B = 4, C = 6;
  using S = berl::Shape<4>;
  berl::Tensor<double, S> f{B}, w{C}, df{B}, dw{C};
  std::vector<int> labels{0, 3, 5, 1};
  Small() {
    for (int i = 0; i < B; ++i)
      for (int k = 0; k < 4; ++k) f.write().sample(i)[k] = (3 + i) * std::sin(1.3 * i + 0.7 * k + 0.1);
    for (int j = 0; j < C; ++j)
      for (int k = 0; k < 4; ++k) w.write().sample(j)[k] = std::cos(0.9 * k - 1.1 * j + 0.3);
  }
  template <class Head>
  berl::losses::HeadResult run(Head const& head, double& t) {
    berl::Context<berl::Host> ctx;
    ctx.scratch = berl::Arena(berl::losses::scratch_bytes<double, S>(B, C));
    return berl::losses::forward_backward(ctx, head, f.read(), labels, w.read(), dw.add(), df.write(), t);
  }
  double sum_abs() const {
    double sum = 0;
    for (double const d : df.span()) sum += std::abs(d);
    return sum;
  }
};
inline void near(double found, double printed) { CHECK(std::abs(found - printed) < 5.1e-8); }  // seven decimals are printed
}  // namespace head_golden
