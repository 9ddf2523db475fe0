#pragma once
#include <berl/cuda/nn/lay.hpp>   // bias_gradient, finish_kernel, store_as
#include <berl/cuda/nn/plan.hpp>  // Planned
#include <berl/nn/conv2d.hpp>     // Conv2d

#include <algorithm>  // max, min

/// Convolutions of pictures: few channels in, planes, and many out, beside one another. Tensor cores would multiply padding for the most
/// part; here numbers are multiplied as floats and summed as floats whatever the context's precision is, so that fp32 and tf32 are the
/// same.
///   forward  a team has a band of y: rows, and strips of neighbouring pixels in them. The part of x below it, with its padding, and the
///            filters lie in shared memory; a member has one strip of eight channels at a time.
///   dw       a team goes through a slab of bands; a member has some taps of eight channels, and every so-manieth strip. The sums of
///            members are added in their order, and those of slabs by a second kernel.
///   dx       a member has a pixel of x.
namespace berl::gpu {
/// Whether Conv2d<C, M, ...> is such a one.
template <int C, int M>
inline constexpr bool few_channels = C <= 4 && block_of(M) == channel_block;

constexpr int quotient_up(int n, int d) { return (n + d - 1) / d; }
/// The largest of as many even shares of n as it takes where none is larger than `most`.
constexpr int even_share(int n, int most) { return quotient_up(n, quotient_up(n, most)); }

/// How the work on a layer L with maps of T and an input In is shared.
template <class L, class T, class In>
struct FewChannels {
  using element = T;
  using Number = number_of<T>;
  using Input = In;
  using Out = typename L::template output<In>;
  static constexpr host::Convolution g = L::template forward_of<In>();
  static constexpr int C = g.C, H = g.H, W = g.W, M = g.M, OH = g.OH, OW = g.OW, K = g.K, S = g.S, P = g.P;
  static constexpr int taps = C * K * K, weights = M * taps, most_threads = 256;
  static_assert(few_channels<C, M> && std::is_same_v<LayoutOf<In, Cuda>, Nchw> && std::is_same_v<LayoutOf<Out, Cuda>, Nhwc>);

  // A member's channels out, and those of a team, whose filters for four channels in take 32 KiB at the most.
  static constexpr int N = 8, stored = pack_of<T>, loaded = pack_of<Number>;
  static constexpr int tile = [] {
    int n = 64;
    while (M % n != 0 || n * 4 * K * K * static_cast<int>(sizeof(Number)) > 32 * 1024) n /= 2;
    return n;
  }();
  static constexpr int groups = tile / N, parts = M / tile;
  /// Channel n of a group among those of the tile. Neighbouring groups store packs beside one another.
  BERL_FN static constexpr int channel(int group, int n) { return (n / stored * groups + group) * stored + n % stored; }
  /// Where its filter lies, so that neighbouring groups load packs beside one another.
  BERL_FN static constexpr int slot(int group, int n) { return (n / loaded * groups + group) * loaded + n % loaded; }

  // Pixels of a strip: in the forward pass, and where sums take most of the registers.
  static constexpr int strip = 2 * loaded, short_strip = loaded;
  static constexpr int span = quotient_up((strip - 1) * S + K, loaded) * loaded;
  static constexpr int short_span = quotient_up((short_strip - 1) * S + K, loaded) * loaded;
  struct Band {
    int rows, strips;
  };
  /// Rows and columns of x below a band.
  static constexpr int below_of(Band b) { return (b.rows - 1) * S + K; }
  static constexpr int pitch_of(Band b) { return (b.strips - 1) * strip * S + span; }
  /// Of y, so that the part of x below takes 16 KiB at the most.
  static constexpr Band band = [] {
    Band b{std::min(OH, 8), std::min(quotient_up(OW, strip), 16)};
    while (C * below_of(b) * pitch_of(b) * static_cast<int>(sizeof(Number)) > 16 * 1024) (b.rows > 1 ? b.rows : b.strips) /= 2;
    return Band{even_share(OH, b.rows), even_share(quotient_up(OW, strip), b.strips)};
  }();
  static constexpr int below = below_of(band), pitch = pitch_of(band), picture = C * below * pitch;
  static constexpr int down = quotient_up(OH, band.rows), across = quotient_up(quotient_up(OW, strip), band.strips), bands = down * across;
  /// Where band number i of a batch lies.
  struct Place {
    int sample, v, u;
  };
  BERL_FN static Place place(int i) { return {i / bands, i % bands / across * band.rows, i % across * band.strips * strip}; }

  /// And where the channels of a pixel in it lie.
  BERL_FN static std::size_t place_in(Place const& at, int row, int column) {
    return static_cast<std::size_t>(at.sample) * Out::size + static_cast<std::size_t>(((at.v + row) * OW + at.u + column) * M);
  }

  // Two neighbouring members have the same channels, which one load fetches for both.
  static constexpr int forward_units = quotient_up(band.rows * band.strips, 2) * 2 * groups;
  static constexpr int forward_threads = quotient_up(even_share(forward_units, most_threads), 32) * 32;

  // Rows of a filter whose sums a member has, pieces that a filter makes with all its channels in and out, and members for each of them.
  static constexpr int filter_rows = K <= 3 ? K : K == 4 ? 2 : 1;
  static constexpr int pieces = groups * C * (K / filter_rows), short_strips = band.rows * band.strips * (strip / short_strip);
  static constexpr int sharers = quotient_up(short_strips, quotient_up(short_strips, std::max(1, 192 / pieces)));
  static constexpr int weight_threads = quotient_up(sharers * pieces, 32) * 32;

  /// Slabs at the most: two teams for each multiprocessor of an H200. The sums of another GPU have the same bits.
  static constexpr int most_slabs = 264;
  BERL_FN static constexpr int bands_of_slab(int batch) { return (batch * bands + most_slabs - 1) / most_slabs; }
  static constexpr int slabs(int batch) { return quotient_up(batch * bands, bands_of_slab(batch)); }

  /// Channels in, as dx loads them for each filter.
  static constexpr int padded_channels = C == 3 ? 4 : C;

  static constexpr std::size_t partial(int batch) { return static_cast<std::size_t>(slabs(batch)) * weights; }
  static constexpr std::size_t bytes(int batch) {
    return batch > 0 ? std::max(padded<double>(partial(batch)) * sizeof(double), bias_gradient_bytes<Out>(batch)) : 0;
  }
};

/// The part of x below a band, zero where x has no pixels.
template <class F, class Team>
BERL_FN void stage_band(Team const&, typename F::element const* x, typename F::Place const& at, typename F::Number* picture) {
  constexpr int below = F::below, pitch = F::pitch;
  typename F::element const* const sample = x + static_cast<std::ptrdiff_t>(at.sample) * F::Input::size;
  for (int e = Team::rank(); e < F::picture; e += Team::size) {
    int const c = e / (below * pitch), v = e / pitch % below + at.v * F::S - F::P, u = e % pitch + at.u * F::S - F::P;
    bool const inside = v >= 0 && v < F::H && u >= 0 && u < F::W;
    picture[e] = inside ? static_cast<typename F::Number>(sample[(c * F::H + v) * F::W + u]) : 0;
  }
}
/// N neighbouring numbers, by packs.
template <int N, class A>
BERL_FN void load_span(A const* from, A (&to)[N]) {
  constexpr int n = pack_of<A>;
  for (int k = 0; k < N; k += n) {
    auto const pack = load<n>(from + k);
    for (int i = 0; i < n; ++i) to[k + i] = pack.v[i];
  }
}

/// A part of the channels of a band of y = [base +] x * w [+ bias].
///   filters  F::taps x F::tile numbers that all members see;  picture  F::picture of them
template <class F, class Team, class Y>
BERL_FN void few_channels_forward(Team const& team, typename F::element const* x, typename F::element const* w,
                                  typename F::Number const* bias, Y const& y, int band, int part, typename F::Number* filters,
                                  typename F::Number* picture) {
  using A = typename F::Number;
  constexpr int K = F::K, C = F::C, N = F::N, strips = F::band.rows * F::band.strips;
  auto const at = F::place(band);
  for (int e = Team::rank(); e < F::tile * F::taps; e += Team::size) {
    int const m = e / F::taps, tap = e % F::taps, group = m / F::stored % F::groups,
              n = m / (F::stored * F::groups) * F::stored + m % F::stored;
    filters[(tap % C * K * K + tap / C) * F::tile + F::slot(group, n)] = static_cast<A>(w[part * F::tile * F::taps + e]);
  }
  stage_band<F>(team, x, at, picture);
  Team::sync();
  for (int unit = Team::rank(); unit < F::forward_units; unit += Team::size) {
    int const strip = unit / (2 * F::groups) * 2 + unit % 2, group = unit / 2 % F::groups;
    int const row = strip / F::band.strips, column = strip % F::band.strips * F::strip;
    if (strip >= strips || at.v + row >= F::OH || at.u + column >= F::OW) continue;
    A sum[F::strip][N];
    for (int n = 0; n < N; ++n) {
      A const first = bias != nullptr ? bias[part * F::tile + F::channel(group, n)] : 0;
      for (int p = 0; p < F::strip; ++p) sum[p][n] = first;
    }
    for (int line = 0; line < C * K; ++line) {  // of all channels' filters
      A window[F::span];
      load_span(picture + (line / K * F::below + row * F::S + line % K) * F::pitch + column * F::S, window);
      for (int j = 0; j < K; ++j) {
        A filter[N];
        for (int n = 0; n < N; n += F::loaded) {
          auto const pack = load<F::loaded>(filters + (line * K + j) * F::tile + F::slot(group, n));
          for (int k = 0; k < F::loaded; ++k) filter[n + k] = pack.v[k];
        }
        for (int p = 0; p < F::strip; ++p)
          for (int n = 0; n < N; ++n) sum[p][n] += window[p * F::S + j] * filter[n];
      }
    }
    std::size_t const to = F::place_in(at, row, column) + static_cast<std::size_t>(part * F::tile + F::channel(group, 0));
    for (int p = 0; p < F::strip; ++p) {
      if (F::OW % F::strip != 0 && at.u + column + p >= F::OW) break;
      for (int n = 0; n < N; n += F::stored) {
        A values[F::stored];
        for (int k = 0; k < F::stored; ++k) values[k] = sum[p][n + k];
        store_as(y, to + static_cast<std::size_t>(p * F::M + F::channel(0, n)), values);
      }
    }
  }
}

/// The sums of a slab of bands for the gradients of a part of the filters: dw[m][i][j][c], at partial[index x slabs + slab].
///   sums     F::tile x F::taps numbers that all members see;  picture  F::picture of them
template <class F, class Team>
BERL_FN void few_channels_weights(Team const& team, typename F::element const* x, typename F::element const* dy, int batch, int slab,
                                  int slabs, int part, typename F::Number* sums, typename F::Number* picture, double* partial) {
  using A = typename F::Number;
  constexpr int K = F::K, C = F::C, N = F::N, R = F::filter_rows, units = F::sharers * F::pieces;
  int const first_band = slab * F::bands_of_slab(batch), behind = first_band + F::bands_of_slab(batch), all = batch * F::bands;
  int const last_band = behind < all ? behind : all;
  for (int first = 0; first < units; first += Team::size) {  // once, where a team is large enough
    int const unit = first + Team::rank(), sharer = unit / F::pieces, piece = unit % F::pieces, group = piece % F::groups;
    int const line = piece / F::groups * R, c = line / K, i = line % K;
    auto const* const own = dy + part * F::tile + F::channel(group, 0);
    A sum[R][K][N] = {};
    for (int band = first_band; band < last_band; ++band) {
      auto const at = F::place(band);
      stage_band<F>(team, x, at, picture);
      Team::sync();
      if (unit < units)
        for (int strip = sharer; strip < F::short_strips; strip += F::sharers) {
          constexpr int in_row = F::short_strips / F::band.rows;
          int const row = strip / in_row, column = strip % in_row * F::short_strip;
          if (at.v + row >= F::OH || at.u + column >= F::OW) continue;
          A window[R][F::short_span];
          for (int r = 0; r < R; ++r) load_span(picture + (c * F::below + row * F::S + i + r) * F::pitch + column * F::S, window[r]);
          auto const* const from = own + F::place_in(at, row, column);
          for (int p = 0; p < F::short_strip; ++p) {
            if (F::OW % F::short_strip != 0 && at.u + column + p >= F::OW) break;
            A d[N];
            for (int n = 0; n < N; n += F::stored) {
              auto const pack = load<F::stored>(from + p * F::M + F::channel(0, n));
              for (int k = 0; k < F::stored; ++k) d[n + k] = static_cast<A>(pack.v[k]);
            }
            for (int r = 0; r < R; ++r)
              for (int j = 0; j < K; ++j)
                for (int n = 0; n < N; ++n) sum[r][j][n] += window[r][p * F::S + j] * d[n];
          }
        }
      Team::sync();
    }
    for (int turn = 0; turn < F::sharers; ++turn) {
      if (unit < units && sharer == turn)
        for (int r = 0; r < R; ++r)
          for (int j = 0; j < K; ++j)
            for (int n = 0; n < N; ++n) {
              A& to = sums[F::channel(group, n) * F::taps + ((i + r) * K + j) * C + c];
              to = turn > 0 ? to + sum[r][j][n] : sum[r][j][n];
            }
      Team::sync();
    }
  }
  for (int e = Team::rank(); e < F::tile * F::taps; e += Team::size)
    partial[static_cast<std::ptrdiff_t>(part * F::tile * F::taps + e) * slabs + slab] = static_cast<double>(sums[e]);
}

/// dx at F::most_threads pixels of the batch: sums over the taps and channels that have seen them.
///   filters  K x K x F::tile x F::padded_channels numbers that all members see
template <class F, class Team, class DX>
BERL_FN void few_channels_data(Team const&, typename F::element const* dy, typename F::element const* w, DX const& dx, int block,
                               typename F::Number* filters) {
  using A = typename F::Number;
  constexpr int K = F::K, C = F::C, CP = F::padded_channels;
  for (int first = 0; first < F::most_threads; first += Team::size) {
    std::size_t const pixel = static_cast<std::size_t>(block) * F::most_threads + static_cast<std::size_t>(first + Team::rank());
    std::size_t const sample = pixel / (F::H * F::W);
    int const in_sample = static_cast<int>(pixel - sample * (F::H * F::W)), v = in_sample / F::W + F::P, u = in_sample % F::W + F::P;
    bool const there = first + Team::rank() < F::most_threads && sample < static_cast<std::size_t>(dx.batch());
    A sum[CP] = {};
    for (int part = 0; part < F::parts; ++part) {
      Team::sync();
      for (int e = Team::rank(); e < K * K * F::tile * CP; e += Team::size) {
        int const c = e % CP, m = e / CP % F::tile, tap = e / (CP * F::tile);
        filters[e] = c < C ? static_cast<A>(w[((part * F::tile + m) * K * K + tap) * C + c]) : 0;
      }
      Team::sync();
      if (!there) continue;
      for (int i = v % F::S; i < K && i <= v; i += F::S)
        for (int j = u % F::S; j < K && j <= u; j += F::S) {
          int const row = (v - i) / F::S, column = (u - j) / F::S;
          if (row >= F::OH || column >= F::OW) continue;
          std::size_t const from = (sample * F::OH + static_cast<std::size_t>(row)) * F::OW + static_cast<std::size_t>(column);
          for (int m = 0; m < F::tile; m += F::stored) {
            auto const d = load<F::stored>(dy + from * F::M + part * F::tile + m);
            for (int k = 0; k < F::stored; ++k) {
              auto const filter = load<CP>(filters + ((i * K + j) * F::tile + m + k) * CP);
              for (int c = 0; c < CP; ++c) sum[c] += static_cast<A>(d.v[k]) * filter.v[c];
            }
          }
        }
    }
    if (there)
      for (int c = 0; c < C; ++c) {
        A value[1] = {sum[c]};
        store_as(dx, sample * F::Input::size + static_cast<std::size_t>(c * F::H * F::W + in_sample), value);
      }
  }
}

template <class F, class T, class Y>
__global__ void __launch_bounds__(F::forward_threads) few_channels_forward_kernel(T const* x, T const* w, number_of<T> const* bias, Y y) {
  __shared__ __align__(16) number_of<T> filters[F::tile * F::taps], picture[F::picture];
  few_channels_forward<F>(Block<F::forward_threads>{}, x, w, bias, y, static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y), filters,
                          picture);
}
template <class F, class T>
__global__ void __launch_bounds__(F::weight_threads, sizeof(number_of<T>) == 4 ? 2 : 1)
    few_channels_weights_kernel(T const* x, T const* dy, int batch, double* partial) {
  __shared__ __align__(16) number_of<T> sums[F::tile * F::taps], picture[F::picture];
  few_channels_weights<F>(Block<F::weight_threads>{}, x, dy, batch, static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x),
                          static_cast<int>(blockIdx.y), sums, picture, partial);
}
template <class F, class T, class DX>
__global__ void __launch_bounds__(F::most_threads, 1) few_channels_data_kernel(T const* dy, T const* w, DX dx) {
  __shared__ __align__(16) number_of<T> filters[F::K * F::K * F::tile * F::padded_channels];
  few_channels_data<F>(Block<F::most_threads>{}, dy, w, dx, static_cast<int>(blockIdx.x), filters);
}

template <int C, int M, int K, int S, int P, class B, class T, class In>
  requires few_channels<C, M>
struct Planned<nn::Conv2d<C, M, K, S, P, B>, T, In> {
  template <class Keeps>
  static std::size_t bytes(Context<Cuda>&, int batch) {
    return std::is_same_v<Keeps, Forget> ? 0 : FewChannels<nn::Conv2d<C, M, K, S, P, B>, T, In>::bytes(batch);
  }
};
}  // namespace berl::gpu

template <int C, int M, int K, int S, int P, class B>
  requires berl::gpu::few_channels<C, M>
struct berl::Kernel<berl::nn::Conv2d<C, M, K, S, P, B>, berl::Cuda> {
  static constexpr char const* name = "berl::nn::Conv2d";
  template <class T, class In>
  using Shares = gpu::FewChannels<nn::Conv2d<C, M, K, S, P, B>, T, In>;

  template <class In, class T, class Params, class Y>
  static void forward(Context<Cuda>& ctx, Params const& p, Read<T, In, Cuda> x, Y y) {
    using F = Shares<T, In>;
    gpu::require_aligned(name, y.data()), gpu::require_aligned(name, nn::detail::whole_base(y));
    gpu::launch(ctx, name, gpu::few_channels_forward_kernel<F, T, Y>,
                {dim3(static_cast<unsigned>(x.batch() * F::bands), F::parts), F::forward_threads}, x.data(), p.weight.operand(),
                p.bias_data(), y);
  }
  template <class In, class T, class Params, class Out, class DX>
  static void backward(Context<Cuda>& ctx, Params& p, Read<T, In, Cuda> x, Read<T, Out, Cuda> dy, DX dx) {
    using F = Shares<T, In>;
    using Number = number_of<T>;
    if (x.batch() == 0) return;
    gpu::require_aligned(name, dy.data());
    int const slabs = F::slabs(x.batch());
    {
      Scope const scope(ctx.scratch);
      double* const partial = ctx.scratch.template take<double>(F::partial(x.batch()));
      gpu::launch(ctx, name, gpu::few_channels_weights_kernel<F, T>, {dim3(static_cast<unsigned>(slabs), F::parts), F::weight_threads},
                  x.data(), dy.data(), x.batch(), partial);
      gpu::launch(ctx, name, gpu::finish_kernel<1, F::weights, nn::detail::AddToGradient<Number>>, {F::weights, 64},
                  nn::detail::AddToGradient<Number>{p.weight.gradient()}, static_cast<double const*>(partial), slabs);
    }
    if constexpr (!skips<DX>)  // last, since dx may lie where x does
      gpu::launch(ctx, name, gpu::few_channels_data_kernel<F, T, DX>, {gpu::blocks_for(dx.size() / C, F::most_threads), F::most_threads},
                  dy.data(), p.weight.operand(), dx);
    if constexpr (std::is_same_v<B, nn::Bias>) gpu::bias_gradient(ctx, name, dy, p.bias.gradient());
  }
};
