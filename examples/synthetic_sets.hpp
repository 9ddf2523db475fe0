#pragma once
#include <berl/data/megaface.hpp>              // write_feature
#include <berl/data/synthetic_attributes.hpp>  // synthetic_attributes, attribute_names
#include <berl/io/json.hpp>                    // json_text

#include <fmt/core.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// Synthetic faces in the layout of the sets that face recognition is measured on.
namespace sets {
namespace fs = std::filesystem;
using berl::data::SyntheticFaces;

/// Where eyes, nose and corners of the mouth are in picture i: points of the frontal surface, moved and projected.
inline berl::data::Landmarks landmarks_of(SyntheticFaces const& faces, int i) {
  auto const& world = faces.world();
  auto const id = berl::data::synthetic_identity(world.seed, world.first_identity + static_cast<std::uint64_t>(faces.label(i)));
  auto const truth = faces.truth(i);
  berl::data::synthetic::Movement const movement(faces.scene(i).pose);
  auto const project = [&](double x, double y) {
    double z = 0.94;
    double const f64 = berl::data::synthetic::raster_focal(64);
    int const u = static_cast<int>(std::lround(f64 * x / z + 31.5)), v = static_cast<int>(std::lround(f64 * y / z + 31.5));
    if (float const depth = truth.canonical_depth[static_cast<std::size_t>(64 * std::clamp(v, 0, 63) + std::clamp(u, 0, 63))]; depth > 0)
      z = depth;
    auto const p = movement.move({x, y, z});
    double const f = berl::data::synthetic::raster_focal(112);
    return berl::data::Point2{f * p.x / p.z + 55.5, f * p.y / p.z + 55.5};
  };
  double const nose = id.eye_height - 0.004 + id.nose_length;
  return {project(-id.eye_distance, id.eye_height), project(id.eye_distance, id.eye_height), project(id.nose_shift, nose),
          project(-id.mouth_width, id.mouth_height), project(id.mouth_width, id.mouth_height)};
}

inline std::vector<std::byte> jpeg(berl::io::Image const& picture) {
  auto const bytes = berl::io::encode_jpeg(picture, 95);
  auto const all = std::as_bytes(std::span(bytes));
  return {all.begin(), all.end()};
}
inline fs::path made(fs::path const& path) {
  fs::create_directories(path.parent_path());
  return path;
}
inline std::string points_text(berl::data::Landmarks const& points, char const* separator) {
  std::string text;
  for (auto const p : points) text += fmt::format("{}{:.3f}{}{:.3f}", separator, p.x, separator, p.y);
  return text;
}

/// An IJB-C-like set: each identity has one gallery template of its first half of pictures and one probe template of the others, two
/// pictures being of one medium. Every pair of gallery and probe is compared.
inline void write_ijb(SyntheticFaces const& faces, fs::path const& out) {
  std::string tid_mid, points, pairs, occluded, gallery[2], probes = "TEMPLATE_ID,SUBJECT_ID,FILENAME\n";
  gallery[0] = gallery[1] = probes;
  int const each = faces.world().pictures_per_identity;
  for (int i = 0; i < faces.size(); ++i) {
    int const who = faces.label(i), place = i % each;
    bool const probe = 2 * place >= each;
    int const id = 2 * who + (probe ? 2 : 1);
    std::string const name = fmt::format("{}.jpg", i + 1);
    berl::io::write_file(made(out / "loose_crop" / name), jpeg(faces.load(i)));
    tid_mid += fmt::format("{} {} {}\n", name, id, i / 2 + 1);
    points += fmt::format("{}{} {:.4f}\n", name, points_text(landmarks_of(faces, i), " "), 0.9);
    occluded += faces.scene(i).occluder != berl::data::Occluder::none ? "1\n" : "0\n";
    (probe ? probes : gallery[who % 2]) += fmt::format("{},{},{}\n", id, who + 1, name);
  }
  for (int a = 0; a < faces.identities(); ++a)
    for (int b = 0; b < faces.identities(); ++b) pairs += fmt::format("{} {} {}\n", 2 * a + 1, 2 * b + 2, a == b ? 1 : 0);
  auto const meta = [&](char const* name, std::string const& text) {
    berl::io::write_file(made(out / "meta" / (std::string("ijbc_") + name)), text);
  };
  meta("face_tid_mid.txt", tid_mid), meta("name_5pts_score.txt", points), meta("template_pair_label.txt", pairs);
  meta("occluded.txt", occluded), meta("1N_gallery_G1.csv", gallery[0]), meta("1N_gallery_G2.csv", gallery[1]);
  meta("1N_probe_mixed.csv", probes);
}

/// A MegaFace-like set: the first half of the identities are probes (facescrub/NAME/NAME_k.jpg), of the others the first pictures are
/// distractors (megaface/a/b/k.jpg); one picture of each is listed as noise.
inline void write_megaface(SyntheticFaces const& faces, fs::path const& out) {
  nlohmann::json probes{{"path", nlohmann::json::array()}, {"id", nlohmann::json::array()}}, distractors{{"path", nlohmann::json::array()}};
  int const known = std::max(1, faces.identities() / 2), each = faces.world().pictures_per_identity;
  for (int i = 0; i < faces.size(); ++i) {
    int const who = faces.label(i);
    std::string const name = fmt::format("person_{}", who + 1);
    std::string const path =
        who < known ? fmt::format("{0}/{0}_{1}.jpg", name, i % each + 1) : fmt::format("{}/{}/{}.jpg", who / 10, who, i);
    berl::io::write_file(made(out / (who < known ? "facescrub" : "megaface") / path), jpeg(faces.load(i)));
    (who < known ? probes : distractors)["path"].push_back(path);
    if (who < known) probes["id"].push_back(name);
  }
  auto const noise = [](nlohmann::json const& list, bool file_only) {
    std::string const last = list["path"].empty() ? std::string() : list["path"].back().get<std::string>();
    return "# pictures that show somebody else\n" + (file_only ? fs::path(last).filename().string() : last) + "\n";
  };
  berl::io::write_file(out / "facescrub_features_list.json", berl::io::json_text(probes) + "\n");
  berl::io::write_file(out / "megaface_features_list.json", berl::io::json_text(distractors) + "\n");
  berl::io::write_file(out / "facescrub_noises.txt", noise(probes, true));
  berl::io::write_file(out / "megaface_noises.txt", noise(distractors, false));
}

/// Of five pictures one is for the test, and for CelebA one for validation.
inline int split_of(int i, bool validation) { return i % 5 == 4 ? 2 : validation && i % 5 == 3 ? 1 : 0; }

inline void write_celeba(SyntheticFaces const& faces, fs::path const& out) {
  std::string list = fmt::format("{}\n", faces.size()), parts, who, points = list;
  for (auto const name : berl::data::attribute_names) list += std::string(name) + " ";
  points += "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y\n";
  list += "\n";
  for (int i = 0; i < faces.size(); ++i) {
    std::string const name = fmt::format("{:06}.jpg", i + 1);
    berl::io::write_file(made(out / "img_celeba" / name), jpeg(faces.load(i)));
    auto const seen = berl::data::synthetic_attributes(faces, i);
    list += name;
    for (std::size_t k = 0; k < 40; ++k) list += seen[k] ? "  1" : " -1";
    list += "\n";
    parts += fmt::format("{} {}\n", name, split_of(i, true));
    who += fmt::format("{} {}\n", name, faces.label(i) + 1);
    points += name;
    for (auto const p : landmarks_of(faces, i)) points += fmt::format(" {} {}", std::lround(p.x), std::lround(p.y));
    points += "\n";
  }
  berl::io::write_file(out / "list_attr_celeba.txt", list), berl::io::write_file(out / "list_eval_partition.txt", parts);
  berl::io::write_file(out / "identity_CelebA.txt", who), berl::io::write_file(out / "list_landmarks_celeba.txt", points);
}

inline void write_lfwa(SyntheticFaces const& faces, fs::path const& out) {
  std::string list = "#";
  for (auto const name : berl::data::attribute_names) list += (list.size() > 1 ? ", " : " ") + std::string(name);
  int const each = faces.world().pictures_per_identity;
  for (int i = 0; i < faces.size(); ++i) {
    std::string const name = fmt::format("person_{0}/person_{0}_{1:04}.jpg", faces.label(i) + 1, i % each + 1);
    berl::io::write_file(made(out / "images" / name), jpeg(faces.load(i)));
    auto const seen = berl::data::synthetic_attributes(faces, i);
    list += fmt::format("\n{}\t{}\t", name, split_of(i, false));
    for (std::size_t k = 0; k < 40; ++k) list += seen[k] ? '1' : '0';
  }
  berl::io::write_file(out / "lfwa.txt", list + "\n");
}
}  // namespace sets
