#include <berl/losses/curricular_face.hpp>
#include <berl/train/options.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace berl;

TEST_CASE("options: the paper's numbers are the defaults, and sizes follow from them") {
  using Options = train::Options<losses::CurricularFace>;
  constexpr Options published;
  CHECK(published.sgd.momentum == 0.9);
  CHECK(published.sgd.weight_decay == 5e-4);
  CHECK(published.adam.weight_decay == 5e-4);
  CHECK(published.gamma_fr == 1);
  CHECK(published.gamma_recon == 1);
  CHECK(published.clip == 0);
  CHECK(published.graph);
  Options const o{
      .identities = 7, .batch = 12, .threads = 3, .head_filter = 0.5, .head_sample_rate = 0.25, .flip = 0.5, .confidence = true};
  auto const s = o.sizes();
  CHECK(s.identities == 7);
  CHECK(s.batch == 12);
  CHECK(s.threads == 3);
  CHECK(s.flip);
  CHECK(s.confidence);
  CHECK(s.supersampling == imaging::Settings{}.supersampling);
  CHECK(s.head_sample_rate == 0.25);
  CHECK(s.head_filter == 0.5);
  CHECK_FALSE(published.sizes().flip);
  CHECK(std::string(s.head.name) == losses::CurricularFace::name);
}

TEST_CASE("options: stages have the names of the metrics") {
  CHECK(std::string(train::name_of(train::Stage::recognition)) == "recognition");
  CHECK(std::string(train::name_of(train::Stage::reconstruction)) == "reconstruction");
  CHECK(std::string(train::name_of(train::Stage::joint)) == "joint");
}
