#include <berl/data/synthetic_face.hpp>
#include <berl/io/image.hpp>
#include <berl/io/weights.hpp>

#include <cmath>
#include <sstream>

#include <io/torch_archive.hpp>

#include "run_program.hpp"

using namespace berl;
using test::lines, test::run, test::skip;

namespace {
/// A network after three steps, its backbone alone as `export` writes it and as PyTorch would, and two pictures.
struct Exchanged {
  test::ScratchFolder folder;
  std::string model = test::model_in(folder), backbone = at("backbone.safetensors"), torch = at("backbone.pth");
  std::string pictures = at("0.png") + " " + at("1.png");
  Exchanged() {
    data::SyntheticFaces const faces({.identities = 2, .pictures_per_identity = 1});
    for (int i = 0; i < 2; ++i) io::write_png(folder / (std::to_string(i) + ".png"), faces.load(i));
    test::train_shortly(folder);
    auto const exported = run(folder, "export", "--model " + model + " --safetensors " + backbone);
    REQUIRE_MESSAGE(exported.code == 0, exported.error);
    auto const file = io::SafeTensors::read(backbone);
    std::vector<test::TorchTensor> tensors;
    for (auto const& name : file.names())
      if (!name.ends_with("num_batches_tracked")) tensors.push_back({name, file.shape(name), file.get<float>(name)});
    test::spit(folder / "backbone.pth", test::torch_archive(tensors));
  }
  std::string at(std::string const& name) const { return (folder / name).string(); }
  std::string embeddings(std::string const& of) const {
    auto const ran = run(folder, "embed", "--model " + of + " --threads 1 --out " + at("e.csv") + " " + pictures);
    REQUIRE_MESSAGE(ran.code == 0, ran.error);
    return test::slurp(folder / "e.csv");
  }
};
Exchanged const& prepared() {
  static Exchanged const once;
  return once;
}
/// The numbers of a table, without titles and paths.
std::vector<double> numbers_of(std::string const& csv) {
  std::vector<double> numbers;
  std::istringstream text(csv);
  std::string line, field;
  std::getline(text, line);
  while (std::getline(text, line)) {
    std::istringstream fields(line);
    std::getline(fields, field, ',');
    while (std::getline(fields, field, ',')) numbers.push_back(std::stod(field));
  }
  return numbers;
}
}  // namespace

TEST_CASE("programs take a backbone alone, of berl or of PyTorch, and give the same bits") {
  if (skip()) return;
  auto const& p = prepared();
  auto const right = p.embeddings(p.model);
  CHECK(lines(right) == 3);
  CHECK(p.embeddings(p.backbone) == right);
  CHECK(p.embeddings(p.torch) == right);
  test::spit(p.folder / "pairs.csv", "path_a,path_b,same\n0.png,1.png,0\n0.png,0.png,1\n");
  auto const verify = [&](std::string const& model) {
    return run(p.folder, "verify", "--model " + model + " --threads 1 --pairs " + p.at("pairs.csv"));
  };
  auto const ours = verify(p.model), theirs = verify(p.torch);
  CHECK_MESSAGE(theirs.code == ours.code, theirs.error);
  CHECK(theirs.out == ours.out);
  auto const evaluated = run(p.folder, "evaluate", "pairs --model " + p.torch + " --threads 1 --pairs " + p.at("pairs.csv"));
  CHECK_MESSAGE(evaluated.code == 0, evaluated.error);

  auto const faces = run(p.folder, "reconstruct", "--model " + p.torch + " --out " + p.at("faces") + " " + p.pictures);
  CHECK(faces.code == 2);  // there is nothing to reconstruct with
  CHECK(faces.error.find("backbone.pth, array 'iia.view.") != std::string::npos);
  CHECK(lines(faces.error) == 1);
}

TEST_CASE("export: the header is the network") {
  if (skip()) return;
  auto const& p = prepared();
  auto const written = run(p.folder, "export", "--model " + p.torch + " --header " + p.at("my_face.hpp") + " --onnx " + p.at("n.onnx"));
  REQUIRE_MESSAGE(written.code == 0, written.error);
  CHECK(lines(written.out) == 2);
  CHECK(std::filesystem::file_size(p.folder / "n.onnx") > 4 * 700'000);  // the quarter-wide network's weights
  auto const again = run(p.folder, "export", "--model " + p.torch + " --pth " + p.at("again.pth"));
  REQUIRE_MESSAGE(again.code == 0, again.error);
  CHECK(p.embeddings(p.at("again.pth")) == p.embeddings(p.model));
  auto const folded = run(p.folder, "export", "--model " + p.model + " --folded --onnx " + p.at("f.onnx"));
  REQUIRE_MESSAGE(folded.code == 0, folded.error);
  CHECK(std::filesystem::file_size(p.folder / "f.onnx") < std::filesystem::file_size(p.folder / "n.onnx"));

  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    auto const picture = io::read_image(p.folder / (std::to_string(i) + ".png"));
    bytes.append(picture.pixels.begin(), picture.pixels.end());
  }
  test::spit(p.folder / "bytes", bytes);
  test::spit(p.folder / "use.cpp", R"(#include "my_face.hpp"
#include <cstdio>
int main() {
  std::vector<unsigned char> picture(3 * my_face::height * my_face::width);
  std::vector<float> embedding(my_face::embedding_size);
  while (std::fread(picture.data(), 1, picture.size(), stdin) == picture.size()) {
    my_face::embed(picture.data(), embedding.data());
    for (float const e : embedding) std::printf(",%.9g", static_cast<double>(e));
    std::printf("\n");
  }
}
)");
  char const* const compiler = std::getenv("CXX");
  std::string const build = std::string(compiler == nullptr ? "c++" : compiler) + " -std=c++17 -O2 -Wall -Wextra -Werror " +
                            p.at("use.cpp") + " -o " + p.at("use") + " && " + p.at("use") + " <" + p.at("bytes") + " >" + p.at("out");
  REQUIRE(std::system(build.c_str()) == 0);
  auto const right = numbers_of(p.embeddings(p.model)), found = numbers_of("\n" + test::slurp(p.folder / "out"));
  REQUIRE(found.size() == 2 * 128);
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(right[i]));
    worst = std::max(worst, std::abs(found[i] - right[i]));
  }
  CHECK(worst < 1e-5 * largest);  // two orders of the same sums of floats
}

TEST_CASE("export: what the caller got wrong is one message and exit code 2") {
  if (skip()) return;
  auto const& p = prepared();
  test::spit(p.folder / "other.pth", test::torch_archive({{"fc.weight", {1, 2}, {3, 4}}}));
  test::spit(p.folder / "old.pth", std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.", 16));
  struct Case {
    std::string arguments, says;
  };
  for (auto const& c :
       {Case{"--model " + p.model, "--onnx, --header, --safetensors, --pth: found none of them"},
        Case{"--model " + p.model + " --folded --safetensors " + p.at("x"), "--folded: found no --onnx"},
        Case{"--model " + p.model + " --header " + p.at("x.h"), "a name that ends in .hpp"},
        Case{"--model " + p.model + " --header " + p.at("9.hpp"), "no name of a namespace"},
        Case{"--model " + p.model + " --onnx /nowhere/x.onnx", "/nowhere/x.onnx"}, Case{"--model nowhere --onnx " + p.at("x"), "nowhere"},
        Case{"--onnx " + p.at("x"), "--model is required"},
        Case{"--model " + p.at("other.pth") + " --onnx " + p.at("x"), "found 2 weights and no word of the network that they are of"},
        Case{"--model " + p.at("old.pth") + " --onnx " + p.at("x"), "before 1.6"},
        Case{"--model " + p.at("trained/state.safetensors") + " --onnx " + p.at("x"), "found a berl state; expected a berl model"}}) {
    auto const ran = run(p.folder, "export", c.arguments);
    CHECK_MESSAGE(ran.code == 2, c.arguments);
    CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
    CHECK(lines(ran.error) <= 2);
    CHECK_FALSE(std::filesystem::exists(p.folder / "x"));
  }
  CHECK(run(p.folder, "export", "--help").code == 0);
}
