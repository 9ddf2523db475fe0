#include <berl/data/ijb.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

using namespace berl::data;
using berl::Error;
using berl::test::message_of;
using berl::test::spit;

namespace {
/// Three templates of two persons: 7 and 9 are one, faces 2 and 4 are occluded.
struct Set {
  berl::test::ScratchFolder folder;
  Set() {
    std::filesystem::create_directories(folder / "meta");
    meta("face_tid_mid.txt", "1.jpg 7 70\n2.jpg 7 71\n3.jpg 8 70\n4.jpg 9 72\n");
    std::string points;
    for (char const* const image : {"1", "2", "3", "4"})
      points += std::string(image) + ".jpg 10 11.5 20 21 30 31 40 41 50 51 0.9" + image + "\n";
    meta("name_5pts_score.txt", points);
    meta("template_pair_label.txt", "7 9 1\n7 8 0\n9 8 0\n");
    meta("occluded.txt", "0\n1\n0\n1\n");
    meta("1N_gallery_G1.csv", "TEMPLATE_ID,SUBJECT_ID,FILENAME\n7,100,a\n7,100,b\n");
    meta("1N_gallery_G2.csv", "X,SUBJECT_ID,TEMPLATE_ID\n,200,8\n");
    meta("1N_probe_mixed.csv", "tid,sid\n9,100\n");
  }
  void meta(std::string const& name, std::string const& text) const { spit(path(name), text); }
  std::string path(std::string const& name) const { return (folder / ("meta/ijbc_" + name)).string(); }
  TemplateSet read() const { return read_template_set(folder.path().string(), "ijbc"); }
};
void says(std::string const& text, std::string const& part) {
  CAPTURE(text);
  CHECK(text.find(part) != std::string::npos);
}
}  // namespace

TEST_CASE("ijb: faces, templates, pairs, galleries and probes") {
  Set const files;
  auto const set = files.read();
  REQUIRE(set.faces.size() == 4);
  CHECK(set.folder == (files.folder / "loose_crop").string());
  CHECK(set.faces.images[3] == "4.jpg");
  CHECK(set.faces.templates == std::vector<std::int32_t>{7, 7, 8, 9});
  CHECK(set.faces.media == std::vector<std::int32_t>{70, 71, 70, 72});
  CHECK(set.faces.landmarks[1][0].y == 11.5);
  CHECK(set.faces.landmarks[1][4].x == 50);
  CHECK(set.faces.scores[2] == 0.93f);
  CHECK(set.faces.occluded == std::vector<std::uint8_t>{0, 1, 0, 1});
  CHECK(set.pairs == std::vector<TemplatePair>{{7, 9, true}, {7, 8, false}, {9, 8, false}});
  REQUIRE(set.galleries.size() == 2);
  CHECK(set.galleries[0].templates == std::vector<std::int32_t>{7});
  CHECK(set.galleries[1].templates == std::vector<std::int32_t>{8});  // by the heading's names
  CHECK(set.galleries[1].subjects == std::vector<std::int32_t>{200});
  CHECK(set.probes.subjects == std::vector<std::int32_t>{100});
}

TEST_CASE("ijb: the subset of occluded faces, and the pairs that survive") {
  Set const files;
  auto set = files.read();
  auto const some = occluded_only(set.faces, set.pairs);
  CHECK(some.faces.images == std::vector<std::string>{"2.jpg", "4.jpg"});
  CHECK(some.faces.templates == std::vector<std::int32_t>{7, 9});
  CHECK(some.faces.occluded == std::vector<std::uint8_t>{1, 1});
  CHECK(some.pairs == std::vector<TemplatePair>{{7, 9, true}});
  set.faces.occluded.clear();
  says(message_of<Error>([&] { (void)occluded_only(set.faces, set.pairs); }), "0 flags for 4 faces");
}

TEST_CASE("ijb: errors name the list and the line") {
  auto const broken = [](std::string const& name, std::string const& text) {
    Set const files;
    files.meta(name, text);
    return message_of<Error>([&] { (void)files.read(); });
  };
  says(broken("face_tid_mid.txt", "1.jpg 7 70\n2.jpg x 71\n"), "ijbc_face_tid_mid.txt, line 2, field 2: found \"x\"");
  says(broken("face_tid_mid.txt", "1.jpg 7\n"), "line 1: found 2 fields; expected 3");
  says(broken("face_tid_mid.txt", "1.jpg 7 70\n3.jpg 7 71\n"), "score.txt, line 2: found image \"2.jpg\"; expected \"3.jpg\"");
  says(broken("face_tid_mid.txt", "1.jpg 7 70\n"), "score.txt, line 2: found another face");
  says(broken("face_tid_mid.txt", ""), "score.txt, line 1: found another face");
  says(broken("name_5pts_score.txt", ""), "score.txt: found the end after line 0");
  says(broken("name_5pts_score.txt", "1.jpg 1 2 3 4 5 6 7 8 9 nan 1\n"), "line 1, field 11: found \"nan\"");
  says(broken("template_pair_label.txt", "7 9 2\n"), "line 1, field 3: found 2");
  says(broken("template_pair_label.txt", "7 10 1\n"), "found template 10");
  says(broken("template_pair_label.txt", "\n"), "no pair");
  says(broken("occluded.txt", "0\n1\n"), "found 2 lines; expected one line of 0 or 1 (occluded) for each of 4 faces");
  says(broken("occluded.txt", "0\n2\n"), "line 2: found \"2\"");
  says(broken("1N_probe_mixed.csv", "a,b\n9,100\n9,101\n"), "line 3: found subject 101 for template 9");
  says(broken("1N_probe_mixed.csv", "a,b\n9\n"), "line 2: found 1 fields");
  says(broken("1N_probe_mixed.csv", "a,b\n"), "no template");
  says(broken("1N_probe_mixed.csv", ""), "no line");
}
