#pragma once
#include <berl/cuda/blas.hpp>              // Products
#include <berl/cuda/elements.hpp>          // update_elements
#include <berl/cuda/losses/head_pass.hpp>  // the kernels' bodies
#include <berl/cuda/nn/map.hpp>            // map
#include <berl/cuda/team.hpp>              // Block
#include <berl/losses/margin_head.hpp>     // Kept

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
template <int threads, class H, class T>
__global__ void __launch_bounds__(threads) lengths_kernel(HeadTable<T> m, HeadGiven<T> given, T const* weights, int D) {
  int const j = static_cast<int>(blockIdx.x);
  T const inverse = inverse_length<H>(Block<threads>{}, given, j, weights, D);
  if (threadIdx.x == 0) m.inverse_w[j] = inverse;
}
template <int threads, class T, class H>
__global__ void __launch_bounds__(threads) embed_kernel(HeadTable<T> m, H head, HeadGiven<T> given, T const* f, T const* weights, int D) {
  int const i = static_cast<int>(blockIdx.x);
  embed_sample(Block<threads>{}, m, head, given, i, f + static_cast<std::ptrdiff_t>(i) * D, weights, D);
}
template <class H, class T, class F>
__global__ void __launch_bounds__(head_threads) gather_kernel(HeadTable<T> m, HeadGiven<T> given, F f) {
  __shared__ T shared[2 * head_threads];  // whose type has a constructor
  gather_classes<H>(Block<head_threads>{}, m, given, f, static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.x),
                    reinterpret_cast<losses::Gathered<T>*>(shared));
}
template <int threads, class T, class H>
__global__ void __launch_bounds__(threads) aim_kernel(HeadTable<T> m, H head, HeadGiven<T> given, bool training) {
  aim(Block<threads>{}, m, head, given, training);
}
template <class T, class H>
__global__ void __launch_bounds__(head_threads) add_classes_kernel(HeadTable<T> m, H head, HeadGiven<T> given) {
  __shared__ T shared[3 * head_threads];
  add_classes(Block<head_threads>{}, m, head, given, static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.x),
              reinterpret_cast<SumOfExponentials<T>*>(shared));
}
template <class T>
__global__ void __launch_bounds__(head_threads) join_groups_kernel(HeadTable<T> m) {
  __shared__ T shared[3 * head_threads];
  join_groups(Block<head_threads>{}, m, static_cast<int>(blockIdx.x), reinterpret_cast<SumOfExponentials<T>*>(shared));
}
template <int threads, class T, class H>
__global__ void __launch_bounds__(threads) mean_kernel(HeadTable<T> m, H head, HeadGiven<T> given, double* result) {
  mean_of_samples(Block<threads>{}, m, head, given, result);
}
template <class T, class H>
__global__ void __launch_bounds__(head_threads) pull_classes_kernel(HeadTable<T> m, H head, HeadGiven<T> given) {
  __shared__ T shared[2 * head_threads];
  pull_classes(Block<head_threads>{}, m, head, given, static_cast<int>(blockIdx.x), shared);
}
template <int threads, class H, class T, class DF>
__global__ void __launch_bounds__(threads) pull_samples_kernel(HeadTable<T> m, int D, DF df) {
  pull_sample<H>(Block<threads>{}, m, static_cast<int>(blockIdx.x), D, df);
}
template <class T, class H>
struct LimitNumber {
  H head;
  BERL_FN void operator()(T& a) const { a = head.limited(a); }
};
template <class H, class T, class Team>
concept RenewedBy = requires(H const& head, T* state, losses::Batch<T, Team> const& batch) { head.renew(state, batch); };

/// One pass over a batch and all classes.
template <class H, class T, class S>
class HeadPass {
  static_assert(!RenewedBy<H, T, Solo> || RenewedBy<H, T, Block<256>>,
                "berl::losses on CUDA: this head's renew() takes the host's batches alone. Let it take any: renew(T* state, auto const& "
                "batch), marked BERL_FN.");
  static constexpr int D = S::size;
  static constexpr char const* name = "berl::losses";

 public:
  HeadPass(Context<Cuda>& ctx, H const& head, Read<T, S, Cuda> f, Read<int, Shape<1>, Cuda> labels, Read<T, S, Cuda> w,
           losses::Kept<T> const& kept, double filter)
      : ctx_(ctx),
        head_(head),
        f_(f),
        w_(w),
        given_{labels.data(), static_cast<T>(filter), losses::detail::states_of<H> == 0 ? nullptr : kept.state.data(), kept.number,
               kept.d_number},
        m_(HeadTable<T>::place(f.batch(), w.batch(), D, losses::layout_of(head),
                               [&]<class V>(V, std::size_t n) { return ctx.scratch.template take<V>(n); })),
        products_(ctx.precision, m_, D) {
    if (labels.batch() != f.batch() || f.batch() < 1)
      throw std::logic_error("berl::losses: a head needs one label for each embedding, and at least one.");
    losses::detail::check_kept(head, kept, filter);
  }
  void forward(bool training, double* result) {
    unsigned const tiles = static_cast<unsigned>(m_.stride / head_samples);
    if constexpr (requires(T a) { head_.limited(a); })
      if (training) each_number(LimitNumber<T, H>{head_});
    launch(ctx_, name, embed_kernel<128, T, H>, {samples(), 128}, m_, head_, given_, f_.data(), w_.data(), D);
    launch(ctx_, name, lengths_kernel<128, H, T>, {static_cast<unsigned>(m_.classes), 128}, m_, given_, w_.data(), D);
    Products::run<T>(ctx_, name, products_.cosines, w_.data(), m_.u, nullptr, nullptr, m_.table);
    if constexpr (losses::gathers<H>) gather(GatherOf<T, H>{head_});
    launch(ctx_, name, aim_kernel<256, T, H>, {1, 256}, m_, head_, given_, training);
    launch(ctx_, name, add_classes_kernel<T, H>, {dim3(tiles, static_cast<unsigned>(m_.groups)), head_threads}, m_, head_, given_);
    launch(ctx_, name, join_groups_kernel<T>, {tiles, head_threads}, m_);
    launch(ctx_, name, mean_kernel<256, T, H>, {1, 256}, m_, head_, given_, result);
  }
  template <class DW, class DF>
  void backward(DW dw, DF df) {
    if constexpr (losses::uses_norm<H> && !skips<DF>) gather(NormSlopeOf<T, H>{head_});
    launch(ctx_, name, pull_classes_kernel<T, H>, {blocks_for(static_cast<std::size_t>(m_.classes), head_classes), head_threads}, m_, head_,
           given_);
    if constexpr (!skips<DF>) {
      Products::run<T>(ctx_, name, products_.embeddings, m_.table, w_.data(), nullptr, nullptr, m_.du);
      launch(ctx_, name, pull_samples_kernel<128, H, T, DF>, {samples(), 128}, m_, D, df);
    }
    if constexpr (!skips<DW>) {
      bool constexpr across = !losses::is_affine<H>;
      if constexpr (across) map(ctx_, name, AcrossClass<T>{m_.along, m_.inverse_w, D}, dw, w_.data());
      Products::run<T>(ctx_, name, products_.classes, m_.table, m_.u, nullptr, across || adds<DW> ? dw.data() : nullptr, dw.data());
    }
  }

 private:
  unsigned samples() const { return static_cast<unsigned>(m_.samples); }
  template <class F>
  void gather(F const& f) {
    launch(ctx_, name, gather_kernel<H, T, F>,
           {dim3(static_cast<unsigned>(m_.stride / head_samples), static_cast<unsigned>(m_.groups)), head_threads}, m_, given_, f);
  }
  template <class F>
  void each_number(F const& f) {
    update_elements<T>(ctx_, name, f, static_cast<std::size_t>(m_.classes), given_.number);
  }
  Context<Cuda>& ctx_;
  H head_;
  Read<T, S, Cuda> f_;
  Read<T, S, Cuda> w_;
  HeadGiven<T> given_;
  HeadTable<T> m_;
  HeadProducts<T> products_;
};
}  // namespace detail

/// Plans the products of a head with this layout for a batch and so many classes, and returns the bytes of ctx.scratch that a step takes.
///   errors  Error, where cuBLASLt has no algorithm
template <class T, class S>
std::size_t plan_head(Context<Cuda>& ctx, int batch, int identities, losses::HeadLayout const& layout = {}) {
  HeadTable<T> const sizes = HeadTable<T>::place(batch, identities, S::size, layout, []<class V>(V, std::size_t) -> V* { return nullptr; });
  HeadProducts<T> const products(ctx.precision, sizes, S::size);
  Products& all = ctx.owned.template get<Products>();
  std::size_t workspace = 0;
  for (ProductShape const* const shape : {&products.cosines, &products.embeddings, &products.classes})
    workspace = std::max(workspace, workspace_bytes(all.plan(*shape).workspace()));
  return HeadTable<T>::bytes(batch, identities, S::size, layout) + workspace;
}
}  // namespace berl::gpu

namespace berl::losses {
/// Loss and accuracy, left in `result` on the GPU, with everything that is kept as it is; what is kept lies there too. A label that names
/// no class makes the loss NaN: what a batch is labelled with is checked on the host, where it comes from.
///   scratch  gpu::plan_head
template <MarginHead H, class T, class S>
void forward(Context<Cuda>& ctx, H const& head, Read<T, S, Cuda> embedding, Read<int, Shape<1>, Cuda> labels, Read<T, S, Cuda> weight,
             std::type_identity_t<Kept<T>> const& kept, Write<double, Shape<2>, Cuda> result, double filter = 0) {
  Scope const scope(ctx.scratch);
  gpu::detail::HeadPass<H, T, S>(ctx, head, embedding, labels, weight, kept, filter).forward(false, result.data());
}
/// A training step: renews the state, then loss and accuracy, adds to d_weight or, where it is Write, overwrites it, adds to the gradient
/// of the learnt numbers, and stores d_embedding as its type says. Either gradient may be Skip.
///   errors  Error, when a batch is too small for the head's state
///   scratch  gpu::plan_head
template <MarginHead H, class T, class S, class DW, class DF>
void forward_backward(Context<Cuda>& ctx, H const& head, Read<T, S, Cuda> embedding, Read<int, Shape<1>, Cuda> labels,
                      Read<T, S, Cuda> weight, DW d_weight, DF d_embedding, std::type_identity_t<Kept<T>> const& kept,
                      Write<double, Shape<2>, Cuda> result, double filter = 0) {
  detail::check_batch(head, embedding.batch());
  if (has_number<H> && kept.d_number == nullptr)
    throw std::logic_error("berl::losses: a head that learns numbers is given no place for their gradient.");
  Scope const scope(ctx.scratch);
  gpu::detail::HeadPass<H, T, S> pass(ctx, head, embedding, labels, weight, kept, filter);
  pass.forward(true, result.data());
  pass.backward(d_weight, d_embedding);
}
}  // namespace berl::losses
