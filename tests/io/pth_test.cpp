#include <berl/io/pth.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>
#include <io/torch_archive.hpp>

using namespace berl::io;
using berl::test::bytes_of, berl::test::little, berl::test::pickled, berl::test::zip;
using berl::test::message_of, berl::test::ScratchFolder, berl::test::spit;
using namespace std::string_literals;

namespace {
/// A tensor whose offset is one byte.
std::string tensor(std::string const& type, std::string const& key, int offset, std::string const& size, std::string const& stride) {
  return berl::test::pickled_tensor(type, key, "K" + little(static_cast<std::uint64_t>(offset), 1), size, stride);
}
std::string const weights = bytes_of({1, 2, 3, 4, 5, 6, 7, 8});
std::string archive(std::string const& dictionary) {
  return zip({{"m/data.pkl", "\x80\x02" + dictionary + "."}, {"m/data/0", weights}, {"m/data/1", little(9, 8)}, {"m/version", "3\n"}});
}
std::string error(ScratchFolder const& dir, std::string const& bytes) {
  spit(dir / "f.pth", bytes);
  auto const found = message_of<berl::Error>([&] { (void)read_pth(dir / "f.pth"); });
  CHECK(found.find('\n') == std::string::npos);
  return found;
}
bool has(std::string const& all, std::string const& piece) { return all.find(piece) != std::string::npos; }
std::string const plain = "ccollections\nOrderedDict\n)R(" + pickled("module.a") + tensor("FloatStorage", "0", 2, "K\2K\3", "K\3K\1") +
                          pickled("module.n") + tensor("LongStorage", "1", 0, "", "") + "u}" + pickled("_metadata") + "Nsb";
}  // namespace

TEST_CASE("pth: a state dictionary by name") {
  ScratchFolder const dir;
  for (std::string const& dictionary : {plain, "}(" + pickled("epoch") + "K\1" + pickled("state_dict") + plain + "u"}) {
    spit(dir / "f.pth", archive(dictionary));
    auto const file = read_pth(dir / "f.pth");
    CHECK(file.names() == std::vector<std::string>{"a", "n"});
    CHECK(file.get<float>("a", {2, 3}) == std::vector<float>{3, 4, 5, 6, 7, 8});
    CHECK(file.get<std::int64_t>("n", {}) == std::vector<std::int64_t>{9});
  }
  spit(dir / "f.pth", archive("}" + pickled("w") + "ctorch._utils\n_rebuild_parameter\n(" +
                              tensor("FloatStorage", "0", 0, "K\1K\2", "K\7K\1") + "\x88}tRs"));
  CHECK(read_pth(dir / "f.pth").get<float>("w", {1, 2}) == std::vector<float>{1, 2});  // the stride of extent 1 is any
}

TEST_CASE("pth: what is wrong is named") {
  ScratchFolder const dir;
  auto const bad = [&](std::string const& dictionary) { return error(dir, archive(dictionary)); };
  auto const one = [&](std::string const& t) { return bad("}" + pickled("w") + t + "s"); };
  CHECK(has(one(tensor("FloatStorage", "0", 3, "K\2K\3", "K\3K\1")), "'w': found 6 numbers from 3 on; expected a part of the 8"));
  CHECK(has(one(tensor("DoubleStorage", "0", 0, "K\5", "K\1")), "the 4 of its storage"));
  CHECK(has(one(tensor("FloatStorage", "0", 0, "K\3K\2", "K\1K\3")), "not contiguous"));
  CHECK(has(one(tensor("FloatStorage", "0", 0, "K\3", "")), "0 strides"));
  CHECK(has(one(tensor("FloatStorage", "7", 0, "K\3", "K\1")), "no storage 7"));
  CHECK(has(one(tensor("FloatStorage", "0", 0, "J\xff\xff\xff\xff", "K\1")), "found -1; expected an extent"));
  CHECK(has(one(tensor("FloatStorage", "0", 0, "\x8a\x08\0\0\0\0\0\0\0\x40"s + "K\7", "K\7K\1")), "beyond 64 bits"));
  CHECK(has(one(tensor("OtherStorage", "0", 0, "", "")), "torch.OtherStorage"));
  CHECK(has(one("K\1"), "f.pth, m/data.pkl at offset 9: found an integer; expected a tensor"));
  CHECK(has(bad("N"), "expected a dictionary of tensors"));
  CHECK(has(bad("}(" + pickled("w") + tensor("FloatStorage", "0", 0, "K\1", "K\1") + pickled("w") +
                tensor("FloatStorage", "0", 0, "K\1", "K\1") + "u"),
            "the name w twice"));
  std::string many;
  for (int i = 0; i < 99; ++i) many += pickled(std::to_string(i)) + tensor("FloatStorage", "0", 0, "K\xff", "K\1");
  std::string const large = zip({{"m/data.pkl", "\x80\x02}(" + many + "u."}, {"m/data/0", std::string(4 * 255, 'x')}});
  CHECK(has(error(dir, large), "at most four times as many"));  // 99 views of one storage

  std::string const whole = archive(plain);
  CHECK(has(error(dir, zip({{"m/data.pkl", "x"}}, 8)), "a compressed or encrypted entry"));
  CHECK(has(error(dir, zip({{"m/x", "x"}})), "no entry data.pkl"));
  CHECK(has(error(dir, "PK\3\4"), "no directory of a ZIP archive"));
  std::string changed = whole;
  changed[changed.find(weights) + 5] ^= 1;
  CHECK(has(error(dir, changed), "another checksum"));
  CHECK(has(message_of<berl::Error>([&] { (void)read_pth(dir / "none"); }), "no readable file"));
  for (std::size_t n = 0; n < whole.size(); n += 7) {
    spit(dir / "cut", whole.substr(0, n));
    CHECK_THROWS_AS((void)read_pth(dir / "cut"), berl::Error);
  }
}

TEST_CASE("pth: each storage is read once, whatever the order of the tensors") {
  ScratchFolder const dir;  // 500,000 tensors in turn from two storages of 1 MB took minutes, when each read its own again
  std::string const a = tensor("FloatStorage", "a", 1, "K\1", "K\1"), b = tensor("FloatStorage", "b", 2, "K\1", "K\1");
  std::string pickle = "\x80\x02}(" + pickled("a") + a + "q\1" + pickled("b") + b + "q\2";
  for (int i = 0; i < 200'000; ++i) pickle += pickled(std::to_string(i)) + (i % 2 == 0 ? "h\1" : "h\2");
  std::string const room(1'000'000, '\0');
  spit(dir / "f.pth",
       zip({{"m/data.pkl", pickle + "u."}, {"m/data/a", bytes_of({1, 2, 3}) + room}, {"m/data/b", bytes_of({4, 5, 6}) + room}}));
  auto const file = read_pth(dir / "f.pth");
  REQUIRE(file.names().size() == 200'002);
  CHECK(file.get<float>("a") == std::vector<float>{2});
  CHECK(file.get<float>("b") == std::vector<float>{6});
  for (int i = 0; i < 200'000; i += 999) CHECK(file.get<float>(std::to_string(i)) == std::vector<float>{i % 2 == 0 ? 2.0f : 6.0f});
}

TEST_CASE("pth: what one file can ask for is bounded") {
  ScratchFolder const dir;
  auto const one = [&](std::string const& t) { return error(dir, archive("}" + pickled("w") + t + "s")); };
  std::string ones;
  for (int k = 0; k < 65; ++k) ones += "K\1";
  CHECK(has(one(tensor("FloatStorage", "0", 0, ones, ones)), "65 axes; expected at most 64"));
  CHECK(has(one(tensor("FloatStorage", std::string(81, '0'), 0, "K\1", "K\1")), "key of 81 bytes; expected at most 80"));
  std::string many = "}(" + pickled(std::string(1'000'000, 'x')) + "q\1" + tensor("FloatStorage", "0", 0, "K\1", "K\1") + "q\2";
  for (int k = 0; k < 20'000; ++k) many += "h\1h\2";  // one long name 20,000 times
  auto const twice = error(dir, archive(many + "u"));
  CHECK(has(twice, "the name xxx"));
  CHECK(has(twice, " twice"));
  CHECK(twice.size() < 1000);

  std::string whole = archive(plain);  // its last entry says that it is as large as the file: some bytes belong to two
  auto const last = whole.rfind("PK\1\2");
  whole.replace(last + 20, 8, little(whole.size(), 4) + little(whole.size(), 4));
  CHECK(has(error(dir, whole), "bytes behind others of"));
}

TEST_CASE("pth: bytes changed at random are an error or other weights, never a crash") {
  ScratchFolder const dir;
  std::string const whole = archive(plain);
  std::uint64_t z = 1;
  for (int trial = 0; trial < 300; ++trial) {
    std::string bytes = whole;
    for (int k = 0; k < 3; ++k) {
      z = z * 6364136223846793005u + 1442695040888963407u;
      bytes[(z >> 33) % bytes.size()] = static_cast<char>(z >> 56);
    }
    spit(dir / "f.pth", bytes);
    try {
      (void)read_pth(dir / "f.pth");
    } catch (berl::Error const&) {
    }
  }
}
