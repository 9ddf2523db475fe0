// How good are the shapes that a network sees? Compares depth and normals with the truth of rendered faces.
#include <berl/eval/geometry.hpp>   // geometry_errors
#include <berl/io/safetensors.hpp>  // SafeTensors

#include <fstream>

#include "command_line.hpp"      // CommandLine
#include "networks/network.hpp"  // Network
#include "pictures.hpp"          // Progress

namespace {
using namespace berl;
constexpr int S = 64;
using Map = Shape<1, S, S>;

/// The first column of a CSV with a heading, as paths relative to it.
std::vector<std::string> listed_pictures(std::filesystem::path const& list) {
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
Tensor<float, Map> mean_face(io::SafeTensors const& truth, imaging::Settings const& settings) {
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

int run(int argc, char** argv) {
  std::string truth_path, list;
  CommandLine line("shape", "Compares the shapes that a network sees with the truth of rendered faces.");
  line.add_option("--truth", truth_path,
                  "a .safetensors with depth [N,64,64] (0 where there is no face), view [N,6] and canon_depth [people,64,64]")
      ->required();
  line.add_option("--list", list, "a CSV with a heading, whose first column is the picture of each line of the truth")->required();
  line.footer(
      "\nPrinted: SIDE, the scale-invariant error of the depth in the picture's view (times 100), and MAD, the mean angle between normals\n"
      "in degrees, over all pictures, where the truth and the network see the face; beside the network a flat face, and the mean face\n"
      "of the truth in the true view, which no network is told.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  auto const network = line.open();
  auto const truth = io::SafeTensors::read(truth_path);
  auto const paths = listed_pictures(list);
  auto const depth = truth.get<float>("depth", {static_cast<std::int64_t>(paths.size()), S, S});
  auto const view = truth.get<float>("view", {static_cast<std::int64_t>(paths.size()), 6});

  imaging::Settings settings = network->info().imaging;
  settings.normal_epsilon = 0;  // unit normals, so that equal ones are no angle apart
  auto seen = settings;
  seen.raster_offset = imaging::RasterOffset::centred;
  seen.z_translation_range = 0.1;
  auto const mean = mean_face(truth, settings);
  Tensor<float, Shape<3, S, S>> const grey(1);
  auto const lit = imaging::light_at<float>(seen, 0.5, 0.5, {0, 0, 1});
  Context<Host> ctx;
  std::vector<eval::GeometryError> found, flat, average;
  Tensor<float, Map> plane(1, 1.f);
  constexpr std::size_t batch = 32;
  std::optional<Progress> progress(paths.size());
  for (std::size_t first = 0; first < paths.size(); first += batch) {
    std::vector<io::Image> pictures;
    for (std::size_t i = first; i < std::min(paths.size(), first + batch); ++i)
      pictures.push_back(data::fit_square(io::read_image(paths[i], data::smallest_side), 112));
    auto const faces = network->explain(pictures);
    for (std::size_t k = 0; k < faces.size(); ++k) {
      std::size_t const i = first + k;
      float const* const w = view.data() + 6 * i;
      constexpr double degrees = 180 / 3.14159265358979;
      auto const turned = imaging::render<S>(
          mean, grey, lit, imaging::view_at<float>(seen, w[0] * degrees, w[1] * degrees, w[2] * degrees, w[3], w[4], w[5]), seen);
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
      compare(found, faces[k].seen_depth.read());
      compare(flat, plane.read());
      compare(average, turned.maps().depth.read());
    }
    progress->at(first + faces.size());
  }
  progress.reset();  // a terminal's line of progress goes before the table comes
  auto const n = eval::mean(found), f = eval::mean(flat), a = eval::mean(average);
  fmt::print("{:<24}{:>12}{:>12}{:>12}\n", "", "network", "flat", "mean face");
  fmt::print("{:<24}{:>12.3f}{:>12.3f}{:>12.3f}\n", "SIDE x 100", 100 * n.side, 100 * f.side, 100 * a.side);
  fmt::print("{:<24}{:>12.2f}{:>12.2f}{:>12.2f}\n", "MAD, degrees", n.mad, f.mad, a.mad);
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("shape", [&] { return run(argc, argv); });
}
