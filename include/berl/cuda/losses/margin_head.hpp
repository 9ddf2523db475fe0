#pragma once
#include <berl/cuda/blas.hpp>              // Products
#include <berl/cuda/losses/head_pass.hpp>  // the kernels' bodies
#include <berl/cuda/nn/map.hpp>            // map
#include <berl/cuda/team.hpp>              // Block

/// Margin heads on the GPU; the products by cuBLASLt.
namespace berl::gpu {
/// The three products of a head with class weights w (C, D) and embeddings u (N, D): the table of cosines, G w and G^T u.
template <class T>
struct HeadProducts {
  ProductShape cosines, embeddings, classes;
  HeadProducts(Precision precision, HeadTable<T> const& m, int D)
      : cosines{m.classes, m.samples, D, false, true, false, D, D, m.stride, matrix_type<T>, matrix_type<T>, precision},
        embeddings{m.samples, D, m.classes, true, false, false, m.stride, D, D, matrix_type<T>, matrix_type<T>, precision},
        classes{m.classes, D, m.samples, false, false, false, m.stride, D, D, matrix_type<T>, matrix_type<T>, precision} {}
};

namespace detail {
template <int threads, class T>
__global__ void __launch_bounds__(threads) lengths_kernel(HeadTable<T> m, T const* weights, int D) {
  int const j = static_cast<int>(blockIdx.x);
  T const inverse = inverse_length(Block<threads>{}, weights + static_cast<std::ptrdiff_t>(j) * D, D);
  if (threadIdx.x == 0) m.inverse_w[j] = inverse;
}
template <int threads, class T>
__global__ void __launch_bounds__(threads) embed_kernel(HeadTable<T> m, T const* f, int const* labels, T const* weights, int D) {
  int const i = static_cast<int>(blockIdx.x);
  embed_sample(Block<threads>{}, m, i, f + static_cast<std::ptrdiff_t>(i) * D, labels[i], weights, D);
}
template <int threads, class T, class H>
__global__ void __launch_bounds__(threads) aim_kernel(HeadTable<T> m, H head, T* state, bool training) {
  aim(Block<threads>{}, m, head, state, training);
}
template <class T, class H>
__global__ void __launch_bounds__(head_threads) add_classes_kernel(HeadTable<T> m, H head, T const* state, T filter, int const* labels) {
  __shared__ T shared[3 * head_threads];  // whose type has a constructor
  add_classes(Block<head_threads>{}, m, head, state, filter, labels, static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.x),
              reinterpret_cast<SumOfExponentials<T>*>(shared));
}
template <class T>
__global__ void __launch_bounds__(head_threads) join_groups_kernel(HeadTable<T> m) {
  __shared__ T shared[3 * head_threads];
  join_groups(Block<head_threads>{}, m, static_cast<int>(blockIdx.x), reinterpret_cast<SumOfExponentials<T>*>(shared));
}
template <int threads, class T>
__global__ void __launch_bounds__(threads) mean_kernel(HeadTable<T> m, double* result) {
  mean_of_samples(Block<threads>{}, m, result);
}
template <class T, class H>
__global__ void __launch_bounds__(head_threads) pull_classes_kernel(HeadTable<T> m, H head, T const* state, T filter, int const* labels) {
  __shared__ T shared[head_threads];
  pull_classes(Block<head_threads>{}, m, head, state, filter, labels, static_cast<int>(blockIdx.x), shared);
}
template <int threads, class T, class DF>
__global__ void __launch_bounds__(threads) pull_samples_kernel(HeadTable<T> m, int D, DF df) {
  pull_sample(Block<threads>{}, m, static_cast<int>(blockIdx.x), D, df);
}

/// One pass over a batch and all classes.
template <class H, class T, class S>
class HeadPass {
  static_assert(
      CosineHead<H>,
      "berl::losses on CUDA: this head needs more than the cosine to the own class: sums over other classes, learnt numbers or the "
      "embedding's length. Train with it on berl::Host.");
  static constexpr int D = S::size;
  static constexpr char const* name = "berl::losses";

 public:
  HeadPass(Context<Cuda>& ctx, H const& head, Read<T, S, Cuda> f, Read<int, Shape<1>, Cuda> labels, Read<T, S, Cuda> w, T* state,
           double filter)
      : ctx_(ctx),
        head_(head),
        f_(f),
        labels_(labels.data()),
        w_(w),
        state_(state),
        filter_(static_cast<T>(filter)),
        m_(HeadTable<T>::place(f.batch(), w.batch(), D, [&]<class V>(V, std::size_t n) { return ctx.scratch.template take<V>(n); })),
        products_(ctx.precision, m_, D) {
    if (labels.batch() != f.batch() || f.batch() < 1)
      throw std::logic_error("berl::losses: a head needs one label for each embedding, and at least one.");
    if (keeps_t<H> && state == nullptr)
      throw std::logic_error("berl::losses: a head is given fewer numbers than it keeps. See layout_of(head).");
  }
  void forward(bool training, double* result) {
    unsigned const tiles = static_cast<unsigned>(m_.stride / head_samples);
    launch(ctx_, name, embed_kernel<128, T>, {samples(), 128}, m_, f_.data(), labels_, w_.data(), D);
    launch(ctx_, name, aim_kernel<256, T, H>, {1, 256}, m_, head_, state_, training);
    launch(ctx_, name, lengths_kernel<128, T>, {static_cast<unsigned>(m_.classes), 128}, m_, w_.data(), D);
    Products::run<T>(ctx_, name, products_.cosines, w_.data(), m_.u, nullptr, nullptr, m_.table);
    launch(ctx_, name, add_classes_kernel<T, H>, {dim3(tiles, static_cast<unsigned>(m_.groups)), head_threads}, m_, head_, state_, filter_,
           labels_);
    launch(ctx_, name, join_groups_kernel<T>, {tiles, head_threads}, m_);
    launch(ctx_, name, mean_kernel<256, T>, {1, 256}, m_, result);
  }
  template <class DW, class DF>
  void backward(DW dw, DF df) {
    launch(ctx_, name, pull_classes_kernel<T, H>, {blocks_for(static_cast<std::size_t>(m_.classes), head_classes), head_threads}, m_, head_,
           state_, filter_, labels_);
    if constexpr (!skips<DF>) {
      Products::run<T>(ctx_, name, products_.embeddings, m_.table, w_.data(), nullptr, nullptr, m_.du);
      launch(ctx_, name, pull_samples_kernel<128, T, DF>, {samples(), 128}, m_, D, df);
    }
    if constexpr (!skips<DW>) {
      map(ctx_, name, AcrossClass<T>{m_.along, m_.inverse_w, D}, dw, w_.data());
      Products::run<T>(ctx_, name, products_.classes, m_.table, m_.u, nullptr, dw.data(), dw.data());
    }
  }

 private:
  unsigned samples() const { return static_cast<unsigned>(m_.samples); }
  Context<Cuda>& ctx_;
  H head_;
  Read<T, S, Cuda> f_;
  int const* labels_;
  Read<T, S, Cuda> w_;
  T* state_;
  T filter_;
  HeadTable<T> m_;
  HeadProducts<T> products_;
};
}  // namespace detail

/// Plans a head's products for a batch and so many classes, and returns the bytes of ctx.scratch that a step takes.
///   errors  Error, where cuBLASLt has no algorithm
template <class T, class S>
std::size_t plan_head(Context<Cuda>& ctx, int batch, int identities) {
  HeadTable<T> const sizes = HeadTable<T>::place(batch, identities, S::size, []<class V>(V, std::size_t) -> V* { return nullptr; });
  HeadProducts<T> const products(ctx.precision, sizes, S::size);
  Products& all = ctx.owned.template get<Products>();
  std::size_t workspace = 0;
  for (ProductShape const* const shape : {&products.cosines, &products.embeddings, &products.classes})
    workspace = std::max(workspace, workspace_bytes(all.plan(*shape).workspace()));
  return HeadTable<T>::bytes(batch, identities, S::size) + workspace;
}
}  // namespace berl::gpu

namespace berl::losses {
/// Loss and accuracy, left in `result` on the GPU, with everything that is kept as it is. A label that names no class makes the loss NaN:
/// what a batch is labelled with is checked on the host, where it comes from.
///   scratch  gpu::plan_head
template <MarginHead H, class T, class S>
void forward(Context<Cuda>& ctx, H const& head, Read<T, S, Cuda> embedding, Read<int, Shape<1>, Cuda> labels, Read<T, S, Cuda> weight,
             T* state, Write<double, Shape<2>, Cuda> result, double filter = 0) {
  Scope const scope(ctx.scratch);
  gpu::detail::HeadPass<H, T, S>(ctx, head, embedding, labels, weight, state, filter).forward(false, result.data());
}
/// A training step: renews the state, then loss and accuracy, adds to d_weight or, where it is Write, overwrites it, and stores d_embedding
/// as its type says. Either gradient may be Skip.
///   scratch  gpu::plan_head
template <MarginHead H, class T, class S, class DW, class DF>
void forward_backward(Context<Cuda>& ctx, H const& head, Read<T, S, Cuda> embedding, Read<int, Shape<1>, Cuda> labels,
                      Read<T, S, Cuda> weight, DW d_weight, DF d_embedding, T* state, Write<double, Shape<2>, Cuda> result,
                      double filter = 0) {
  Scope const scope(ctx.scratch);
  gpu::detail::HeadPass<H, T, S> pass(ctx, head, embedding, labels, weight, state, filter);
  pass.forward(true, result.data());
  pass.backward(d_weight, d_embedding);
}
}  // namespace berl::losses
