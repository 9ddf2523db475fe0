#include <berl/data/attributes.hpp>
#include <berl/data/synthetic_face.hpp>
#include <berl/io/image.hpp>

#include "evaluated_sets.hpp"

using namespace berl;
using namespace berl::test;
namespace fs = std::filesystem;

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
