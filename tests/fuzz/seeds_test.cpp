#include <berl/data/record_faces.hpp>
#include <berl/data/verification_set.hpp>
#include <berl/io/image.hpp>
#include <berl/io/ir_layout.hpp>
#include <berl/io/pth.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

#include <algorithm>  // count_if
#include <cstdlib>    // system
#include <filesystem>
#include <map>
#include <set>

#include "fuzz.hpp"
#include "lists.hpp"

using namespace berl;
using test::slurp, test::spit;
namespace fs = std::filesystem;

namespace {
constexpr std::uintmax_t longest = 65536;  // -max_len in run.sh: what is longer is cut off

/// The corpus as `make fuzz` makes it: name and bytes of the good files of a target.
std::map<std::string, std::string> good(fs::path const& corpus, std::string const& target) {
  std::map<std::string, std::string> seeds;
  for (auto const& file : fs::directory_iterator(corpus / target)) {
    CAPTURE(file.path());
    CHECK(file.file_size() <= longest);
    auto const name = file.path().filename().string();
    if (!name.starts_with("bad_")) seeds[name] = slurp(file.path());
  }
  CHECK(!seeds.empty());
  return seeds;
}
/// A file with these bytes, for readers that want an ending.
std::string put(test::ScratchFolder const& folder, std::string const& name, std::string_view bytes) {
  spit(folder / name, std::string(bytes));
  return (folder / name).string();
}
std::span<std::uint8_t const> span_of(std::string const& bytes) {
  return {reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size()};
}
}  // namespace

TEST_CASE("fuzz seeds: every reader begins with whole files that it accepts") {
  test::ScratchFolder const corpus, folder;
  std::string const tests = fs::path(BERL_TEST_DATA).parent_path().string();
  REQUIRE(std::system(("sh " + tests + "/fuzz/corpus.sh " + tests + "/data/golden " + corpus.path().string()).c_str()) == 0);

  int png = 0, jpeg = 0;
  for (auto const& [name, bytes] : good(corpus.path(), "image")) {
    CAPTURE(name);
    CHECK_NOTHROW((void)io::decode_image(span_of(bytes), name));
    (bytes.starts_with("\x89PNG") ? png : jpeg) += 1;
  }
  CHECK(png == 7);  // 1, 8 and 16 bits, grey, colour, palette, alpha, interlaced
  CHECK(jpeg == 1);

  std::set<io::DType> types;
  int ir_layouts = 0;
  for (auto const& [name, bytes] : good(corpus.path(), "safetensors")) {
    CAPTURE(name);
    CHECK_NOTHROW([&] {
      auto const file = io::SafeTensors::read(put(folder, "f.safetensors", bytes));
      for (auto const& array : file.names()) types.insert(file.dtype(array));
      if (!io::has_ir_layout(file)) return;
      ++ir_layouts;
      CHECK(io::from_ir_layout(file).contains("layer2.0.downsample.0.weight"));
    }());
  }
  CHECK(types.size() == io::dtypes.size());
  CHECK(ir_layouts == 1);

  for (auto const& [name, bytes] : good(corpus.path(), "pth")) {
    CAPTURE(name);
    CHECK_NOTHROW((void)io::read_pth(put(folder, "f.pth", bytes)));
  }
  for (auto const& [name, bytes] : good(corpus.path(), "verification_set")) {
    CAPTURE(name);
    CHECK_NOTHROW((void)data::VerificationSet(put(folder, "f.bin", bytes)).load(0));
  }
  for (auto const& [name, bytes] : good(corpus.path(), "record")) {
    CAPTURE(name);
    std::string_view rest = bytes;
    put(folder, "f.idx", fuzz::part(rest));
    CHECK_NOTHROW((void)data::RecordFaces(put(folder, "f.rec", rest)).load(0));
  }
  std::set<char> readers;
  for (auto const& [name, bytes] : good(corpus.path(), "lists")) {
    CAPTURE(name);
    std::string_view rest = std::string_view(bytes).substr(1);
    auto const a = put(folder, "a", fuzz::part(rest)), b = put(folder, "b", rest);
    CHECK_NOTHROW(CHECK(fuzz::read_list(bytes[0], a, b)));
    readers.insert(bytes[0]);
  }
  std::set<char> all;  // that lists.hpp knows: what is no reader does not look at the files
  for (char c = '0'; c <= 'z'; ++c) try {
      if (fuzz::read_list(c, (folder / "none").string(), (folder / "none").string())) all.insert(c);
    } catch (Error const&) {
      all.insert(c);
    }
  CHECK(readers == all);
}
