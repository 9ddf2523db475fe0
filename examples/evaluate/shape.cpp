// Depth and normals of rendered faces, of a network or of depth maps from elsewhere.
#include "shapes.hpp"  // measure

#include "common.hpp"  // Common
#include "protocols.hpp"

namespace evaluate {
int shape(int argc, char** argv) {
  std::string truth, list;
  bool published = false;
  Common common;
  CommandLine line("evaluate shape", "Compares depth and normals with the truth of rendered faces.",
                   {"--depths",
                    "a .safetensors with `depth` [N,64,64] in the view of each picture, 0 where there is\n"
                    "no face, and 1 the distance from the camera to the face"});
  line.add_option("--truth", truth,
                  "a .safetensors with depth [N,64,64] (0 where there is no face), view [N,6] and canon_depth [people,64,64]")
      ->required();
  line.add_option("--list", list, "with --model: a CSV with a heading, whose first column is the picture of each line of the truth");
  line.add_flag("--published-normals", published,
                "normals as short as the published ones, by which equal flat faces are 6.5 degrees apart");
  common.add_out(line);
  line.footer(
      "\nOver all pictures, where truth and prediction show the face: SIDE, the scale-invariant error of the depth (times 100), MAD, the\n"
      "mean angle between normals in degrees, and the mean absolute (times 100) and squared (times 10000) error of the depth; beside\n"
      "ours a flat face, and the mean face of the truth in the true view, which no network is told.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  if (line.file().empty() && list.empty())
    throw berl::Error("--list", "none", "the pictures that the model is to see", "Give the list that belongs to the truth.");

  auto const errors = [&] {
    if (line.file().empty()) return shapes::measure(*line.open(), truth, list, published);
    auto const file = berl::io::SafeTensors::read(line.file());
    auto const& extents = file.shape("depth");
    auto const n = extents.empty() ? 0 : extents.front();
    auto const depth = file.get<float>("depth", {n, shapes::S, shapes::S});
    berl::imaging::Settings settings;
    if (!published) settings.normal_epsilon = 0;
    auto const count_of = static_cast<std::size_t>(n);
    return shapes::measure(shapes::read_truth(berl::io::SafeTensors::read(truth), count_of, settings), count_of, settings,
                           [&](std::size_t first, std::size_t count) {
                             std::vector<shapes::Seen> seen(count);
                             for (std::size_t k = 0; k < count; ++k)
                               for (std::size_t p = 0; p < shapes::Map::size; ++p) {
                                 float const d = depth[(first + k) * shapes::Map::size + p];
                                 seen[k].depth[p] = d > 0 ? d : 1.f;  // in or out of the mask, a number
                                 seen[k].mask[p] = d > 0 ? 1.f : 0.f;
                               }
                             return seen;
                           });
  }();
  Report report("shape");
  report[line.file().empty() ? "model" : "depths"] = line.file().empty() ? line.model() : line.file();
  report["published_normals"] = published;
  report["pixels"] = errors.found.pixels;
  auto const row = [](std::string name, berl::eval::GeometryError const& e) {
    return Row{std::move(name), {100 * e.side, e.mad, 100 * e.absolute, 1e4 * e.squared}};
  };
  report.add(Table{.title = "Depth and normals",
                   .columns = {"SIDE x 100", "MAD, degrees", "|d| x 100", "d^2 x 10000"},
                   .paper = {},
                   .ours = {row(common.name, errors.found), row("flat face", errors.flat), row("mean face", errors.mean_face)}});
  return common.finish(report);
}
}  // namespace evaluate
