#pragma once
#include <berl/core/arena.hpp>         // Arena, padded
#include <berl/core/error.hpp>         // Error
#include <berl/core/tensor.hpp>        // Tensor, samples
#include <berl/imaging/normals.hpp>    // normals
#include <berl/imaging/rasterize.hpp>  // rasterize
#include <berl/imaging/shading.hpp>    // canonical_image
#include <berl/imaging/viewpoint.hpp>  // viewpoint
#include <berl/imaging/warp.hpp>       // sampling_grid, sample

#include <algorithm>    // max
#include <cstdint>      // int32_t
#include <string>       // to_string
#include <type_traits>  // is_same_v
#include <utility>      // move

namespace berl::imaging {
/// What is rendered: canonical depth, albedo in [-1, 1], and the outputs of the light and the view network in [-1, 1].
template <class T, int S, class D = Host>
struct Scene {
  Read<T, Shape<1, S, S>, D> depth;
  Read<T, Shape<3, S, S>, D> albedo;
  Read<T, Shape<4, 1, 1>, D> light;
  Read<T, Shape<6, 1, 1>, D> view;

  Scene images(int first, int count) const {
    return {samples(depth, first, count), samples(albedo, first, count), samples(light, first, count), samples(view, first, count)};
  }
};

/// The maps of a rendering, all kept for its pull-back, in memory that its owner has planned.
///   units  image: as seen in the actual view, 0 where mask is 0; depth: likewise, in [depth_min - margin, depth_max + margin];
///          drawn and faces as in rasterize
template <class T, int S, class D = Host>
struct Rendering {
  Write<T, Shape<3, S, S>, D> normal, canonical;
  Write<T, Shape<12, 1, 1>, D> movement;
  Write<T, Shape<1, S, S>, D> drawn, depth;
  Write<std::int32_t, Shape<1, S, S>, D> faces;
  Write<T, Shape<2, S, S>, D> grid;
  Write<T, Shape<1, S, S>, D> mask;
  Write<T, Shape<3, S, S>, D> image;

  /// What the constructor takes from its arena.
  static constexpr std::size_t bytes(int batch, int supersampling = Settings{}.supersampling) {
    auto const n = static_cast<std::size_t>(batch), map = n * S * S, A = static_cast<std::size_t>(supersampling);
    return (3 * padded<T>(3 * map) + padded<T>(2 * map) + 3 * padded<T>(map) + padded<T>(12 * n)) * sizeof(T) +
           padded<std::int32_t>(A * A * map) * sizeof(std::int32_t);
  }
  Rendering(Arena& arena, int batch, int supersampling = Settings{}.supersampling)
      : normal(take<3>(arena, batch)),
        canonical(take<3>(arena, batch)),
        movement{arena.take<T>(12 * static_cast<std::size_t>(batch)), batch},
        drawn(take<1>(arena, batch)),
        depth(take<1>(arena, batch)),
        faces{arena.take<std::int32_t>(static_cast<std::size_t>(batch * supersampling * supersampling) * S * S),
              batch * supersampling * supersampling},
        grid(take<2>(arena, batch)),
        mask(take<1>(arena, batch)),
        image(take<3>(arena, batch)) {}
  Rendering images(int first, int count) const {
    int const rasters = image.batch() > 0 ? faces.batch() / image.batch() : 0;
    Rendering part = *this;
    part.normal = samples(normal, first, count);
    part.canonical = samples(canonical, first, count);
    part.movement = samples(movement, first, count);
    part.drawn = samples(drawn, first, count);
    part.depth = samples(depth, first, count);
    part.faces = samples(faces, first * rasters, count * rasters);
    part.grid = samples(grid, first, count);
    part.mask = samples(mask, first, count);
    part.image = samples(image, first, count);
    return part;
  }

 private:
  template <int C>
  static Write<T, Shape<C, S, S>, D> take(Arena& arena, int batch) {
    return {arena.take<T>(static_cast<std::size_t>(batch) * C * S * S), batch};
  }
};

namespace detail {
inline void expect_batch(char const* what, int found, int expected) {
  if (found != expected)
    throw Error("berl::imaging::render", std::to_string(found) + " " + what, std::to_string(expected) + ", one for each depth map",
                "Pass batches of one size.");
}
template <class V>
void expect_gradients(char const* what, V const& view, int expected) {
  if constexpr (!skips<V>) expect_batch(what, view.batch(), expected);
}
template <class T, int S, class D>
void expect_scene(Settings const& settings, Scene<T, S, D> const& scene, Rendering<T, S, D> const& to) {
  int const batch = scene.depth.batch(), A = settings.supersampling;
  if (A < 1)
    throw Error("berl::imaging::Settings", "supersampling " + std::to_string(A), "at least 1", "1 is one sample per pixel, 2 the default.");
  expect_batch("albedo maps", scene.albedo.batch(), batch);
  expect_batch("lights", scene.light.batch(), batch);
  expect_batch("viewpoints", scene.view.batch(), batch);
  expect_batch("images to render into", to.image.batch(), batch);
  expect_batch("rasters to draw into", to.faces.batch() / (A * A), batch);
}
/// The view itself, or none where its gradient is not wanted.
template <bool wanted, class T, class S, class D>
auto when(Write<T, S, D> view) {
  if constexpr (wanted)
    return view;
  else
    return Skip<T, S, D>(view.data(), view.batch());
}
/// The same memory, to be added to, after a first gradient has been put there.
template <class V>
auto also(V view) {
  using Next = Add<typename V::element, typename V::shape, typename V::device>;
  if constexpr (skips<V>)
    return view;
  else
    return Next(view.data(), view.batch());
}

/// What either direction takes from scratch where all steps run over the whole batch.
template <class T, int S>
constexpr std::size_t render_whole_bytes(int batch, int threads, int supersampling) {
  auto const n = static_cast<std::size_t>(batch);
  return (2 * padded<T>(n * 3 * S * S) + padded<T>(n * 2 * S * S) + padded<T>(n * S * S) + padded<T>(n * 12)) * sizeof(T) +
         rasterize_scratch_bytes<T, S>(supersampling, batch, threads);
}

/// Calls body(context, first, count) for images first ... first + count - 1. On the host each thread takes its images one by one through
/// all steps, so that an image's maps stay in the thread's cache; where images are fewer than threads, the threads share the longer steps.
template <class T, int S, class D, class Body>
void for_images(Context<D>& ctx, Settings const& settings, int batch, Body const& body) {
  if constexpr (std::is_same_v<D, Host>)
    if (batch >= ctx.threads) {
      Scope const scope(ctx.scratch);
      int const runs = ctx.threads;
      std::size_t const bytes = render_whole_bytes<T, S>(1, 1, settings.supersampling);
      std::byte* const block = ctx.scratch.template take<std::byte>(bytes * static_cast<std::size_t>(runs));
      return parallel_for(ctx, runs, [&](std::ptrdiff_t run) {
        Context<Host> one{1, Arena(block + bytes * static_cast<std::size_t>(run), bytes)};
        for (auto n = run * batch / runs; n < (run + 1) * batch / runs; ++n) body(one, static_cast<int>(n), 1);
      });
    }
  body(ctx, 0, batch);
}

template <class D, class T, int S>
void render_images(Context<D>& ctx, Settings const& settings, Scene<T, S, D> const& scene, Rendering<T, S, D> const& to) {
  normals(ctx, settings, scene.depth, to.normal);
  canonical_image(ctx, settings, scene.albedo, to.normal.read(), scene.light, to.canonical);
  viewpoint(ctx, settings, scene.view, to.movement);
  rasterize(ctx, settings, scene.depth, to.movement.read(), to.drawn, to.depth, to.faces);
  sampling_grid(ctx, settings, to.depth.read(), to.movement.read(), to.grid, to.mask);
  sample(ctx, settings, to.canonical.read(), to.grid.read(), to.mask.read(), to.image);
}
template <class D, class T, int S, class DDepth, class DAlbedo, class DLight, class DView>
void render_images_backward(Context<D>& ctx, Settings const& settings, Scene<T, S, D> const& scene, Rendering<T, S, D> const& kept,
                            Read<T, Shape<3, S, S>, D> d_image, DDepth d_depth, DAlbedo d_albedo, DLight d_light, DView d_view) {
  constexpr bool geometry = !skips<DDepth> || !skips<DView>, shaded = !skips<DDepth> || !skips<DAlbedo> || !skips<DLight>;
  Scope const scope(ctx.scratch);
  int const batch = scene.depth.batch();
  auto const n = static_cast<std::size_t>(batch);
  Write<T, Shape<3, S, S>, D> const d_canonical(ctx.scratch.template take<T>(n * 3 * S * S), batch);
  Write<T, Shape<3, S, S>, D> const d_normal(ctx.scratch.template take<T>(n * 3 * S * S), batch);
  Write<T, Shape<2, S, S>, D> const d_grid(ctx.scratch.template take<T>(n * 2 * S * S), batch);
  Write<T, Shape<1, S, S>, D> const d_rendered(ctx.scratch.template take<T>(n * S * S), batch);
  Write<T, Shape<12, 1, 1>, D> const d_movement(ctx.scratch.template take<T>(n * 12), batch);

  sample_backward(ctx, settings, kept.canonical.read(), kept.grid.read(), kept.mask.read(), d_image, when<shaded>(d_canonical),
                  when<geometry>(d_grid));
  if constexpr (geometry) {
    auto const moved = when<!skips<DView>>(d_movement);
    sampling_grid_backward(ctx, settings, kept.depth.read(), kept.movement.read(), d_grid.read(), d_rendered, moved);
    rasterize_backward(ctx, settings, scene.depth, kept.movement.read(), kept.drawn.read(), kept.faces.read(), d_rendered.read(), d_depth,
                       also(moved));
    viewpoint_backward(ctx, settings, scene.view, d_movement.read(), d_view);
  }
  if constexpr (shaded) {
    canonical_image_backward(ctx, settings, scene.albedo, kept.normal.read(), scene.light, d_canonical.read(), d_albedo,
                             when<!skips<DDepth>>(d_normal), d_light);
    normals_backward(ctx, settings, scene.depth, d_normal.read(), also(d_depth));
  }
}
}  // namespace detail

/// What either direction takes from the context's scratch for so many images, or fewer; threads are the host's.
template <class T, int S, class D = Host>
constexpr std::size_t render_scratch_bytes(int batch, int threads, int supersampling = Settings{}.supersampling) {
  if (!std::is_same_v<D, Host>) return detail::render_whole_bytes<T, S>(batch, 1, supersampling);
  std::size_t most = batch >= threads ? static_cast<std::size_t>(threads) * detail::render_whole_bytes<T, S>(1, 1, supersampling) : 0;
  for (int n = 1; n <= batch && n < threads; ++n)  // fewer images may take more: they are split into bands
    most = std::max(most, detail::render_whole_bytes<T, S>(n, threads, supersampling));
  return most;
}

/// I_hat = P(I_c, d, w): the canonical image (he2022, Eq. 1) as seen from the viewpoint (Eqs. 2-4).
///   errors   berl::Error, when the batches differ in size
///   scratch  render_scratch_bytes
template <class D, class T, int S>
void render(Context<D>& ctx, Settings const& settings, Scene<T, S, D> const& scene, Rendering<T, S, D> const& to) {
  detail::expect_scene(settings, scene, to);
  detail::for_images<T, S>(ctx, settings, scene.depth.batch(), [&](Context<D>& mine, int first, int count) {
    detail::render_images(mine, settings, scene.images(first, count), to.images(first, count));
  });
}

/// The pull-back of render, in the opposite order; each gradient is Write, Add or Skip. The mask has no gradient.
template <class D, class T, int S, class DDepth, class DAlbedo, class DLight, class DView>
void render_backward(Context<D>& ctx, Settings const& settings, Scene<T, S, D> const& scene, Rendering<T, S, D> const& kept,
                     Read<T, Shape<3, S, S>, D> d_image, DDepth d_depth, DAlbedo d_albedo, DLight d_light, DView d_view) {
  detail::expect_scene(settings, scene, kept);
  int const batch = scene.depth.batch();
  detail::expect_batch("gradients of images", d_image.batch(), batch);
  detail::expect_gradients("gradients of depth maps", d_depth, batch);
  detail::expect_gradients("gradients of albedo maps", d_albedo, batch);
  detail::expect_gradients("gradients of lights", d_light, batch);
  detail::expect_gradients("gradients of viewpoints", d_view, batch);
  detail::for_images<T, S>(ctx, settings, scene.depth.batch(), [&](Context<D>& mine, int first, int count) {
    detail::render_images_backward(mine, settings, scene.images(first, count), kept.images(first, count), samples(d_image, first, count),
                                   samples(d_depth, first, count), samples(d_albedo, first, count), samples(d_light, first, count),
                                   samples(d_view, first, count));
  });
}

template <class T, int S>
struct SceneTensors {
  Tensor<T, Shape<1, S, S>> depth;
  Tensor<T, Shape<3, S, S>> albedo;
  Tensor<T, Shape<4, 1, 1>> light;
  Tensor<T, Shape<6, 1, 1>> view;

  Scene<T, S> read() const { return {depth.read(), albedo.read(), light.read(), view.read()}; }
};

/// A rendering that owns all it needs: the image, the other maps, and the pull-back.
template <class T, int S>
class RenderedImage {
 public:
  RenderedImage(SceneTensors<T, S> scene, Settings const& settings, int threads)
      : scene_(std::move(scene)),
        settings_(settings),
        threads_(threads),
        memory_(Rendering<T, S>::bytes(scene_.depth.batch(), settings.supersampling)),
        maps_(memory_, scene_.depth.batch(), settings.supersampling) {
    auto ctx = context();
    render(ctx, settings_, scene_.read(), maps_);
  }
  Read<T, Shape<3, S, S>, Host> read() const { return maps_.image.read(); }
  Rendering<T, S> const& maps() const { return maps_; }

  /// The gradients of depth, albedo, light and view, given that of the image.
  SceneTensors<T, S> pull(Read<T, Shape<3, S, S>, Host> d_image) const {
    int const batch = scene_.depth.batch();
    SceneTensors<T, S> d{Tensor<T, Shape<1, S, S>>(batch), Tensor<T, Shape<3, S, S>>(batch), Tensor<T, Shape<4, 1, 1>>(batch),
                         Tensor<T, Shape<6, 1, 1>>(batch)};
    auto ctx = context();
    render_backward(ctx, settings_, scene_.read(), maps_, d_image, d.depth.write(), d.albedo.write(), d.light.write(), d.view.write());
    return d;
  }
  SceneTensors<T, S> pull(Tensor<T, Shape<3, S, S>> const& d_image) const { return pull(d_image.read()); }

 private:
  Context<Host> context() const {
    return {threads_, Arena(render_scratch_bytes<T, S>(scene_.depth.batch(), threads_, settings_.supersampling))};
  }
  SceneTensors<T, S> scene_;
  Settings settings_;
  int threads_;
  Arena memory_;
  Rendering<T, S> maps_;
};

/// The renderer alone: auto const image = render<64>(depth, albedo, light, view);  auto const d = image.pull(d_image);
template <int S, class T>
RenderedImage<T, S> render(Tensor<T, Shape<1, S, S>> depth, Tensor<T, Shape<3, S, S>> albedo, Tensor<T, Shape<4, 1, 1>> light,
                           Tensor<T, Shape<6, 1, 1>> view, Settings const& settings = {}, int threads = 1) {
  if (settings.supersampling < 1)
    throw Error("berl::imaging::Settings", "supersampling " + std::to_string(settings.supersampling), "at least 1", "The default is 2.");
  return {{std::move(depth), std::move(albedo), std::move(light), std::move(view)}, settings, threads};
}

namespace detail {
template <class T>
T within(char const* what, double value, double middle, double range) {
  if (range == 0 && value != middle)
    throw Error(what, std::to_string(value), std::to_string(middle) + ", as the settings allow nothing else",
                "Widen the range in Settings.");
  return range == 0 ? T(0) : T((value - middle) / range);
}
}  // namespace detail

/// The six numbers of a viewpoint, for turning a face: view_at<float>(settings, 0, yaw, 0). Angles beyond the range are allowed.
///   units  degrees; positive yaw turns about y, which points down, as x right and z away from the camera
template <class T>
Tensor<T, Shape<6, 1, 1>> view_at(Settings const& s, double pitch, double yaw, double roll, double x = 0, double y = 0, double z = 0) {
  Tensor<T, Shape<6, 1, 1>> view(1);
  double const turns[3] = {pitch, yaw, roll}, shifts[3] = {x, y, z};
  for (std::size_t i = 0; i < 3; ++i) {
    view[i] = detail::within<T>("berl::imaging::view_at, an angle", turns[i], 0, s.rotation_range);
    view[3 + i] = detail::within<T>("berl::imaging::view_at, a shift", shifts[i], 0, i < 2 ? s.translation_range : s.z_translation_range);
  }
  return view;
}

/// The four numbers of a light, for relighting: light_at<float>(settings, 0.4, 0.6, {-1, 0, 1}).
///   units  ambient and diffuse of full scale; direction points away from the camera as normals do: z > 0, of any length
template <class T>
Tensor<T, Shape<4, 1, 1>> light_at(Settings const& s, double ambient, double diffuse, Vector<double> direction) {
  if (!(direction.z > 0))
    throw Error("berl::imaging::light_at", "a direction with z = " + std::to_string(direction.z), "z > 0",
                "Light comes from the camera's side; (0, 0, 1) is frontal light.");
  Tensor<T, Shape<4, 1, 1>> light(1);
  light[0] = detail::within<T>("berl::imaging::light_at, the ambient light", ambient, (s.ambient_max + s.ambient_min) / 2,
                               (s.ambient_max - s.ambient_min) / 2);
  light[1] = detail::within<T>("berl::imaging::light_at, the diffuse light", diffuse, (s.diffuse_max + s.diffuse_min) / 2,
                               (s.diffuse_max - s.diffuse_min) / 2);
  light[2] = T(direction.x / direction.z);
  light[3] = T(direction.y / direction.z);
  return light;
}
}  // namespace berl::imaging
