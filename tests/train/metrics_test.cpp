#include <berl/train/metrics.hpp>

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

using namespace berl;
using test::ScratchFolder;
using test::slurp;
using test::spit;

TEST_CASE("metrics: a line for each record; what comes after the checkpoint is cut off") {
  ScratchFolder scratch;
  auto const file = scratch / "metrics.jsonl";
  auto const line = [](int step, char const* stage) { return nlohmann::ordered_json{{"step", step}, {"stage", stage}}; };
  {
    train::Metrics metrics(scratch.path());
    metrics.begin(0);
    for (int const step : {1, 2, 3}) CHECK(metrics.add(line(step, step < 3 ? "a" : "b")));
    CHECK(metrics.last("a")["step"] == 2);
    CHECK(metrics.last("c").is_null());
  }
  std::string const three = slurp(file);
  CHECK(three == "{\"step\":1,\"stage\":\"a\"}\n{\"step\":2,\"stage\":\"a\"}\n{\"step\":3,\"stage\":\"b\"}\n");
  spit(file, three + "{\"step\":4, \"sta");  // a line that a kill has cut
  {
    train::Metrics metrics(scratch.path());
    metrics.begin(2);
    CHECK(metrics.last("a")["step"] == 2);
    CHECK(metrics.last("b").is_null());
    metrics.add(line(3, "b"));
  }
  CHECK(slurp(file) == three);
  std::string const deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  for (std::string const& other : {std::string(R"({"step":"2","stage":"a"})"), std::string(R"({"step":2,"stage":3})"), std::string("[1]"),
                                   R"({"step":2,"stage":"a","loss":)" + deep + "}"}) {
    spit(file, three + other + "\n");
    train::Metrics(scratch.path()).begin(3);
    CHECK(slurp(file) == three);
  }
  train::Metrics(scratch.path()).begin(0);  // from the beginning
  CHECK(slurp(file).empty());
}
