#pragma once
#include <berl/data/synthetic_face.hpp>  // SyntheticFaces
#include <berl/eval/geometry.hpp>        // geometry_errors
#include <berl/io/safetensors.hpp>       // SafeTensors

#include <fstream>

#include "networks/network.hpp"  // Network
#include "pictures.hpp"          // Progress

/// Depth and normals of rendered faces against their truth.
namespace evaluate {
namespace shapes {
using namespace berl;
constexpr int S = 64;
using Map = Shape<1, S, S>;

/// The first column of a CSV with a heading, as paths relative to it.
inline std::vector<std::string> listed_pictures(std::filesystem::path const& list) {
  std::ifstream file(list);
  if (!file) throw Error(list.string(), "no such file", "a CSV whose first column is path", "Give the list that belongs to the truth.");
  std::vector<std::string> paths;
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line))
    if (auto const path = line.substr(0, line.find_first_of(",\r")); !path.empty()) paths.push_back((list.parent_path() / path).string());
  if (paths.empty())
    throw Error(list.string(), "no picture", "a line for each of the truth, below the heading", "Give the list that belongs to the truth.");
  return paths;
}

/// Mean canonical depth over all people of the truth, where a face is in more than half of them.
inline Tensor<float, Map> mean_face(io::SafeTensors const& truth, imaging::Settings const& settings) {
  auto const shape = truth.shape("canon_depth");
  std::int64_t const people_given = shape.empty() ? 0 : shape.front();
  auto const depth = truth.get<float>("canon_depth", {people_given, S, S});
  if (depth.empty()) throw Error(truth.file(), "no people in canon_depth", "one at least", "Give the truth with its canonical faces.");
  Tensor<float, Map> mean(1);
  auto const people = static_cast<std::size_t>(people_given);
  for (std::size_t p = 0; p < mean.size(); ++p) {
    double sum = 0, count = 0;
    for (std::size_t k = 0; k < people; ++k)
      if (float const d = depth[k * mean.size() + p]; d > 0) sum += static_cast<double>(d), count += 1;
    mean[p] = static_cast<float>(2 * count > static_cast<double>(people) ? sum / count : settings.depth_max);
  }
  return mean;
}

/// What is seen of a face: the depth in the picture's view, and 1 where it shows the face.
struct Seen {
  Tensor<float, Map> depth{1}, mask{1};
};
/// Means over all pictures: of what was found, of a flat face, and of the mean face of the truth in the true view.
struct Errors {
  eval::GeometryError found, flat, mean_face;
};

/// What is true of some pictures: the depth in each one's view, 0 where no face is; the view; and the mean face of some people.
struct Truth {
  std::vector<float> depth, view;
  Tensor<float, Map> mean{1};
};
/// errors  Error: a truth of another form or another number of pictures
inline Truth read_truth(io::SafeTensors const& file, std::size_t pictures, imaging::Settings const& settings) {
  auto const n = static_cast<std::int64_t>(pictures);
  return {file.get<float>("depth", {n, S, S}), file.get<float>("view", {n, 6}), mean_face(file, settings)};
}
/// That of synthetic faces, without hair and neck; the mean face is that of other people of their world.
inline Truth synthetic_truth(data::SyntheticFaces const& faces, imaging::Settings const& settings) {
  Truth truth;
  for (int i = 0; i < faces.size(); ++i) {
    auto const t = faces.truth(i);
    for (std::size_t p = 0; p < Map::size; ++p)
      truth.depth.push_back((t.mask[p] & ~data::SyntheticTruth::occluded) == static_cast<int>(data::SurfaceKind::face) ? t.depth[p] : 0.f);
    for (double const v : t.view) truth.view.push_back(static_cast<float>(v));
  }
  data::SyntheticFaces const others({.seed = faces.world().seed, .identities = 40, .pictures_per_identity = 1});
  for (std::size_t p = 0; p < Map::size; ++p) truth.mean[p] = 0;
  std::vector<float> seen(Map::size);
  for (int k = 0; k < others.size(); ++k) {
    auto const t = others.truth(k);
    for (std::size_t p = 0; p < Map::size; ++p)
      if (t.canonical_depth[p] > 0) truth.mean[p] += t.canonical_depth[p], seen[p] += 1;
  }
  for (std::size_t p = 0; p < Map::size; ++p)
    truth.mean[p] = seen[p] > 0 ? truth.mean[p] / seen[p] : static_cast<float>(settings.depth_max);
  return truth;
}

/// `look(first, count)` gives the Seen of so many pictures. settings.normal_epsilon decides what normals are compared.
template <class Look>
Errors measure(Truth const& truth, std::size_t pictures, imaging::Settings const& settings, Look const& look) {
  auto const &depth = truth.depth, &view = truth.view;
  auto turn = settings;
  turn.raster_offset = imaging::RasterOffset::centred;
  turn.z_translation_range = 0.1;
  auto const& mean = truth.mean;
  Tensor<float, Shape<3, S, S>> const grey(1);
  auto const lit = imaging::light_at<float>(turn, 0.5, 0.5, {0, 0, 1});
  Context<Host> ctx;
  std::vector<eval::GeometryError> found, flat, average;
  Tensor<float, Map> plane(1, 1.f);
  constexpr std::size_t batch = 32;
  Progress progress(pictures);
  for (std::size_t first = 0; first < pictures; first += batch) {
    std::vector<Seen> const faces = look(first, std::min(batch, pictures - first));
    for (std::size_t k = 0; k < faces.size(); ++k) {
      std::size_t const i = first + k;
      float const* const w = view.data() + 6 * i;
      constexpr double degrees = 180 / 3.14159265358979;
      auto const turned = imaging::render<S>(
          mean, grey, lit, imaging::view_at<float>(turn, w[0] * degrees, w[1] * degrees, w[2] * degrees, w[3], w[4], w[5]), turn);
      Tensor<float, Map> there(1), mask(1);
      for (std::size_t p = 0; p < there.size(); ++p) {
        float const d = depth[i * there.size() + p];
        there[p] = d > 0 ? d : static_cast<float>(settings.depth_max);
        mask[p] = d > 0 && faces[k].mask[p] > 0.5f && turned.maps().mask.data()[p] > 0.5f ? 1.f : 0.f;
      }
      auto const inside = eval::erode(mask.read());
      auto const compare = [&](auto& errors, Read<float, Map, Host> d) {
        errors.push_back(eval::geometry_errors(ctx, settings, d, there.read(), inside.read()).front());
      };
      compare(found, faces[k].depth.read());
      compare(flat, plane.read());
      compare(average, turned.maps().depth.read());
    }
    progress.at(first + faces.size());
  }
  return {eval::mean(found), eval::mean(flat), eval::mean(average)};
}

/// What a network sees of pictures, and how far its reconstructions are from them on the mean.
struct Sight {
  Network const& network;
  double l1 = 0;
  std::vector<Seen> operator()(std::span<io::Image const> pictures, std::size_t of) {
    std::vector<Seen> seen(pictures.size());
    auto const faces = network.explain(pictures);
    for (std::size_t k = 0; k < faces.size(); ++k) {
      copy(faces[k].seen_depth.read(), seen[k].depth.write()), copy(faces[k].mask.read(), seen[k].mask.write());
      l1 += faces[k].l1 / static_cast<double>(of);
    }
    return seen;
  }
};

/// The same of a network, in whose settings normals are given length 1, so that equal ones are no angle apart; or the published ones.
inline Errors measure(Network const& network, std::string const& truth_path, std::string const& list, bool published_normals = false) {
  auto const paths = listed_pictures(list);
  auto settings = network.info().imaging;
  if (!published_normals) settings.normal_epsilon = 0;
  Sight sight{network};
  return measure(read_truth(io::SafeTensors::read(truth_path), paths.size(), settings), paths.size(), settings,
                 [&](std::size_t first, std::size_t count) {
                   std::vector<io::Image> pictures;
                   for (std::size_t i = first; i < first + count; ++i)
                     pictures.push_back(data::fit_square(io::read_image(paths[i], data::smallest_side), 112));
                   return sight(pictures, paths.size());
                 });
}
/// The same of synthetic faces, normals of length 1; with the mean difference of pictures and reconstructions, of a range from -1 to 1.
struct SyntheticErrors {
  Errors shape;
  double l1;
};
inline SyntheticErrors measure(Network const& network, data::SyntheticFaces const& faces) {
  auto settings = network.info().imaging;
  settings.normal_epsilon = 0;
  Sight sight{network};
  auto const n = static_cast<std::size_t>(faces.size());
  auto const errors = measure(synthetic_truth(faces, settings), n, settings, [&](std::size_t first, std::size_t count) {
    std::vector<io::Image> pictures;
    for (std::size_t i = first; i < first + count; ++i) pictures.push_back(faces.load(static_cast<int>(i)));
    return sight(pictures, n);
  });
  return {errors, sight.l1};
}
}  // namespace shapes
}  // namespace evaluate
