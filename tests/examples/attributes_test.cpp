#include <berl/data/attributes.hpp>
#include <berl/io/safetensors.hpp>

#include <nlohmann/json.hpp>
#include <set>

#include "run_program.hpp"

using namespace berl;
using test::lines, test::run, test::skip;

namespace {
nlohmann::json json_in(std::filesystem::path const& path) { return nlohmann::json::parse(test::slurp(path)); }

/// `evaluate attributes` says of the logits in out/ what finetune_attributes said of its largest part.
void check_evaluated_alike(test::ScratchFolder const& folder, std::string const& labels) {
  auto const ran = run(
      folder, "evaluate",
      "attributes " + labels + " --logits " + (folder / "out/logits.safetensors").string() + " --out " + (folder / "evaluated").string());
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  auto const each = json_in(folder / "evaluated/results.json")["tables"].back();
  auto const said = json_in(folder / "out/summary.json")["parts"].back()["attributes"];
  std::size_t compared = 0;
  for (auto const& row : each["ours"]) {
    auto const name = row["name"].get<std::string>();
    if (!said.contains(name)) continue;  // of which all pictures say the same, or the mean
    CHECK_MESSAGE(row["values"][0].get<double>() == 100 * said[name].get<double>(), name);
    ++compared;
  }
  CHECK(compared == said.size());
  CHECK(compared > 10);
}
}  // namespace

TEST_CASE("finetune_attributes: CelebA's and LFWA's layouts, from scratch and from a network, beside the paper's rows") {
  if (skip()) return;
  test::ScratchFolder const folder;
  for (char const* const format : {"celeba", "lfwa"}) {
    auto const packed =
        run(folder, "pack",
            std::string("--data synthetic --identities 4 --pictures 5 --format ") + format + " --out " + (folder / format).string());
    REQUIRE_MESSAGE(packed.code == 0, packed.error);
  }
  std::string const shared = " --threads 1 --epochs 1 --batch 4 --out " + (folder / "out").string();
  auto const celeba =
      run(folder, "finetune_attributes", "--celeba " + (folder / "celeba").string() + " --fractions 1,0.5 --pool gap" + shared);
  REQUIRE_MESSAGE(celeba.code == 0, celeba.error);
  CHECK(celeba.out.find("he2022, Table 6") != std::string::npos);
  std::string const blind = "the more frequent answer alone is right in ";
  auto const at = celeba.out.find(blind);
  REQUIRE(at != std::string::npos);
  auto const list =
      data::read_celeba((folder / "celeba/list_attr_celeba.txt").string(), (folder / "celeba/list_eval_partition.txt").string());
  auto const tested = list.of(data::AttributeSplit::test);
  double right = 0, told = 0;
  for (std::size_t k = 0; k < 40; ++k) {
    double all = 0, in_test = 0;
    for (auto const& values : list.values) all += values[k];
    for (int const i : tested) in_test += list.values[static_cast<std::size_t>(i)][k];
    if (all == 0 || all == static_cast<double>(list.size())) continue;
    told += 1, right += std::max(in_test, static_cast<double>(tested.size()) - in_test) / static_cast<double>(tested.size());
  }
  CHECK(std::stod(celeba.out.substr(at + blind.size())) == doctest::Approx(100 * right / told).epsilon(1e-4));  // printed with two digits
  auto const summary = json_in(folder / "out/summary.json");
  CHECK(summary["parts"].size() == 2);
  CHECK(summary["parts"][0]["pictures"] == 6);  // of 12 for training
  CHECK(summary["parts"][1]["pictures"] == 12);
  CHECK(summary["parts"][1]["accuracy"] >= 0);
  for (char const* const file : {"metrics.jsonl", "results.json", "results.csv", "curve.svg", "curve.png"})
    CHECK_MESSAGE(std::filesystem::exists(folder / "out" / file), file);
  auto const tuned = io::SafeTensors::read(folder / "out/attributes.safetensors");
  CHECK(tuned.contains("attr.fc2.bias"));
  CHECK(tuned.shape("attr.fc1.weight").back() == 64);  // the channels of stage 3
  CHECK_FALSE(tuned.contains("fc.bias"));              // stage 4 is gone
  check_evaluated_alike(folder, "--celeba " + (folder / "celeba").string());

  auto const lfwa = run(folder, "finetune_attributes",
                        "--lfwa " + (folder / "lfwa/lfwa.txt").string() + " --fractions 0.5 --init " +
                            (folder / "out/attributes.safetensors").string() + shared);
  REQUIRE_MESSAGE(lfwa.code == 0, lfwa.error);
  CHECK(lfwa.out.find("he2022, Table 7") != std::string::npos);
  CHECK(json_in(folder / "out/summary.json")["network"] == "r18-quarter");
  auto const flat = io::SafeTensors::read(folder / "out/attributes.safetensors");
  CHECK(flat.shape("attr.fc1.weight").back() == 64 * 14 * 14);  // --pool flatten, the default: all of stage 3
  check_evaluated_alike(folder, "--trained-on 50% --lfwa " + (folder / "lfwa/lfwa.txt").string());
}

TEST_CASE("ablation: one table, whose tunings are not repeated") {
  if (skip()) return;
  test::ScratchFolder const folder;
  std::string const asked =
      "--rows scratch,rotation --fractions 0.5,1 --seeds 2 --steps 1 --people 2 --pictures 1 --tuned-people 3 --test-people 2"
      " --tuned-pictures 2 --epochs 1 --batch 3 --set batch=2 --threads 1 --out " +
      (folder / "out").string();
  auto const first = run(folder, "ablation", asked);
  REQUIRE_MESSAGE(first.code == 0, first.error);
  CHECK(first.out.find("rotation") != std::string::npos);
  CHECK(lines(test::slurp(folder / "out/runs.jsonl")) == 8);
  CHECK(json_in(folder / "out/results.json")["tables"][1]["ours"][1]["deviations"].size() == 2);
  CHECK(std::filesystem::exists(folder / "out/curves.png"));
  auto const csv = test::slurp(folder / "out/results.csv");
  CHECK(run(folder, "ablation", asked).code == 0);
  CHECK(lines(test::slurp(folder / "out/runs.jsonl")) == 8);
  CHECK(test::slurp(folder / "out/results.csv") == csv);
}

TEST_CASE("ablation: every row begins with what its name says") {
  if (skip()) return;
  test::ScratchFolder const folder;
  std::vector<std::string> const rows{"scratch", "3D", "FR", "3D+FR", "rotation", "jigsaw"};
  std::string const out = (folder / "out").string();
  auto const ran = run(folder, "ablation",
                       "--rows scratch,3D,FR,3D+FR,rotation,jigsaw --fractions 1 --seeds 1 --steps 1 --people 2 --pictures 1"
                       " --tuned-people 2 --test-people 2 --tuned-pictures 1 --epochs 1 --batch 2 --set batch=2 --set stage1.warm_up=0 "
                       "--set stage3.warm_up=0 --threads 1 --out " +
                           out);
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  auto const table = json_in(folder / "out/results.json")["tables"][1];
  REQUIRE(table["ours"].size() == rows.size());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    CHECK(table["ours"][k]["name"] == rows[k]);
    double const accuracy = table["ours"][k]["values"][0].get<double>();
    CHECK((accuracy >= 0 && accuracy <= 100));
  }
  auto const made = [&](char const* row) { return folder / "out/pretraining" / row; };
  CHECK_FALSE(std::filesystem::exists(made("scratch")));
  auto const losses = [&](char const* row) {
    auto const text = test::slurp(made(row) / "metrics.jsonl");
    REQUIRE(lines(text) == 1);
    return nlohmann::json::parse(text);
  };
  auto const shape = losses("3D"), recognition = losses("FR"), both = losses("3D+FR");
  CHECK(shape["total"] == shape["recon"]);
  CHECK(shape["recon"] > 0);
  CHECK(recognition["total"] == recognition["fr"]);
  CHECK(recognition["recon"] == 0);
  CHECK(both["total"] == both["fr"].get<double>() + both["recon"].get<double>());
  CHECK(both["recon"] > 0);
  CHECK(losses("rotation")["stage"] == "rotation");
  CHECK(losses("jigsaw")["stage"] == "jigsaw");
  std::set<std::vector<float>> trunks;
  for (std::size_t k = 1; k < rows.size(); ++k)
    trunks.insert(io::SafeTensors::read(made(rows[k].c_str()) / "model.safetensors").get<float>("conv1.weight"));
  CHECK(trunks.size() == rows.size() - 1);  // each was trained by another loss
}

TEST_CASE("attributes: what cannot be done is one line on stderr") {
  if (skip()) return;
  test::ScratchFolder const folder;
  struct Call {
    char const *program, *arguments, *said;
  };
  for (Call const& call : {Call{"finetune_attributes", "", "expected one"},
                           Call{"finetune_attributes", "--synthetic --network unsup3d-quarter", "a face network"},
                           Call{"finetune_attributes", "--synthetic --fractions 2", "label_fraction"},
                           Call{"finetune_attributes", "--celeba nowhere", "list_attr_celeba.txt"},
                           Call{"ablation", "--set nonsense=1", "a known key"}}) {  // though the first row is not pre-trained
    auto const refused = run(folder, call.program, call.arguments + std::string(" --out ") + (folder / "x").string());
    CHECK_MESSAGE(refused.code == 2, call.arguments);
    CHECK_MESSAGE(refused.error.find(call.said) != std::string::npos, refused.error);
  }
}
