// Takes faces apart: depth, albedo, light and viewpoint of each picture, as pictures and as meshes.
#include <berl/eval/faces.hpp>  // faces_png, write_depth, write_mesh

#include "command_line.hpp"      // CommandLine
#include "networks/network.hpp"  // Network
#include "pictures.hpp"          // find_pictures

namespace {
using berl::eval::Explanation;

void make_folder(std::filesystem::path const& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder))
    throw berl::Error(folder.string(), error ? error.message() : "a file", "a folder, or a place for one", "Give another --out.");
}

void print_face(std::string const& name, Explanation<> const& face) {
  auto const [pitch, yaw, roll] = face.angles();
  auto const l = face.light_direction();
  fmt::print("{:<32} {:8.4f} {:7.1f} {:7.1f} {:7.1f} {:8.2f} {:8.2f} {:7.2f} {:6.2f} {:6.2f}\n", name, face.l1, yaw, pitch, roll,
             face.ambient(), face.diffuse(), l.x, l.y, l.z);
}

int run(int argc, char** argv) {
  std::string out, landmarks, texture = "albedo";
  std::vector<std::string> arguments;
  std::size_t rows = 64;
  CommandLine line("reconstruct", "Takes faces apart into depth, albedo, light and viewpoint, and puts them together again.");
  line.add_option("--out", out, "the folder for what is written")->required();
  line.add_pictures(arguments);
  line.add_landmarks(landmarks);
  line.add_option("--texture", texture, "of the meshes: albedo, or canonical which keeps the light (default: albedo)")
      ->check(CLI::IsMember({"albedo", "canonical"}));
  line.add_option("--rows", rows, "faces in faces.png at the most (default: 64)")->check(CLI::Range(1, 200));
  line.footer(
      "\nWritten to --out: faces.png, one row for each picture: input, reconstruction, and seen from the front canonical image, albedo,\n"
      "depth (near is bright), normals, shading, relit from four sides and turned by a yaw of -45 to 45 degrees. For each picture\n"
      "NAME_depth.png, 16 bits, 0 at the nearest depth and 65535 at the farthest that the model allows, and NAME.glb, its textured mesh.\n"
      "Printed: the mean difference of input and reconstruction (of a range of 2), angles in degrees, light of full scale and the way\n"
      "it travels (x right, y down, z away from the camera). The model must have its auxiliary networks: a backbone alone is refused.\n"
      "Exit code: 0 all is well; 2 something given cannot be used. A picture that cannot be used is named and left out.\n");
  if (auto const code = line.read(argc, argv)) return *code;

  PictureReader reader(landmarks);
  auto const network = line.open();
  auto const pictures = find_pictures(arguments);
  std::filesystem::path const folder = out;
  make_folder(folder);

  constexpr std::size_t batch = 32;
  std::vector<Explanation<>> shown;
  double difference = 0;
  std::size_t done = 0;
  fmt::print("{:<32} {:>8} {:>7} {:>7} {:>7} {:>8} {:>8} {:>21}\n", "", "L1", "yaw", "pitch", "roll", "ambient", "diffuse",
             "light direction");
  Progress progress(pictures.size());
  for (std::size_t first = 0; first < pictures.size(); first += batch) {
    std::vector<berl::io::Image> images;
    std::vector<std::string> names;
    for (std::size_t i = first; i < std::min(first + batch, pictures.size()); ++i)
      if (berl::io::Image image; reader.read(pictures[i], image)) images.push_back(std::move(image)), names.push_back(pictures[i].name);
    auto faces = network->explain(images);
    for (std::size_t k = 0; k < faces.size(); ++k) {
      berl::eval::write_depth(folder / (names[k] + "_depth.png"), faces[k]);
      berl::eval::write_mesh(folder / (names[k] + ".glb"), faces[k],
                             texture == "albedo" ? berl::eval::Texture::albedo : berl::eval::Texture::canonical);
      print_face(names[k], faces[k]);
      difference += faces[k].l1;
      ++done;
      if (shown.size() < rows) shown.push_back(std::move(faces[k]));
    }
    progress.at(first + images.size());
  }
  if (done > 0) {
    berl::eval::faces_png(folder / "faces.png", shown);
    fmt::print("mean L1 {:.4f} over {} pictures; {} shows {} of them\n", difference / static_cast<double>(done), done,
               (folder / "faces.png").string(), shown.size());
  }
  return reader.finish();
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("reconstruct", [&] { return run(argc, argv); });
}
