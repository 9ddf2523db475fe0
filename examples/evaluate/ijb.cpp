// IJB-B and IJB-C as InsightFace packs them: 1:1, 1:N, and 1:1 of faces that are partly hidden.
#include <berl/data/ijb.hpp>             // read_template_faces
#include <berl/data/ijb_nist.hpp>        // read_nist_faces, occlusion_of
#include <berl/eval/identification.hpp>  // search, rank_rate, tpir_at_fpir
#include <berl/eval/roc.hpp>             // SortedScores, tar_at_far
#include <berl/eval/templates.hpp>       // template_vectors, pair_scores

#include "common.hpp"  // Common
#include "protocols.hpp"

namespace evaluate {
namespace {
using namespace berl;
using namespace berl::eval;

constexpr std::pair<double, char const*> fars[] = {{1e-6, "1e-6"}, {1e-5, "1e-5"}, {1e-4, "1e-4"},
                                                   {1e-3, "1e-3"}, {1e-2, "1e-2"}, {1e-1, "1e-1"}};

struct Pairs {
  std::vector<int> a, b;  ///< templates
  std::vector<std::uint8_t> same;
  void add(int first, int second, bool one) { a.push_back(first), b.push_back(second), same.push_back(one ? 1 : 0); }
};

/// What the three protocols take.
struct Ijb {
  std::string meta, set = "ijbc", images, aggregation = "media";
  bool normalise = false, no_detector = false;
  Common common;

  static Instead instead() {
    return {"--features",
            "a .safetensors with `embeddings` [faces,numbers] and, unless --no-flip, `mirrored`,\n"
            "in the order of SET_face_tid_mid.txt"};
  }
  void add_to(CommandLine& line) {
    line.add_option("--meta", meta, "the folder of SET_face_tid_mid.txt, SET_name_5pts_score.txt and the other lists")->required();
    line.add_option("--set", set, "ijbb or ijbc")->check(CLI::IsMember({"ijbb", "ijbc"}));
    line.add_option("--images", images, "with --model: the folder loose_crop, whose pictures are aligned by their five points");
    common.add_flip(line);
    line.add_flag("--normalise", normalise, "bring the embedding of a face to length 1 first (N off)");
    line.add_flag("--no-detector", no_detector, "do not weigh a face by the detector's score (D off)");
    line.add_option("--aggregation", aggregation, "media: the faces of a medium are averaged first; plain: the mean of all faces")
        ->check(CLI::IsMember({"media", "plain"}));
    common.add_save(line), common.add_out(line);
  }
  std::string list(char const* name) const { return (std::filesystem::path(meta) / (set + name)).string(); }
  data::TemplateFaces faces() const { return data::read_template_faces(list("_face_tid_mid.txt"), list("_name_5pts_score.txt")); }
  Pairs pairs() const {
    Pairs p;
    for (auto const& pair : data::read_template_pairs(list("_template_pair_label.txt"))) p.add(pair.a, pair.b, pair.same);
    return p;
  }
  bool is_b() const { return set == "ijbb"; }
  std::string name() const { return is_b() ? "IJB-B" : "IJB-C"; }

  Templates templates(CommandLine const& line, data::TemplateFaces const& faces, std::span<std::uint8_t const> keep = {}) const {
    if (line.file().empty() && images.empty())
      throw Error("--images", "none", "the folder loose_crop of the set", "Give it, or --features instead of --model.");
    auto const features = common.features(line, faces.images.size(), set + "_face_tid_mid.txt", [&](std::size_t i) {
      auto const path = (std::filesystem::path(images) / faces.images[i]).string();
      return data::align(io::to_rgb(io::read_image(path, data::smallest_side)), faces.landmarks[i], 112, path);
    });
    return template_vectors({.size = features.size,
                             .plain = features.plain,
                             .mirrored = features.mirrored,
                             .detector = faces.scores,
                             .template_id = faces.templates,
                             .medium = faces.media,
                             .keep = keep},
                            {.flip = !common.no_flip,
                             .norm = !normalise,
                             .detector = !no_detector,
                             .aggregation = aggregation == "media" ? Aggregation::media : Aggregation::plain});
  }
  Report report(CommandLine const& line, char const* protocol, std::string const& title) const {
    Report r(protocol);
    common.describe(r, line);
    r["set"] = set;
    r["title"] = title;
    r["norm"] = !normalise;
    r["detector"] = !no_detector;
    r["aggregation"] = aggregation;
    return r;
  }
};
constexpr char const* switches_footer =
    "\nA template's vector is the sum over its media of the mean of their faces' embeddings, f + f mirrored, times the detector's score\n"
    "(InsightFace's F, N and D, all on); scores are cosines.\n";

/// TAR at FAR by all rules, in the columns of the paper's table and in ours.
void report_verification(Report& report, Table table, std::string const& ours, std::vector<double> const& scores,
                         std::vector<std::uint8_t> const& same) {
  SortedScores const sorted(scores, same);
  for (std::size_t k = table.columns.size(); k < std::size(fars); ++k) table.columns.emplace_back(fars[k].second);
  auto const row = [&](char const* rule, auto tag) {
    Row r{ours + ", " + rule, {}};
    for (auto const& [far, text] : fars) {
      auto const p = tar_at_far(sorted, far, tag);
      r.values.push_back(100 * p.tar);
      report["tar_at_far"][rule].push_back({{"wanted", far}, {"far", p.far}, {"tar", p.tar}});
    }
    table.ours.push_back(std::move(r));
  };
  row("nearest", Reference{}), row("strict", Strict{}), row("quantile", Quantile{});
  auto curve = roc(sorted);
  report["auc"] = auc(curve);
  report["pairs"] = scores.size();
  report["genuine"] = sorted.genuine.size();
  report.note(fmt::format("{} pairs, {} of them genuine; FAR 1e-6 is {:.2g} of the {} impostors. Area below the curve {:.4f}.",
                          scores.size(), sorted.genuine.size(), 1e-6 * static_cast<double>(sorted.impostor.size()), sorted.impostor.size(),
                          auc(curve)));
  report.add({ours, std::move(curve)});
  for (auto const& paper : table.paper)
    if (paper.name == "3D-BERL" || paper.name == "CurricularFace") {
      RocCurve marks{paper.name + " of the paper", {}, true};
      for (std::size_t k = 0; k < paper.values.size(); ++k)
        if (!std::isnan(paper.values[k])) marks.points.push_back({fars[k].first, paper.values[k] / 100});
      report.add(std::move(marks));
    }
  report.add(std::move(table));
}
}  // namespace

int ijb11(int argc, char** argv) {
  Ijb ijb;
  CommandLine line("evaluate ijb11", "Verifies pairs of templates of IJB-B or IJB-C (1:1).", Ijb::instead());
  ijb.add_to(line), add_paper(line, ijb.common.paper);
  line.footer(
      std::string(switches_footer) +
      "TAR at FAR: nearest at the nearest point of the curve (the rule of published figures), strict where the rate is not exceeded,\n"
      "quantile at that quantile of the impostors' scores.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  auto const table = PaperTables(ijb.common.paper)[ijb.is_b() ? paper::ijbb : paper::ijbc];
  auto const faces = ijb.faces();
  auto const pairs = ijb.pairs();
  auto const templates = ijb.templates(line, faces);
  auto report = ijb.report(line, "ijb11", ijb.name() + " 1:1");
  report_verification(report, table, ijb.common.name, pair_scores({.threads = line.threads(), .scratch = {}}, templates, pairs.a, pairs.b),
                      pairs.same);
  return ijb.common.finish(report);
}

int ijb_occlusion(int argc, char** argv) {
  Ijb ijb;
  std::string occluded;
  CommandLine line("evaluate ijb-occlusion", "Verifies pairs of templates of faces that are partly hidden.", Ijb::instead());
  ijb.add_to(line), add_paper(line, ijb.common.paper);
  line.add_option("--occluded", occluded,
                  "a text file with 1 (partly hidden) or 0 for each face of SET_face_tid_mid.txt; or a .csv of NIST's protocol with a\n"
                  "line for each of them, of which those with any of OCC1 to OCC18 are partly hidden")
      ->required();
  line.footer(
      std::string(switches_footer) +
      "Only faces with a 1 are kept, then templates that have one, then pairs of two such templates; which ones the paper took is not\n"
      "published, so compare the numbers of pairs too. TAR at FAR as in `ijb11`.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  auto const table = PaperTables(ijb.common.paper)[paper::occlusion];
  auto const faces = ijb.faces();
  auto const pairs = ijb.pairs();
  auto const keep = occluded.ends_with(".csv") ? data::occlusion_of(data::read_nist_faces(occluded), faces, occluded)
                                               : data::read_occlusion(occluded, faces.size());
  auto const templates = ijb.templates(line, faces, keep);
  Pairs left;
  for (std::size_t const k : surviving_pairs(templates, pairs.a, pairs.b)) left.add(pairs.a[k], pairs.b[k], pairs.same[k] != 0);
  auto const kept = std::count(keep.begin(), keep.end(), std::uint8_t{1});
  auto report = ijb.report(line, "ijb-occlusion", ijb.name() + " 1:1, partly hidden faces");
  report["faces"] = kept;
  report["templates"] = templates.ids.size();
  report["official_pairs"] = pairs.a.size();
  report_verification(report, table, ijb.common.name, pair_scores({.threads = line.threads(), .scratch = {}}, templates, left.a, left.b),
                      left.same);
  report.note(fmt::format("{} of {} faces are kept, in {} templates; {} of {} pairs survive.", kept, faces.images.size(),
                          templates.ids.size(), left.a.size(), pairs.a.size()));
  return ijb.common.finish(report);
}

namespace {
struct Known {
  std::vector<double> vectors;
  std::vector<int> subjects;
  Subjects of(std::size_t size) const { return {size, vectors, subjects}; }
  void add(Templates const& templates, data::TemplateSubjects const& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      auto const v = templates.vector(templates.place(list.templates[i]));
      vectors.insert(vectors.end(), v.begin(), v.end());
      subjects.push_back(list.subjects[i]);
    }
  }
};
}  // namespace

int ijb1n(int argc, char** argv) {
  Ijb ijb;
  bool joined = false;
  CommandLine line("evaluate ijb1n", "Identifies the probes of IJB-B or IJB-C in its galleries (1:N).", Ijb::instead());
  ijb.add_to(line);
  line.add_flag("--joined", joined, "the older form, too: both galleries as one, and the recall of mates above a threshold");
  line.footer(
      std::string(switches_footer) +
      "Each gallery is searched by itself. Rank k: the mate is among the k best; both galleries together, over all probes. TPIR at FPIR:\n"
      "the mate is the best and above the threshold that this part of the probes without a mate exceed.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  auto const faces = ijb.faces();
  auto const list = [&](std::string const& name) { return data::read_template_subjects(ijb.list(("_1N_" + name + ".csv").c_str())); };
  std::string const letter = ijb.is_b() ? "S" : "G";
  data::TemplateSubjects const probe_list = list("probe_mixed"),
                               galleries[] = {list("gallery_" + letter + "1"), list("gallery_" + letter + "2")};
  auto const templates = ijb.templates(line, faces);
  Context<Host> const ctx{.threads = line.threads(), .scratch = {}};
  Known probes, both;
  probes.add(templates, probe_list);
  auto report = ijb.report(line, "ijb1n", ijb.name() + " 1:N");
  Table table{
      .title = ijb.name() + " 1:N, percent", .columns = {"rank-1", "rank-5", "rank-10", "TPIR@0.01", "TPIR@0.1"}, .paper = {}, .ours = {}};
  constexpr std::size_t ranks[] = {1, 5, 10};
  constexpr double fpirs[] = {0.01, 0.1};
  std::vector<std::vector<Search>> searches;
  Row all{ijb.common.name, {}};
  std::vector<double> mean(std::size(fpirs));
  for (auto const& known : galleries) {
    Known gallery;
    gallery.add(templates, known), both.add(templates, known);
    searches.push_back(search(ctx, probes.of(templates.size), gallery.of(templates.size)));
    std::vector<Search> mated;
    for (Search const& s : searches.back())
      if (s.mated) mated.push_back(s);
    Row row{fmt::format("  gallery {}", searches.size()), {}};
    std::vector<std::vector<Search>> const own{mated};
    for (std::size_t const k : ranks) row.values.push_back(100 * rank_rate(own, k));
    for (std::size_t k = 0; k < std::size(fpirs); ++k) {
      double const rate = tpir_at_fpir(searches.back(), fpirs[k]).rate;
      row.values.push_back(100 * rate);
      mean[k] += rate / 2;
    }
    table.ours.push_back(std::move(row));
    report["galleries"].push_back({{"templates", gallery.subjects.size()}, {"mated_probes", mated.size()}});
  }
  for (std::size_t const k : ranks) all.values.push_back(100 * rank_rate(searches, k));
  for (double const rate : mean) all.values.push_back(100 * rate);
  table.ours.push_back(std::move(all));
  report["probes"] = probes.subjects.size();
  report.add(std::move(table));
  if (joined) {
    Row row{ijb.common.name, {}};
    for (auto const& r : joined_recall(ctx, probes.of(templates.size), both.of(templates.size), fpirs)) row.values.push_back(100 * r.rate);
    report.add(Table{.title = "Joined gallery, recall of mates, percent", .columns = {"0.01", "0.1"}, .paper = {}, .ours = {row}});
  }
  report.note(
      fmt::format("{} probes, galleries of {} and {} templates.", probes.subjects.size(), galleries[0].size(), galleries[1].size()));
  return ijb.common.finish(report);
}
}  // namespace evaluate
