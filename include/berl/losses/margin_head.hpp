#pragma once
#include <berl/core/arena.hpp>             // Scope
#include <berl/core/config.hpp>            // BERL_FN
#include <berl/core/error.hpp>             // Error
#include <berl/core/random.hpp>            // Random
#include <berl/core/threads.hpp>           // parallel_for
#include <berl/core/view.hpp>              // Read, Write, Add
#include <berl/host/losses/head_pass.hpp>  // HeadPass
#include <berl/nn/layer.hpp>               // Buffer, Decayed

#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>  // logic_error
#include <string>

/// What all margin heads have in common: embeddings f (N, D), class weights w (C, D) with C known at run time, labels y, and
///   c_ij = f_i w_j / (|f_i| |w_j|),  z_ij = the head's logit of c_ij,  loss = mean over i of -log softmax(z_i)[y_i]
///   G_i = sum over j of dL/dc_ij w_j/|w_j|;  df_i = (G_i - u_i (u_i G_i)) / |f_i| with u_i = f_i/|f_i|; dw_j likewise
/// The logits are never stored: one table (C, N) holds the cosines and then, in their place, their gradients.
namespace berl::losses {
/// What a head makes of the cosine g between an embedding and its own class.
template <class T>
struct Target {
  T logit, slope;  // z_iy and dz_iy/dg
  T bound;         // what the head compares the other cosines with
};

/// A head: its constants are its members, and it computes one element at a time.
///   head.next(t, mean of g)   the number kept between steps, renewed once per training step and before it is used
///   head.target(g)            Target<T>
///   head.logit(c, bound, t), head.slope(c, bound, t)   z_ij and dz_ij/dc_ij for j != y_i
template <class H>
concept MarginHead = std::copyable<H> && requires(H const& head, double x) {
  { head.next(x, x) } -> std::same_as<double>;
  { head.target(x) } -> std::same_as<Target<double>>;
  { head.logit(x, x, x) } -> std::same_as<double>;
  { head.slope(x, x, x) } -> std::same_as<double>;
};

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

/// The arrays of any head for embeddings of shape S; the owner places them.
template <class T, class S, class D>
struct HeadParams {
  ClassParam<T, S, D> weight;
  Buffer<T, Shape<1>, D> t;
  void visit(auto&& f, auto const& path) {
    f(path / "weight", weight);
    f(path / "t", t);
  }
};

struct HeadResult {
  double loss = 0;      ///< mean cross entropy
  double accuracy = 0;  ///< fraction of samples whose own class has the largest cosine, before any margin
};

/// w ~ N(0, 0.01^2), each class from random numbers of its own; t = 0.
template <class T, class S>
void initialize(Context<Host>& ctx, Write<T, S, Host> weight, T& t, Seed seed) {
  Seed const own = named(seed, "weight");
  parallel_for(ctx, weight.batch(), [&](std::ptrdiff_t j) {
    Random random(own, 0, static_cast<std::uint64_t>(j));
    T* const w = weight.sample(static_cast<int>(j));
    for (int d = 0; d < S::size; ++d) w[d] = static_cast<T>(0.01 * random.normal());
  });
  t = T(0);
}

/// Bytes of ctx.scratch that a step takes: the table of cosines, and one partial sum of df for each group of classes.
template <class T, class S>
constexpr std::size_t scratch_bytes(int batch, int identities) {
  return host::HeadMemory<T, S::size>::bytes({batch, identities}, true);
}
/// The same without gradients, where only a block of the table for each group is alive.
template <class T, class S>
constexpr std::size_t forward_scratch_bytes(int batch, int identities) {
  return host::HeadMemory<T, S::size>::bytes({batch, identities}, false);
}

namespace detail {
inline void check_labels(std::span<int const> labels, int batch, int identities) {
  if (static_cast<int>(labels.size()) != batch || batch < 1)
    throw std::logic_error("berl::losses: a head needs one label for each embedding, and at least one.");
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= identities)
      throw Error("berl::losses: label of sample " + std::to_string(i), std::to_string(labels[i]),
                  "0 to " + std::to_string(identities - 1) + ", for " + std::to_string(identities) + " identities",
                  "Number the identities from 0, and plan the head for all of them.");
}
}  // namespace detail

/// Loss and accuracy with t as it is.
///   errors  Error, when a label names no class
template <MarginHead H, class T, class S>
HeadResult forward(Context<Host>& ctx, H const& head, Read<T, S, Host> embedding, std::span<int const> labels, Read<T, S, Host> weight,
                   T const& t) {
  detail::check_labels(labels, embedding.batch(), weight.batch());
  Scope const scope(ctx.scratch);
  host::HeadPass<T, S> const pass(ctx, embedding, labels, weight, false);
  pass.targets();
  auto const sums = pass.forward(head, t);
  return {sums.loss, sums.accuracy};
}

/// A training step: renews t, then loss and accuracy, adds to d_weight and stores d_embedding as its type says.
/// Either gradient may be Skip.
///   errors  Error, when a label names no class
template <MarginHead H, class T, class S, class DW, class DF>
HeadResult forward_backward(Context<Host>& ctx, H const& head, Read<T, S, Host> embedding, std::span<int const> labels,
                            Read<T, S, Host> weight, DW d_weight, DF d_embedding, T& t) {
  static_assert(adds<DW> || skips<DW>, "berl::losses::forward_backward: the gradient of the class weights is added to. Give Add, or Skip.");
  detail::check_labels(labels, embedding.batch(), weight.batch());
  if ((!skips<DW> && d_weight.batch() != weight.batch()) || (!skips<DF> && d_embedding.batch() != embedding.batch()))
    throw std::logic_error("berl::losses::forward_backward: a gradient has another batch than its value.");
  Scope const scope(ctx.scratch);
  host::HeadPass<T, S> const pass(ctx, embedding, labels, weight, true);
  t = head.next(t, pass.targets());
  auto const sums = pass.forward(head, t);
  pass.backward(head, t, d_weight, d_embedding);
  return {sums.loss, sums.accuracy};
}
}  // namespace berl::losses
