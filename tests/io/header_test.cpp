#include <berl/io/header.hpp>

#include <doctest/doctest.h>

#include <cstdlib>  // getenv, system
#include <sstream>

#include "plain_network.hpp"
#include "scratch_folder.hpp"

using namespace berl;

namespace {
/// What the header gives, compiled alone: two lines of numbers, one for the picture, and one for bytes.
std::string compiled_and_run(test::ScratchFolder const& folder, std::string const& name) {
  std::string const here = folder.path().string();
  test::spit(folder / "use.cpp", "#include \"" + name +
                                     ".hpp\"\n#include <cstdio>\n"
                                     "int main() {\n"
                                     "  std::vector<float> picture(3 * " +
                                     name + "::height * " + name + "::width), embedding(" + name +
                                     "::embedding_size);\n"
                                     "  std::vector<unsigned char> bytes(picture.size());\n"
                                     "  FILE* const file = std::fopen(\"" +
                                     here +
                                     "/picture\", \"rb\");\n"
                                     "  if (std::fread(picture.data(), 4, picture.size(), file) != picture.size()) return 1;\n"
                                     "  if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) return 1;\n"
                                     "  for (int k = 0; k < 2; ++k) {\n"
                                     "    k == 0 ? " +
                                     name + "::embed(picture.data(), embedding.data()) : " + name +
                                     "::embed(bytes.data(), embedding.data());\n"
                                     "    for (float const e : embedding) std::printf(\"%.9g \", static_cast<double>(e));\n"
                                     "  }\n"
                                     "}\n");
  char const* const compiler = std::getenv("CXX");
  std::string const command = std::string(compiler == nullptr ? "c++" : compiler) +
                              " -std=c++17 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror " + here + "/use.cpp -o " + here +
                              "/use 2>" + here + "/errors && " + here + "/use >" + here + "/out";
  int const status = std::system(command.c_str());
  REQUIRE_MESSAGE(status == 0, test::slurp(folder / "errors"));
  return test::slurp(folder / "out");
}
}  // namespace

TEST_CASE("header: compiled alone, it gives the network's embedding") {
  test::ScratchFolder const folder;
  auto const graph = plain::small_graph();
  io::write_header(folder / "my_face.hpp", graph, "a small network");
  auto const picture = plain::picture(9);
  std::vector<float> const numbers(picture.v.begin(), picture.v.end());
  plain::Map of_bytes = picture;  // planes
  std::string bytes;              // pixels
  for (int v = 0; v < 9; ++v)
    for (int u = 0; u < 9; ++u)
      for (int c = 0; c < 3; ++c) {
        int const byte = (c * 81 + v * 9 + u) % 256;
        bytes += static_cast<char>(byte);
        of_bytes.at(c, v, u) = (byte - 127.5) / 127.5;
      }
  test::spit(folder / "picture", std::string(reinterpret_cast<char const*>(numbers.data()), numbers.size() * 4) + bytes);
  std::istringstream out(compiled_and_run(folder, "my_face"));
  for (auto const& x : {picture, of_bytes}) {
    std::vector<float> found(6);
    for (float& e : found) out >> e;
    CHECK(plain::difference(plain::run(graph, x), found) < 2e-6);  // sums of up to 250 floats, each rounded by 6e-8
  }
}

TEST_CASE("header: every float's bits are five characters that strings may hold") {
  std::string text;
  std::vector<std::uint32_t> const bits{0, 1, 0xffffffff, 0x80000000, 0x7f800001, 57u * 85 + 28, 0x3f800000};
  for (std::uint32_t const b : bits) io::detail::put_digits(text, std::bit_cast<float>(b));
  REQUIRE(text.size() == 5 * bits.size());
  CHECK(text.find_first_of("\"\\?\n") == std::string::npos);
  for (std::size_t k = 0; k < bits.size(); ++k) {
    std::uint32_t n = 0;
    for (char const c : text.substr(5 * k, 5)) n = n * 85 + static_cast<std::uint32_t>((c == 'x' ? '\\' : c == 'y' ? '?' : c) - '#');
    CHECK(n == bits[k]);
  }
}

TEST_CASE("header: a name that is no namespace, and a network that is too large, are refused") {
  test::ScratchFolder const folder;
  auto const graph = plain::small_graph();
  for (char const* const name : {"9.hpp", "my-face.hpp", "while.hpp", "std.hpp", ".hpp", "a__b.hpp", "_a.hpp"})
    CHECK(test::message_of<Error>([&] { io::write_header(folder / name, graph, "n"); }).find("no name of a namespace") !=
          std::string::npos);
  auto large = graph;
  large.operations[0].arrays[0].values = {large.operations[0].arrays[0].values.data(), 25'000'001};  // only counted
  CHECK(test::message_of<Error>([&] { io::write_header(folder / "large.hpp", large, "n"); }).find("Export it as ONNX") !=
        std::string::npos);
  CHECK(folder.files() == 0);
}
