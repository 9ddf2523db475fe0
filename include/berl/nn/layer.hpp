#pragma once
#include <berl/core/arena.hpp>   // padded
#include <berl/core/bf16.hpp>    // number_of
#include <berl/core/device.hpp>  // Context
#include <berl/core/view.hpp>    // Read, Write, Add, Skip

#include <cstddef>  // size_t
#include <cstdint>  // uint64_t
#include <string>

namespace berl {
/// Batch statistics and dropout, or running statistics and neither. Either may be differentiated.
struct Training {};
struct Inference {};

/// What the optimiser does with a parameter: weight decay and steps, steps alone, or nothing.
struct Decayed {};
struct Undecayed {};
struct Fixed {};

/// One learnt array and its gradient, of a layer whose maps are stored as T. The memory belongs to whoever placed it there.
template <class T, class S, class D, class Rule = Decayed>
class Param {
 public:
  using shape = S;
  using rule = Rule;
  using number = number_of<T>;
  /// `operand`: where a copy of the values in T lies, if these are wider.
  constexpr void place(number* value, number* gradient, T const* operand = nullptr) {
    value_ = value;
    gradient_ = gradient;
    operand_ = operand;
  }
  Read<number, S, D> read() const { return {value_, 1}; }
  Write<number, S, D> write() { return {value_, 1}; }
  Read<number, S, D> read_gradient() const { return {gradient_, 1}; }
  Add<number, S, D> add_gradient() { return {gradient_, 1}; }
  number* value() const { return value_; }
  number* gradient() const { return gradient_; }
  /// The values as products with maps take them.
  T const* operand() const {
    if constexpr (std::is_same_v<T, number>)
      return value_;
    else
      return operand_;
  }

 private:
  number* value_ = nullptr;
  number* gradient_ = nullptr;
  T const* operand_ = nullptr;
};

/// One array that is kept and saved, but not trained.
template <class T, class S, class D>
class Buffer {
 public:
  using shape = S;
  using number = number_of<T>;
  constexpr void place(number* value) { value_ = value; }
  Read<number, S, D> read() const { return {value_, 1}; }
  number* value() const { return value_; }

 private:
  number* value_ = nullptr;
};

/// Either of the two where it begins with one value, in hundredths, and is not drawn: norms, slopes. Every other parameter with one extent
/// is drawn as the bias of the weight before it.
template <class A, int Hundredths>
struct Beginning : A {
  static constexpr double initial = Hundredths / 100.0;
};

/// Either of the two, of any type: a parameter has a gradient.
template <class P>
concept Trainable = requires { typename P::rule; };

/// The name under which a parameter is saved, built while visiting; `Nameless` where only sizes matter.
struct Path {
  std::string text;
  [[gnu::noinline]] Path operator/(char const* name) const { return {text.empty() ? name : text + "." + name}; }
  Path operator/(int index) const { return *this / std::to_string(index).c_str(); }
};
struct Nameless {
  constexpr Nameless operator/(char const*) const { return {}; }
  constexpr Nameless operator/(int) const { return {}; }
};

/// y = base + value: what a residual body writes into, so that the addition needs no pass of its own.
template <class T, class S, class D>
struct Onto : detail::View<T, S, D, LayoutOf<S, D>> {
  Read<T, S, D> base;
  BERL_FN constexpr Onto(Write<T, S, D> to, Read<T, S, D> onto)
      : detail::View<T, S, D, LayoutOf<S, D>>(to.data(), to.batch()),
        base(onto) {}
};
template <class V>
inline constexpr bool onto = false;
template <class T, class S, class D>
inline constexpr bool onto<Onto<T, S, D>> = true;

/// What a value is added to before it is stored in sample n of a view: nothing, what is there, or the view's base.
template <class V>
BERL_FN constexpr typename V::element const* base_of(V const& view, int n) {
  if constexpr (onto<V>)
    return view.base.sample(n);
  else
    return view.sample(n);
}
template <class V>
inline constexpr bool accumulates = adds<V> || onto<V>;

/// Stores element i of a batch as the view's type says: Write overwrites, Add adds, Onto adds to its base.
template <class V, class T>
BERL_FN constexpr void put_at(V const& view, std::ptrdiff_t i, T d) {
  if constexpr (onto<V>)
    view.data()[i] = view.base.data()[i] + d;
  else
    put<V>(view.data()[i], d);
}

/// What one pass through a network carries along: memory for what backward needs, which forward fills, and the key of the
/// pass's random numbers. Forward and backward take the same blocks in the same order.
template <class T>
class Pass {
 public:
  Pass(T* memory, std::uint64_t seed, std::uint64_t step) : first_(memory), at_(memory), seed_(seed), step_(step) {}
  T* take(std::size_t n) {
    T* const block = at_;
    at_ += padded<T>(n);
    return block;
  }
  /// n numbers, which take the place of room_for_numbers<T>(n) elements.
  number_of<T>* take_numbers(std::size_t n) { return reinterpret_cast<number_of<T>*>(take(room_for_numbers<T>(n))); }
  /// The pass of a part that keeps n elements; this one goes on behind it.
  Pass part(std::size_t n) {
    Pass own = *this;
    at_ += n;
    return own;
  }
  /// The pass as it is n elements further on.
  Pass part_at(std::size_t n) const {
    Pass other = *this;
    other.at_ += n;
    return other;
  }
  /// The pass of a part that keeps numbers from here on.
  Pass<number_of<T>> numbers() const {
    using Number = number_of<T>;
    Pass<Number> other(reinterpret_cast<Number*>(first_), seed_, step_);
    other.at_ = reinterpret_cast<Number*>(at_);
    return other;
  }
  std::uint64_t seed() const { return seed_; }
  std::uint64_t step() const { return step_; }
  /// How many numbers could lie in front: differs from layer to layer.
  std::uint64_t position() const { return static_cast<std::uint64_t>(at_ - first_) / room_for_numbers<T>(1); }

 private:
  template <class>
  friend class Pass;
  T* first_;
  T* at_;
  std::uint64_t seed_, step_;
};
/// A pass that will not be differentiated keeps nothing.
struct Forget {};

namespace nn {
/// What a layer is, by default: it has no parameters, keeps nothing but its input, and multiplies nothing.
/// A layer is a description without data:
///   output<In>                                  the shape that comes out, for one sample
///   Params<T, D>                                its arrays; visit(f, path) calls f(path / "name", array)
///   kept<T, In>(batch), scratch<T, In>(batch, threads)   elements kept between forward and backward; bytes used during either
///   macs<In>                                    multiply-adds of one sample
///   joined<B>                                   where there is one: the layer that it and a layer B behind it run as
///   in_place                                    whether dx may lie where dy does, and, with Forget, y where x does
///   dx_over_x                                   whether dx may lie where x does: backward reads all of x before it writes any of dx
///   recomputes                                  whether there is again(ctx, params, x, y, pass), which gives y as forward did, from what
///                                               forward has kept: y itself is not kept where the next layer has dx_over_x
///   tells_runs                                  on the host: whether what it writes may be Watched, y of forward and dx of backward
///   sums_runs                                   on the host: whether its sums over runs can be made while a neighbour writes them:
///                                               moments_of_runs(x, sums) and sums_of_runs(params, x, dy, pass, sums) give a reader(run),
///                                               and forward and backward take `sums` behind all else; run_sums<In>(batch) are its elements
///   forward<Mode>(ctx, params, x, y, pass)      y: Write, or Onto where a residual body may end in the layer
///   backward<Mode>(ctx, params, x, dy, dx, pass)   dx: Write, Add, Onto or Skip; parameter gradients are added to
/// Who derives from another layer and replaces its forward or backward looks at dx_over_x, recomputes, tells_runs and sums_runs too.
struct Layer {
  static constexpr bool in_place = false, dx_over_x = false, recomputes = false, tells_runs = false, sums_runs = false;
  template <class T, class D>
  struct Params {
    constexpr void visit(auto&&, auto const&) {}
  };
  template <class T, class In>
  static constexpr std::size_t kept(int) {
    return 0;
  }
  template <class T, class In>
  static constexpr std::size_t scratch(int, int) {
    return 0;
  }
  template <class In>
  static constexpr std::int64_t macs = 0;
};
}  // namespace nn
}  // namespace berl
