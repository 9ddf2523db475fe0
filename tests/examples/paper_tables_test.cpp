// The published figures that programs print beside ours: examples/evaluate/paper_tables.csv.
#include "evaluated_sets.hpp"

using namespace berl;
using namespace berl::test;
namespace fs = std::filesystem;

namespace {
fs::path published() { return fs::path(std::getenv("BERL_PROGRAMS")) / "paper_tables.csv"; }

/// LFWA's labels of one picture of the test part, and logits for it; `attributes` prints Tables 7 and 1 beside them.
struct Lfwa {
  ScratchFolder folder;
  std::string const arguments = "attributes --lfwa " + (folder / "lfwa.txt").string() + " --logits " + (folder / "l.safetensors").string();
  Lfwa() {
    spit(folder / "lfwa.txt", "a/1.jpg\t2\t" + std::string(40, '1') + "\n");
    write(folder / "l.safetensors", {{"logits", std::vector<float>(40, 1.f), 40}});
  }
  /// A file of published figures, in which a text stands for another.
  std::string changed(std::string const& from, std::string const& to) const {
    auto text = slurp(published());
    auto const at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from);
    spit(folder / "changed.csv", text.replace(at, from.size(), to));
    return (folder / "changed.csv").string();
  }
};
}  // namespace

TEST_CASE("published figures: rows of each table as the paper prints them") {
  if (skip()) return;
  auto const text = slurp(published());
  for (std::string const line : {
           "he2022 Table 1,from scratch,77.82,80.24,78.82,81.47,86.43",
           "he2022 Table 1,3D + FR,84.08,85.33,85.96,86.13,86.39",
           "he2022 Table 2,ArcFace,-,-,94.20",
           "he2022 Table 2,3D-BERL,45.77,90.60,94.98",
           "he2022 Table 3,MagFace,89.26,93.67,95.81",
           "he2022 Table 3,3D-BERL,88.45,94.30,96.20",
           "he2022 Table 4,InterpretFR,-,-,-,89.80",
           "he2022 Table 4,3D-BERL,75.09,90.24,93.41,95.44",
           "he2022 Table 5,CircleLoss,98.50",
           "he2022 Table 5,3D-BERL,98.63",
           "he2022 Table 6,SSPL,86.67,88.05,88.84,89.58,91.77",
           "he2022 Table 6,3D-BERL,87.34,88.02,88.95,89.42,90.23",
           "he2022 Table 7,Rot,74.40,76.67,81.52,84.90,85.72",
           "he2022 Table 7,3D-BERL,84.08,85.33,85.96,86.13,86.39",
           "huang2020,CurricularFace,99.80,98.36,98.37,96.05,93.13",
       })
    CHECK_MESSAGE(text.find("\n" + line + "\n") != std::string::npos, line);
  // the rows of Tables 1 to 7, each with a heading above, three lines of notes, and two of huang2020
  CHECK(lines(text) == (4 + 7 + 14 + 3 + 7 + 10 + 9) + 7 + 3 + 2);
}

TEST_CASE("published figures: another file's are printed in their place") {
  if (skip()) return;
  Lfwa const set;
  auto const file = set.changed("he2022 Table 7,3D-BERL,84.08", "he2022 Table 7,3D-BERL,-");
  auto const json = results(set.folder, set.arguments + " --paper " + file);
  CHECK(value(json, 0, "paper", "3D-BERL", "5%") == -1);
  CHECK(value(json, 0, "paper", "3D-BERL", "10%") == 85.33);
  CHECK(value(json, 0, "ours", "ours", "100%") == doctest::Approx(100));  // 100 times a mean of 40
}

TEST_CASE("published figures: without the file beside the program our rows are printed, and a warning") {
  if (skip()) return;
  Lfwa const set;
  fs::copy_file(fs::path(std::getenv("BERL_PROGRAMS")) / "evaluate", set.folder / "evaluate");
  auto const ran = run(set.folder, (set.folder / "evaluate").string(), set.arguments + " --out " + (set.folder / "out").string());
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  CHECK(lines(ran.error) == 1);
  CHECK_MESSAGE(ran.error.find("no file " + (set.folder / "paper_tables.csv").string()) != std::string::npos, ran.error);
  auto const json = nlohmann::json::parse(slurp(set.folder / "out/results.json"));
  CHECK(value(json, 0, "ours", "ours", "100%") == doctest::Approx(100));  // 100 times a mean of 40
  CHECK(json["tables"][0]["paper"].empty());

  // ten pairs of one person and ten of two, which are told apart
  std::vector<double> angles;
  std::vector<std::uint8_t> same;
  for (int k = 0; k < 20; ++k) angles.insert(angles.end(), {0., k % 2 ? 90. : 0.}), same.push_back(k % 2 == 0);
  write(set.folder / "lfw.safetensors", {{"embeddings", at(angles)}}, same);
  auto const pairs = run(set.folder, (set.folder / "evaluate").string(),
                         "lfw --no-flip " + (set.folder / "lfw.safetensors").string() + " --out " + (set.folder / "out").string());
  REQUIRE_MESSAGE(pairs.code == 0, pairs.error);
  auto const accuracies = nlohmann::json::parse(slurp(set.folder / "out/results.json"));
  CHECK(value(accuracies, 0, "ours", "ours", "lfw") == doctest::Approx(100));
  CHECK(value(accuracies, 0, "ours", "ours", "cplfw") == -1);  // not given, in the published table's column
}

TEST_CASE("published figures: a file that cannot be used is one sentence with its place, before anything is computed") {
  if (skip()) return;
  Lfwa const set;
  struct Case {
    std::string from, to, says;
  };
  for (auto const& c : {Case{"SlimCNN,70.90", "SlimCNN,7O.90", "line 56, field 3: found \"7O.90\"; expected a figure in percent"},
                        Case{"SlimCNN,70.90", "SlimCNN,170.90", "line 56, field 3: found 170.90; expected a figure in percent"},
                        Case{"SlimCNN,70.90", "SlimCNN,", "line 56, field 3: found \"\""},
                        Case{"SlimCNN,70.90,", "SlimCNN,", "line 56: found 6 fields; expected 7, as the table's heading has"},
                        Case{"he2022 Table 7,SlimCNN,70.90,71.49,72.12,73.45,76.02", "SlimCNN 70.90", "line 56: found 1 fields"},
                        Case{"he2022 Table 7,SlimCNN", "he2022 Tabel 7,SlimCNN", "line 56: found no other line of \"he2022 Tabel 7\""},
                        Case{"he2022 Table 7,method,5%", "he2022 Table 7,method,4%", "line 55: found the columns 4%,10%,20%,50%,100%"},
                        Case{slurp(published()), "# nothing\n", "found no line of he2022 Table 7"}}) {
    auto const file = set.changed(c.from, c.to);
    auto const ran = evaluate(set.folder, set.arguments + " --paper " + file);
    CHECK(ran.code == 2);
    CHECK_MESSAGE(ran.error.find(file) != std::string::npos, ran.error);
    CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
    CHECK(lines(ran.error) == 1);
    CHECK(ran.out.empty());
  }
  auto const nowhere = evaluate(set.folder, set.arguments + " --paper nowhere.csv");
  CHECK(nowhere.code == 2);
  CHECK_MESSAGE(nowhere.error.find("nowhere.csv: found no file that can be read") != std::string::npos, nowhere.error);
}
