#include "../../examples/evaluate/report.hpp"

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

TEST_CASE("report: names of any bytes, and no figure is lost for them") {
  berl::test::ScratchFolder const folder;
  evaluate::Report report("pairs");
  report["model"] = "models/\xff.safetensors";
  report.add({.title = "Accuracy", .columns = {"set \xe9"}, .paper = {}, .ours = {{"mine\xff", {99.5}}}});
  report.add(berl::eval::RocCurve{.name = "\xff", .points = {{0, 0}, {0.5, 1}, {1, 1}}});
  report.write(folder.path());
  auto const json = nlohmann::json::parse(berl::test::slurp(folder / "results.json"));
  CHECK(json["model"] == "models/\ufffd.safetensors");
  CHECK(json["tables"][0]["columns"][0] == "set \ufffd");
  CHECK(json["tables"][0]["ours"][0] == nlohmann::json{{"name", "mine\ufffd"}, {"values", {99.5}}});
  CHECK(json["roc"]["\ufffd"].size() == 3);
  CHECK(berl::test::slurp(folder / "results.csv") == "table,source,row,column,value\nAccuracy,ours,mine\xff,set \xe9,99.5\n");
  CHECK(std::filesystem::exists(folder / "roc.png"));
}
