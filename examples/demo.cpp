// The main job in five minutes on two cores: a small network learns faces in three stages and is then tried on people that it never
// saw, for who they are and for the shape of their faces.
#include <berl/data/remembered.hpp>
#include <berl/data/synthetic_face.hpp>
#include <berl/eval/explain.hpp>
#include <berl/eval/faces.hpp>
#include <berl/eval/geometry.hpp>
#include <berl/eval/verification.hpp>
#include <berl/io/atomic_file.hpp>
#include <berl/io/json.hpp>
#include <berl/model.hpp>
#include <berl/train/session.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <thread>

#include "strata.hpp"  // strata, conditions_of

using namespace berl;

namespace {
constexpr int S = 64;
using Network = Model<networks::IResNet<2, 2, 2, 2, 16, 112, 128>>;
using Session = train::Session<Network, data::Remembered<data::SyntheticFaces>>;
using Map = Shape<1, S, S>;
constexpr Seed world{7};
constexpr int unseen_first = 100'000, unseen_people = 40, unseen_pictures = 10;

/// Pairs of pictures of unseen people, half of them of one person, and what makes a pair hard.
struct Pairs {
  std::vector<std::pair<int, int>> pictures;
  std::vector<std::uint8_t> same;
  std::vector<std::pair<std::string, std::vector<std::uint8_t>>> strata;

  explicit Pairs(data::SyntheticFaces const& faces) {
    Random random(named(world, "pairs"));
    auto const any = [&](int person) { return person * unseen_pictures + static_cast<int>(random.below(unseen_pictures)); };
    for (int k = 0; k < 2000; ++k) {
      int const a = static_cast<int>(random.below(unseen_people));
      int const b = k % 2 == 0 ? a : (a + 1 + static_cast<int>(random.below(unseen_people - 1))) % unseen_people;
      int const first = any(a);
      int second = any(b);
      while (second == first) second = any(b);
      pictures.emplace_back(first, second);
      same.push_back(k % 2 == 0);
    }
    std::vector<Conditions> conditions;
    for (int i = 0; i < faces.size(); ++i) conditions.push_back(conditions_of(faces, i));
    for (auto const& stratum : ::strata) {
      std::vector<std::uint8_t> members;
      for (auto const& [a, b] : pictures)
        members.push_back(stratum.contains(harder(conditions[static_cast<std::size_t>(a)], conditions[static_cast<std::size_t>(b)])));
      strata.emplace_back(stratum.name, std::move(members));
    }
  }
};

/// Accuracy of ten folds over all pairs, and that of the same thresholds on each stratum.
nlohmann::ordered_json verify(Session& session, data::SyntheticFaces const& faces, Pairs const& pairs) {
  std::vector<io::Image> pictures;
  for (int i = 0; i < faces.size(); ++i) pictures.push_back(faces.load(i));
  auto const embeddings = session.embed(pictures);
  std::vector<double> distances;
  for (auto const& [a, b] : pairs.pictures)
    distances.push_back(eval::squared_distance(std::span<float const>(embeddings[static_cast<std::size_t>(a)]),
                                               std::span<float const>(embeddings[static_cast<std::size_t>(b)])));
  auto const all = eval::fold_accuracy(distances, pairs.same);
  nlohmann::ordered_json result{{"all", all.mean}};
  for (auto const& [name, members] : pairs.strata) result[name] = eval::stratum_accuracy(all, distances, pairs.same, members);
  return result;
}

/// The mean canonical depth of people it was trained on: what one knows of a face before one has seen it.
Tensor<float, Map> mean_face(data::SyntheticFaces const& faces, imaging::Settings const& settings) {
  Tensor<float, Map> mean(1);
  std::vector<int> seen(S * S);
  for (int person = 0; person < std::min(40, faces.identities()); ++person) {
    auto const truth = faces.truth(person * (faces.size() / faces.identities()));
    for (std::size_t p = 0; p < S * S; ++p)
      if (truth.canonical_mask[p] != 0) mean[p] += truth.canonical_depth[p], ++seen[p];
  }
  for (std::size_t p = 0; p < S * S; ++p)
    mean[p] = seen[p] > 0 ? mean[p] / static_cast<float>(seen[p]) : static_cast<float>(settings.depth_max);
  return mean;
}

/// Depth and normals against the truth, where the face is seen; beside them a flat face and the mean face in the true view.
nlohmann::ordered_json shape_errors(data::SyntheticFaces const& faces, std::vector<eval::Explanation<S>> const& found,
                                    Tensor<float, Map> const& mean, imaging::Settings settings) {
  settings.normal_epsilon = 0;  // unit normals, so that equal ones are no angle apart
  Context<Host> ctx;
  std::vector<eval::GeometryError> network, flat, average;
  Tensor<float, Map> truth(1), mask(1), plane(1, 1.f);
  for (int i = 0; i < faces.size(); ++i) {
    auto const t = faces.truth(i);
    auto const& e = found[static_cast<std::size_t>(i)];
    constexpr double degrees = 180 / 3.14159265358979;
    auto seen = settings;
    seen.raster_offset = imaging::RasterOffset::centred;
    seen.z_translation_range = 0.1;
    Tensor<float, Shape<3, S, S>> const grey(1);
    auto const turned = imaging::render<S>(
        mean, grey, imaging::light_at<float>(seen, 0.5, 0.5, {0, 0, 1}),
        imaging::view_at<float>(seen, t.view[0] * degrees, t.view[1] * degrees, t.view[2] * degrees, t.view[3], t.view[4], t.view[5]),
        seen);
    for (std::size_t p = 0; p < S * S; ++p) {
      truth[p] = t.depth[p] > 0 ? t.depth[p] : static_cast<float>(settings.depth_max);
      bool const face = (t.mask[p] & ~data::SyntheticTruth::occluded) == 1;
      mask[p] = face && e.mask[p] > 0.5f && turned.maps().mask.data()[p] > 0.5f ? 1.f : 0.f;
    }
    auto const inside = eval::erode(mask.read());
    auto const compare = [&](auto& errors, Read<float, Map, Host> depth) {
      errors.push_back(eval::geometry_errors(ctx, settings, depth, truth.read(), inside.read()).front());
    };
    compare(network, e.seen_depth.read());
    compare(flat, plane.read());
    compare(average, turned.maps().depth.read());
  }
  auto const n = eval::mean(network), f = eval::mean(flat), a = eval::mean(average);
  return {{"side", n.side},           {"mad", n.mad},          {"side_flat", f.side}, {"mad_flat", f.mad},
          {"side_mean_face", a.side}, {"mad_mean_face", a.mad}};
}
double mean_l1(std::vector<eval::Explanation<S>> const& faces) {
  double sum = 0;
  for (auto const& face : faces) sum += face.l1;
  return sum / static_cast<double>(faces.size());
}
}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Trains a small network on synthetic faces in three stages, and measures it on people that it never saw."};
  std::filesystem::path out = "out/demo";
  double length = 1;
  int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  app.add_option("--out", out, "Folder for the results")->capture_default_str();
  app.add_option("--length", length, "Steps, as a multiple of the default")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--threads", threads, "Threads; the results are the same for any number")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  std::filesystem::remove_all(out);
  train::Config config;
  auto const steps = [length](double n) { return std::max(1L, std::lround(n * length)); };
  config.batch = 32;
  config.flip = 0.5;
  config.smoothness = 0.3;  // without it ripples may grow across the depth in so short a training, or not: a rounding decides
  config.stage[0] = {.steps = steps(300), .lr = 0.05, .warm_up = 20};
  config.stage[1] = {.steps = steps(650), .adam_lr = 5e-4};
  config.stage[2] = {.steps = steps(80), .lr = 0.005, .adam_lr = 5e-4};
  config.checkpoint_every = 1000;

  // Trained on moderate poses, tried on all: a yaw beyond 45 degrees is new to the network.
  data::SyntheticFaces const people(
      {.seed = world, .identities = 100, .pictures_per_identity = 20, .options = {.yaw = {-45, 45}, .pitch = {-15, 15}}});
  data::SyntheticFaces const unseen(
      {.seed = world, .identities = unseen_people, .pictures_per_identity = unseen_pictures, .first_identity = unseen_first});
  Pairs const pairs(unseen);
  std::vector<io::Image> pictures;
  for (int i = 0; i < unseen.size(); ++i) pictures.push_back(unseen.load(i));

  data::Remembered const seen(people);  // drawing a face takes longer than a step
  Session session(seen, {.config = config, .seed = 1, .threads = threads, .out = out});
  auto const explain = [&] {
    eval::Explainer<Network> explainer(session.trainer().parameters(), {.batch = 32, .threads = threads, .imaging = config.imaging});
    return explainer(std::span<io::Image const>(pictures));
  };
  nlohmann::ordered_json verification, l1;
  session.after_stage = [&](Session& s, train::Stage stage) {
    if (stage == train::Stage::recognition) {
      verification["baseline"] = verify(s, unseen, pairs);
      l1["before"] = mean_l1(explain());
    } else if (stage == train::Stage::joint) {
      verification["joint"] = verify(s, unseen, pairs);
    }
  };
  session.run();
  auto const faces = explain();
  l1["after"] = mean_l1(faces);

  std::vector<eval::Explanation<S>> shown;
  for (int person = 0; person < 12; ++person) shown.push_back(faces[static_cast<std::size_t>(person * unseen_pictures)]);
  eval::faces_png((out / "faces.png").string(), std::span<eval::Explanation<S> const>(shown));
  auto summary = session.summary();
  summary["verification"] = verification;
  summary["reconstruction_l1"] = l1;
  auto const depth = summary["depth"] = shape_errors(unseen, faces, mean_face(people, config.imaging), config.imaging);
  summary["seconds"] = session.seconds();
  io::write_file((out / "summary.json").string(), io::json_text(summary, 2) + "\n");

  auto const percent = [](nlohmann::ordered_json const& x) { return 100 * x.get<double>(); };
  fmt::print("\n{} pictures of {} people who were not trained on\n\n", unseen.size(), unseen_people);
  fmt::print("{:<34}{:>10}{:>10}\n", "verification accuracy, %", "stage 1", "joint");
  for (auto const& [name, value] : verification["baseline"].items())
    fmt::print("  {:<32}{:>10.2f}{:>10.2f}\n", name, percent(value), percent(verification["joint"][name]));
  fmt::print("{:<34}{:>10}{:>10}\n", "reconstruction", "before", "after");
  fmt::print("  {:<32}{:>10.4f}{:>10.4f}\n", "L1, of a range from -1 to 1", l1["before"].get<double>(), l1["after"].get<double>());
  fmt::print("{:<34}{:>10}{:>10}{:>10}\n", "shape", "network", "flat", "mean face");
  fmt::print("  {:<32}{:>10.3f}{:>10.3f}{:>10.3f}\n", "depth error SIDE, x 100", percent(depth["side"]), percent(depth["side_flat"]),
             percent(depth["side_mean_face"]));
  fmt::print("  {:<32}{:>10.2f}{:>10.2f}{:>10.2f}\n", "normal error MAD, degrees", depth["mad"].get<double>(),
             depth["mad_flat"].get<double>(), depth["mad_mean_face"].get<double>());
  fmt::print("\n{:.0f} s; faces taken apart: {}; figures: {}\n", session.seconds(), (out / "faces.png").string(),
             (out / "summary.json").string());
  return 0;
} catch (std::exception const& e) {
  fmt::print(stderr, "demo: {}\n", e.what());
  return 2;
}
