// Pictures in, embeddings out: the backbone alone.
#include <berl/io/json.hpp>  // json_text

#include <cmath>
#include <nlohmann/json.hpp>

#include "command_line.hpp"      // CommandLine
#include "networks/network.hpp"  // Network
#include "pictures.hpp"          // find_pictures

namespace {
using Rows = std::vector<std::vector<float>>;

/// A path, as a field of a table: in quotes where it holds a comma or a quote.
std::string quoted(std::string const& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (char const c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

void write_csv(std::string const& path, std::vector<std::string> const& paths, Rows const& rows) {
  berl::io::AtomicFile file(path);
  std::string line = "path";
  for (std::size_t d = 0; d < rows.front().size(); ++d) line += fmt::format(",e{}", d);
  file.write(line + "\n");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    line = quoted(paths[i]);
    for (float const e : rows[i]) line += fmt::format(",{:.9g}", e);  // nine digits give the same float back
    file.write(line + "\n");
  }
  file.commit();
}

void write_safetensors(std::string const& path, std::vector<std::string> const& paths, Rows const& rows, std::string const& network) {
  std::vector<float> all;
  for (auto const& row : rows) all.insert(all.end(), row.begin(), row.end());
  berl::io::SafeTensorsWriter writer;
  writer.add("embeddings", {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.front().size())}, std::move(all));
  writer.metadata("network", network);
  writer.metadata("paths", berl::io::json_text(nlohmann::json(paths)));
  writer.write(path);
}

int run(int argc, char** argv) {
  std::string out, landmarks;
  std::vector<std::string> arguments;
  bool flip = false, unit = false;
  CommandLine line("embed", "Turns pictures of faces into embeddings, whose cosine says how alike two faces are.");
  line.add_option("--out", out, "the file that is written: NAME.csv or NAME.safetensors")->required();
  line.add_pictures(arguments);
  line.add_landmarks(landmarks);
  line.add_flip(flip);
  line.add_flag("--unit", unit, "bring embeddings to length 1");
  line.footer(
      "\nNAME.csv: a line path,e0,e1,... for each picture, with the names of the columns before it. NAME.safetensors: one array\n"
      "`embeddings` (pictures, numbers), and the paths in its order as a JSON list under `paths` in the metadata.\n"
      "Exit code: 0 all is well; 2 something given cannot be used. A picture that cannot be used is named and left out.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  bool const csv = out.ends_with(".csv");
  if (!csv && !out.ends_with(".safetensors"))
    throw berl::Error("--out", "'" + out + "'", "a name that ends in .csv or .safetensors", "Choose one of the two.");

  PictureReader reader(landmarks);
  auto const network = line.open();
  auto const pictures = find_pictures(arguments);
  constexpr std::size_t batch = 32;
  std::vector<std::string> paths;
  Rows rows;
  {
    Progress progress(pictures.size());
    for (std::size_t first = 0; first < pictures.size(); first += batch) {
      std::vector<berl::io::Image> images;
      std::size_t const last = std::min(first + batch, pictures.size());
      for (std::size_t i = first; i < last; ++i)
        if (berl::io::Image image; reader.read(pictures[i], image))
          images.push_back(std::move(image)), paths.push_back(pictures[i].path.string());
      for (auto& e : flip ? network->embed_fused(images) : network->embed(images)) rows.push_back(std::move(e));
      progress.at(last);
    }
  }
  if (unit)
    for (auto& row : rows) {
      double length = 0;
      for (float const e : row) length += double{e} * double{e};
      length = std::sqrt(length);
      if (length > 0)
        for (float& e : row) e = static_cast<float>(double{e} / length);
    }
  if (!rows.empty()) {
    if (csv)
      write_csv(out, paths, rows);
    else
      write_safetensors(out, paths, rows, network->info().network);
    fmt::print("{}: {} embeddings of {} numbers\n", out, rows.size(), rows.front().size());
  }
  return reader.finish();
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("embed", [&] { return run(argc, argv); });
}
