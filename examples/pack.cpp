// Pictures in, sets out: training records, verification sets, folders, and the layouts of the usual benchmarks.
#include <berl/data/pairs.hpp>             // read_pairs
#include <berl/data/record_list.hpp>       // write_lst, write_property
#include <berl/data/record_writer.hpp>     // RecordFacesWriter
#include <berl/data/verification_set.hpp>  // write_verification_set

#include "command_line.hpp"    // run_program
#include "pictures.hpp"        // Progress, with_people
#include "synthetic_sets.hpp"  // write_ijb, ...

namespace {
using namespace berl;
namespace fs = std::filesystem;

struct Options {
  std::string data, landmarks, format = "rec", pairs, out;
  int identities = 10, pictures = 8;
  std::uint64_t seed = 1;
};

void write_rec(data::Dataset auto const& faces, std::string const& out) {
  if (fs::path const folder = fs::path(out).parent_path(); !folder.empty()) fs::create_directories(folder);
  std::vector<int> order(static_cast<std::size_t>(faces.size()));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return faces.label(a) < faces.label(b); });
  data::RecordFacesWriter writer(out + ".rec");
  std::vector<data::ListedImage> list;
  Progress progress(order.size());
  for (int const i : order) {
    writer.add(faces.label(i), io::encode_jpeg(faces.load(i), 95));
    list.push_back(
        {.index = list.size() + 1, .labels = {static_cast<float>(faces.label(i))}, .path = faces.name(i), .box = {}, .landmarks = {}});
    progress.at(list.size());
  }
  writer.commit();
  data::write_lst(out + ".lst", list);
  data::write_property((fs::path(out).parent_path() / "property").string(), {.identities = writer.identities()});
}

void write_folder(data::Dataset auto const& faces, std::string const& out) {
  std::vector<int> count(static_cast<std::size_t>(faces.identities()));
  for (int i = 0; i < faces.size(); ++i) {
    int const place = ++count[static_cast<std::size_t>(faces.label(i))];
    io::write_png(sets::made(fs::path(out) / fmt::format("{:06}/{:04}.png", faces.label(i), place)), faces.load(i));
  }
}

/// The pairs of a list, aligned where there are landmarks, whose paths are relative to the list's folder.
void write_bin(std::string const& pairs, std::string const& landmarks, std::string const& out) {
  std::optional<data::LandmarkList> points;
  if (!landmarks.empty()) points.emplace(landmarks);
  std::string const root = fs::path(pairs).parent_path().string();
  std::vector<std::vector<std::uint8_t>> pictures;
  std::vector<std::uint8_t> same;
  for (auto const& pair : data::read_pairs(pairs)) {
    for (auto const& path : {pair.a, pair.b}) {
      auto const picture = io::read_image(path, data::smallest_side);
      bool const ready = picture.width == 112 && picture.height == 112;
      std::string const name = root.empty() ? path : fs::path(path).lexically_relative(root).generic_string();
      auto const face = ready ? io::to_rgb(picture) : points ? points->align(picture, root, name) : data::fit_square(picture, 112);
      pictures.push_back(io::encode_jpeg(face, 95));
    }
    same.push_back(pair.same);
  }
  data::write_verification_set(out, pictures, same);
}
/// Each picture with the next of its identity, and with one of the next identity.
void write_bin(data::SyntheticFaces const& faces, std::string const& out) {
  int const each = faces.world().pictures_per_identity;
  std::vector<std::vector<std::uint8_t>> pictures;
  std::vector<std::uint8_t> same;
  for (int i = 0; i + 1 < faces.size(); i += 2)
    for (int const other : {i + 1, (i + each) % faces.size()}) {
      if (other == i) continue;
      for (int const k : {i, other}) pictures.push_back(io::encode_jpeg(faces.load(k), 95));
      same.push_back(faces.label(i) == faces.label(other));
    }
  data::write_verification_set(out, pictures, same);
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app("Packs pictures of faces into the files that face recognition is trained and measured with.", "pack");
  app.add_option("--data", o.data, people_help);
  app.add_option("--landmarks", o.landmarks,
                 "a list path,x1,y1,...,x5,y5 of both eyes, nose and both corners of the mouth, in pixels: pictures\n"
                 "that are not 112 x 112 are aligned by it; paths are relative to the folder, or to that of --pairs");
  app.add_option("--pairs", o.pairs, "for --format bin: a list path_a,path_b,same of pictures, instead of --data");
  app.add_option("--format", o.format, "rec, bin, folder, ijb, megaface, celeba or lfwa; see below (default: rec)")
      ->check(CLI::IsMember({"rec", "bin", "folder", "ijb", "megaface", "celeba", "lfwa"}));
  app.add_option("--out", o.out, "NAME of what is written")->required();
  app.add_option("--identities", o.identities, "synthetic people (default: 10)")->check(CLI::Range(2, 1'000'000));
  app.add_option("--pictures", o.pictures, "synthetic pictures of each (default: 8)")->check(CLI::Range(1, 10'000));
  app.add_option("--seed", o.seed, "of the synthetic people (default: 1)");
  app.footer(
      "\nFormats, and what they are made from:\n"
      "  rec       NAME.rec, NAME.idx, NAME.lst and `property` beside them: a training set         folder, .rec, .lst, synthetic\n"
      "  bin       NAME, a verification set                                                        --pairs, synthetic\n"
      "  folder    NAME/identity/picture.png                                                       folder, .rec, .lst, synthetic\n"
      "  ijb       NAME/loose_crop and NAME/meta/ijbc_*: templates, pairs, galleries, occlusion     synthetic\n"
      "  megaface  NAME/facescrub, NAME/megaface and lists: probes, distractors, noise              synthetic\n"
      "  celeba    NAME/img_celeba and lists: attributes, partition, landmarks, identities          synthetic\n"
      "  lfwa      NAME/images and NAME/lfwa.txt: attributes                                        synthetic\n"
      "Pictures are stored as JPEG of quality 95, in folders as PNG.\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (o.data.empty() == o.pairs.empty())
    throw Error("pack", o.data.empty() ? "neither --data nor --pairs" : "both --data and --pairs", "one of them", "See pack --help.");
  if (!o.pairs.empty()) {
    if (o.format != "bin") throw Error("--pairs", "--format " + o.format, "--format bin", "Pairs make verification sets.");
    write_bin(o.pairs, o.landmarks, o.out);
    return 0;
  }
  auto const anything = [&](data::Dataset auto const& faces) {
    if (o.format == "rec")
      write_rec(faces, o.out);
    else if (o.format == "folder")
      write_folder(faces, o.out);
    else
      throw Error("--format", o.format + " from " + o.data, "rec or folder",
                  o.format == "bin" ? "Give --pairs, a list of pairs." : "This format is made of synthetic faces: --data synthetic.");
    if constexpr (requires { faces.warning(); })
      if (auto const warning = faces.warning()) fmt::print(stderr, "warning: {}\n", *warning);
  };
  if (o.data != "synthetic") {
    with_people(o.data, o.landmarks, anything);
    return 0;
  }
  if (!o.landmarks.empty())
    throw Error("--landmarks", o.landmarks + " for --data synthetic", "a folder of pictures", "Leave it out; synthetic faces are aligned.");
  data::SyntheticFaces const faces({.seed = {o.seed}, .identities = o.identities, .pictures_per_identity = o.pictures, .options = {}});
  if (o.format == "bin")
    write_bin(faces, o.out);
  else if (o.format == "ijb" && o.pictures < 2)
    throw Error("--pictures", std::to_string(o.pictures) + " with --format ijb", "at least 2, one for the gallery and one for the probe",
                "Give more pictures of each person.");
  else if (o.format == "ijb")
    sets::write_ijb(faces, o.out);
  else if (o.format == "megaface")
    sets::write_megaface(faces, o.out);
  else if (o.format == "celeba")
    sets::write_celeba(faces, o.out);
  else if (o.format == "lfwa")
    sets::write_lfwa(faces, o.out);
  else
    anything(faces);
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("pack", [&] { return run(argc, argv); });
}
