// Weights and networks for other programs: safetensors for PyTorch, ONNX for runtimes, a C++ header for everything else.
#include <berl/io/header.hpp>      // write_header
#include <berl/io/onnx.hpp>        // write_onnx
#include <berl/io/pth_writer.hpp>  // write_pth

#include "command_line.hpp"      // CommandLine
#include "networks/network.hpp"  // read_network

namespace {
using berl::io::Norms;

void print_written(std::string const& path, std::string const& what) {
  fmt::print("{}: {}, {:.1f} MB\n", path, what, static_cast<double>(std::filesystem::file_size(path)) * 1e-6);
}

int run(int argc, char** argv) {
  std::string onnx, header, safetensors, pth;
  bool folded = false;
  CommandLine line("export", "Writes the backbone of a model, picture to embedding, for other programs.", ModelFile{});
  line.add_option("--onnx", onnx, "an ONNX file: operator set 17, batches of any size");
  line.add_flag("--folded", folded, "in the ONNX file, batch norms are part of the convolutions before them");
  line.add_option("--header", header,
                  "a C++17 header NAME.hpp that needs the standard library alone: NAME::embed(picture, embedding);\n"
                  "for networks of at most 25 million weights");
  line.add_option("--safetensors", safetensors, "the weights alone, by the names of InsightFace's iresnet, for load_state_dict");
  line.add_option("--pth", pth, "the same as torch.save writes it, for torch.load");
  line.footer(
      "\nPictures are aligned faces of 112 x 112 pixels, RGB, (byte - 127.5) / 127.5, planes one after the other. Embeddings are not\n"
      "normalised: divide by the length, or compare by the cosine. In Python:\n"
      "  network.load_state_dict(safetensors.torch.load_file('OUT.safetensors'))\n"
      "  onnxruntime.InferenceSession('OUT.onnx').run(['embedding'], {'picture': pictures})\n"
      "Exit code: 0 all is well; 2 something given cannot be used.\n");
  if (auto const code = line.read(argc, argv)) return *code;
  if (onnx.empty() && header.empty() && safetensors.empty() && pth.empty())
    throw berl::Error("--onnx, --header, --safetensors, --pth", "none of them", "one at least", "Say what is to be written.");
  if (folded && onnx.empty()) throw berl::Error("--folded", "no --onnx", "one", "Give --onnx, or leave --folded out.");
  if (!header.empty() && !header.ends_with(".hpp"))
    throw berl::Error("--header", "'" + header + "'", "a name that ends in .hpp", "Choose one, such as my_face.hpp.");

  auto const [file, info, kind] = read_network(line.model());
  auto const network = std::string(kind->text);
  if (kind->graph == nullptr) throw berl::Error(line.model(), network, "a face network", "Give a model of another kind.");
  if (!safetensors.empty()) {
    berl::io::write_weights(safetensors, kind->graph(file, Norms::kept), info.network);
    print_written(safetensors, network);
  }
  if (!pth.empty()) {
    berl::io::write_pth(pth, kind->graph(file, Norms::kept));
    print_written(pth, network);
  }
  if (!onnx.empty()) {
    berl::io::write_onnx(onnx, kind->graph(file, folded ? Norms::folded : Norms::kept), network);
    print_written(onnx, network);
  }
  if (!header.empty()) {
    berl::io::write_header(header, kind->graph(file, Norms::folded), network);
    print_written(header, network);
  }
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  return run_program("export", [&] { return run(argc, argv); });
}
