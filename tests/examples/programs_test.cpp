#include <berl/data/synthetic_face.hpp>
#include <berl/io/image.hpp>
#include <berl/io/safetensors.hpp>

#include <algorithm>  // any_of
#include <nlohmann/json.hpp>
#include <sstream>

#include "run_program.hpp"

using namespace berl;
using test::lines, test::run, test::skip;
namespace fs = std::filesystem;

namespace {
/// A network after three steps, six pictures, and a list of pairs.
struct Prepared {
  test::ScratchFolder folder;
  std::string model = test::model_in(folder), pictures = (folder / "pictures").string();
  Prepared() {
    fs::create_directories(folder / "pictures/sub");
    data::SyntheticFaces const faces({.identities = 3, .pictures_per_identity = 2});
    for (int i = 0; i < 6; ++i)
      io::write_png(folder / (std::string("pictures/") + (i < 3 ? "" : "sub/") + "p" + std::to_string(i) + ".png"), faces.load(i));
    std::string pairs = "path_a,path_b,same\n";
    auto const name = [](int i) { return std::string(i < 3 ? "" : "sub/") + "p" + std::to_string(i) + ".png"; };
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < i; ++j) pairs += name(i) + "," + name(j) + "," + (i / 2 == j / 2 ? "1" : "0") + "\n";
    test::spit(folder / "pictures/pairs.csv", pairs);
    test::train_shortly(folder);
  }
};
std::vector<std::vector<double>> rows_of(std::string const& csv) {
  std::vector<std::vector<double>> rows;
  std::istringstream text(csv);
  std::string line, field;
  std::getline(text, line);
  while (std::getline(text, line)) {
    std::istringstream fields(line);
    std::getline(fields, field, ',');
    auto& row = rows.emplace_back();
    while (std::getline(fields, field, ',')) row.push_back(std::stod(field));
  }
  return rows;
}
}  // namespace

TEST_CASE("reconstruct writes a sheet, and depth and a mesh for each picture; a bad picture does not stop it") {
  if (skip()) return;
  Prepared const p;
  auto const out = p.folder / "faces";
  auto const ran = run(p.folder, "reconstruct", "--model " + p.model + " --out " + out.string() + " --threads 1 " + p.pictures);
  CHECK_MESSAGE(ran.code == 0, ran.error);
  CHECK(lines(ran.out) == 1 + 6 + 1);  // titles, pictures, mean
  auto const sheet = io::read_image(out / "faces.png");
  CHECK(sheet.height == 6 + 16 + 6 + 6 * (128 + 6));  // six rows under their titles
  for (std::string const name : {"p0", "p2", "sub_p3", "sub_p5"}) {
    CHECK(io::read_image(out / (name + "_depth.png")).width == 64);
    CHECK(test::slurp(out / (name + ".glb")).starts_with("glTF"));
  }

  auto const bytes = test::slurp(p.folder / "pictures/p1.png");
  test::spit(p.folder / "pictures/p1.png", bytes.substr(0, bytes.size() / 2));
  auto const other = p.folder / "others";
  auto const partly = run(p.folder, "reconstruct", "--model " + p.model + " --out " + other.string() + " --threads 1 " + p.pictures);
  CHECK(partly.code == 2);
  CHECK(partly.error.find("p1.png") != std::string::npos);
  CHECK(partly.error.find("1 of 6 pictures cannot be used.") != std::string::npos);
  CHECK(fs::exists(other / "p2.glb"));
  CHECK_FALSE(fs::exists(other / "p1.glb"));
  CHECK(test::slurp(other / "p2_depth.png") == test::slurp(out / "p2_depth.png"));
}

TEST_CASE("embed writes the same numbers as a table and as an array") {
  if (skip()) return;
  Prepared const p;
  auto const embed = [&](std::string const& file, std::string const& options) {
    return run(p.folder, "embed",
               "--model " + p.model + " --threads 1 --out " + (p.folder / file).string() + " " + options + " " + p.pictures);
  };
  REQUIRE(embed("e.csv", "").code == 0);
  REQUIRE(embed("e.safetensors", "").code == 0);
  auto const rows = rows_of(test::slurp(p.folder / "e.csv"));
  auto const file = io::SafeTensors::read(p.folder / "e.safetensors");
  auto const values = file.get<float>("embeddings");
  REQUIRE(rows.size() == 6);
  REQUIRE(values.size() == 6 * rows[0].size());
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(static_cast<float>(rows[i / rows[0].size()][i % rows[0].size()]) == values[i]);
  auto const paths = nlohmann::json::parse(file.metadata("paths"));
  REQUIRE(paths.size() == 6);
  CHECK(paths[5].get<std::string>().ends_with("sub/p5.png"));

  REQUIRE(embed("unit.csv", "--unit --flip").code == 0);
  for (auto const& row : rows_of(test::slurp(p.folder / "unit.csv"))) {
    double length = 0;
    for (double const e : row) length += e * e;
    CHECK(length == doctest::Approx(1).epsilon(1e-6));  // 128 floats, each rounded to one part in 2^24
  }
}

TEST_CASE("verify prints a table and writes all figures") {
  if (skip()) return;
  Prepared const p;
  auto const json_file = p.folder / "result.json";
  auto const ran =
      run(p.folder, "verify", "--model " + p.model + " --threads 1 --pairs " + p.pictures + "/pairs.csv --out " + json_file.string());
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  CHECK(ran.out.find("TAR at FAR 0.001, strict") != std::string::npos);
  auto const json = nlohmann::json::parse(test::slurp(json_file));
  CHECK(json["pairs"] == 15);
  CHECK(json["genuine"] == 3);
  for (auto const* const which : {"verification", "raw_pixels"}) {
    auto const& r = json[which];
    CHECK(r["accuracy_per_fold"].size() == 10);
    CHECK(r["roc"].front() == nlohmann::json{0.0, 0.0});
    CHECK(r["roc"].back() == nlohmann::json{1.0, 1.0});
    for (auto const& at : r["tar_at_far"]) CHECK(at["strict"]["far"].get<double>() <= at["wanted"].get<double>());
  }
}

TEST_CASE("paths that are no UTF-8 are written, with U+FFFD where JSON wants it") {
  if (skip()) return;
  Prepared const p;
  auto const folder = (p.folder / "\xff").string();
  fs::copy(p.pictures, folder, fs::copy_options::recursive);
  auto const array = p.folder / "e.safetensors", json = p.folder / "result.json";
  auto const embedded = run(p.folder, "embed", "--model " + p.model + " --threads 1 --out " + array.string() + " " + folder);
  REQUIRE_MESSAGE(embedded.code == 0, embedded.error);
  auto const paths = nlohmann::json::parse(io::SafeTensors::read(array).metadata("paths"));
  REQUIRE(paths.size() == 6);
  CHECK(paths[5].get<std::string>().ends_with("\ufffd/sub/p5.png"));
  fs::copy(p.model, folder + "/model.safetensors");
  auto const verified = run(p.folder, "verify",
                            "--model " + folder + "/model.safetensors --threads 1 --pairs " + folder + "/pairs.csv --out " + json.string());
  REQUIRE_MESSAGE(verified.code == 0, verified.error);
  CHECK(nlohmann::json::parse(test::slurp(json))["model"].get<std::string>().ends_with("\ufffd/model.safetensors"));
}

TEST_CASE("what the caller got wrong is one message and exit code 2") {
  if (skip()) return;
  Prepared const p;
  fs::create_directories(p.folder / "empty");
  fs::create_directories(p.folder / "loops");
  fs::create_symlink("itself", p.folder / "loops/itself");
  test::spit(p.folder / "text.safetensors", "no model at all");
  test::spit(p.folder / "pairs.csv", "a.png,b.png,1\n");
  test::spit(p.folder / "one.csv", "pictures/p0.png,pictures/p1.png,1\n");
  auto const whole = test::slurp(p.model);
  test::spit(p.folder / "cut.safetensors", whole.substr(0, whole.size() / 2));
  std::string const model = "--model " + p.model, faces = (p.folder / "o").string(), csv = (p.folder / "e.csv").string();
  struct Case {
    std::string program, arguments, says;
  };
  for (auto const& c :
       {Case{"embed", "--model nowhere --out " + csv + " " + p.pictures, "nowhere"},
        Case{"embed", "--model " + (p.folder / "text.safetensors").string() + " --out " + csv + " " + p.pictures, "text.safetensors"},
        Case{"embed", "--model " + (p.folder / "cut.safetensors").string() + " --out " + csv + " " + p.pictures, "cut.safetensors"},
        Case{"embed", model + " --out e.txt " + p.pictures, ".csv or .safetensors"},
        Case{"embed", model + " --out /nowhere/e.csv " + p.pictures, "/nowhere/e.csv"},
        Case{"embed", model + " --out " + csv + " " + (p.folder / "empty").string(), "no picture"},
        Case{"embed", model + " --out " + csv + " /nowhere", "no such file or folder"},
        Case{"embed", model + " --out " + csv, "pictures is required"},
        Case{"reconstruct", model + " --out " + p.model + " " + p.pictures, "Give another --out."},
        Case{"reconstruct", model + " --out " + faces + " --texture gold " + p.pictures, "gold"},
        Case{"verify", model + " --pairs nowhere.csv", "nowhere.csv"},
        Case{"verify", model + " --pairs " + (p.folder / "pairs.csv").string(), "no picture"},
        Case{"verify", model + " --pairs " + (p.folder / "one.csv").string(), "found 1 pair; expected at least 2"},
        Case{"train", "--data " + (p.folder / "loops").string() + " --out " + faces, "loops/itself"},
        Case{"train", "--data synthetic --pairs " + (p.folder / "one.csv").string() + " --out " + faces,
             "found 1 pair; expected at least 2"}}) {
    auto const ran = run(p.folder, c.program, c.arguments);
    CHECK_MESSAGE(ran.code == 2, c.arguments);
    CHECK_MESSAGE(ran.error.find(c.says) != std::string::npos, ran.error);
    CHECK(lines(ran.error) <= 2);  // the command line's own errors end in a line that names --help
  }
  for (auto const* const program : {"reconstruct", "embed", "verify"}) CHECK(run(p.folder, program, "--help").code == 0);
}

namespace {
/// What every program says of a device or a precision that it cannot have, in one message.
void check_devices(test::ScratchFolder const& folder, std::string const& program, std::string const& arguments) {
  CAPTURE(program);
  auto const refused = [&](std::string const& device, std::vector<std::string> const& says) {
    auto const ran = run(folder, program, arguments + " " + device);
    CHECK(ran.code == 2);
    CHECK(lines(ran.error) == 1);
    bool const said = std::any_of(says.begin(), says.end(), [&](auto const& text) { return ran.error.find(text) != std::string::npos; });
    CHECK_MESSAGE(said, ran.error);
  };
  refused("--device gpu", {"cpu, cuda or cuda:N"});
  refused("--device cuda:", {"cpu, cuda or cuda:N"});
  refused("--device cuda:x", {"cpu, cuda or cuda:N"});
  refused("--device cuda:-1", {"cpu, cuda or cuda:N"});
  refused("--precision half", {"fp32, tf32 or bf16"});
  refused("--precision tf32", {"tf32 on the cpu"});
  refused("--precision bf16", {"bf16 on the cpu"});
  refused("--device cuda:99", {"built without CUDA", "no NVIDIA", "GPU number 99"});  // as built, and where
  auto const ran = run(folder, program, arguments + " --device cuda:99");
  if (ran.error.find("built without CUDA") != std::string::npos)
    CHECK_MESSAGE(ran.error.find("cmake --preset cuda && cmake --build --preset cuda --target") != std::string::npos, ran.error);
  auto const help = run(folder, program, "--help");
  CHECK(help.code == 0);
  for (char const* const option : {"--device", "--precision"}) CHECK_MESSAGE(help.out.find(option) != std::string::npos, help.out);
}
}  // namespace

TEST_CASE("programs that run a network say what a GPU lacks") {
  if (skip()) return;
  Prepared const p;
  std::string const model = "--model " + p.model, out = (p.folder / "out").string();
  check_devices(p.folder, "embed", model + " --out " + out + ".csv " + p.pictures);
  check_devices(p.folder, "reconstruct", model + " --out " + out + " " + p.pictures);
  check_devices(p.folder, "verify", model + " --pairs " + p.pictures + "/pairs.csv");
  check_devices(p.folder, "shape", model + " --synthetic 1");
  CHECK(!fs::exists(out + ".csv"));
  CHECK(!fs::exists(out));
  CHECK(run(p.folder, "embed", model + " --device cpu --precision fp32 --out " + out + ".csv " + p.pictures).code == 0);
}

TEST_CASE("train draws faces at its end, and says what a GPU lacks") {
  if (skip()) return;
  test::ScratchFolder const folder;
  test::train_shortly(folder);
  CHECK(io::read_image(folder / "trained/faces.png").height == 6 + 16 + 6 + 3 * (128 + 6));  // three people under their titles
  check_devices(folder, "train", "--data synthetic --out " + (folder / "other").string());
  auto const ran = run(folder, "train", "--data synthetic --no-graph --out " + (folder / "other").string());
  CHECK(ran.code == 2);
  CHECK_MESSAGE(ran.error.find("--no-graph: found it on the cpu") != std::string::npos, ran.error);
  CHECK(!fs::exists(folder / "other/state.safetensors"));
}
