#pragma once
#include <berl/nn/params.hpp>  // ParamsOf

#include <algorithm>  // fill_n
#include <span>

namespace berl::nn {
/// How much memory a network's arrays take, known from its type. Parameters lie in one block, first those that weight decay
/// shrinks, then those it leaves alone, then those that are not trained; gradients and moments lie likewise.
template <class L, class T = float>
  requires std::is_same_v<T, number_of<T>>
struct SizesOf {
 private:
  struct Sums {
    std::size_t decayed = 0, undecayed = 0, fixed = 0, buffers = 0;  // padded
    std::int64_t parameters = 0, trained = 0;
  };
  struct Sum {
    Sums& sums;
    template <class S, class R>
    constexpr void operator()(Nameless, Param<T, S, Host, R>&) {
      std::size_t const n = padded<T>(S::size);
      if constexpr (std::is_same_v<R, Decayed>)
        sums.decayed += n;
      else if constexpr (std::is_same_v<R, Undecayed>)
        sums.undecayed += n;
      else
        sums.fixed += n;
      sums.parameters += S::size;
      if constexpr (!std::is_same_v<R, Fixed>) sums.trained += S::size;
    }
    template <class S>
    constexpr void operator()(Nameless, Buffer<T, S, Host>&) {
      sums.buffers += padded<T>(S::size);
    }
  };
  static constexpr Sums all = [] {
    Sums sums;
    ParamsOf<L, T, Host> params;
    params.visit(Sum{sums}, Nameless{});
    return sums;
  }();

 public:
  static constexpr std::size_t decayed = all.decayed, undecayed = all.undecayed, fixed = all.fixed,
                               buffers = all.buffers;                ///< elements, padded
  static constexpr std::size_t block = decayed + undecayed + fixed;  ///< elements of one block of parameters
  static constexpr std::int64_t parameters = all.parameters, trained = all.trained;
};

/// Gives a network's arrays their places in blocks of SizesOf<L, number_of<T>>::block (values, gradients, and operands where T is narrower
/// than its numbers) and ::buffers elements.
template <class L, class T, class D>
void place(ParamsOf<L, T, D>& params, number_of<T>* values, number_of<T>* gradients, number_of<T>* buffers, T const* operands = nullptr) {
  using Sizes = SizesOf<L, number_of<T>>;
  std::size_t decayed = 0, undecayed = Sizes::decayed, fixed = Sizes::decayed + Sizes::undecayed, buffer = 0;
  params.visit(
      [&](Nameless, auto& array) {
        using P = std::remove_cvref_t<decltype(array)>;
        std::size_t const n = padded<number_of<T>>(P::shape::size);
        if constexpr (Trainable<P>) {
          std::size_t& at = std::is_same_v<typename P::rule, Decayed>     ? decayed
                            : std::is_same_v<typename P::rule, Undecayed> ? undecayed
                                                                          : fixed;
          if constexpr (requires { array.place(values, gradients, operands); })
            array.place(values + at, gradients + at, operands == nullptr ? nullptr : operands + at);
          else  // InNumbers
            array.place(values + at, gradients + at);
          at += n;
        } else {
          array.place(buffers + buffer);
          buffer += n;
        }
      },
      Nameless{});
}

/// A network's arrays and the memory they lie in, for programs that need no more than one network.
///   the values are 0 until they are initialised or loaded, but norms and slopes begin as they should
template <class L, class T = float>
class Weights {
 public:
  using Params = ParamsOf<L, T, Host>;
  Weights() : memory_((2 * SizesOf<L, T>::block + SizesOf<L, T>::buffers) * sizeof(T)) {
    T* const values = memory_.take<T>(SizesOf<L, T>::block);
    T* const gradients = memory_.take<T>(SizesOf<L, T>::block);
    T* const buffers = memory_.take<T>(SizesOf<L, T>::buffers);
    place<L>(params, values, gradients, buffers);
    values_ = values;
    gradients_ = gradients;
    params.visit(
        [](Nameless, auto& array) {
          using A = std::remove_cvref_t<decltype(array)>;
          if constexpr (requires { A::initial; }) std::fill_n(array.value(), A::shape::size, static_cast<T>(A::initial));
        },
        Nameless{});
  }
  Weights(Weights&&) = default;
  Weights& operator=(Weights&&) = default;
  void clear_gradients() { std::fill_n(gradients_, SizesOf<L, T>::block, T(0)); }
  /// All parameters, and their gradients in the same order, for an optimiser.
  std::span<T> values() { return {values_, SizesOf<L, T>::block}; }
  std::span<T const> gradients() const { return {gradients_, SizesOf<L, T>::block}; }

  Params params;

 private:
  Arena memory_;
  T* values_;
  T* gradients_;
};
}  // namespace berl::nn
