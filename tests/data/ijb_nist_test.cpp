#include <berl/data/ijb_nist.hpp>

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

using namespace berl;
using data::TemplatePair, data::TemplateSubjects;
using test::message_of, test::ScratchFolder, test::spit;

namespace {
std::string headings() {
  std::string text = "SUBJECT_ID,FILENAME,TEMPLATE_ID,YAW";
  for (int k = 1; k <= 18; ++k) text += ",OCC" + std::to_string(k);
  return text + "\n";
}
std::string line(std::string const& first, std::string const& flags) { return first + "," + flags + "\n"; }
constexpr char const* none = "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0";
constexpr char const* last_and_empty = ",,,,,,,,,,,,,,,,,1.0";
}  // namespace

TEST_CASE("NIST's lines are read by their headings; empty flags are off") {
  ScratchFolder scratch;
  std::string const path = (scratch / "g1.csv").string();
  spit(path, headings() + line("7,img/1.jpg,30,-12.5", none) + line("8,frames/2.png,31,", last_and_empty));
  auto const faces = data::read_nist_faces(path);
  REQUIRE(faces.size() == 2);
  CHECK(faces[0].template_id == 30);
  CHECK(faces[0].subject == 7);
  CHECK(faces[0].file == "img/1.jpg");
  CHECK(faces[0].occlusions.none());
  CHECK(faces[1].template_id == 31);
  CHECK(faces[1].occlusions.count() == 1);
  CHECK(faces[1].occlusions[17]);

  data::TemplateFaces set;
  set.images = {"1.jpg", "2.jpg"};
  set.templates = {30, 31};
  CHECK(data::occlusion_of(faces, set, path) == std::vector<std::uint8_t>{0, 1});
  set.templates = {30, 32};
  CHECK(message_of<Error>([&] { data::occlusion_of(faces, set, path); }).find("face 2: found template 31; expected 32 as in the set") !=
        std::string::npos);
  set.images = {"1.jpg"};
  CHECK(message_of<Error>([&] { data::occlusion_of(faces, set, path); }).find("found 2 faces; expected 1") != std::string::npos);
}

TEST_CASE("what is wrong in NIST's lines is said with its line") {
  ScratchFolder scratch;
  std::string const path = (scratch / "g1.csv").string();
  auto const message = [&](std::string const& text) {
    spit(path, text);
    return message_of<Error>([&] { data::read_nist_faces(path); });
  };
  CHECK(message("").find("found no line") != std::string::npos);
  CHECK(message(headings()).find("found no face") != std::string::npos);
  CHECK(message("TEMPLATE_ID,SUBJECT_ID\n1,2\n").find("line 1: found no heading FILENAME") != std::string::npos);
  CHECK(message("TEMPLATE_ID,SUBJECT_ID,FILENAME,OCC1\n1,2,a,0\n").find("line 1: found no heading OCC2") != std::string::npos);
  CHECK(message(headings() + "7,a.jpg\n").find("line 2: found 2 fields; expected 22") != std::string::npos);
  CHECK(message(headings() + line("x,a.jpg,30,1", none)).find("line 2, field 1: found \"x\"; expected the subject's") != std::string::npos);
  CHECK(message(headings() + line("7,a.jpg,30,1", "2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0")).find("field 5: found \"2\"; expected 0, 1") !=
        std::string::npos);
}

TEST_CASE("NIST's matches show one person where the subjects are equal") {
  ScratchFolder scratch;
  std::string const path = (scratch / "matches.csv").string();
  spit(path, "1,10\n2,10\n2,11\n");
  std::vector<TemplateSubjects> const known{{{1, 2}, {5, 6}}, {{10, 11}, {5, 6}}};
  CHECK(data::read_nist_matches(path, known) == std::vector<TemplatePair>{{1, 10, true}, {2, 10, false}, {2, 11, true}});
  spit(path, "1,10\n3,10\n");
  CHECK(message_of<Error>([&] { data::read_nist_matches(path, known); }).find("line 2, field 1: found template 3") != std::string::npos);
  spit(path, "\n");
  CHECK(message_of<Error>([&] { data::read_nist_matches(path, known); }).find("found no pair") != std::string::npos);
}
