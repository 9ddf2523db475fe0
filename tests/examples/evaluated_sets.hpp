#pragma once
#include <berl/io/safetensors.hpp>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>  // pi
#include <vector>

#include "run_program.hpp"

/// Embeddings in the plane, whose figures can be told from their angles, and sets of them in the published layouts.
namespace berl::test {
namespace fs = std::filesystem;

/// Vectors in the plane, at angles in degrees and of length 1, or of another.
inline std::vector<float> at(std::vector<double> const& degrees, double length = 1) {
  std::vector<float> v;
  for (double const a : degrees) {
    v.push_back(static_cast<float>(length * std::cos(a * std::numbers::pi / 180)));
    v.push_back(static_cast<float>(length * std::sin(a * std::numbers::pi / 180)));
  }
  return v;
}
struct Array {
  std::string name;
  std::vector<float> values;
  std::int64_t columns = 2;
};
inline void write(fs::path const& path, std::vector<Array> const& arrays, std::vector<std::uint8_t> const& same = {}) {
  io::SafeTensorsWriter writer;
  for (auto const& [name, values, columns] : arrays)
    writer.add(name, {static_cast<std::int64_t>(values.size()) / columns, columns}, std::span<float const>(values));
  if (!same.empty()) writer.add("same", {static_cast<std::int64_t>(same.size())}, std::span<std::uint8_t const>(same));
  writer.write(path);
}
inline Ran evaluate(ScratchFolder const& folder, std::string const& arguments) { return run(folder, "evaluate", arguments); }

/// The value in a table of results.json: of the row that is called so, in the column that is called so.
inline double value(nlohmann::json const& results, std::size_t table, char const* source, std::string const& row,
                    std::string const& column) {
  auto const& t = results["tables"].at(table);
  for (auto const& r : t[source])
    if (r["name"] == row)
      for (std::size_t k = 0; k < t["columns"].size(); ++k)
        if (t["columns"][k] == column) return r["values"].at(k).is_null() ? -1 : r["values"][k].get<double>();
  FAIL("no row " << row << " with a column " << column);
  return 0;
}
inline nlohmann::json results(ScratchFolder const& folder, std::string const& arguments) {
  auto const ran = evaluate(folder, arguments + " --out " + (folder / "out").string());
  REQUIRE_MESSAGE(ran.code == 0, ran.error);
  CHECK(ran.error.empty());
  return nlohmann::json::parse(slurp(folder / "out/results.json"));
}

/// IJB-C in small: templates 1 and 2 are galleries of subjects 10 and 20, 3 and 4 are probes of theirs, 5 is one of subject 30's.
struct Ijb {
  ScratchFolder folder;
  std::string const meta = (folder / "meta").string(), features = (folder / "faces.safetensors").string();
  std::string const common = " --meta " + meta + " --features " + features + " --no-flip";
  Ijb() {
    fs::create_directories(folder / "meta");
    // template 3 is one film of three frames, far from its mate, and a picture near it; a detector is sure of the picture alone
    spit(folder / "meta/ijbc_face_tid_mid.txt", "1.jpg 1 1\n2.jpg 2 2\n3.jpg 3 3\n4.jpg 3 3\n5.jpg 3 3\n6.jpg 3 4\n7.jpg 4 5\n8.jpg 5 6\n");
    std::string points;
    for (int i = 1; i <= 8; ++i)
      points += std::to_string(i) + ".jpg 38.3 51.7 73.5 51.5 56.0 71.7 41.5 92.4 70.7 92.2 " + (i >= 3 && i <= 5 ? "0.1" : "1.0") + "\n";
    spit(folder / "meta/ijbc_name_5pts_score.txt", points);
    spit(folder / "meta/ijbc_template_pair_label.txt", "1 3 1\n2 4 1\n1 4 0\n2 3 0\n1 5 0\n2 5 0\n");
    spit(folder / "meta/ijbc_1N_gallery_G1.csv", "TEMPLATE_ID,SUBJECT_ID,FILENAME\n1,10,a\n1,10,b\n");
    spit(folder / "meta/ijbc_1N_gallery_G2.csv", "TEMPLATE_ID,SUBJECT_ID\n2,20\n");
    spit(folder / "meta/ijbc_1N_probe_mixed.csv", "TEMPLATE_ID,SUBJECT_ID\n3,10\n4,20\n5,10\n");
    write(folder / "faces.safetensors", {{"embeddings", at({0, 90, 80, 80, 80, 0, 80, 45})}});
  }
};

/// Five probes of two identities and three distractors, as feature files of the kit.
struct Mega {
  ScratchFolder folder;
  std::vector<double> const probes{0, 10, 30, 100, 190}, distractors{15, 35, 250};
  std::string const lists = " --probes " + (folder / "probes.json").string() + " --distractors " + (folder / "distractors.txt").string();
  std::string const folders = lists + " --probes-from " + (folder / "fs").string() + " --distractors-from " + (folder / "mf").string();
  std::string const files = " --suffix net" + folders;
  static void feature(fs::path const& path, std::vector<float> const& v) {
    fs::create_directories(path.parent_path());
    std::int32_t const head[] = {static_cast<std::int32_t>(v.size()), 1, 4, 5};
    std::string bytes(reinterpret_cast<char const*>(head), sizeof head);
    bytes.append(reinterpret_cast<char const*>(v.data()), 4 * v.size());
    spit(path, bytes);
  }
  Mega() {
    char const* const names[] = {"A B/1.png", "A B/2.png", "A B/3.png", "C/C_4.png", "C/C_5.png"};
    nlohmann::json list{{"path", nlohmann::json::array()}, {"id", {0, 0, 0, 1, 1}}};
    for (std::size_t i = 0; i < 5; ++i) {
      list["path"].push_back(names[i]);
      feature(folder / ("fs/" + std::string(names[i]) + "_net.bin"), at({probes[i]}));
    }
    spit(folder / "probes.json", list.dump());
    std::string text;
    for (int i = 0; i < 3; ++i) {
      auto const name = "00/x@y/" + std::to_string(i) + ".jpg";
      text += "some/where/" + name + "\n";
      feature(folder / ("mf/" + name + "_net.bin"), at({distractors[static_cast<std::size_t>(i)]}, 3));
    }
    spit(folder / "distractors.txt", text);
  }
};
}  // namespace berl::test
