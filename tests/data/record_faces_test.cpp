#include <berl/data/record_faces.hpp>
#include <berl/data/record_writer.hpp>

#include <doctest/doctest.h>

#include <golden.hpp>
#include <io/scratch_folder.hpp>

#include <cstdlib>  // abs, getenv
#include <string>
#include <utility>  // pair
#include <vector>

using berl::Error;
using berl::data::Record;
using berl::data::RecordFaces;
using berl::data::RecordWriter;
using berl::test::message_of;

namespace {
std::string stored(std::string const& name) { return std::string(BERL_TEST_DATA) + "/golden/" + name; }
/// The bytes of a picture's file.
std::vector<std::uint8_t> picture() { return berl::data::RecordFile(stored("faces.rec")).read(1).content; }
}  // namespace

TEST_CASE("record faces: labels and pictures of the reference file") {
  berl::test::Golden const g("formats_rec");
  RecordFaces const faces(stored("faces.rec"));
  auto const label = g.values<std::int64_t>("image_label");
  REQUIRE(faces.size() == 20);
  CHECK(faces.identities() == 7);
  for (int i = 0; i < 20; ++i) CHECK(faces.label(i) == label[static_cast<std::size_t>(i)]);
  CHECK(faces.name(4).find("faces.rec, record 5 at offset") != std::string::npos);

  for (int const key : {1, 2, 4, 5}) {
    CAPTURE(key);
    auto const picture = faces.load(key - 1);
    auto const expected = g.values<int>("rgb" + std::to_string(key));
    CHECK(picture.width == 112);
    CHECK(picture.height == 112);
    REQUIRE(picture.pixels.size() == expected.size());
    int worst = 0;
    for (std::size_t k = 0; k < expected.size(); ++k) worst = std::max(worst, std::abs(picture.pixels[k] - expected[k]));
    CHECK(worst <= (key == 1 ? 10 : 3));  // decoders differ by 1 to 3 levels, by up to 10 where colour is stored at half size
  }
  CHECK(!faces.warning());
}

TEST_CASE("record faces: without identities every picture's own label counts") {
  berl::test::ScratchFolder const folder;
  berl::test::spit(folder / "a.rec", berl::test::slurp(stored("faces.rec")));
  std::string const index = berl::test::slurp(stored("faces.idx"));
  auto const begin = index.find('\n') + 1;
  berl::test::spit(folder / "a.idx", index.substr(begin));  // no header record
  RecordFaces const faces((folder / "a.rec").string()), whole(stored("faces.rec"));
  REQUIRE(faces.size() == 20);  // the identity records have no content
  CHECK(faces.identities() == 7);
  for (int i = 0; i < 20; ++i) CHECK(faces.label(i) == whole.label(i));
  CHECK(faces.load(4) == whole.load(4));
}

TEST_CASE("record faces: damage is reported when it is met") {
  // In the index, the header or the first picture of an identity: at once. Record 3 is such a picture.
  for (std::string const name : {"bad_idx_text", "bad_idx_beyond", "bad_chain"}) {
    CAPTURE(name);
    auto const text = message_of<Error>([&] {
      RecordFaces const faces(stored(name + ".rec"));
      for (int i = 0; i < faces.size(); ++i) (void)faces.load(i);
    });
    CHECK(text.find(name) != std::string::npos);
    CHECK(text.find("expected") != std::string::npos);
  }
  auto const jpeg = message_of<Error>([] { (void)RecordFaces(stored("bad_jpeg.rec")).load(2); });
  CHECK(jpeg.find("bad_jpeg.rec, record 3 at offset 2356") != std::string::npos);
  CHECK_NOTHROW((void)RecordFaces(stored("bad_jpeg.rec"), 112).load(1));
  for (std::string const name : {"bad_magic", "bad_truncated", "bad_length", "bad_short_header", "bad_label_count", "bad_idx_offset"}) {
    CAPTURE(name);
    auto const text = message_of<Error>([&] {
      RecordFaces const faces(stored(name + ".rec"));
      for (int i = 0; i < faces.size(); ++i) (void)faces.load(i);
    });
    CHECK(text.find(name + (name == "bad_truncated" ? ".idx, key 5" : ".rec, record ")) != std::string::npos);
  }
}

TEST_CASE("record faces: a label that is no class") {
  berl::test::ScratchFolder const folder;
  std::string bytes = berl::test::slurp(stored("small.rec"));
  for (std::uint32_t const label : {0x40200000u, 0xbf800000u, 0x7fc00000u, 0x7f800000u, 0x4c000000u}) {  // 2.5, -1, nan, inf, 2^25
    for (unsigned k = 0; k < 4; ++k) bytes[40 + 8 + 4 + k] = static_cast<char>(label >> (8 * k) & 255);  // of record 1
    berl::test::spit(folder / "a.rec", bytes);
    berl::test::spit(folder / "a.idx", berl::test::slurp(stored("small.idx")));
    auto const text = message_of<Error>([&] { RecordFaces((folder / "a.rec").string()); });
    CHECK(text.find("record 1 at offset 40: found label") != std::string::npos);
  }
}

TEST_CASE("record faces: an identity whose pictures the index does not have") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "a.rec").string();
  auto const write = [&](std::vector<std::uint64_t> const& pictures, std::uint64_t split, std::uint64_t end) {
    RecordWriter file(path);  // two identities, [1, split) and [split, end)
    auto const header = [](std::uint64_t a, std::uint64_t b) {
      return Record{.flag = 2, .labels = {static_cast<float>(a), static_cast<float>(b)}, .content = {}};
    };
    for (auto const key : pictures) file.add(key, {.labels = {key < split ? 0.0f : 1.0f}, .content = picture()});
    file.add(end, header(1, split)), file.add(end + 1, header(split, end)), file.add(0, header(end, end + 2));
    file.commit();
    return message_of<Error>([&] { RecordFaces const faces(path); });
  };
  auto const says = [](std::string const& text, std::string const& part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  CHECK(write({1, 2, 3, 4, 5, 6}, 5, 7) == "no exception");
  says(write({1, 4, 5, 6}, 5, 7), "a.rec, record 7 at offset");
  says(write({1, 4, 5, 6}, 5, 7), "found pictures 1 to 4; expected all 4 of them in " + (folder / "a.idx").string() + ", which has 2");
  says(write({1, 2, 3, 4, 5}, 5, 7), "found pictures 5 to 6; expected all 2 of them");
  // A few records that promise 16 million pictures.
  says(write({1, 16777212}, 16777212, 16777213), "found pictures 1 to 16777211; expected all 16777211 of them");
}

TEST_CASE("record faces: keys that floats do not hold; each picture tells its own label") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "a.rec").string();
  constexpr std::uint64_t beyond = 16777216;  // 2^24; an odd number above it is no float
  std::vector<std::pair<std::uint64_t, float>> const pictures{{1, 0.0f}, {2, 0.0f}, {beyond + 1, 1.0f}, {beyond + 3, 2.0f}};
  RecordWriter file(path);
  for (auto const& [key, label] : pictures) file.add(key, {.labels = {label}, .content = picture()});
  std::uint64_t const end = beyond + 4;
  for (std::uint64_t k = 0; k < 3; ++k)  // ranges as builders write them, rounded
    file.add(end + k, {.flag = 2, .labels = {static_cast<float>(beyond + k), static_cast<float>(beyond + k + 1)}, .content = {}});
  file.add(0, {.flag = 2, .labels = {static_cast<float>(end), static_cast<float>(end + 3)}, .content = {}});
  file.commit();
  RecordFaces const faces(path);
  REQUIRE(faces.size() == 4);
  CHECK(faces.identities() == 3);
  for (int i = 0; i < 4; ++i) {
    auto const& [key, label] = pictures[static_cast<std::size_t>(i)];
    CHECK(faces.label(i) == static_cast<int>(label));
    CHECK(faces.name(i).find("a.rec, record " + std::to_string(key) + " at offset") != std::string::npos);
    CHECK(faces.load(i).width == 112);
  }
}

TEST_CASE("record faces: a training set on disk") {
  char const* const data = std::getenv("BERL_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: set BERL_DATA to a folder with ict_train/train.rec");
    return;
  }
  RecordFaces const faces(std::string(data) + "/ict_train/train.rec");
  CHECK(faces.size() == 4000);
  CHECK(faces.identities() == 500);
  for (int i = 0; i < 4000; ++i) REQUIRE(faces.label(i) == i / 8);
  for (int i = 0; i < 4000; i += 97) REQUIRE(faces.load(i).width == 112);
}
