#pragma once
#include <berl/cuda/data/resize.hpp>              // resize
#include <berl/cuda/imaging/canonical_depth.hpp>  // the renderer's kernels
#include <berl/cuda/imaging/normals.hpp>
#include <berl/cuda/imaging/rasterize.hpp>
#include <berl/cuda/imaging/viewpoint.hpp>
#include <berl/cuda/imaging/warp.hpp>
#include <berl/cuda/losses/class_sampling.hpp>  // the losses'
#include <berl/cuda/losses/depth_smoothness.hpp>
#include <berl/cuda/losses/margin_head.hpp>
#include <berl/cuda/losses/reconstruction.hpp>
#include <berl/cuda/nn/conv2d.hpp>  // the layers'
#include <berl/cuda/nn/group_norm.hpp>
#include <berl/cuda/nn/linear.hpp>
#include <berl/cuda/nn/norm.hpp>
#include <berl/cuda/nn/params.hpp>
#include <berl/cuda/nn/pointwise.hpp>
#include <berl/cuda/nn/prelu.hpp>
#include <berl/cuda/nn/stored.hpp>
#include <berl/cuda/optim/adam.hpp>  // the optimisers'
#include <berl/cuda/optim/clip.hpp>
#include <berl/cuda/optim/sgd.hpp>
#include <berl/cuda/peak.hpp>              // peak_flops
#include <berl/cuda/recording.hpp>         // Recording
#include <berl/cuda/train/elements.hpp>    // MirrorOf, Product, Sum, Scale, Spoil
#include <berl/cuda/train/step_inbox.hpp>  // StepInbox
#include <berl/losses/any_head.hpp>        // forward_backward
#include <berl/train/machine.hpp>

#include <algorithm>  // max
#include <optional>

/// Everything that Trainer<Model, Cuda> needs: #include this, and compile as CUDA.
template <>
struct berl::Kernel<berl::train::Machine, berl::Cuda> {
  using Labels = Read<int, Shape<1>, Cuda>;
  static constexpr Memory const& memory = gpu::memory;
  static constexpr char const* name = "berl::train::Trainer";

  /// 0 where training has left no room to measure it.
  static double peak_flops(Context<Cuda>& ctx) try { return gpu::peak_flops(ctx.device, ctx.precision); } catch (Error const&) {
    return 0;
  }

  // --- memory ---
  template <class T, class Options>
  static Context<Cuda> context(Options const& options) {
    if (options.convolutions != Convolutions::fastest)
      throw Error("berl::train::Trainer: convolutions", "a choice of the host's", "the default on a GPU", "Leave it out there.");
    Context<Cuda> ctx(options.gpu);
    ctx.precision = gpu::precision_of<T>("berl::train::Trainer: precision", options.precision);
    return ctx;
  }
  /// Every network for the one batch that steps and embeddings have.
  template <class Model, class T, class Options>
  static void plan(Context<Cuda>& ctx, Options const& options) {
    using Aux = typename Model::Auxiliary;
    using Image = Shape<3, Aux::side, Aux::side>;
    using Tap = typename Model::Tap;
    auto const sizes = options.sizes();
    int const batch = sizes.batch, drawn = train::Activations<Model, T, Cuda>::drawn(sizes);
    using Number = number_of<T>;
    std::size_t const two_maps = 2 * padded<Number>(static_cast<std::size_t>(batch) * Image::size / 3) * sizeof(Number);
    auto const network = [&]<class L, class In>() { return gpu::plan<nn::ToNumbers<L, T>, T, In>(ctx, batch); };
    using Embedding = typename Model::Embedding;
    int const people = sizes.identities, seen = losses::sampled_classes(batch, people, sizes.head_sample_rate);
    std::size_t const head = sizes.head_sample_rate < 1 ? gpu::plan_sampled_head<Number, Embedding>(ctx, batch, people, seen, sizes.head)
                                                        : gpu::plan_head<Number, Embedding>(ctx, batch, people, sizes.head);
    std::size_t const bytes = std::max(
        {gpu::plan<typename Model::Trunk, T, typename Model::Input>(ctx, batch), network.template operator()<typename Model::Top, Tap>(),
         network.template operator()<typename Aux::View, Image>(), network.template operator()<typename Aux::Light, Image>(),
         network.template operator()<typename Aux::Depth, Tap>(), network.template operator()<typename Aux::Albedo, Tap>(),
         sizes.confidence ? network.template operator()<train::ConfidenceOf<Aux>, Image>() : 0, head,
         imaging::render_scratch_bytes<Number, Aux::side, Cuda>(drawn, 1, sizes.supersampling),
         losses::ReconstructionLoss::scratch<Number>(batch) + (sizes.confidence ? two_maps : 0),
         losses::DepthSmoothness::scratch(batch) + two_maps, optim::clip_scratch_bytes() + padded<double>(1) * sizeof(double),
         Mirror<Model, T>::scratch_bytes()});
    ctx.scratch = Arena(bytes, gpu::memory);
  }
  template <class T, class Input>
  using Inbox = train::StepInbox<T, Input>;
  /// Work that is the same in each step. First it is done as it stands, so that libraries load what they need; then it is recorded, and
  /// from there on replayed.
  class Repeated {
   public:
    template <class F>
    void run(Context<Cuda>& ctx, bool record, F const& body) {
      if (!record || !loaded_) {
        body();
        loaded_ = true;
        return;
      }
      if (!recording_) recording_.emplace(ctx, body);
      recording_->run();
    }

   private:
    bool loaded_ = false;
    std::optional<gpu::Recording> recording_;
  };
  /// The states on the host, which are copied when they are asked for. Gradients stay on the GPU.
  template <class Model, class Stored>
  class Mirror {
    using T = number_of<Stored>;
    using States = train::States<Model, T>;
    using Aux = typename Model::Auxiliary;

   public:
    Mirror(States const& there, train::Parameters<Model, Stored, Cuda>&, int identities)
        : memory_(States::bytes(identities, there.confident, there.head)),
          states_(memory_, identities, there.confident, there.head) {
      params_.place(states_, identities);
    }
    States const& states() const { return states_; }
    train::Parameters<Model, T, Host>& params() { return params_; }
    void fetch(Context<Cuda>& ctx, States const& there) {
      each_block(there, [&]<class L>(T* here, T* on_gpu, std::size_t n) {
        if constexpr (std::is_void_v<L>)
          gpu::detail::copy_bytes(ctx, on_gpu, here, n * sizeof(T), cudaMemcpyDeviceToHost);
        else
          gpu::copy_block_to_host<L>(ctx, static_cast<T const*>(on_gpu), here);
      });
      ctx.synchronize();
    }
    void store(Context<Cuda>& ctx, States const& there) {
      each_block(there, [&]<class L>(T* here, T* on_gpu, std::size_t n) {
        if constexpr (std::is_void_v<L>)
          gpu::detail::copy_bytes(ctx, here, on_gpu, n * sizeof(T), cudaMemcpyHostToDevice);
        else
          gpu::copy_block_to_gpu<L>(ctx, static_cast<T const*>(here), on_gpu);
      });
      ctx.synchronize();
    }
    static std::size_t scratch_bytes() {
      return std::max({gpu::copy_block_scratch<typename Model::Trunk, T>(), gpu::copy_block_scratch<typename Model::Top, T>(),
                       gpu::copy_block_scratch<typename Aux::View, T>(), gpu::copy_block_scratch<typename Aux::Light, T>(),
                       gpu::copy_block_scratch<typename Aux::Depth, T>(), gpu::copy_block_scratch<typename Aux::Albedo, T>(),
                       gpu::copy_block_scratch<train::ConfidenceOf<Aux>, T>()});
    }

   private:
    /// one.template operator()<L>(here, there, n) for each network's block of each kind of state, and with void for what lies alike.
    template <class F>
    void each_block(States const& there, F const& one) {
      auto const networks = [&]<class... L>(T* here, T* on_gpu) {
        auto const next = [&]<class One>() {
          one.template operator()<One>(here, on_gpu, 0);
          here += States::template block<One>;
          on_gpu += States::template block<One>;
        };
        (next.template operator()<L>(), ...);
      };
      auto const backbone = [&](T* here, T* on_gpu) {
        networks.template operator()<typename Model::Trunk, typename Model::Top>(here, on_gpu);
        std::size_t const at = States::template block<typename Model::Trunk> + States::template block<typename Model::Top>;
        one.template operator()<void>(here + at, on_gpu + at, states_.classes);
      };
      auto const auxiliary = [&](T* here, T* on_gpu) {
        networks.template operator()<typename Aux::View, typename Aux::Light, typename Aux::Depth, typename Aux::Albedo>(here, on_gpu);
        std::size_t const at = States::template block<typename Aux::View> + States::template block<typename Aux::Light> +
                               States::template block<typename Aux::Depth> + States::template block<typename Aux::Albedo>;
        if (states_.confident) one.template operator()<train::ConfidenceOf<Aux>>(here + at, on_gpu + at, 0);
      };
      backbone(states_.values, there.values);
      backbone(states_.momentum, there.momentum);
      auxiliary(states_.values + states_.recognition, there.values + states_.recognition);
      auxiliary(states_.m, there.m);
      auxiliary(states_.v, there.v);
      one.template operator()<void>(states_.buffers, there.buffers, states_.buffered);
    }
    Arena memory_;
    States states_;
    train::Parameters<Model, T, Host> params_;
  };
  static train::Numbers<double> numbers(Context<Cuda>& ctx, train::Numbers<double*> const& at) {
    double all[train::Numbers<double>::count];
    gpu::detail::copy_bytes(ctx, at.fr, all, sizeof all, cudaMemcpyDeviceToHost);
    ctx.synchronize();
    return {all[0], all[1], all[2], all[3], all[4], all[5]};
  }
  template <class T>
  static double number(Context<Cuda>& ctx, T const* at) {
    T value;
    gpu::detail::copy_bytes(ctx, at, &value, sizeof value, cudaMemcpyDeviceToHost);
    ctx.synchronize();
    return static_cast<double>(value);
  }
  template <class T, class S>
  static Write<T, S, Cuda> outbox(Write<T, S, Cuda> own, Write<T, S, Host>) {
    return own;
  }
  /// As many as are wanted.
  template <class T, class S>
  static void deliver(Context<Cuda>& ctx, Read<T, S, Cuda> from, Write<T, S, Host> to) {
    berl::copy(ctx, Read<T, S, Cuda>(from.data(), to.batch()), to);
    ctx.synchronize();
  }

  // --- arrays ---
  template <class States, class T>
  static void round(Context<Cuda>& ctx, [[maybe_unused]] States const& states, [[maybe_unused]] T* operands) {
    if constexpr (nn::narrow<T>) {
      std::size_t const backbone = states.recognition - states.classes;
      gpu::round_block<T>(ctx, states.values, operands, backbone);
      gpu::round_block<T>(ctx, states.values + states.recognition, operands + backbone, states.auxiliary);
    }
  }
  template <class T>
  static void zero(Context<Cuda>& ctx, T* x, std::size_t n) {
    if (n > 0) gpu::check(cudaMemsetAsync(x, 0, n * sizeof(T), ctx.stream.get()), "cudaMemsetAsync");
  }
  template <class T>
  static void scale(Context<Cuda>& ctx, T* x, std::size_t n, double factor) {
    if (factor != 1) gpu::update_elements<T>(ctx, name, train::detail::Scale<T>{static_cast<T>(factor)}, n, x);
  }
  template <class T>
  static bool finite(Context<Cuda>& ctx, T const* x, std::size_t n) {
    Tensor<double, Shape<1>, Cuda> number;
    gpu::each(ctx, name, n, train::detail::Spoil<T>{x, number.write().data()});
    double found = 0;
    gpu::detail::copy_bytes(ctx, number.read().data(), &found, sizeof found, cudaMemcpyDeviceToHost);
    ctx.synchronize();
    return found == 0;
  }
  template <class T>
  static void clip(Context<Cuda>& ctx, std::span<T> gradients, double longest) {
    Scope const scope(ctx.scratch);
    optim::clip_norm(ctx, gradients, longest, ctx.scratch.take<double>(1));
  }

  // --- maps ---
  template <class T, class S>
  static void copy(Context<Cuda>& ctx, Read<T, S, Cuda> from, Write<T, S, Cuda> to) {
    berl::copy(ctx, from, to);
  }
  template <class T, class S>
  static void add(Context<Cuda>& ctx, Read<T, S, Cuda> from, Write<T, S, Cuda> to) {
    gpu::map(ctx, name, train::detail::Sum{}, to, static_cast<T const*>(to.data()), from.data());
  }
  template <class T, class S>
  static void multiply(Context<Cuda>& ctx, Read<T, S, Cuda> by, Write<T, S, Cuda> to) {
    gpu::map(ctx, name, train::detail::Product{}, to, static_cast<T const*>(to.data()), by.data());
  }
  template <class T, class S, class V>
  static void mirror(Context<Cuda>& ctx, Read<T, S, Cuda> from, V to) {
    static_assert(block_of(channels<S>) == 1, "berl::train: maps that are mirrored have few channels, plane by plane.");
    gpu::each(ctx, name, from.size(), train::detail::MirrorOf<S, T, V>{from, to});
  }
  template <class T, int C, int H, int W>
  static void take_channel(Context<Cuda>& ctx, Read<T, Shape<C, H, W>, Cuda> from, int c, Write<T, Shape<1, H, W>, Cuda> to) {
    copy_planes<T, H * W>(ctx, from.data() + c * H * W, C, to.data(), 1, from.batch());
  }
  template <class T, int C, int H, int W>
  static void put_channel(Context<Cuda>& ctx, Read<T, Shape<1, H, W>, Cuda> from, int c, Write<T, Shape<C, H, W>, Cuda> to) {
    copy_planes<T, H * W>(ctx, from.data(), 1, to.data() + c * H * W, C, from.batch());
  }
  template <class T, class From, class To>
  static void resize(Context<Cuda>& ctx, data::Resize method, Read<T, From, Cuda> from, Write<T, To, Cuda> to) {
    data::resize(ctx, method, from, to);
  }
  template <class T, class S>
  static void spoil(Context<Cuda>& ctx, Read<T, S, Cuda> x, double* number) {
    gpu::each(ctx, name, x.size(), train::detail::Spoil<T>{x.data(), number});
  }

  template <class Options, class T, class S>
  static std::span<int const> classify(Context<Cuda>& ctx, Options const& options, losses::HeadParams<T, S, Cuda>& head,
                                       Read<T, S, Cuda> embedding, Labels labels, std::uint64_t step, std::span<int> room,
                                       Write<T, S, Cuda> d_embedding, train::Numbers<double*> const& to) {
    Write<double, Shape<2>, Cuda> const result(to.fr, 1);
    if (options.head_sample_rate < 1) {
      losses::sample_classes(ctx, Seed{options.seed}, step, labels, options.identities, room);
      losses::sampled_forward_backward(ctx, options.head, embedding, labels, head, room, d_embedding, result, options.head_filter);
      return room;
    }
    losses::forward_backward(ctx, options.head, embedding, labels, head.weight.read(), head.weight.add_gradient(), d_embedding, head.kept(),
                             result, options.head_filter);
    return {};
  }

 private:
  template <class T, int plane>
  static void copy_planes(Context<Cuda>& ctx, T const* from, int from_planes, T* to, int to_planes, int batch) {
    std::size_t const row = plane * sizeof(T);
    gpu::check(cudaMemcpy2DAsync(to, row * static_cast<std::size_t>(to_planes), from, row * static_cast<std::size_t>(from_planes), row,
                                 static_cast<std::size_t>(batch), cudaMemcpyDeviceToDevice, ctx.stream.get()),
               "cudaMemcpy2DAsync");
  }
};
