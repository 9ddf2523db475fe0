#include <berl/data/attributes.hpp>
#include <berl/data/synthetic_face.hpp>
#include <berl/io/image.hpp>
#include <berl/io/safetensors.hpp>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>  // pi
#include <vector>

#include "run_program.hpp"

using namespace berl;
using test::lines, test::run, test::skip, test::spit, test::slurp;
namespace fs = std::filesystem;

namespace {
/// Vectors in the plane, at angles in degrees and of length 1, or of another.
std::vector<float> at(std::vector<double> const& degrees, double length = 1) {
  std::vector<float> v;
  for (double const a : degrees) {
    v.push_back(static_cast<float>(length * std::cos(a * std::numbers::pi / 180)));
    v.push_back(static_cast<float>(length * std::sin(a * std::numbers::pi / 180)));
  }
  return v;
}
struct Array {
  std::string name;
  std::vector<float> values;
  std::int64_t columns = 2;
};
void write(fs::path const& path, std::vector<Array> const& arrays, std::vector<std::uint8_t> const& same = {}) {
  io::SafeTensorsWriter writer;
  for (auto const& [name, values, columns] : arrays)
    writer.add(name, {static_cast<std::int64_t>(values.size()) / columns, columns}, std::span<float const>(values));
  if (!same.empty()) writer.add("same", {static_cast<std::int64_t>(same.size())}, std::span<std::uint8_t const>(same));
  writer.write(path);
}
test::Ran evaluate(test::ScratchFolder const& folder, std::string const& arguments) { return run(folder, "evaluate", arguments); }

/// The value in a table of results.json: of the row that is called so, in the column that is called so.
double value(nlohmann::json const& results, std::size_t table, char const* source, std::string const& row, std::string const& column) {
  auto const& t = results["tables"].at(table);
  for (auto const& r : t[source])
    if (r["name"] == row)
      for (std::size_t k = 0; k < t["columns"].size(); ++k)
        if (t["columns"][k] == column) return r["values"].at(k).is_null() ? -1 : r["values"][k].get<double>();
  FAIL("no row " << row << " with a column " << column);
  return 0;
}
nlohmann::json results(test::ScratchFolder const& folder, std::string const& arguments) {
  auto const ran = evaluate(folder, arguments + " --out " + (folder / "out").string());
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  CHECK(ran.error.empty());
  return nlohmann::json::parse(slurp(folder / "out/results.json"));
}
}  // namespace

TEST_CASE("evaluate lfw: pairs of embeddings, flip fusion, and the paper's row beside ours") {
  if (skip()) return;
  test::ScratchFolder const folder;
  // 20 pairs, alternately of one and of two people, 0 and 90 degrees apart; two of one person are 90 apart by the picture as it is, and the
  // mirrored ones turn them to 0: the sums of both are (1, 1) twice.
  std::vector<double> plain, mirrored;
  std::vector<std::uint8_t> same;
  for (int k = 0; k < 20; ++k) {
    bool const one = k % 2 == 0, wrong = k == 4 || k == 10;
    same.push_back(one);
    plain.push_back(0), plain.push_back(one && !wrong ? 0 : 90);
    mirrored.push_back(one && wrong ? 90 : 0), mirrored.push_back(one ? 0 : 90);
  }
  write(folder / "lfw.safetensors", {{"embeddings", at(plain)}, {"mirrored", at(mirrored)}}, same);
  write(folder / "other.safetensors", {{"embeddings", at(plain)}, {"mirrored", at(mirrored)}}, same);
  auto const set = (folder / "lfw.safetensors").string(), other = (folder / "other.safetensors").string();

  auto const fused = results(folder, "lfw " + set + " " + other + " --name mine");
  CHECK(value(fused, 0, "paper", "CurricularFace", "lfw") == 99.80);
  CHECK(value(fused, 0, "paper", "CurricularFace", "cplfw") == 93.13);
  CHECK(value(fused, 0, "ours", "mine", "lfw") == doctest::Approx(100));
  CHECK(value(fused, 0, "ours", "mine", "cplfw") == -1);  // not given
  CHECK(value(fused, 0, "ours", "mine", "other") == doctest::Approx(100));
  auto const alone = results(folder, "lfw " + set + " --no-flip");
  CHECK(value(alone, 0, "ours", "ours", "lfw") == doctest::Approx(90));
  CHECK(value(alone, 2, "ours", "lfw, strict", "1e-2") == doctest::Approx(80));  // 8 of 10 before the first impostor
  CHECK(value(alone, 1, "ours", "lfw", "FaceX-Zoo") == doctest::Approx(90));
  CHECK(alone["sets"]["lfw"]["accuracy_per_fold"].size() == 10);
  CHECK(alone["flip"] == false);
  CHECK(slurp(folder / "out/results.csv").starts_with("table,source,row,column,value\n"));
  CHECK(slurp(folder / "out/results.csv").find(",paper,CurricularFace,lfw,99.8\n") != std::string::npos);
  CHECK(slurp(folder / "out/roc.svg").starts_with("<svg"));
  CHECK(io::read_image(folder / "out/roc.png").width == 1280);

  auto const printed = evaluate(folder, "lfw " + set + " --no-flip").out;
  CHECK(
      printed.find(
          "                    lfw   cfp_fp  agedb_30    calfw    cplfw\nCurricularFace    99.80    98.36     98.37    96.05    93.13\n") !=
      std::string::npos);
  CHECK(printed.find("ours              90.00        -         -        -        -\n") != std::string::npos);
}

TEST_CASE("evaluate lfw: published files of every kind, and what was saved of them") {
  if (skip()) return;
  test::ScratchFolder const folder;
  test::train_shortly(folder);
  std::string const data = BERL_TEST_DATA "/golden/verif_";
  auto const with = "lfw --threads 1 --model " + test::model_in(folder) + " ";
  // four pictures each, as protocols and NumPy store them; Python 2's has six more
  auto const four =
      results(folder, with + "--save-features " + (folder / "saved").string() + " " + data + "py3_protocol3.bin " + data +
                          "py3_protocol4.bin " + data + "py3_protocol5.bin " + data + "numpy_protocol3.bin " + data + "py2_protocol2.bin");
  for (auto const* const name : {"verif_py3_protocol4", "verif_py3_protocol5", "verif_numpy_protocol3"})
    CHECK(four["sets"][name] == four["sets"]["verif_py3_protocol3"]);
  CHECK(four["sets"]["verif_py2_protocol2"]["accuracy_per_fold"].size() == 5);
  auto const again = results(folder, "lfw " + (folder / "saved/verif_py2_protocol2.safetensors").string());
  CHECK(again["sets"]["verif_py2_protocol2"] == four["sets"]["verif_py2_protocol2"]);

  struct Case {
    char const *file, *says;
  };
  for (auto const& c : {Case{"bad_truncated.bin", "up to the end of the file"}, Case{"bad_no_stop.bin", "the end of the file"},
                        Case{"bad_not_pickle.bin", "a pickle of protocol 2 to 5"}, Case{"bad_odd_images.bin", "3 pictures and 2 booleans"},
                        Case{"bad_unknown_global.bin", "builtins.print"}}) {
    auto const ran = evaluate(folder, with + BERL_TEST_DATA "/golden/" + c.file);
    CHECK(ran.code == 2);
    CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
    CHECK(lines(ran.error) == 1);
  }
}

namespace {
/// IJB-C in small: templates 1 and 2 are galleries of subjects 10 and 20, 3 and 4 are probes of theirs, 5 is one of subject 30's.
struct Ijb {
  test::ScratchFolder folder;
  std::string const meta = (folder / "meta").string(), features = (folder / "faces.safetensors").string();
  std::string const common = " --meta " + meta + " --features " + features + " --no-flip";
  Ijb() {
    fs::create_directories(folder / "meta");
    // template 3 is one film of three frames, far from its mate, and a picture near it; a detector is sure of the picture alone
    spit(folder / "meta/ijbc_face_tid_mid.txt", "1.jpg 1 1\n2.jpg 2 2\n3.jpg 3 3\n4.jpg 3 3\n5.jpg 3 3\n6.jpg 3 4\n7.jpg 4 5\n8.jpg 5 6\n");
    std::string points;
    for (int i = 1; i <= 8; ++i)
      points += std::to_string(i) + ".jpg 38.3 51.7 73.5 51.5 56.0 71.7 41.5 92.4 70.7 92.2 " + (i >= 3 && i <= 5 ? "0.1" : "1.0") + "\n";
    spit(folder / "meta/ijbc_name_5pts_score.txt", points);
    spit(folder / "meta/ijbc_template_pair_label.txt", "1 3 1\n2 4 1\n1 4 0\n2 3 0\n1 5 0\n2 5 0\n");
    spit(folder / "meta/ijbc_1N_gallery_G1.csv", "TEMPLATE_ID,SUBJECT_ID,FILENAME\n1,10,a\n1,10,b\n");
    spit(folder / "meta/ijbc_1N_gallery_G2.csv", "TEMPLATE_ID,SUBJECT_ID\n2,20\n");
    spit(folder / "meta/ijbc_1N_probe_mixed.csv", "TEMPLATE_ID,SUBJECT_ID\n3,10\n4,20\n5,10\n");
    write(folder / "faces.safetensors", {{"embeddings", at({0, 90, 80, 80, 80, 0, 80, 45})}});
  }
};
}  // namespace

TEST_CASE("evaluate ijb11: templates by every switch, in the layout of the paper's table") {
  if (skip()) return;
  Ijb const set;
  auto const strict = [&](std::string const& switches) {
    return value(results(set.folder, "ijb11" + set.common + switches), 0, "ours", "ours, strict", "1e-6");
  };
  // impostors at cos 80 (1, 4), of 2 and 3, and at cos 45 twice; (2, 4) is at cos 10, and (1, 3) at the angle of template 3
  CHECK(strict("") == 100);                                   // film 0.1 at 80, picture 1 at 0: 5.6 degrees
  CHECK(strict(" --no-detector") == 100);                     // film and picture alike: 40 degrees
  CHECK(strict(" --no-detector --aggregation plain") == 50);  // three frames to one picture: 62 degrees, farther than 45
  CHECK(strict(" --aggregation plain") == 100);

  auto const json = results(set.folder, "ijb11" + set.common);
  CHECK(value(json, 0, "paper", "3D-BERL", "1e-6") == 88.45);
  CHECK(value(json, 0, "paper", "ArcFace", "1e-6") == -1);
  CHECK(json["pairs"] == 6);
  CHECK(json["genuine"] == 2);
  CHECK(json["aggregation"] == "media");
  for (auto const* const rule : {"nearest", "strict", "quantile"}) CHECK(json["tar_at_far"][rule].size() == 6);
  CHECK(slurp(set.folder / "out/roc.svg").find(">3D-BERL of the paper<") != std::string::npos);
}

TEST_CASE("evaluate ijb11: a face's length counts unless it is switched off, and the mirrored face is added") {
  if (skip()) return;
  Ijb const set;
  // the frames are ten times as long as the picture: with N they turn template 3 to 76 degrees, without to 40
  auto embeddings = at({0, 90, 80, 80, 80, 0, 80, 45});
  for (std::size_t i = 4; i < 10; ++i) embeddings[i] *= 10;
  write(set.folder / "faces.safetensors", {{"embeddings", embeddings}});
  auto const strict = [&](std::string const& switches) {
    return value(results(set.folder, "ijb11" + set.common + " --no-detector" + switches), 0, "ours", "ours, strict", "1e-6");
  };
  CHECK(strict("") == 50);
  CHECK(strict(" --normalise") == 100);
  auto const mirrored = at({0, 90, -80, -80, -80, 0, 80, 45}, 10);  // which turns the frames to 0 degrees
  write(set.folder / "faces.safetensors", {{"embeddings", embeddings}, {"mirrored", mirrored}});
  auto const with = "ijb11 --meta " + set.meta + " --features " + set.features + " --no-detector";
  CHECK(value(results(set.folder, with), 0, "ours", "ours, strict", "1e-6") == 100);
}

TEST_CASE("evaluate ijb1n: each gallery by itself, and the older form") {
  if (skip()) return;
  Ijb const set;
  // gallery 1 (0 degrees): probes 3 and 5 are mated, at 5.6 and 45 degrees, probe 4 at 80 is not; gallery 2 (90): 4 at 10, 3 at 84, 5 at 45
  auto const json = results(set.folder, "ijb1n --joined" + set.common);
  CHECK(value(json, 0, "ours", "ours", "rank-1") == 100);  // in each gallery there is nobody else
  CHECK(value(json, 0, "ours", "  gallery 1", "TPIR@0.1") == 100);
  CHECK(value(json, 0, "ours", "  gallery 2", "TPIR@0.1") == 100);
  CHECK(json["probes"] == 3);
  CHECK(json["galleries"][0]["mated_probes"] == 2);
  CHECK(json["galleries"][1]["mated_probes"] == 1);
  // joined: mates at 5.6, 10 and 45 degrees; the nearest of others is 5 at 45 from the second
  CHECK(value(json, 1, "ours", "ours", "0.01") == doctest::Approx(200 / 3.0));

  spit(set.folder / "meta/ijbc_1N_probe_mixed.csv", "TEMPLATE_ID,SUBJECT_ID\n4,10\n3,20\n5,10\n");  // 4 is nearer to 2, and 3 to 1
  auto const wrong = results(set.folder, "ijb1n" + set.common);
  CHECK(value(wrong, 0, "ours", "  gallery 1", "TPIR@0.01") == doctest::Approx(0));  // the stranger 3 is at 5.6 degrees
}

TEST_CASE("evaluate ijb-occlusion: faces, templates and pairs that are left, and their numbers") {
  if (skip()) return;
  Ijb const set;
  spit(set.folder / "occluded.txt", "1\n1\n0\n0\n0\n1\n1\n0\n");  // of template 3 the picture, of 5 nothing
  auto const json = results(
      set.folder, "ijb-occlusion --no-detector --aggregation plain" + set.common + " --occluded " + (set.folder / "occluded.txt").string());
  CHECK(json["faces"] == 4);
  CHECK(json["templates"] == 4);
  CHECK(json["pairs"] == 4);
  CHECK(json["official_pairs"] == 6);
  CHECK(value(json, 0, "paper", "InterpretFR", "1e-3") == 89.80);
  CHECK(value(json, 0, "ours", "ours, strict", "1e-6") == 100);  // of all faces it is 50, as above
}

TEST_CASE("evaluate ijb11: with a model, faces are aligned by their points, and features that were saved give the same") {
  if (skip()) return;
  Ijb const set;
  test::train_shortly(set.folder);
  fs::create_directories(set.folder / "loose_crop");
  data::SyntheticFaces const faces({.identities = 4, .pictures_per_identity = 2});
  for (int i = 0; i < 8; ++i) io::write_jpeg(set.folder / ("loose_crop/" + std::to_string(i + 1) + ".jpg"), faces.load(i));
  auto const saved = (set.folder / "saved.safetensors").string(), meta = " --meta " + set.meta;
  auto const first = evaluate(set.folder, "ijb11 --threads 1 --model " + test::model_in(set.folder) + meta + " --images " +
                                              (set.folder / "loose_crop").string() + " --save-features " + saved);
  REQUIRE_MESSAGE(first.code == 0, first.error);
  auto const again = evaluate(set.folder, "ijb11" + meta + " --features " + saved);
  CHECK(again.out == first.out);
  auto const file = io::SafeTensors::read(saved);
  CHECK(file.shape("embeddings")[0] == 8);
  CHECK(file.shape("mirrored") == file.shape("embeddings"));
}

TEST_CASE("evaluate pairs agrees with verify") {
  if (skip()) return;
  test::ScratchFolder const folder;
  test::train_shortly(folder);
  data::SyntheticFaces const faces({.identities = 3, .pictures_per_identity = 2});
  std::string list;
  for (int i = 0; i < 6; ++i) {
    io::write_png(folder / ("p" + std::to_string(i) + ".png"), faces.load(i));
    for (int j = 0; j < i; ++j) list += "p" + std::to_string(i) + ".png,p" + std::to_string(j) + ".png," + (i / 2 == j / 2 ? "1\n" : "0\n");
  }
  spit(folder / "pairs.csv", list);
  auto const pairs = " --threads 1 --model " + test::model_in(folder) + " --pairs " + (folder / "pairs.csv").string();
  auto const ours = results(folder, "pairs" + pairs + " --save-features " + (folder / "e.safetensors").string());
  REQUIRE(run(folder, "verify", pairs + " --flip --out " + (folder / "v.json").string()).code == 0);
  auto const theirs = nlohmann::json::parse(slurp(folder / "v.json"));
  CHECK(ours["sets"]["pairs"]["accuracy_per_fold"] == theirs["verification"]["accuracy_per_fold"]);
  CHECK(ours["sets"]["pairs"]["auc"].get<double>() == doctest::Approx(theirs["verification"]["auc"].get<double>()));
  auto const again =
      results(folder, "pairs --features " + (folder / "e.safetensors").string() + " --pairs " + (folder / "pairs.csv").string());
  CHECK(again["sets"] == ours["sets"]);
}

namespace {
/// Five probes of two identities and three distractors, as feature files of the kit.
struct Mega {
  test::ScratchFolder folder;
  std::vector<double> const probes{0, 10, 30, 100, 190}, distractors{15, 35, 250};
  std::string const lists = " --probes " + (folder / "probes.json").string() + " --distractors " + (folder / "distractors.txt").string();
  std::string const folders = lists + " --probes-from " + (folder / "fs").string() + " --distractors-from " + (folder / "mf").string();
  std::string const files = " --suffix net" + folders;
  static void feature(fs::path const& path, std::vector<float> const& v) {
    fs::create_directories(path.parent_path());
    std::int32_t const head[] = {static_cast<std::int32_t>(v.size()), 1, 4, 5};
    std::string bytes(reinterpret_cast<char const*>(head), sizeof head);
    bytes.append(reinterpret_cast<char const*>(v.data()), 4 * v.size());
    spit(path, bytes);
  }
  Mega() {
    char const* const names[] = {"A B/1.png", "A B/2.png", "A B/3.png", "C/C_4.png", "C/C_5.png"};
    nlohmann::json list{{"path", nlohmann::json::array()}, {"id", {0, 0, 0, 1, 1}}};
    for (std::size_t i = 0; i < 5; ++i) {
      list["path"].push_back(names[i]);
      feature(folder / ("fs/" + std::string(names[i]) + "_net.bin"), at({probes[i]}));
    }
    spit(folder / "probes.json", list.dump());
    std::string text;
    for (int i = 0; i < 3; ++i) {
      auto const name = "00/x@y/" + std::to_string(i) + ".jpg";
      text += "some/where/" + name + "\n";
      feature(folder / ("mf/" + name + "_net.bin"), at({distractors[static_cast<std::size_t>(i)]}, 3));
    }
    spit(folder / "distractors.txt", text);
  }
};
}  // namespace

TEST_CASE("evaluate megaface: feature files and arrays, and noise that is cleaned") {
  if (skip()) return;
  Mega const set;
  // probe 0: mates 10 and 30 away, distractors 15 and 35; 10: mates 10 and 20, distractor 5; 30: 20 and 30, 5; 100: 90, 65; 190: 90, 60
  auto const json = results(set.folder, "megaface" + set.files);
  CHECK(value(json, 0, "ours", "ours", "rank-1") == doctest::Approx(100 / 8.0));
  CHECK(value(json, 0, "paper", "3D-BERL", "rank-1") == 98.63);
  CHECK(json["cmc"].size() == 10);
  CHECK(json["identities"] == 2);
  CHECK(json["distractors"] == 3);

  write(set.folder / "probes.safetensors", {{"embeddings", at(set.probes, 2)}});
  write(set.folder / "distractors.safetensors", {{"embeddings", at(set.distractors)}});
  auto const arrays = set.lists + " --probes-from " + (set.folder / "probes.safetensors").string() + " --distractors-from " +
                      (set.folder / "distractors.safetensors").string();
  auto const same = results(set.folder, "megaface" + arrays);
  CHECK(same["cmc"] == json["cmc"]);
  CHECK(results(set.folder, "megaface --threads 3" + arrays)["cmc"] == json["cmc"]);

  // without the first distractor, 0 has 35 as the nearest: both mates; 10 has 25: both; 30 has 5, 100 65, 190 60
  spit(set.folder / "mf_noise.txt", "# noisy\n1\t00/x@y/0.jpg\n");
  auto const clean = results(set.folder, "megaface" + arrays + " --distractor-noise " + (set.folder / "mf_noise.txt").string());
  CHECK(value(clean, 0, "ours", "ours", "rank-1") == doctest::Approx(100 * 4 / 8.0));
  CHECK(clean["noisy_distractors"] == 1);
  // and picture 3, at 30, becomes the sum of those at 0 and 10: 5, which is 30 from 35, 5 from both mates
  spit(set.folder / "fs_noise.txt", "# noisy\n3.png\n");
  auto const both = results(set.folder, "megaface" + arrays + " --distractor-noise " + (set.folder / "mf_noise.txt").string() +
                                            " --probe-noise " + (set.folder / "fs_noise.txt").string());
  CHECK(value(both, 0, "ours", "ours", "rank-1") == doctest::Approx(100 * 6 / 8.0));
  CHECK(both["noisy_probes"] == 1);

  // what the kit would have written is read again
  auto const kit = set.folder / "out/megaface.json";
  REQUIRE(std::filesystem::exists(kit));
  CHECK(nlohmann::json::parse(slurp(kit))["cmc"][1][0].get<double>() == both["cmc"][0].get<double>());
  spit(set.folder / "theirs.json", R"({"cmc": [[0, 1], [0.25, 0.5]], "roc": [[0, 1], [0.5, 1]]})");
  auto const beside = results(set.folder, "megaface" + arrays + " --beside " + (set.folder / "theirs.json").string());
  CHECK(value(beside, 1, "ours", "theirs", "2") == 50);
  CHECK(beside["roc"].contains("theirs"));
}

TEST_CASE("evaluate attributes: the test part of both sets, in the column of the training part") {
  if (skip()) return;
  test::ScratchFolder const folder;
  // a: only Bald, c: all
  std::string names, none, all, digits(40, '0');
  for (auto const name : data::attribute_names) {
    names += std::string(name) + " ";
    none += name == "Bald" ? " 1" : " -1", all += " 1";
  }
  digits[4] = '1';
  spit(folder / "list_attr_celeba.txt", "3\n" + names + "\na.jpg" + none + "\nb.jpg" + all + "\nc.jpg" + all + "\n");
  spit(folder / "list_eval_partition.txt", "a.jpg 2\nb.jpg 0\nc.jpg 2\n");
  std::vector<float> said(80, -1.f);  // a: all right but Bald; c: right for Bald and Young alone
  said[40 + 4] = said[40 + 39] = 3;
  write(folder / "l.safetensors", {{"logits", said, 40}});
  auto const logits = " --logits " + (folder / "l.safetensors").string();
  auto const celeba = results(folder, "attributes --trained-on 0.5% --celeba " + (folder / "").string() + logits);
  double const mean = 100 * (39 + 2) / 80.0;
  CHECK(value(celeba, 0, "ours", "ours", "0.5%") == doctest::Approx(mean));
  CHECK(value(celeba, 0, "ours", "ours", "100%") == -1);
  CHECK(value(celeba, 0, "paper", "3D-BERL", "0.5%") == 88.02);
  CHECK(value(celeba, 1, "ours", "Bald", "accuracy") == 50);
  CHECK(value(celeba, 1, "ours", "Young", "accuracy") == 100);
  CHECK(value(celeba, 1, "ours", "Male", "accuracy") == 50);
  CHECK(celeba["pictures"] == 2);

  spit(folder / "lfwa.txt", "a\\1.jpg\t2\t" + digits + "\na\\2.jpg\t0\t" + digits + "\na\\3.jpg\t2\t" + std::string(40, '1') + "\n");
  auto const lfwa = results(folder, "attributes --lfwa " + (folder / "lfwa.txt").string() + logits);
  CHECK(value(lfwa, 0, "ours", "ours", "100%") == doctest::Approx(mean));
  CHECK(value(lfwa, 0, "paper", "3D-BERL", "100%") == 86.39);
  CHECK(value(lfwa, 1, "paper", "3D", "5%") == 79.96);
}

TEST_CASE("evaluate shape: depth maps from elsewhere") {
  if (skip()) return;
  test::ScratchFolder const folder;
  constexpr std::size_t plane = 64 * 64;
  io::SafeTensorsWriter truth, seen;
  truth.add("depth", {1, 64, 64}, std::vector<float>(plane, 1.f));
  truth.add("view", {1, 6}, std::vector<float>(6));
  truth.add("canon_depth", {1, 64, 64}, std::vector<float>(plane, 1.f));
  truth.write(folder / "truth.safetensors");
  seen.add("depth", {1, 64, 64}, std::vector<float>(plane, 1.05f));
  seen.write(folder / "seen.safetensors");
  auto const given = "shape --depths " + (folder / "seen.safetensors").string() + " --truth " + (folder / "truth.safetensors").string();
  auto const json = results(folder, given);
  CHECK(value(json, 0, "ours", "ours", "SIDE x 100") < 1e-4);  // a factor does not count; float depths
  CHECK(value(json, 0, "ours", "ours", "|d| x 100") == doctest::Approx(5));
  CHECK(value(json, 0, "ours", "ours", "d^2 x 10000") == doctest::Approx(25));
  CHECK(value(json, 0, "ours", "ours", "MAD, degrees") < 0.05);  // acos of 1 - 1e-7, in float normals, is 0.03 degrees
  CHECK(value(json, 0, "ours", "flat face", "|d| x 100") == 0);
  CHECK(value(results(folder, given + " --published-normals"), 0, "ours", "flat face", "MAD, degrees") ==
        doctest::Approx(6.5).epsilon(0.01));
}

TEST_CASE("evaluate: what the caller got wrong is one sentence and exit code 2") {
  if (skip()) return;
  Ijb const set;
  Mega const mega;
  auto const at_set = [&](char const* name) { return (set.folder / name).string(); };
  write(set.folder / "few.safetensors", {{"embeddings", at({0, 1})}});
  write(set.folder / "odd.safetensors", {{"embeddings", at({0, 1, 2, 3})}}, {1, 2});
  write(set.folder / "same.safetensors", {{"embeddings", at({0, 1, 2, 3})}}, {1, 1});
  spit(set.folder / "flags.txt", "1\n0\nyes\n");
  spit(set.folder / "flags_few.txt", "1\n0\n");
  spit(set.folder / "a.bin", "no pickle");
  fs::create_directories(set.folder / "bad");
  spit(set.folder / "bad/ijbc_face_tid_mid.txt", "1.jpg 1 x\n");
  fs::copy_file(set.folder / "meta/ijbc_name_5pts_score.txt", set.folder / "bad/ijbc_name_5pts_score.txt");
  fs::create_directories(set.folder / "other");
  for (auto const* const name : {"ijbc_face_tid_mid.txt", "ijbc_name_5pts_score.txt", "ijbc_template_pair_label.txt"})
    fs::copy_file(set.folder / "meta" / name, set.folder / "other" / name);
  spit(set.folder / "other/ijbc_template_pair_label.txt", "1 3 1\n2 99 0\n");
  spit(set.folder / "empty.json", "{}");
  std::string const features = " --features " + set.features + " --no-flip";
  struct Case {
    std::string arguments, says;
  };
  for (auto const& c :
       {Case{"", "Usage: evaluate PROTOCOL"},
        Case{"lfv", "found 'lfv'; expected the name of a protocol"},
        Case{"lfw", "sets is required"},
        Case{"lfw " + at_set("a.bin"), "no --model"},
        Case{"lfw nowhere.safetensors", "nowhere.safetensors"},
        Case{"lfw " + at_set("odd.safetensors"), "array 'same': found 2"},
        Case{"lfw " + at_set("few.safetensors"), "no 'same'"},
        Case{"lfw " + at_set("same.safetensors"), "no array 'mirrored'"},
        Case{"lfw --no-flip " + at_set("same.safetensors"), "pairs of both kinds"},
        Case{"pairs --features x.safetensors --pairs nowhere.csv", "nowhere.csv"},
        Case{"pairs --pairs x.csv", "one of the two is required"},
        Case{"ijb11 --meta " + set.meta, "one of the two is required"},
        Case{"ijb11 --meta nowhere" + features, "nowhere/ijbc_face_tid_mid.txt"},
        Case{"ijb11 --set ijbb --meta " + set.meta + features, "ijbb_face_tid_mid.txt: found no file"},
        Case{"ijb11 --meta " + at_set("bad") + features, "line 1, field 3"},
        Case{"ijb11 --aggregation mean" + set.common, "aggregation"},
        Case{"ijb11 --meta " + set.meta + " --features " + at_set("few.safetensors"), "a row for each picture"},
        Case{"ijb11 --meta " + set.meta + " --features " + set.features, "no array 'mirrored'"},
        Case{"ijb11 --meta " + at_set("other") + features, "template 99: found no face of it"},
        Case{"ijb-occlusion" + set.common + " --occluded " + at_set("flags.txt"), "line 3: found \"yes\""},
        Case{"ijb-occlusion" + set.common + " --occluded " + at_set("flags_few.txt"), "found 2 lines; expected one line of 0 or 1"},
        Case{"ijb1n --meta " + at_set("other") + features, "_1N_probe_mixed.csv"},
        Case{"megaface" + mega.lists + " --probes-from nowhere --distractors-from nowhere", "no such file or folder"},
        Case{"megaface" + mega.lists + " --probes-from " + (mega.folder / "fs").string() + " --distractors-from nowhere",
             "neither --suffix nor --model"},
        Case{"megaface --suffix other" + mega.folders, "_other.bin"},
        Case{"megaface --probes " + at_set("empty.json") + " --distractors x --probes-from y --distractors-from z", "no array \"path\""},
        Case{"megaface --suffix a --model b" + mega.lists + " --probes-from y --distractors-from z", "one of the two"},
        Case{"attributes --logits x", "found neither"},
        Case{"attributes --logits x --lfwa nowhere.txt", "nowhere.txt"},
        Case{"attributes --logits x --celeba nowhere", "list_attr_celeba.txt"},
        Case{"attributes --threads 2 --logits x --lfwa y", "--threads"},
        Case{"shape --truth x --depths nowhere.safetensors", "nowhere.safetensors"},
        Case{"shape --truth x --model y", "--list: found none"}}) {
    auto const ran = evaluate(set.folder, c.arguments);
    CAPTURE(c.arguments);
    CHECK(ran.code == 2);
    CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
    CHECK(ran.out.empty());
    if (!c.arguments.empty()) CHECK(lines(ran.error) <= 2);  // the command line's own errors end in a line that names --help
  }
  CHECK(evaluate(set.folder, "--help").out.find("megaface") != std::string::npos);
  for (auto const* const name : {"lfw", "pairs", "ijb11", "ijb1n", "ijb-occlusion", "megaface", "attributes", "shape"}) {
    auto const help = evaluate(set.folder, std::string(name) + " --help");
    CHECK(help.code == 0);
    CHECK(help.out.find("--out") != std::string::npos);
    CHECK(help.out.find("Exit code") != std::string::npos);
  }
}
