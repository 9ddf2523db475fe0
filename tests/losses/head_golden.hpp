#pragma once
#include <berl/core/tensor.hpp>
#include <berl/losses/margin_head.hpp>

#include <doctest/doctest.h>
#include <golden_plain.hpp>

#include <algorithm>
#include <array>
#include <type_traits>

/// Runs a head over a fixture's batches and compares loss, gradients and what the head keeps.
namespace head_golden {
template <class T>
std::vector<T> as(std::vector<float> const& v) {
  return {v.begin(), v.end()};
}

/// State and learnt numbers of a head, as it begins.
template <class T, class Head>
struct Keeps {
  std::vector<T> state, number, d_number;
  Keeps(Head const& head, int identities)
      : state(berl::losses::layout_of(head).state.size()),
        number(berl::losses::has_number<Head> ? static_cast<std::size_t>(identities) : 0),
        d_number(number.size()) {
    if constexpr (requires { head.begin(state.data(), identities); }) head.begin(state.data(), identities);
  }
  berl::losses::Kept<T> kept() { return {state, number.data(), d_number.data()}; }
  T t() const { return state.empty() ? T(0) : state[0]; }
};

/// dw of normalised weights to that of the weights themselves.
template <class T>
std::vector<double> through_normalisation(std::vector<double> gradient, std::vector<T> const& w, int D) {
  for (std::size_t at = 0; at < gradient.size(); at += static_cast<std::size_t>(D)) {
    T const* const wj = w.data() + at;
    double const squared = static_cast<double>(berl::host::dot(wj, wj, D));
    double along = 0;
    for (int d = 0; d < D; ++d) along += gradient[at + static_cast<std::size_t>(d)] * static_cast<double>(wj[d]);
    for (int d = 0; d < D; ++d) {
      double& g = gradient[at + static_cast<std::size_t>(d)];
      g = (g - along / squared * static_cast<double>(wj[d])) / std::sqrt(squared);
    }
  }
  return gradient;
}

enum class Weights { raw, normalised };  // what the fixture's gweight is the gradient of

template <class T, int D, class Head>
void follow(Head const& head, std::string const& fixture, std::string const& size, int C, int steps, Weights of = Weights::raw) {
  using namespace berl;
  using S = Shape<D>;
  // double: gradients and logits that the fixture stores in float are good to 1e-7, the rest to rounding
  bool constexpr exact = std::is_same_v<T, double>;
  double const tight = exact ? 1e-10 : 5e-6;  // float: the fixtures' measured deviations of a float run are below 5e-7; ten times that
  double const stored = exact ? 1e-7 : 3e-5;  // float gradients: measured up to 2.4e-6
  golden::File const file(fixture);
  CAPTURE(fixture);
  CAPTURE(size);
  auto const w = as<T>(golden::filled(size + "/weight", static_cast<std::size_t>(C) * D, 1));
  Keeps<T, Head> keeps(head, C);
  if constexpr (losses::has_number<Head>) keeps.number = as<T>(golden::filled("adam", static_cast<std::size_t>(C), 0.05, 0.35));
  auto const layout = losses::layout_of(head);
  for (int k = 0; k < steps; ++k) {
    std::string const at = size + "/step" + std::to_string(k) + "/";
    auto const f = file.get<T>(at + "embeddings");
    auto const labels = file.get<int>(at + "labels");
    int const B = static_cast<int>(labels.size());
    Context<Host> ctx;
    ctx.scratch = Arena(losses::scratch_bytes<T, S>(B, C, layout));
    Tensor<T, S> dw(C, T(1)), df(B, T(1e30));  // one is added to, the other overwritten
    auto const result = losses::forward_backward(ctx, head, Read<T, S, Host>(f.data(), B), labels, Read<T, S, Host>(w.data(), C), dw.add(),
                                                 df.write(), keeps.kept());
    for (T& d : dw.span()) d -= T(1);
    CHECK(ctx.scratch.peak() == ctx.scratch.bytes());
    CHECK(std::abs(result.loss / file.get(at + "loss")[0] - 1) < tight);
    for (std::size_t s = 0; s < layout.state.size(); ++s)
      if (std::string const name = at + layout.state[s]; file.has(name))
        CHECK(std::abs(static_cast<double>(keeps.state[s]) / file.get(name)[0] - 1) < tight);
    bool const small = file.has(at + "gweight");
    CHECK(golden::deviation(df.span(), file.get(at + "gemb")) < (small && exact ? tight : stored));
    if (file.has(at + "g_adam")) CHECK(golden::deviation(keeps.d_number, file.get(at + "g_adam")) < tight);
    if (small) {
      auto const expected = file.get(at + "gweight");
      CHECK(golden::deviation(dw.span(), of == Weights::raw ? expected : through_normalisation(expected, w, D)) < (exact ? tight : stored));
    } else if (of == Weights::raw) {
      std::vector<double> some, norms;
      for (int const i : file.get<int>(at + "gweight.idx")) some.push_back(static_cast<double>(dw[static_cast<std::size_t>(i)]));
      CHECK(golden::deviation(some, file.get(at + "gweight.val")) < (exact ? tight : 1e-3));  // float: entries near 1 lost to the seed of 1
      for (int j = 0; j < C; ++j) norms.push_back(std::sqrt(static_cast<double>(host::dot(dw.read().sample(j), dw.read().sample(j), D))));
      CHECK(golden::deviation(norms, file.get(at + "gweight.row_l2")) < (exact ? 1e-7 : 1e-3));
    }
    // the head's own logits; those of the other classes where it is a function of what the pass hands it
    if (small && exact && file.has(at + "logits")) {
      auto const logits = file.get(at + "logits");
      host::HeadPass<T, S, Head> const pass(ctx, head, Read<T, S, Host>(f.data(), B), labels, Read<T, S, Host>(w.data(), C), true,
                                            {keeps.number.data(), 0});
      pass.gather(keeps.t());
      auto const batch = pass.batch();
      double worst = 0, largest = 0;
      for (int i = 0; i < B; ++i) {
        int const own = labels[static_cast<std::size_t>(i)];
        T const length = std::sqrt(host::dot(f.data() + i * D, f.data() + i * D, D));
        losses::Own<T> known{batch.g[static_cast<std::size_t>(i)], length};
        if constexpr (losses::has_number<Head>) known.number = keeps.number[static_cast<std::size_t>(own)];
        if constexpr (losses::gathers<Head>) {  // the definition, written out
          for (int j = 0; j < C; ++j) {
            if (j == own) continue;
            T const* const wj = w.data() + j * D;
            T const c = host::dot(f.data() + i * D, wj, D) / length / std::sqrt(host::dot(wj, wj, D));
            auto const one = head.gather(c, head.bound(known.g), keeps.t());
            known.others.sum += one.sum, known.others.count += one.count;
          }
          CHECK(std::abs(batch.gathered[static_cast<std::size_t>(i)] - known.others.sum) < 1e-12 * C);
        }
        auto const target = losses::target_of(head, known, static_cast<T const*>(keeps.state.data()));
        for (int j = 0; j < C; ++j) {
          T const* const wj = w.data() + j * D;
          T const c = host::dot(f.data() + i * D, wj, D) / length / std::sqrt(host::dot(wj, wj, D));
          double const expected = logits[static_cast<std::size_t>(i * C + j)];
          worst = std::max(worst, std::abs((j == own ? target.logit : losses::logit_of(head, c, target.bound, keeps.t())) - expected));
          largest = std::max(largest, std::abs(expected));
        }
      }
      CHECK(worst < 1e-11 * largest);
      ctx.scratch.release(0);
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
    auto const again = losses::forward(ctx, head, Read<T, S, Host>(f.data(), B), labels, Read<T, S, Host>(w.data(), C),
                                       losses::Kept<T const>(keeps.kept()));
    CHECK(std::abs(again.loss / result.loss - 1) < (losses::has_number<Head> ? 1e-15 : 1e-300));  // a learnt number's term is added to it
    CHECK(again.accuracy == result.accuracy);
    std::fill(keeps.d_number.begin(), keeps.d_number.end(), T(0));
  }
}
/// The small size, all of whose results are stored in double.
template <class Head>
void follow_small(Head const& head, std::string const& fixture, int steps = 1, Weights of = Weights::raw) {
  follow<double, 24>(head, fixture, "small", 40, steps, of);
}

/// Appendix A.3 of the specification: four samples, six classes, four numbers; the other twenty are 0, so that a head is compiled once.
struct Small {
  static constexpr int B = 4, C = 6;
  using S = berl::Shape<24>;
  berl::Tensor<double, S> f{B}, w{C}, df{B}, dw{C};
  std::vector<int> labels{0, 3, 5, 1};
  Small() {
    for (int i = 0; i < B; ++i)
      for (int k = 0; k < 4; ++k) f.write().sample(i)[k] = (3 + i) * std::sin(1.3 * i + 0.7 * k + 0.1);
    for (int j = 0; j < C; ++j)
      for (int k = 0; k < 4; ++k) w.write().sample(j)[k] = std::cos(0.9 * k - 1.1 * j + 0.3);
  }
  template <class Head>
  berl::losses::HeadResult run(Head const& head, berl::losses::Kept<double> const& kept) {
    berl::Context<berl::Host> ctx;
    ctx.scratch = berl::Arena(berl::losses::scratch_bytes<double, S>(B, C, berl::losses::layout_of(head)));
    return berl::losses::forward_backward(ctx, head, f.read(), labels, w.read(), dw.add(), df.write(), kept);
  }
  double sum_abs() const {
    double sum = 0;
    for (double const d : df.span()) sum += std::abs(d);
    return sum;
  }
};
inline void near(double found, double printed) { CHECK(std::abs(found - printed) < 5.1e-8); }  // seven decimals are printed

/// A line of the table there: loss, dL/df_0, and the sum of absolute values of dL/df.
template <class Head>
void printed(Head const& head, double loss, std::array<double, 4> const& df0, double sum_abs, std::vector<double> const& numbers = {}) {
  Small small;
  Keeps<double, Head> keeps(head, Small::C);
  if (!numbers.empty()) keeps.number = numbers;
  near(small.run(head, keeps.kept()).loss, loss);
  for (std::size_t k = 0; k < 4; ++k) near(small.df[k], df0[k]);
  CHECK(std::abs(small.sum_abs() - sum_abs) < 1e-7);
}

/// Both gradients, and that of the learnt numbers, against central differences of the loss in double, for a head whose derivative is
/// its logit's: the state stands still, and the step is too small to cross a bound.
template <class Head>
void differentiate(Head const& head, double length = 1) {
  using namespace berl;
  using S = Small::S;
  constexpr int B = 9, C = 140;  // two blocks of classes, the last of them small; a batch that fills no row
  auto f = as<double>(golden::filled("f", B * S::size, length)), w = as<double>(golden::filled("w", C * S::size, 1));
  std::vector<int> labels;
  for (int i = 0; i < B; ++i) labels.push_back((7 * i) % C);
  Keeps<double, Head> keeps(head, C);
  for (std::size_t j = 0; j < keeps.number.size(); ++j) keeps.number[j] = 0.3 + 0.0007 * static_cast<double>(j);
  auto const layout = losses::layout_of(head);
  Context<Host> ctx;
  ctx.scratch = Arena(losses::scratch_bytes<double, S>(B, C, layout));
  Tensor<double, S> df(B), dw(C);
  Read<double, S, Host> const embeddings(f.data(), B), weights(w.data(), C);
  losses::forward_backward(ctx, head, embeddings, labels, weights, dw.add(), df.write(), keeps.kept());
  auto const loss = [&] { return losses::forward(ctx, head, embeddings, labels, weights, losses::Kept<double const>(keeps.kept())).loss; };
  double worst = 0;
  auto const check = [&](std::vector<double>& x, std::span<double const> dx) {
    double const h = 1e-6;  // truncation h^2, rounding 1e-16 / h: 1e-10 of values about 1
    for (std::size_t i = 0; i < x.size(); i += 5) {
      double const at = x[i];
      x[i] = at + h;
      double const above = loss();
      x[i] = at - h;
      double const below = loss();
      x[i] = at;
      worst = std::max(worst, std::abs((above - below) / (2 * h) - dx[i]));
    }
  };
  check(f, df.span());
  check(w, dw.span());
  check(keeps.number, keeps.d_number);
  CHECK(worst < 1e-7);  // of losses up to some hundred
}
}  // namespace head_golden
