#pragma once
#include "../../nn/run_layer.hpp"
#include "../compare.hpp"

#include <berl/cuda/nn/params.hpp>
#include <berl/cuda/nn/plan.hpp>

#include <optional>
#include <vector>

namespace berl::gpu {
/// The largest difference of two lists, relative to the largest number.
template <class T>
double difference(std::vector<T> const& a, std::vector<T> const& b) {
  double most = a.size() == b.size() ? 0 : INFINITY, size = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    double const d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    most = std::isnan(d) ? INFINITY : std::max(most, d);
    size = std::max(size, std::abs(static_cast<double>(b[i])));
  }
  return size > 0 ? most / size : most;
}

/// What a step of a layer leaves behind: y, dx, gradients and buffers.
template <class T>
using Results = std::vector<std::vector<T>>;
template <class L, class T, class In>
Results<T> results(test::RunLayer<L, T, In>& run) {
  auto const list = [](auto const& x) { return std::vector<T>(x.span().begin(), x.span().end()); };
  return {list(run.y), list(run.dx), run.gradients(), run.buffers()};
}

/// The same step on the GPU, on maps of E, with the numbers of a run on the host that has not taken it yet, and the memory that the plan
/// asks for. Form: how L runs there, as it is or ToNumbers.
template <class Mode, class E, class Form, class L, class T, class In>
Results<T> run_on_gpu(test::RunLayer<L, T, In>& run, Precision precision) {
  using Sizes = nn::SizesOf<L, T>;
  using Out = nn::OutputOf<L, In>;
  using Y = std::conditional_t<std::is_same_v<Form, L>, E, T>;
  int const batch = run.x.batch();
  Context<Cuda> ctx;
  ctx.precision = precision;
  std::size_t const scratch = plan<Form, E, In>(ctx, batch);
  std::size_t const elements = nn::kept<Form, E, In>(batch);
  Arena memory((2 * Sizes::block + Sizes::buffers) * sizeof(T) + (padded<E>(Sizes::block) + elements) * sizeof(E), gpu::memory);
  T* const values = memory.take<T>(Sizes::block);
  T* const gradients = memory.take<T>(Sizes::block);
  T* const buffers = memory.take<T>(Sizes::buffers);
  E* const operands = memory.take<E>(Sizes::block);
  E* const kept = memory.take<E>(elements);
  nn::ParamsOf<Form, E, Cuda> params;
  nn::place<Form, E, Cuda>(params, values, gradients, buffers, operands);
  std::vector<T*> places;  // of buffers, on the host
  run.weights.params.visit(
      [&](Nameless, auto& array) {
        if constexpr (!Trainable<std::remove_cvref_t<decltype(array)>>) places.push_back(array.value());
      },
      Nameless{});
  auto const copy_buffers = [&](auto const& one) {
    std::size_t i = 0;
    params.visit(
        [&](Nameless, auto& array) {
          using P = std::remove_cvref_t<decltype(array)>;
          if constexpr (!Trainable<P>) one(places[i++], array.value(), P::shape::size * sizeof(T));
        },
        Nameless{});
  };

  ctx.scratch = Arena(64 * MiB, gpu::memory);
  copy_block_to_gpu<L>(ctx, static_cast<T const*>(run.weights.values().data()), values);
  copy_block_to_gpu<L>(ctx, run.weights.gradients().data(), gradients);
  copy_buffers([&](T* host, T* there, std::size_t bytes) { check(cudaMemcpy(there, host, bytes, cudaMemcpyDefault), "cudaMemcpy"); });
  round_block<E>(ctx, values, operands, Sizes::block);
  auto const x = on_gpu(ctx, stored_as<E>(run.x));
  auto const dy = on_gpu(ctx, stored_as<Y>(run.dy));
  Tensor<E, In, Cuda> dx(batch);
  Tensor<Y, Out, Cuda> y(batch);
  ctx.synchronize();
  ctx.scratch = Arena(scratch, gpu::memory);
  nn::forward<Form, Mode>(ctx, params, x.read(), y.write(), Pass<E>(kept, 1, 2));
  nn::backward<Form, Mode>(ctx, params, x.read(), dy.read(), dx.write(), Pass<E>(kept, 1, 2));
  ctx.synchronize();
  ctx.scratch = Arena(64 * MiB, gpu::memory);
  run.y = stored_as<T>(on_host(ctx, y));
  run.dx = stored_as<T>(on_host(ctx, dx));
  copy_block_to_host<L>(ctx, static_cast<T const*>(gradients), const_cast<T*>(run.weights.gradients().data()));
  copy_buffers([&](T* host, T* there, std::size_t bytes) { check(cudaMemcpy(host, there, bytes, cudaMemcpyDefault), "cudaMemcpy"); });
  ctx.synchronize();
  return results(run);
}

/// A step on the GPU, on maps of E, leaves what one on the host does, and twice the same bits. Maps and weights are ones that E holds; of
/// sums, which are gradients and buffers, less may be off than of maps. ToNumbers, what comes out is not rounded: it may be off as sums
/// are.
template <class L, class Mode, class E, class In, class Form = L>
void check_layer_on_gpu(int batch, double tolerance = rounding<E>, Precision precision = Precision::fp32,
                        std::optional<double> of_sums = {}) {
  using T = number_of<E>;
  test::RunLayer<L, T, In> host(batch), there(batch), again(batch);
  for (auto* const one : {&host, &there, &again})
    for (T& value : one->weights.values()) value = static_cast<T>(static_cast<E>(value));
  for (auto* const one : {&host, &there, &again})
    one->x = stored_as<T>(stored_as<E>(one->x)), one->dy = stored_as<T>(stored_as<E>(one->dy));
  host.template forward<Mode>();
  host.template backward<Mode>();
  auto const expected = results(host), found = run_on_gpu<Mode, E, Form>(there, precision);
  double const most_of_sums = of_sums.value_or(nn::narrow<E> ? rounding<T> : tolerance);
  bool const rounded[] = {std::is_same_v<Form, L>, true, false, false};  // y, dx, gradients, buffers
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(found[i], expected[i]) < (rounded[i] ? tolerance : most_of_sums));
  }
  CHECK(run_on_gpu<Mode, E, Form>(again, precision) == found);
}
}  // namespace berl::gpu
