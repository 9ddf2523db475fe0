#pragma once
#include <berl/core/threads.hpp>           // parallel_for
#include <berl/data/resize.hpp>            // resize
#include <berl/losses/class_sampling.hpp>  // HeadParams, sampled_forward_backward
#include <berl/optim/clip.hpp>             // clip_norm
#include <berl/train/plan.hpp>             // States, Parameters

#include <algorithm>  // copy_n, fill_n
#include <cmath>      // isfinite
#include <limits>     // quiet_NaN
#include <span>

namespace berl::train {
/// The losses of a step one by one, before their weights: the numbers themselves, or where a device keeps them.
template <class Number>
struct Numbers {
  Number fr, accuracy, recon, mirrored, roughness;
  Number unusable;  ///< 0, or NaN where what was rendered is not finite
  static constexpr int count = 6;
};
/// Numbers in a row, as a device keeps them.
constexpr Numbers<double*> numbers_at(double* p) { return {p, p + 1, p + 2, p + 3, p + 4, p + 5}; }

/// What a trainer asks of a device beside its networks' operations: memory, the arrays' way to and from the host, and what happens
/// between the networks of a step.
struct Machine {};
}  // namespace berl::train

template <>
struct berl::Kernel<berl::train::Machine, berl::Host> {
  using Labels = std::span<int const>;
  static constexpr Memory const& memory = host_memory;

  // --- memory ---
  template <class T, class Options>
  static Context<Host> context(Options const& options) {
    return {options.threads, {}, options.convolutions};
  }
  template <class Model, class T, class Options>
  static void plan(Context<Host>& ctx, Options const& options) {
    ctx.scratch = Arena(train::scratch_bytes<Model, T>(options.sizes()));
  }
  /// The batch of a step: prepare() sends it on its way, take() makes it and the step's number what the step reads, as long as the Step is
  /// there. Here it stays where it is.
  template <class T, class Input>
  class Inbox {
   public:
    static constexpr std::size_t bytes(int) { return 0; }
    Inbox(Arena&, int) {}
    void prepare(Read<T, Input, Host> pictures, Labels labels, int) { pictures_ = pictures, labels_ = labels; }
    struct Step {};
    Step take(Context<Host>&, std::uint64_t) { return {}; }
    Read<T, Input, Host> pictures() const { return pictures_; }
    Labels labels() const { return labels_; }
    /// Pictures for something else than a step.
    Read<T, Input, Host> between_steps(Context<Host>&, Read<T, Input, Host> given) { return given; }

   private:
    Read<T, Input, Host> pictures_;
    Labels labels_;
  };
  /// Work that is the same in each step.
  struct Repeated {
    template <class F>
    void run(Context<Host>&, bool, F const& body) {
      body();
    }
  };
  /// The states as the host sees them.
  template <class Model, class T>
  class Mirror {
   public:
    Mirror(train::States<Model, T> const& states, train::Parameters<Model, T, Host>& params, int) : states_(states), params_(params) {}
    train::States<Model, T> const& states() const { return states_; }
    train::Parameters<Model, T, Host>& params() { return params_; }
    void fetch(Context<Host>&, train::States<Model, T> const&) {}
    void store(Context<Host>&, train::States<Model, T> const&) {}

   private:
    train::States<Model, T> const& states_;
    train::Parameters<Model, T, Host>& params_;
  };
  static train::Numbers<double> numbers(Context<Host>&, train::Numbers<double*> const& at) {
    return {*at.fr, *at.accuracy, *at.recon, *at.mirrored, *at.roughness, *at.unusable};
  }
  /// A number of the states.
  template <class T>
  static double number(Context<Host>&, T const* at) {
    return static_cast<double>(*at);
  }
  /// Where a network's output goes that the host wants, and how it gets there.
  template <class T, class S>
  static Write<T, S, Host> outbox(Write<T, S, Host>, Write<T, S, Host> wanted) {
    return wanted;
  }
  template <class T, class S>
  static void deliver(Context<Host>&, Read<T, S, Host>, Write<T, S, Host>) {}

  // --- arrays ---
  /// Renews the copy of the networks' values that products with narrower maps take; here none are narrower.
  template <class States, class T>
  static void round(Context<Host>&, States const&, T*) {}
  template <class T>
  static void zero(Context<Host>& ctx, T* x, std::size_t n) {
    optim::for_blocks(ctx, n, [=](std::size_t first, std::size_t last) { std::fill(x + first, x + last, T(0)); });
  }
  template <class T>
  static void scale(Context<Host>& ctx, T* x, std::size_t n, double factor) {
    if (factor == 1) return;
    optim::for_blocks(ctx, n, [=](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) x[i] *= static_cast<T>(factor);
    });
  }
  template <class T>
  static bool finite(Context<Host>&, T const* x, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
      if (!std::isfinite(x[i])) return false;
    return true;
  }
  template <class T>
  static void clip(Context<Host>& ctx, std::span<T> gradients, double longest) {
    optim::clip_norm(ctx, gradients, longest);
  }

  // --- maps ---
  template <class T, class S>
  static void copy(Context<Host>&, Read<T, S, Host> from, Write<T, S, Host> to) {
    berl::copy(from, to);
  }
  template <class T, class S>
  static void add(Context<Host>&, Read<T, S, Host> from, Write<T, S, Host> to) {
    for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] += from.data()[i];
  }
  template <class T, class S>
  static void multiply(Context<Host>&, Read<T, S, Host> by, Write<T, S, Host> to) {
    for (std::size_t i = 0; i < by.size(); ++i) to.data()[i] *= by.data()[i];
  }
  /// to[n] = from[n] mirrored left to right; Add adds it.
  template <class T, class S, class V>
  static void mirror(Context<Host>& ctx, Read<T, S, Host> from, V to) {
    constexpr int W = width<S>;
    parallel_for(ctx, from.batch(), [&](std::ptrdiff_t n) {
      T const* const x = from.sample(static_cast<int>(n));
      T* const y = to.sample(static_cast<int>(n));
      for (int row = 0; row < S::size / W; ++row)
        for (int u = 0; u < W; ++u) put<V>(y[row * W + u], x[row * W + W - 1 - u]);
    });
  }
  template <class T, int C, int H, int W>
  static void take_channel(Context<Host>&, Read<T, Shape<C, H, W>, Host> from, int c, Write<T, Shape<1, H, W>, Host> to) {
    for (int n = 0; n < from.batch(); ++n) std::copy_n(from.sample(n) + c * H * W, H * W, to.sample(n));
  }
  template <class T, int C, int H, int W>
  static void put_channel(Context<Host>&, Read<T, Shape<1, H, W>, Host> from, int c, Write<T, Shape<C, H, W>, Host> to) {
    for (int n = 0; n < from.batch(); ++n) std::copy_n(from.sample(n), H * W, to.sample(n) + c * H * W);
  }
  template <class T, class From, class To>
  static void resize(Context<Host>& ctx, data::Resize method, Read<T, From, Host> from, Write<T, To, Host> to) {
    data::resize(ctx, method, from, to);
  }
  /// Makes a number NaN unless all of x is finite.
  template <class T, class S>
  static void spoil(Context<Host>& ctx, Read<T, S, Host> x, double* number) {
    if (!finite(ctx, x.data(), x.size())) *number = std::numeric_limits<double>::quiet_NaN();
  }

  /// Loss and accuracy of the head, and its gradients; returns the classes that it saw, where it sampled them.
  template <class Options, class T, class S>
  static std::span<int const> classify(Context<Host>& ctx, Options const& options, losses::HeadParams<T, S, Host>& head,
                                       Read<T, S, Host> embedding, Labels labels, std::uint64_t step, std::span<int> room,
                                       Write<T, S, Host> d_embedding, train::Numbers<double*> const& to) {
    std::span<int const> classes;
    losses::HeadResult result;
    if (options.head_sample_rate < 1) {
      losses::sample_classes(ctx, Seed{options.seed}, step, labels, options.identities, room);
      classes = room;
      result = losses::sampled_forward_backward(ctx, options.head, embedding, labels, head, classes, d_embedding, options.head_filter);
    } else {
      result = losses::forward_backward(ctx, options.head, embedding, labels, head.weight.read(), head.weight.add_gradient(), d_embedding,
                                        head.kept(), options.head_filter);
    }
    *to.fr = result.loss;
    *to.accuracy = result.accuracy;
    return classes;
  }
};
