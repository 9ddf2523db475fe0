#include <berl/data/record_faces.hpp>
#include <berl/data/record_writer.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

#include <algorithm>  // sort

using namespace berl::data;
using berl::Error;
using berl::test::message_of;
using berl::test::slurp;

namespace {
std::string stored(std::string const& name) { return std::string(BERL_TEST_DATA) + "/golden/" + name; }
}  // namespace

TEST_CASE("record writer: the reference file again, byte by byte") {
  berl::test::ScratchFolder const folder;
  for (std::string const name : {"faces", "small"}) {  // multi-part records, a magic that is not aligned, one at the end
    RecordFile const file(stored(name + ".rec"));
    auto order = file.entries();
    std::sort(order.begin(), order.end(), [](auto const& a, auto const& b) { return a.offset < b.offset; });
    RecordWriter writer((folder / (name + ".rec")).string());
    for (auto const& entry : order) writer.add(entry.key, file.read(entry.key));
    CHECK(folder.files() == (name == "faces" ? 2 : 4));  // partial ones
    writer.commit();
    CHECK(slurp(folder / (name + ".rec")) == slurp(stored(name + ".rec")));
  }
}

TEST_CASE("record writer: content of nothing but magic numbers") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "a.rec").string();
  Record record{.flag = 3, .id = 7, .id2 = 9, .labels = {1, 2, 3}, .content = {}};
  for (int k = 0; k < 5; ++k) record.content.insert(record.content.end(), {0x0a, 0x23, 0xd7, 0xce});
  record.content.push_back(1);
  RecordWriter writer(path);
  writer.add(4, record);
  writer.add(2, Record{.flag = 0, .labels = {5}, .content = {0x0a, 0x23, 0xd7, 0xce}});
  writer.commit();
  RecordFile const file(path);
  CHECK(file.read(4).content == record.content);
  CHECK(file.read(4).labels == record.labels);
  CHECK(file.read(4).id2 == 9);
  CHECK(file.read(2).content.size() == 4);
  CHECK(slurp(folder / "a.idx").starts_with("4\t0\n2\t"));
}

TEST_CASE("record writer: a training set, read back") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "a.rec").string();
  RecordFile const from(stored("faces.rec"));
  {
    RecordFacesWriter writer(path);
    int const labels[] = {0, 0, 0, 1, 2, 2};
    for (std::size_t i = 0; i < 6; ++i) writer.add(labels[i], from.read(i + 1).content);
    CHECK(message_of<Error>([&] { writer.add(1, {}); }).find("label 1 after 3 identities") != std::string::npos);
    CHECK(message_of<Error>([&] { writer.add(4, {}); }).find("label 4 after 3 identities") != std::string::npos);
    writer.commit();
    CHECK(writer.identities() == 3);
    CHECK(writer.pictures() == 6);
  }
  RecordFile const file(path);
  CHECK(file.entries().size() == 10);
  CHECK(file.read(0).labels == std::vector<float>{7, 10});
  CHECK(file.read(7).labels == std::vector<float>{1, 4});
  CHECK(file.read(8).labels == std::vector<float>{4, 5});
  CHECK(file.read(9).labels == std::vector<float>{5, 7});
  CHECK(file.entries().front().offset > file.entries().back().offset);  // the header is written last
  RecordFaces const faces(path);
  CHECK(faces.size() == 6);
  CHECK(faces.identities() == 3);
  CHECK(faces.label(3) == 1);
  CHECK(faces.load(4) == RecordFaces(stored("faces.rec")).load(4));
  CHECK(message_of<Error>([&] { RecordFacesWriter((folder / "b.rec").string()).commit(); }).find("no picture") != std::string::npos);
  CHECK(message_of<Error>([&] { RecordWriter((folder / "b.bin").string()); }).find("NAME.rec") != std::string::npos);
  CHECK(folder.files() == 2);  // what was not committed is gone
}
