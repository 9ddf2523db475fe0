#include <berl/data/record_io.hpp>

#include <doctest/doctest.h>

#include <golden.hpp>
#include <io/scratch_folder.hpp>

#include <algorithm>  // max
#include <string>
#include <vector>

using berl::Error;
using berl::data::RecordFile;
using berl::test::message_of;

namespace {
std::string stored(std::string const& name) { return std::string(BERL_TEST_DATA) + "/golden/" + name; }

std::int64_t fnv(std::span<std::uint8_t const> bytes) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (std::uint8_t const b : bytes) h = (h ^ b) * 0x100000001b3u;
  return static_cast<std::int64_t>(h);
}
std::string words(std::initializer_list<std::uint32_t> all) {
  std::string bytes;
  for (std::uint32_t const w : all)
    for (unsigned k = 0; k < 4; ++k) bytes += static_cast<char>(w >> (8 * k) & 255);
  return bytes;
}
void mentions(std::string const& text, std::initializer_list<char const*> parts) {
  CAPTURE(text);
  CHECK(text.find('\n') == std::string::npos);
  for (std::string const part : parts) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}
}  // namespace

TEST_CASE("record io: every record of the reference file, joined from its parts") {
  berl::test::Golden const g("formats_rec");
  RecordFile const file(stored("faces.rec"));
  auto const key = g.values<std::int64_t>("key"), position = g.values<std::int64_t>("position"),
             length = g.values<std::int64_t>("payload_length"), hash = g.values<std::int64_t>("payload_fnv"),
             label = g.values<std::int64_t>("image_label"), jpeg_length = g.values<std::int64_t>("jpeg_length"),
             jpeg_hash = g.values<std::int64_t>("jpeg_fnv");
  CHECK_NOTHROW(file.require_whole_index());
  REQUIRE(file.entries().size() == key.size());
  CHECK(file.index_path() == stored("faces.idx"));
  for (std::uint64_t begin = 0; begin < 30; ++begin)
    for (std::uint64_t end = 0; end < 30; ++end)  // keys 0 to 27
      CHECK(file.count(begin, end) == (begin < end ? std::min<std::uint64_t>(end, 28) - std::min<std::uint64_t>(begin, 28) : 0));
  for (std::size_t i = 0; i < key.size(); ++i) {
    auto const k = static_cast<std::uint64_t>(key[i]);
    CAPTURE(k);
    CHECK(file.entries()[i].key == k);
    CHECK(file.entries()[i].offset == static_cast<std::uint64_t>(position[i]));
    auto const payload = file.payload(k);
    CHECK(payload.size() == static_cast<std::size_t>(length[i]));
    CHECK(fnv(payload) == hash[i]);
    auto const record = file.read(k);
    std::uint64_t content = 0;
    auto const head = file.read_labels(k, content);
    CHECK(head.flag == record.flag);
    CHECK(head.labels == record.labels);
    CHECK(head.content.empty());
    CHECK((content > 0) == !record.content.empty());
    if (k >= 1 && k <= 20) {
      CHECK(record.labels.front() == static_cast<float>(label[k - 1]));
      CHECK(record.content.size() == static_cast<std::size_t>(jpeg_length[k - 1]));
      CHECK(fnv(record.content) == jpeg_hash[k - 1]);
      CHECK(record.flag == (k == 8 || k == 9 ? 2 : 0));
    } else {
      CHECK(record.flag == 2);
      CHECK(record.labels.size() == 2);
      CHECK(record.content.empty());
    }
  }
  CHECK(file.read(0).labels == std::vector<float>{21, 28});  // 20 pictures, 7 identities
}

TEST_CASE("record io: the example of the format's description") {
  berl::test::ScratchFolder const folder;
  berl::test::spit(folder / "a.rec", words({0xced7230a, 0x1d, 0, 0x40400000, 7, 0, 0, 0, 0xd9ffd8ff, 0}));
  berl::test::spit(folder / "a.idx", "12\t0\r\n");
  RecordFile const file((folder / "a.rec").string());
  auto const record = file.read(12);
  CHECK(record.labels == std::vector<float>{3});
  CHECK(record.id == 7);
  CHECK(record.content == std::vector<std::uint8_t>{0xff, 0xd8, 0xff, 0xd9, 0});
}

TEST_CASE("record io: each damage is named, and what precedes it stays readable") {
  struct Damage {
    std::string name;
    std::uint64_t key;  // of the damaged record
    std::initializer_list<char const*> says;
  };
  for (auto const& damage : {Damage{"bad_magic", 3, {"bad_magic.rec", "record 3", "offset 2356", "0xced7230a"}},
                             Damage{"bad_truncated", 4, {"bad_truncated.rec", "record 4", "offset 3488", "end of the file"}},
                             Damage{"bad_length", 3, {"bad_length.rec", "record 3", "offset 2356", "length of 268"}},
                             Damage{"bad_chain", 1, {"bad_chain.rec", "record 1", "offset", "continuation flag 1 after a part"}},
                             Damage{"bad_short_header", 3, {"bad_short_header.rec", "record 3", "16 bytes", "24 bytes"}},
                             Damage{"bad_label_count", 3, {"bad_label_count.rec", "record 3", "100000 labels"}},
                             Damage{"bad_idx_text", 3, {"bad_idx_text.idx", "line 4", "three 2356", "whole numbers"}},
                             Damage{"bad_idx_offset", 4, {"bad_idx_offset.rec", "record 4", "offset 3496", "0xced7230a"}},
                             Damage{"bad_idx_beyond", 4, {"bad_idx_beyond.rec", "record 4", "offset 4772", "4708 bytes"}}}) {
    CAPTURE(damage.name);
    RecordFile const file(stored(damage.name + ".rec"));
    mentions(message_of<Error>([&] { (void)file.read(damage.key); }), damage.says);
    std::uint64_t content = 0;
    if (damage.name != "bad_chain") mentions(message_of<Error>([&] { (void)file.read_labels(damage.key, content); }), damage.says);
    RecordFile const whole(stored("small.rec"));
    for (std::uint64_t key = 0; key < damage.key; ++key) CHECK(file.payload(key) == whole.payload(key));
  }
  mentions(message_of<Error>([] { RecordFile(stored("bad_idx_text.rec")).require_whole_index(); }), {"bad_idx_text.idx", "line 4"});
  mentions(message_of<Error>([] { RecordFile(stored("bad_idx_beyond.rec")).require_whole_index(); }),
           {"bad_idx_beyond.idx", "key 4", "4772"});
  CHECK_NOTHROW((void)RecordFile(stored("bad_jpeg.rec")).read(3));  // the record is whole, its picture is not
}

TEST_CASE("record io: files that are missing, empty or misnamed") {
  berl::test::ScratchFolder const folder;
  auto const open = [&](char const* name) { return message_of<Error>([&] { RecordFile((folder / name).string()); }); };
  mentions(open("none.rec"), {"none.rec", "No such file"});
  berl::test::spit(folder / "a.rec", words({0xced7230a, 0}));
  mentions(open("a.rec"), {"a.idx", "No such file"});
  berl::test::spit(folder / "a.idx", "\n");
  mentions(open("a.rec"), {"a.idx", "no line"});
  berl::test::spit(folder / "a.txt", "");
  mentions(open("a.txt"), {"a.txt", "NAME.rec"});
  std::filesystem::create_directory(folder / "d.rec");
  mentions(open("d.rec"), {"d.rec", "not a file"});
  for (char const* const line : {"-1\t0", "1\t-1", "1 0", "1\t99999999999999999999", "1\t0\t0", "1"}) {
    berl::test::spit(folder / "a.idx", line);
    RecordFile const file((folder / "a.rec").string());
    mentions(message_of<Error>([&] { (void)file.read(1); }), {"a.idx", "line 1"});
  }
  berl::test::spit(folder / "a.idx", "1\t0\n1\t0\n");
  mentions(message_of<Error>([&] { RecordFile((folder / "a.rec").string()).require_whole_index(); }), {"key 1 twice"});
  mentions(message_of<Error>([&] { (void)RecordFile((folder / "a.rec").string()).read(5); }), {"a.idx", "no key 5"});
  mentions(message_of<Error>([&] { (void)RecordFile((folder / "a.rec").string()).read(1); }), {"record 1", "0 bytes"});
}

TEST_CASE("record io: bytes changed at random are an error or another record, never a crash") {
  berl::test::ScratchFolder const folder;
  std::string const rec = berl::test::slurp(stored("small.rec"));
  berl::test::spit(folder / "f.idx", berl::test::slurp(stored("small.idx")));
  std::uint64_t z = 1;
  int errors = 0;
  std::size_t largest = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::string bytes = rec;
    for (int k = 0; k < 8; ++k) {
      z = z * 6364136223846793005u + 1442695040888963407u;
      std::size_t const at = (z >> 33) % 7;  // near the head of a record
      std::size_t const starts[] = {0, 40, 1204, 2356, 3488, 4628, 4668};
      bytes[starts[at] + (z >> 40) % 40] = static_cast<char>(z >> 56);
    }
    if (trial % 3 == 0) bytes.resize((z >> 33) % bytes.size());
    berl::test::spit(folder / "f.rec", bytes);
    RecordFile const file((folder / "f.rec").string());
    for (std::uint64_t key = 0; key < 7; ++key) try {
        std::uint64_t content = 0;
        largest = std::max(largest, file.read(key).content.size());
        (void)file.read_labels(key, content);
      } catch (Error const&) {
        ++errors;
      }
  }
  CHECK(largest <= rec.size());
  CHECK(errors > 300);  // eight changes among seven heads: every file has a damaged record
}
