#include <berl/data/megaface.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

#include <sys/stat.h>  // mkfifo
#include <fstream>
#include <limits>
#include <thread>
#include <utility>  // pair

using namespace berl::data;
using berl::Error;
using berl::test::message_of;
using berl::test::spit;

namespace {
void says(std::string const& text, std::string const& part) {
  CAPTURE(text);
  CHECK(text.find(part) != std::string::npos);
}
}  // namespace

TEST_CASE("megaface: lists as JSON and as text") {
  berl::test::ScratchFolder const folder;
  auto const read = [&](std::string const& text) {
    spit(folder / "list", text);
    return read_image_list((folder / "list").string());
  };
  auto const probes = read(R"({"path": ["facescrub/A B/A B_1.png", "C/C_2.png"], "id": ["A B", 17]})");
  CHECK(probes.paths == std::vector<std::string>{"facescrub/A B/A B_1.png", "C/C_2.png"});
  CHECK(probes.identities == std::vector<std::string>{"A B", "17"});
  CHECK(identity_of_path(probes.paths[0]) == "A B");
  CHECK(identity_of_file("A_B_12.png") == "A_B");
  CHECK(read("\n {\"path\":\n[\"1/2/3.jpg\"]}").identities.empty());
  CHECK(read("1/2/a b.jpg\r\n\n1/3/c.jpg").paths == std::vector<std::string>{"1/2/a b.jpg", "1/3/c.jpg"});
  auto const bad = [&](std::string const& text) { return message_of<Error>([&] { (void)read(text); }); };
  says(bad("{\"path\": [\"a\"]"), "not JSON");
  says(bad("{\"path\": 3}"), "no array \"path\"");
  says(bad("{\"path\": [3]}"), "path 0: found no text");
  says(bad("{\"path\": [\"a\"], \"id\": []}"), "\"id\" with 0 entries; expected 1");
  says(bad("{\"path\": [\"a\"], \"id\": [1.5]}"), "id 0: found neither");
  says(bad("{\"path\": []}"), "no path");
  says(bad("{\"path\": [\"a\"], \"id\": " + std::string(1'000'000, '[')), "nested deeper than 64");
  says(bad(""), "found no path");
  says(bad("\xef\xbb\xbf \n"), "found no path");
  says(bad("[\"a\"]{"), "no exception");  // a strange path
  for (char const* const path : {"/etc/a", "a/../../b", ".."}) says(bad(path), "expected a path relative");
}

TEST_CASE("megaface: the kit's lists are one long line") {
  berl::test::ScratchFolder const folder;
  nlohmann::json json;
  std::vector<std::string> paths, identities;
  for (int i = 0; i < 5000; ++i) {
    paths.push_back("123/45678901@N00/" + std::to_string(i) + ".jpg");
    identities.push_back("person " + std::to_string(i / 3));
    json["path"].push_back(paths.back()), json["id"].push_back(identities.back());
  }
  REQUIRE(json.dump().size() > 65536);
  for (std::string const before : {"", "\n \t\r\n", "\xef\xbb\xbf"}) {
    spit(folder / "list", before + json.dump());
    auto const list = read_image_list((folder / "list").string());
    CHECK(list.paths == paths);
    CHECK(list.identities == identities);
  }
  spit(folder / "list", "\xef\xbb\xbf" + paths[0] + "\n" + paths[1]);  // the same mark before a text
  CHECK(read_image_list((folder / "list").string()).paths == std::vector(paths.begin(), paths.begin() + 2));
  spit(folder / "list", "{");
  std::filesystem::resize_file(folder / "list", (1u << 28) + 1);  // holds no bytes on the disk
  says(message_of<Error>([&] { (void)read_image_list((folder / "list").string()); }), "found 268435457 bytes; expected at most 268435456");
  says(message_of<Error>([&] { (void)read_image_list((folder / "none").string()); }), "no file that can be read");
}

TEST_CASE("megaface: noise lists") {
  berl::test::ScratchFolder const folder;
  spit(folder / "noise", "# a heading\nA_1.png\n1\t2/3/b.jpg\n\n");
  CHECK(read_noise_list((folder / "noise").string()) == std::vector<std::string>{"A_1.png", "2/3/b.jpg"});
}

TEST_CASE("megaface: feature files, byte by byte") {
  berl::test::ScratchFolder const folder;
  auto const path = feature_path(folder.path(), "b.jpg", "berl");
  CHECK(path == folder / "b.jpg_berl.bin");
  std::vector<float> const feature{1, -0.5f, 0};
  write_feature(path, feature);
  std::string const bytes("\3\0\0\0\1\0\0\0\4\0\0\0\5\0\0\0\0\0\x80\x3f\0\0\0\xbf\0\0\0\0", 28);
  CHECK(berl::test::slurp(path) == bytes);
  CHECK(read_feature(path) == feature);
  auto const bad = [&](std::size_t at, char to, std::size_t size) {
    std::string changed = bytes.substr(0, size);
    if (at < changed.size()) changed[at] = to;
    spit(path, changed);
    return message_of<Error>([&] { (void)read_feature(path); });
  };
  says(bad(99, 0, 15), "at offset 0: found 15 bytes");
  says(bad(0, 4, 28), "at offset 0: found 4 rows in a file of 28 bytes");
  says(bad(3, '\x7f', 28), "rows in a file of 28 bytes");
  says(bad(0, 0, 16), "0 rows");
  says(bad(4, 2, 28), "at offset 4: found 2; expected 1, columns");
  says(bad(8, 8, 28), "at offset 8: found 8; expected 4");
  says(bad(12, 6, 28), "at offset 12: found 6; expected 5");
  says(bad(18, 0, 28), "no exception");  // 0.5
  spit(path, bytes.substr(0, 16) + std::string("\0\0\x80\x7f", 4) + bytes.substr(20));
  says(message_of<Error>([&] { (void)read_feature(path); }), "at offset 16: found inf");
}

TEST_CASE("megaface: a list that comes through a pipe is read once, and is a text") {
  berl::test::ScratchFolder const folder;
  auto const pipe = (folder / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  auto const read_while = [&](std::string const& written) {
    std::thread writer([&] { std::ofstream(pipe) << written; });
    ImageList list;
    auto const said = message_of<Error>([&] { list = read_image_list(pipe); });
    writer.join();
    return std::pair(list.paths, said);
  };
  CHECK(read_while("a/1.jpg\na/2.jpg\n").first == std::vector<std::string>{"a/1.jpg", "a/2.jpg"});
  says(read_while("{\"path\": [\"a/1.jpg\"]}").second, "found JSON from what is no file");
}

TEST_CASE("megaface: results of the kit, written and read") {
  berl::test::ScratchFolder const folder;
  auto const path = folder / "result.json";
  write_megaface_result(path, {{0.5, 0.75}, {{1e-6, 0.25}, {1, 1}}});
  CHECK(berl::test::slurp(path) == "{\"cmc\":[[0,1],[0.5,0.75]],\"roc\":[[1e-06,1.0],[0.25,1.0]]}\n");
  auto const read = [&](std::string const& text) {
    spit(path, text);
    return read_megaface_result(path.string());
  };
  auto const kit = read(R"({"roc": [[0.0, 1], [0.1, 1.0]], "cmc": [[0, 1, 3], [0.2, 0.3, 0.9]], "set_size": 10})");
  CHECK(kit.identification == std::vector<double>{0.2, 0.3, 0.3, 0.9});  // rank 3 was left out
  CHECK(kit.verified == std::vector<std::array<double, 2>>{{0, 0.1}, {1, 1}});
  auto const bad = [&](std::string const& text) { return message_of<Error>([&] { (void)read(text); }); };
  says(bad("{"), "found text that is not JSON");
  says(bad("3"), "roc: found no two arrays");
  says(bad("{\"roc\": " + std::string(1'000'000, '[')), "nested deeper than 64");
  says(bad(R"({"cmc": [[0], [1]]})"), "roc: found no two arrays");
  says(bad(R"({"roc": [[0], [1]], "cmc": [[0, 1], [1]]})"), "cmc: found no two arrays");
  says(bad(R"({"roc": [[0], [1]], "cmc": [[0], ["a"]]})"), "cmc: found entry 0 that is no number");
  says(bad(R"({"roc": [[0], [1.5]], "cmc": [[0], [1]]})"), "roc: found entry 0, (0");
  says(bad(R"({"roc": [[], []], "cmc": [[0], [1]]})"), "roc: found no entry");
}
