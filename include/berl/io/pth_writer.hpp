#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/io/atomic_file.hpp>  // AtomicFile
#include <berl/io/graph.hpp>        // Graph, NamedArray
#include <berl/io/pth.hpp>          // crc32

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace berl::io {
namespace detail {
inline std::string little_endian(std::uint64_t n, int bytes) {
  std::string text;
  for (int k = 0; k < bytes; ++k) text += static_cast<char>(n >> (8 * k) & 255);
  return text;
}

/// A ZIP archive of entries that are stored as they are.
class StoredZipWriter {
 public:
  explicit StoredZipWriter(std::filesystem::path const& path) : file_(path) {}

  void add(std::string const& name, std::span<std::byte const> content) {
    auto const crc = crc32({reinterpret_cast<std::uint8_t const*>(content.data()), content.size()});
    auto const size = little_endian(content.size(), 4);
    std::string const shared =
        little_endian(0, 8) + little_endian(crc, 4) + size + size + little_endian(name.size(), 2) + little_endian(0, 2);
    directory_ += "PK\1\2" + little_endian(20, 2) + little_endian(20, 2) + shared + little_endian(0, 10) + little_endian(at_, 4) + name;
    put("PK\3\4" + little_endian(20, 2) + shared + name);
    file_.write(content);
    at_ += content.size();
    ++entries_;
  }
  void add(std::string const& name, std::string_view content) { add(name, std::as_bytes(std::span(content.data(), content.size()))); }
  void commit() {
    std::string const where = little_endian(directory_.size(), 4) + little_endian(at_, 4), count = little_endian(entries_, 2);
    put(directory_ + "PK\5\6" + little_endian(0, 4) + count + count + where + little_endian(0, 2));
    file_.commit();
  }

 private:
  void put(std::string const& text) { file_.write(text), at_ += text.size(); }

  AtomicFile file_;
  std::string directory_;
  std::uint64_t at_ = 0, entries_ = 0;
};

/// The pickle of a dictionary of tensors, array k in the storage k.
inline std::string pickled_tensors(std::span<NamedArray const> arrays) {
  auto const text = [](std::string const& t) { return "X" + little_endian(t.size(), 4) + t; };
  auto const number = [](std::int64_t n) { return "J" + little_endian(static_cast<std::uint64_t>(n), 4); };
  std::string pickle = "\x80\x02}(";
  for (std::size_t k = 0; k < arrays.size(); ++k) {
    auto const& a = arrays[k];
    auto step = static_cast<std::int64_t>(a.values.size());
    std::string size = "(", stride = "(";
    for (std::int64_t const n : a.shape) size += number(n), stride += number(step /= n);
    pickle += text(a.name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" +
              text(std::to_string(k)) + text("cpu") + number(static_cast<std::int64_t>(a.values.size())) + "tQ" + number(0) + size + "t" +
              stride + "t\x89" + "ccollections\nOrderedDict\n)RtR";
  }
  return pickle + "u.";
}
}  // namespace detail

/// The arrays of a graph, norms kept, as torch.save would write a dictionary of them: torch.load reads it, and load_state_dict takes it.
///   errors  Error: more than the 4 GiB of such an archive; as AtomicFile
inline void write_pth(std::filesystem::path const& path, Graph const& graph) {
  std::vector<NamedArray> arrays;
  for (auto const& operation : graph.operations) arrays.insert(arrays.end(), operation.arrays.begin(), operation.arrays.end());
  if (graph.parameters() >= 1'000'000'000 || arrays.size() >= 65'000)
    throw Error(path.string(), std::to_string(graph.parameters()) + " numbers", "less than the 4 GiB of an archive",
                "Export it as safetensors.");
  detail::StoredZipWriter zip(path);
  zip.add("backbone/data.pkl", detail::pickled_tensors(arrays));
  for (std::size_t k = 0; k < arrays.size(); ++k) zip.add("backbone/data/" + std::to_string(k), std::as_bytes(arrays[k].values));
  zip.add("backbone/byteorder", "little");
  zip.add("backbone/version", "3\n");
  zip.commit();
}
}  // namespace berl::io
