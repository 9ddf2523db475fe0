#pragma once
#include <berl/core/arena.hpp>             // Scope
#include <berl/core/error.hpp>             // Error
#include <berl/core/random.hpp>            // Random
#include <berl/core/threads.hpp>           // parallel_for
#include <berl/core/view.hpp>              // Read, Write, Add
#include <berl/host/losses/head_pass.hpp>  // HeadPass
#include <berl/losses/head.hpp>            // MarginHead
#include <berl/nn/layer.hpp>               // Buffer, Decayed

#include <algorithm>  // fill
#include <cmath>      // sqrt
#include <cstddef>
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <type_traits>  // type_identity

/// What all margin heads have in common: embeddings f (N, D), class weights w (C, D) with C known at run time, labels y, and
///   c_ij = f_i w_j / (|f_i| |w_j|),  z_ij = the head's logit of c_ij,  loss = mean over i of -log softmax(z_i)[y_i]
///   G_i = sum over j of dL/dc_ij w_j/|w_j|;  df_i = (G_i - u_i (u_i G_i)) / |f_i| with u_i = f_i/|f_i|; dw_j likewise
/// The logits are never stored: one table (C, N) holds the cosines and then, in their place, their gradients.
namespace berl::losses {
/// The class weights and their gradient: a Param whose number of classes is known at run time.
template <class T, class S, class D, class Rule = Decayed>
class ClassParam {
 public:
  using shape = S;
  using rule = Rule;
  void place(T* value, T* gradient, int identities) {
    value_ = value;
    gradient_ = gradient;
    identities_ = identities;
  }
  Read<T, S, D> read() const { return {value_, identities_}; }
  Write<T, S, D> write() { return {value_, identities_}; }
  Read<T, S, D> read_gradient() const { return {gradient_, identities_}; }
  Add<T, S, D> add_gradient() { return {gradient_, identities_}; }
  T* value() const { return value_; }
  T* gradient() const { return gradient_; }
  int identities() const { return identities_; }

 private:
  T* value_ = nullptr;
  T* gradient_ = nullptr;
  int identities_ = 0;
};

/// What a head keeps beside the class weights: its state, and its learnt number for each class with the gradient. A head with one
/// number t is given that alone; one that keeps nothing, {}.
template <class T>
struct Kept {
  std::span<T> state{};
  T* number = nullptr;
  T* d_number = nullptr;

  Kept() = default;
  Kept(T& t) : state(&t, 1) {}
  Kept(std::span<T> all, T* numbers = nullptr, T* d_numbers = nullptr) : state(all), number(numbers), d_number(d_numbers) {}
  template <class U>
    requires std::is_same_v<U const, T>
  Kept(Kept<U> const& other) : state(other.state),
                               number(other.number) {}
};

/// The arrays of any head for embeddings of shape S; the owner places them. Beside `weight` and the gradient's there are those that the
/// layout names: head.t of CurricularFace, head.bias (C) of Softmax.
template <class T, class S, class D>
struct HeadParams {
  static constexpr std::size_t most_states = 2;
  HeadLayout layout{};
  ClassParam<T, S, D> weight;
  ClassParam<T, Shape<>, D> number;
  Buffer<T, Shape<1>, D> state[most_states];

  /// Elements of the learnt numbers of so many classes, and of the state.
  static constexpr std::size_t numbers(HeadLayout const& l, int identities) {
    return l.number != nullptr ? padded<T>(static_cast<std::size_t>(identities)) : 0;
  }
  static constexpr std::size_t states(HeadLayout const& l) { return padded<T>(l.state.size()); }

  void place(HeadLayout const& l, int identities, T* value, T* gradient, T* buffer) {
    layout = l;
    weight.place(value, gradient, identities);
    std::size_t const weights = padded<T>(weight.read().size());
    number.place(value + weights, gradient + weights, l.number != nullptr ? identities : 0);
    for (std::size_t k = 0; k < l.state.size(); ++k) state[k].place(buffer + k);
  }
  Kept<T> kept() {
    bool const none = layout.number == nullptr;
    return {{state[0].value(), layout.state.size()}, none ? nullptr : number.value(), none ? nullptr : number.gradient()};
  }
  void visit(auto&& f, auto const& path) {
    f(path / "weight", weight);
    if (layout.number != nullptr) f(path / layout.number, number);
    for (std::size_t k = 0; k < layout.state.size(); ++k) f(path / layout.state[k], state[k]);
  }
};

struct HeadResult {
  double loss = 0;      ///< mean cross entropy, and what the head adds to it
  double accuracy = 0;  ///< fraction of samples whose own class has the largest cosine, before any margin
};

/// Class weights as the head says, each class from random numbers of its own; learnt numbers and state likewise.
///   errors  Error, where the head cannot tell so few classes apart
template <MarginHead H, class T, class S>
void initialize(Context<Host>& ctx, H const& head, Write<T, S, Host> weight, std::type_identity_t<Kept<T>> kept, Seed seed) {
  Seed const own = named(seed, "weight");
  Initial initial = Initial::normal;
  if constexpr (requires { H::initial; }) initial = H::initial;
  double const bound = std::sqrt(6.0 / (S::size + weight.batch()));
  parallel_for(ctx, weight.batch(), [&](std::ptrdiff_t j) {
    Random random(own, 0, static_cast<std::uint64_t>(j));
    T* const w = weight.sample(static_cast<int>(j));
    for (int d = 0; d < S::size; ++d)
      w[d] = static_cast<T>(initial == Initial::normal ? 0.01 * random.normal()
                                                       : random.uniform(-1.0, 1.0) * (initial == Initial::xavier ? bound : 1));
    if (initial != Initial::unit) return;
    T const length = std::sqrt(host::dot(w, w, S::size));
    for (int d = 0; d < S::size; ++d) w[d] /= length;
  });
  if constexpr (has_number<H>) {
    Random random(named(seed, H::number));
    for (int j = 0; j < weight.batch(); ++j) {
      kept.number[j] = T(0);
      if constexpr (requires { head.first_number(random); }) kept.number[j] = static_cast<T>(head.first_number(random));
    }
  }
  std::fill(kept.state.begin(), kept.state.end(), T(0));
  if constexpr (requires { head.begin(kept.state.data(), weight.batch()); }) head.begin(kept.state.data(), weight.batch());
}

/// Bytes of ctx.scratch that a step takes: the table of cosines, and one partial sum of df for each group of classes.
template <class T, class S>
constexpr std::size_t scratch_bytes(int batch, int identities, HeadLayout const& layout = {}, bool filters = false) {
  return host::HeadMemory<T, S::size>::bytes({batch, identities, layout, filters}, true);
}
/// The same without gradients, where only a block of the table for each group is alive.
template <class T, class S>
constexpr std::size_t forward_scratch_bytes(int batch, int identities, HeadLayout const& layout = {}, bool filters = false) {
  return host::HeadMemory<T, S::size>::bytes({batch, identities, layout, filters}, false);
}

namespace detail {
inline void check_labels(std::span<int const> labels, int batch, int identities) {
  if (static_cast<int>(labels.size()) != batch || batch < 1)
    throw std::logic_error("berl::losses: " + std::to_string(labels.size()) + " labels for " + std::to_string(batch) +
                           " embeddings. A head needs one for each, and at least one.");
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= identities)
      throw Error("berl::losses: label of sample " + std::to_string(i), std::to_string(labels[i]),
                  "0 to " + std::to_string(identities - 1) + ", for " + std::to_string(identities) + " identities",
                  "Number the identities from 0, and plan the head for all of them.");
}
template <MarginHead H, class T>
void check_kept(H const& head, Kept<T> const& kept, double filter) {
  if (kept.state.size() < layout_of(head).state.size() || (has_number<H> && kept.number == nullptr))
    throw std::logic_error("berl::losses: a head is given fewer numbers than it keeps. See layout_of(head).");
  if (is_affine<H> && filter != 0) throw std::logic_error("berl::losses: a filter is of cosines, which an affine head has not.");
}
///   errors  Error: fewer embeddings than the head's state is renewed from
template <MarginHead H>
void check_batch(H const& head, int batch) {
  if (batch < least_batch<H>())
    throw Error("berl::losses: head " + std::string(layout_of(head).name), "a batch of " + std::to_string(batch),
                "at least " + std::to_string(least_batch<H>()) + " embeddings", "Its state needs as many: make the batch larger.");
}
/// The mean of the learnt numbers' penalty, where the head has one.
template <MarginHead H, class T>
Penalty number_penalty(H const& head, T const* number, int identities) {
  if constexpr (requires { head.number_penalty(0.0); }) {
    double sum = 0;
    for (int j = 0; j < identities; ++j) sum += static_cast<double>(number[j]);
    return head.number_penalty(sum / identities);
  } else {
    return {0, 0};
  }
}
}  // namespace detail

/// Loss and accuracy with everything that is kept as it is. `filter`, if not 0, is the cosine above which those of other classes count
/// as 0, without a gradient (deng2019's code).
///   errors  Error, when a label names no class
template <MarginHead H, class T, class S>
HeadResult forward(Context<Host>& ctx, H const& head, Read<T, S, Host> embedding, std::span<int const> labels, Read<T, S, Host> weight,
                   std::type_identity_t<Kept<T const>> kept, double filter = 0) {
  detail::check_labels(labels, embedding.batch(), weight.batch());
  detail::check_kept(head, kept, filter);
  Scope const scope(ctx.scratch);
  host::HeadPass<T, S, H> const pass(ctx, head, embedding, labels, weight, false, {kept.number, filter});
  pass.gather(kept.state.empty() ? T(0) : kept.state[0]);
  auto const sums = pass.forward(kept.state);
  return {sums.loss + detail::number_penalty(head, kept.number, weight.batch()).value, sums.accuracy};
}

/// A training step: renews the state, then loss and accuracy, adds to d_weight and to the gradient of the learnt numbers, and stores
/// d_embedding as its type says. Either gradient may be Skip.
///   errors  Error, when a label names no class, or a batch is too small for the head's state
template <MarginHead H, class T, class S, class DW, class DF>
HeadResult forward_backward(Context<Host>& ctx, H const& head, Read<T, S, Host> embedding, std::span<int const> labels,
                            Read<T, S, Host> weight, DW d_weight, DF d_embedding, std::type_identity_t<Kept<T>> kept, double filter = 0) {
  static_assert(adds<DW> || skips<DW>, "berl::losses::forward_backward: the gradient of the class weights is added to. Give Add, or Skip.");
  detail::check_labels(labels, embedding.batch(), weight.batch());
  detail::check_kept(head, kept, filter);
  if ((!skips<DW> && d_weight.batch() != weight.batch()) || (!skips<DF> && d_embedding.batch() != embedding.batch()))
    throw std::logic_error("berl::losses::forward_backward: a gradient has another batch than its value.");
  detail::check_batch(head, embedding.batch());
  if constexpr (requires(T a) { head.limited(a); })
    for (int j = 0; j < weight.batch(); ++j) kept.number[j] = head.limited(kept.number[j]);
  Scope const scope(ctx.scratch);
  host::HeadPass<T, S, H> const pass(ctx, head, embedding, labels, weight, true, {kept.number, filter});
  pass.gather(kept.state.empty() ? T(0) : kept.state[0]);
  renew(head, kept.state.data(), pass.batch());
  auto const sums = pass.forward(kept.state);
  pass.backward(kept.state, d_weight, d_embedding, kept.d_number);
  Penalty const penalty = detail::number_penalty(head, kept.number, weight.batch());
  if (penalty.slope != 0 && kept.d_number != nullptr)
    for (int j = 0; j < weight.batch(); ++j) kept.d_number[j] += static_cast<T>(penalty.slope / weight.batch());
  return {sums.loss + penalty.value, sums.accuracy};
}
}  // namespace berl::losses
