#pragma once
#include <berl/io/ir_layout.hpp>    // has_ir_layout, from_ir_layout
#include <berl/io/pth.hpp>          // read_pth
#include <berl/io/safetensors.hpp>  // SafeTensors

#include <filesystem>
#include <fstream>
#include <string_view>

namespace berl::io {
/// Named arrays of a safetensors file or of PyTorch's .pth, told by its first bytes. CurricularFace's names become InsightFace's.
///   errors  as SafeTensors::read, read_pth and from_ir_layout; a file of PyTorch before 1.6, which is no archive
inline SafeTensors read_weights(std::filesystem::path const& path) {
  char first[4] = {};
  std::ifstream(path, std::ios::binary).read(first, 4);
  std::string_view const magic(first, 4);
  if (magic == std::string_view("\x80\x02\x8a\x0a", 4))
    throw Error(path.string(), "weights as PyTorch wrote them before 1.6", "the archive that torch.save writes today",
                "Save what torch.load gives once more with a current PyTorch.");
  auto file = magic == "PK\3\4" ? read_pth(path) : SafeTensors::read(path);
  return has_ir_layout(file) ? from_ir_layout(file) : std::move(file);
}
}  // namespace berl::io
