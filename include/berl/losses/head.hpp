#pragma once
#include <berl/core/config.hpp>  // BERL_FN
#include <berl/core/random.hpp>  // Random
#include <berl/core/solo.hpp>    // Solo

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>  // is_same_v

/// What a margin head says, and what holds where it says nothing.
namespace berl::losses {
/// What a head makes of the cosine g between an embedding and its own class.
template <class T>
struct Target {
  T logit, slope;  // z_iy and dz_iy/dg
  T bound;         // a number of the sample that logit() and slope() of its other classes are given
};
/// The same of a head whose logit or extra loss depends on the embedding's length |f| too.
template <class T>
struct NormTarget {
  T logit, slope, bound;
  T by_norm;                         // dz_iy/d|f|
  T penalty = 0, penalty_slope = 0;  // a term of the loss, mean over the samples, and its derivative by |f|
};
/// The same of a head that learns a number a_y for each class.
template <class T>
struct NumberTarget {
  T logit, slope, bound;
  T by_number;  // dz_iy/da_y
};

/// A sum over the other classes of a sample: of values and, say, of how many there were.
template <class T>
struct Gathered {
  T sum = 0, count = 0;
};
/// What is known of a sample and its own class.
template <class T>
struct Own {
  T g;                   // the cosine
  T norm;                // |f|
  T number = 0;          // of the own class, where the head learns one for each
  Gathered<T> others{};  // what the head's gather() gave
};
/// A term of the loss that depends on the mean of the learnt numbers, and its derivative.
struct Penalty {
  double value, slope;
};
/// What a head renews its state from: a batch of embeddings. On a GPU all members of a team ask the same at once, and are told the same.
template <class T, class Team = Solo>
struct Batch {
  int size;
  T const *g, *inverse_norm;  // cosines to the own classes, and 1/|f|
  T const* gathered;          // sums of gather(), where the head has it

  /// Of f(i) over the samples.
  template <class F>
  BERL_FN double sum(F const& f) const {
    double total[1] = {};
    for (int i = Team::rank(); i < size; i += Team::size) total[0] += f(i);
    Team::sum(total);
    return total[0];
  }
  /// Of the cosines.
  BERL_FN T mean() const {
    return static_cast<T>(sum([this](int i) { return static_cast<double>(g[i]); }) / size);
  }
  /// The cosine of the median angle; of an even number of angles that of the lower in the middle.
  BERL_FN double median() const {
    return sum([this](int i) {
      int before = 0;
      for (int k = 0; k < size; ++k) before += g[k] > g[i] || (g[k] == g[i] && k < i) ? 1 : 0;
      return before == (size - 1) / 2 ? static_cast<double>(g[i]) : 0.0;
    });
  }
};

/// c_ij = f_i w_j / (|f_i| |w_j|), which is the rule; or c_ij = f_i w_j + a_j, with a learnt number for each class.
struct Cosine {};
struct Affine {};

/// How class weights begin: N(0, 0.01^2); directions drawn from U(-1, 1) and brought to unit length; U(-1, 1) sqrt(6 / (D + C)).
enum class Initial { normal, unit, xavier };

namespace detail {
template <class R>
concept AnyTarget = std::same_as<R, Target<double>> || std::same_as<R, NormTarget<double>> || std::same_as<R, NumberTarget<double>>;
template <class H>
concept TargetOfCosine = requires(H const& head, double g) {
  { head.target(g) } -> std::same_as<Target<double>>;
};
template <class H>
concept TargetOfOwn = requires(H const& head, Own<double> const& own, double const* state) {
  { head.target(own, state) } -> AnyTarget;
};
template <class H>
concept HasLogit = requires(H const& head, double x) {
  { head.logit(x, x, x) } -> std::same_as<double>;
  { head.slope(x, x, x) } -> std::same_as<double>;
};
template <class H>
concept HasScale = requires(H const& head) {
  { head.scale } -> std::convertible_to<double>;
};
/// A head that would compile, and whose state would never begin or be renewed.
template <class H>
concept StateInASpan = requires(H const& head, std::span<double> state) { head.begin(state, 3); } ||
                       requires(H const& head, std::span<double> state, Batch<double> const& batch) { head.renew(state, batch); };
}  // namespace detail

/// A head: its constants are its members, and it computes one element at a time, for any floating-point type T. It says
///   target(g)                 Target<T>; or target(own, state), which knows more of the sample (Own) and returns any of the targets
///   logit(c, bound, t), slope(c, bound, t)   z_ij and dz_ij/dc_ij for j != y_i; without them z_ij = scale c_ij
/// t is the first number of the head's state. What else a head may have, and what holds where it has not:
///   next(t, mean of g)        a state of one number t, renewed in training before it is used, from 0
///   state, begin(state, C), renew(state, batch)   a state of several: their names, how they begin (with 0), and the same, from any Batch;
///                             given as a pointer
///   least_batch               how many embeddings that needs (1)
///   bound(g), gather(c, bound, t)   sums over the other classes, made before state and targets: Own::others, Batch::gathered
///   number, first_number(random), limited(a), number_penalty(mean)   a learnt number for each class: its name, how it begins (0),
///                             where it is kept in training (anywhere), and a term of the loss (none)
///   norm_slope(c, bound, t)   dz_ij/d|f_i|, where the target is a NormTarget (0)
///   similarity, initial       Cosine, Initial::normal
///   name                      by which it is chosen, and which checkpoints bear (own)
template <class H>
concept MarginHead =
    (detail::TargetOfCosine<H> || detail::TargetOfOwn<H>)&&(detail::HasLogit<H> || detail::HasScale<H>)&&std::copyable<H> &&
    !detail::StateInASpan<H>;

template <class H>
inline constexpr bool gathers = requires(H const& head, double x) {
  { head.gather(x, x, x) } -> std::same_as<Gathered<double>>;
};
template <class H>
inline constexpr bool has_number = requires { H::number; };
template <class H>
inline constexpr bool uses_norm = requires(H const& head, Own<double> const& own, double const* state) {
  { head.target(own, state) } -> std::same_as<NormTarget<double>>;
};
template <class H>
struct similarity_of {
  using type = Cosine;
};
template <class H>
  requires requires { typename H::similarity; }
struct similarity_of<H> {
  using type = typename H::similarity;
};
template <class H>
inline constexpr bool is_affine = std::is_same_v<typename similarity_of<H>::type, Affine>;

namespace detail {
inline constexpr char const* one_number[] = {"t"};
template <class H>
constexpr std::span<char const* const> state_names() {
  if constexpr (requires { H::state; })
    return H::state;
  else if constexpr (requires(H const& head, double x) { head.next(x, x); })
    return one_number;
  else
    return {};
}
template <class H>
inline constexpr std::span<char const* const> state_of = state_names<H>();
template <class H>
inline constexpr int states_of = static_cast<int>(state_of<H>.size());
}  // namespace detail

/// A head's name, its arrays beside the class weights, and what a pass needs memory for.
struct HeadLayout {
  char const* name = "own";
  std::span<char const* const> state = detail::one_number;
  char const* number = nullptr;  // null: none
  bool gathers = false, uses_norm = false;
};
template <class H>
constexpr HeadLayout layout_of(H const& head) {
  if constexpr (requires { head.layout(); }) {
    return head.layout();
  } else {
    HeadLayout layout{.state = detail::state_of<H>, .gathers = gathers<H>, .uses_norm = uses_norm<H>};
    if constexpr (requires { H::name; }) layout.name = H::name;
    if constexpr (has_number<H>) layout.number = H::number;
    return layout;
  }
}

template <class H, class T>
BERL_FN constexpr auto target_of(H const& head, Own<T> const& own, T const* state) {
  if constexpr (detail::TargetOfOwn<H>)
    return head.target(own, state);
  else
    return head.target(own.g);
}
template <class H, class T>
BERL_FN constexpr T logit_of(H const& head, T c, T bound, T t) {
  if constexpr (detail::HasLogit<H>)
    return head.logit(c, bound, t);
  else
    return static_cast<T>(head.scale) * c;
}
template <class H, class T>
BERL_FN constexpr T slope_of(H const& head, T c, T bound, T t) {
  if constexpr (detail::HasLogit<H>)
    return head.slope(c, bound, t);
  else
    return static_cast<T>(head.scale);
}
template <class H, class T>
BERL_FN constexpr T norm_slope_of(H const& head, T c, T bound, T t) {
  if constexpr (requires { head.norm_slope(c, bound, t); })
    return head.norm_slope(c, bound, t);
  else
    return T(0);
}
template <class H>
constexpr int least_batch() {
  if constexpr (requires { H::least_batch; })
    return H::least_batch;
  else
    return 1;
}
template <class H, class T, class Team>
BERL_FN void renew(H const& head, T* state, Batch<T, Team> const& batch) {
  if constexpr (requires { head.renew(state, batch); })
    head.renew(state, batch);
  else if constexpr (requires(T t) { head.next(t, t); })
    state[0] = head.next(state[0], batch.mean());
}
}  // namespace berl::losses
