#include <berl/data/verification_set.hpp>

#include <doctest/doctest.h>

#include <golden.hpp>
#include <io/scratch_folder.hpp>

#include <algorithm>  // max
#include <cstdlib>    // abs

using berl::Error;
using berl::data::VerificationSet;
using berl::test::message_of;
using berl::test::spit;

namespace {
std::string stored(std::string const& name) { return std::string(BERL_TEST_DATA) + "/golden/" + name; }
std::int64_t fnv(std::span<std::uint8_t const> bytes) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (std::uint8_t const b : bytes) h = (h ^ b) * 0x100000001b3u;
  return static_cast<std::int64_t>(h);
}
void says(std::string const& text, std::string const& part) {
  CAPTURE(text);
  CHECK(text.find(part) != std::string::npos);
  CHECK(text.find('\n') == std::string::npos);
}
}  // namespace

TEST_CASE("verification set: every protocol gives the same pictures and flags") {
  berl::test::Golden const g("formats_bin");
  auto const length = g.values<std::int64_t>("jpeg_length"), hash = g.values<std::int64_t>("jpeg_fnv");
  auto const same = g.values<std::uint8_t>("issame");
  for (std::string const name : {"py2_protocol2", "py3_protocol3", "py3_protocol4", "py3_protocol5", "numpy_protocol3"}) {
    CAPTURE(name);
    VerificationSet const set(stored("verif_" + name + ".bin"));
    int const pictures = name == "py2_protocol2" ? 10 : 4;
    REQUIRE(set.size() == pictures);
    REQUIRE(set.pairs() == pictures / 2);
    for (std::size_t k = 0; k < set.same().size(); ++k) CHECK(set.same()[k] == same[k]);
    for (int i = 0; i < pictures; ++i) {
      auto const bytes = set.encoded(i);
      CHECK(bytes.size() == static_cast<std::size_t>(length[static_cast<std::size_t>(i)]));
      CHECK(fnv(bytes) == hash[static_cast<std::size_t>(i)]);
    }
    for (int i = 0; i < 3; ++i) {
      auto const picture = set.load(i);
      auto const expected = g.values<int>("rgb" + std::to_string(i));
      REQUIRE(picture.pixels.size() == expected.size());
      int worst = 0;
      for (std::size_t k = 0; k < expected.size(); ++k) worst = std::max(worst, std::abs(picture.pixels[k] - expected[k]));
      CHECK(worst <= 10);  // decoders differ by 1 to 3 levels, by up to 10 where colour is stored at half size
    }
    CHECK(!set.warning());
  }
}

TEST_CASE("verification set: what is damaged or not a set is refused") {
  auto const open = [](std::string const& name) { return message_of<Error>([&] { VerificationSet{stored(name)}; }); };
  says(open("bad_truncated.bin"), "bad_truncated.bin at offset ");
  says(open("bad_truncated.bin"), "bytes up to the end of the file; expected");
  says(open("bad_no_stop.bin"), "bad_no_stop.bin at offset 14988: found the end of the file; expected the opcode STOP");
  says(open("bad_odd_images.bin"), "3 pictures and 2 booleans; expected two pictures for each boolean");
  says(open("bad_unknown_global.bin"), "bad_unknown_global.bin at offset ");
  says(open("bad_unknown_global.bin"), "found the function or class ");
  says(open("bad_not_pickle.bin"), "bad_not_pickle.bin at offset 0: found bytes that do not begin with 80");
  says(open("none.bin"), "No such file");
}

TEST_CASE("verification set: bytes and booleans as Python 3 and NumPy write them") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "a.bin").string();
  auto const read = [&](std::string const& pictures, std::string const& flags) {
    spit(path, "\x80\x02](" + pictures + "e](" + flags + "e\x86.");
    return VerificationSet(path);
  };
  std::string const ab =
      std::string("U\2ab") + "c_codecs\nencode\nX\4" + std::string(3, '\0') + "a\xc3\xbf~X\6" + std::string(3, '\0') + "latin1\x86R";
  std::string const numpy =
      "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\2b1\x89\x88\x87R(K\3U\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" +
      std::string("\0tbU\1\1\x86R", 8);
  auto const set = read(ab, numpy);
  CHECK(set.encoded(1) == std::vector<std::uint8_t>{'a', 0xff, '~'});
  CHECK(set.same() == std::vector<std::uint8_t>{1});
  CHECK(read(ab, std::string("K\0", 2)).same() == std::vector<std::uint8_t>{0});
  auto const bad = [&](std::string const& pictures, std::string const& flags) {
    return message_of<Error>([&] { (void)read(pictures, flags); });
  };
  says(bad(ab, "K\2"), "found an integer; expected a boolean, or 0 or 1");
  says(bad("NN", "\x88"), "at offset 4: found None; expected the bytes of a picture's file");
  says(bad("", ""), "0 pictures and 0 booleans");
  std::string wide = ab;
  wide.replace(wide.find("\xc3\xbf"), 2, "\xc4\xbf");
  says(message_of<Error>([&] { (void)read(wide, "\x88").encoded(1); }), "other characters than latin1's");
  std::string other = ab;
  other.replace(other.find("latin1"), 6, "utf-16");
  says(bad(other, "\x88"), "another encoding");
  spit(path, "\x80\x02N.");
  says(message_of<Error>([&] { VerificationSet{path}; }), "at offset 2: found None; expected a pair of two lists");
  says(message_of<Error>([&] { (void)read("U\2abU\1c", "\x88").load(1); }), "a.bin, picture 1 at offset 8: found a file that begins");
}

TEST_CASE("verification set: bytes changed at random are an error or another set, never a crash") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "f.bin").string();
  for (std::string const name : {"verif_numpy_protocol3.bin", "verif_py3_protocol4.bin"}) {
    std::string const whole = berl::test::slurp(stored(name));
    std::uint64_t z = 1;
    int errors = 0;
    for (int trial = 0; trial < 200; ++trial) {
      std::string bytes = whole;
      for (int k = 0; k < 3; ++k) {
        z = z * 6364136223846793005u + 1442695040888963407u;
        std::size_t const at = (z >> 33) % 400;
        bytes[trial % 2 == 0 ? at : bytes.size() - 1 - at] = static_cast<char>(z >> 56);
      }
      if (trial % 5 == 0) bytes.resize((z >> 33) % bytes.size());
      spit(path, bytes);
      try {
        VerificationSet const set(path);
        for (int i = 0; i < set.size(); ++i) (void)set.encoded(i);
      } catch (Error const&) {
        ++errors;
      }
    }
    CHECK(errors >= 40);  // a fifth of them is cut off
  }
}
