// MegaFace challenge 1: identification of FaceScrub's people among a million of distractors.
#include <berl/data/megaface.hpp>  // read_image_list, read_feature
#include <berl/eval/megaface.hpp>  // DistractorSearch, identification_rates

#include <unordered_set>

#include "common.hpp"  // Common
#include "protocols.hpp"

namespace evaluate {
namespace {
using namespace berl;
namespace fs = std::filesystem;

/// The last `parts` parts of a path.
std::string tail(std::string const& path, int parts) {
  std::size_t at = path.size() + 1;
  for (; parts > 0 && at != 0; --parts) at = at < 2 ? 0 : path.rfind('/', at - 2) + 1;
  return path.substr(at);
}

/// What turns files into embeddings, besides a .safetensors that has them.
struct Reading {
  std::string suffix;                             ///< of feature files; empty: there are pictures
  std::unique_ptr<Network> network;               ///< for pictures
  std::optional<data::LandmarkList> landmarks{};  ///< for pictures that are not aligned
  bool flip = true;
};

/// Embeddings in the order of a list, a few at a time: rows of a .safetensors, feature files, or pictures in a folder.
class Rows {
 public:
  /// `parts`: how many of the last parts of a path are below the folder.
  Rows(std::string from, std::string const& list, int parts, Reading const& reading)
      : from_(std::move(from)),
        list_(data::read_image_list(list)),
        parts_(parts),
        reading_(reading) {
    std::error_code ignored;
    if (fs::is_regular_file(from_, ignored)) {
      file_.emplace(io::SafeTensors::read(from_));
      auto const& shape = file_->shape("embeddings");
      if (shape.size() != 2 || shape[1] < 1 || shape[0] != static_cast<std::int64_t>(size()))
        throw Error(from_ + ", array 'embeddings'", "shape " + io::to_text(shape),
                    fmt::format("[{}, numbers], a row for each path", size()), "Give the embeddings of " + list + ".");
      values_ = file_->view<float>("embeddings");
    } else if (!fs::is_directory(from_, ignored)) {
      throw Error(from_, "no such file or folder", "a .safetensors, or a folder of features or pictures", "Check the path.");
    } else if (reading.suffix.empty() && reading.network == nullptr) {
      throw Error(from_, "a folder, and neither --suffix nor --model", "one of the two",
                  "Say what is in the folder: features or pictures.");
    }
  }
  std::size_t size() const { return list_.paths.size(); }
  std::string path(std::size_t i) const { return tail(list_.paths[i], parts_); }

  /// As the list says, or the folder of the picture.
  std::string identity(std::size_t i) const { return list_.identities.empty() ? data::identity_of_path(path(i)) : list_.identities[i]; }

  /// Those of [first, first + count) that are not left out.
  std::vector<float> read(std::size_t first, std::size_t count, std::span<std::uint8_t const> left_out = {}) const {
    std::vector<float> rows;
    std::vector<io::Image> pictures;
    for (std::size_t i = first; i < first + count; ++i) {
      if (!left_out.empty() && left_out[i] != 0) continue;
      if (file_)
        append(rows, values_.subspan(i * (values_.size() / size()), values_.size() / size()), i);
      else if (!reading_.suffix.empty())
        append(rows, data::read_feature(data::feature_path(from_, path(i), reading_.suffix)), i);
      else
        pictures.push_back(load(i));
    }
    if (!pictures.empty())
      for (auto const& e : reading_.flip ? reading_.network->embed_fused(pictures) : reading_.network->embed(pictures))
        append(rows, e, first);
    return rows;
  }
  std::size_t width() const { return width_; }  ///< of the rows that were read

 private:
  io::Image load(std::size_t i) const {
    auto const picture = io::read_image((fs::path(from_) / path(i)).string(), data::smallest_side);
    if (picture.width == 112 && picture.height == 112) return io::to_rgb(picture);
    return reading_.landmarks ? reading_.landmarks->align(picture, from_, path(i)) : data::fit_square(picture, 112);
  }
  void append(std::vector<float>& rows, std::span<float const> row, std::size_t i) const {
    if (width_ == 0) width_ = row.size();
    if (row.size() != width_)
      throw Error(from_ + ", " + path(i), fmt::format("{} numbers", row.size()), fmt::format("{}, as the others have", width_),
                  "Give embeddings of one network.");
    rows.insert(rows.end(), row.begin(), row.end());
  }
  std::string from_;
  data::ImageList list_;
  int parts_;
  Reading const& reading_;
  std::optional<io::SafeTensors> file_;
  std::span<float const> values_;
  mutable std::size_t width_ = 0;
};
std::vector<std::uint8_t> noisy(Rows const& rows, std::string const& list, int parts) {
  std::vector<std::uint8_t> flags(rows.size());
  if (list.empty()) return flags;
  std::unordered_set<std::string> names;
  for (auto const& name : data::read_noise_list(list)) names.insert(tail(name, parts));
  for (std::size_t i = 0; i < rows.size(); ++i) flags[i] = names.contains(tail(rows.path(i), parts));
  return flags;
}
void to_unit(std::vector<float>& rows, std::size_t width) {
  for (std::size_t i = 0; i < rows.size(); i += width) {
    double length = 0;
    for (std::size_t d = 0; d < width; ++d) length += static_cast<double>(rows[i + d]) * static_cast<double>(rows[i + d]);
    if (length > 0)
      for (std::size_t d = 0; d < width; ++d) rows[i + d] = static_cast<float>(static_cast<double>(rows[i + d]) / std::sqrt(length));
  }
}
}  // namespace

int megaface(int argc, char** argv) {
  std::string probe_list, probe_from, probe_noise, list, from, noise, landmarks;
  std::vector<std::string> beside;
  std::uint64_t seed = 0;
  Reading reading;
  Common common;
  CommandLine line("evaluate megaface", "Identifies faces among distractors: MegaFace, challenge 1.", OptionalModel{});
  line.add_option("--suffix", reading.suffix, "instead of a model: the folders have feature files of the kit, PICTURE_SUFFIX.bin");
  line.add_option("--probes", probe_list, "the list of FaceScrub's pictures, identity/file: JSON of the kit or one path a line")
      ->required();
  line.add_option("--probes-from", probe_from,
                  "their folder, of pictures (--model) or of feature files (--suffix); or a .safetensors with\n"
                  "`embeddings` [pictures,numbers] in the list's order")
      ->required();
  line.add_option("--distractors", list, "the list of distractors, a/b/file: likewise")->required();
  line.add_option("--distractors-from", from, "likewise")->required();
  line.add_option("--probe-noise", probe_noise, "a list of noisy pictures of FaceScrub: each becomes the sum of its identity's clean ones");
  line.add_option("--distractor-noise", noise, "a list of noisy distractors: they are left out");
  line.add_option("--seed", seed, "of what is added to the sums, up to 0.001 to each number");
  line.add_option("--beside", beside, "results of the kit, JSON, whose rows and curves are to stand beside ours");
  line.add_landmarks(landmarks);
  common.add_flip(line), add_paper(line, common.paper), common.add_out(line);
  line.footer(
      "\nOf each identity, each picture is once the only one in the gallery, and each other one a probe. Rank N: its score is not below "
      "the\n"
      "N-th best of the probe's with the distractors. Distractors are read a few thousand at a time. In --out, megaface.json has both\n"
      "curves as the kit writes them.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  auto table = PaperTables(common.paper)[paper::megaface];
  reading.flip = !common.no_flip;
  if (!line.model().empty() && !reading.suffix.empty())
    throw Error("--model, --suffix", "both", "one of the two", "Say what is in the folders: pictures or features.");
  if (!line.model().empty()) reading.network = line.open();
  if (!landmarks.empty()) reading.landmarks.emplace(landmarks);

  Rows const probes(probe_from, probe_list, 2, reading), distractors(from, list, 3, reading);
  std::vector<float> features;
  {
    Progress progress(probes.size(), "probes");
    for (std::size_t i = 0; i < probes.size(); i += 32) {
      auto const some = probes.read(i, std::min<std::size_t>(32, probes.size() - i));
      features.insert(features.end(), some.begin(), some.end());
      progress.at(i + 32);
    }
  }
  std::map<std::string, int> known;
  std::vector<int> identities;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    identities.push_back(known.emplace(probes.identity(i), static_cast<int>(known.size())).first->second);
  }
  auto const noisy_probes = noisy(probes, probe_noise, 1), noisy_distractors = noisy(distractors, noise, 3);
  to_unit(features, probes.width());
  eval::clean_probes(features, probes.width(), identities, noisy_probes, {.seed = {seed}});

  constexpr std::size_t ranks = 10, most = 4'000'000;
  auto const pairs = static_cast<double>(probes.size()) * static_cast<double>(distractors.size());
  Context<Host> const ctx{.threads = line.threads(), .scratch = {}};
  eval::DistractorSearch search(ctx, features, probes.width(),
                                {.ranks = ranks, .impostors = static_cast<std::size_t>(std::min(pairs, double{most}))});
  {
    std::size_t const block = reading.network ? 32 : 4096;
    Progress progress(distractors.size(), "distractors");
    for (std::size_t i = 0; i < distractors.size(); i += block) {
      auto const some = distractors.read(i, std::min(block, distractors.size() - i), noisy_distractors);
      if (!some.empty() && distractors.width() != probes.width())
        throw Error(from, fmt::format("{} numbers", distractors.width()), fmt::format("{}, as the probes have", probes.width()),
                    "Give embeddings of one network.");
      search.add(some);
      progress.at(i + block);
    }
  }
  auto const rates = eval::identification_rates(search, identities);
  data::MegaFaceResult result{rates, {}};

  Report report("megaface");
  common.describe(report, line);
  report["title"] = "MegaFace challenge 1";
  report["probes"] = probes.size();
  report["identities"] = known.size();
  report["distractors"] = search.distractors();
  auto const count = [](std::vector<std::uint8_t> const& flags) { return std::count(flags.begin(), flags.end(), std::uint8_t{1}); };
  report["noisy_probes"] = count(noisy_probes);
  report["noisy_distractors"] = count(noisy_distractors);
  report["cmc"] = rates;
  table.ours = {{common.name, {100 * rates[0]}}};
  report.add(std::move(table));
  Table more{.title = "Rank N, percent", .columns = {}, .paper = {}, .ours = {{common.name, {}}}};
  for (std::size_t n = 1; n <= ranks; ++n) more.columns.push_back(std::to_string(n)), more.ours[0].values.push_back(100 * rates[n - 1]);
  for (auto const& path : beside) {
    auto const other = data::read_megaface_result(path);
    Row row{fs::path(path).stem().string(), {}};
    for (std::size_t n = 0; n < std::min(ranks, other.identification.size()); ++n) row.values.push_back(100 * other.identification[n]);
    eval::RocCurve curve{row.name, {}};
    for (auto const& [far, tar] : other.verified) curve.points.push_back({far, tar});
    report.add(std::move(curve));
    more.ours.push_back(std::move(row));
  }
  report.add(std::move(more));
  if (search.distractors() > 0) {
    auto const tar = eval::tar_at_far(search, identities, 1e-6);
    report["tar_at_far_1e-6"] = {{"far", tar.far}, {"tar", tar.tar}};
    auto curve = eval::roc(search, identities);
    for (auto const& p : curve) result.verified.push_back({p.far, p.tar});
    report.add({common.name, std::move(curve)});
    report.note(fmt::format("Verification: TAR {:.2f} percent at FAR 1e-6.", 100 * tar.tar));
  }
  report.note(fmt::format("{} probes of {} identities ({} cleaned), {} distractors ({} noisy ones and {} of zeros left out).",
                          probes.size(), known.size(), count(noisy_probes), search.distractors(), count(noisy_distractors),
                          search.left_out()));
  common.finish(report);
  if (!common.out.empty()) data::write_megaface_result(fs::path(common.out) / "megaface.json", result);
  return 0;
}
}  // namespace evaluate
