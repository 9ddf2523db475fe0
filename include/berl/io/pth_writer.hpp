#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/io/atomic_file.hpp>  // AtomicFile
#include <berl/io/graph.hpp>        // Graph, NamedArray
#include <berl/io/pth.hpp>          // crc32

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>  // pair
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
    std::string shared = little_endian(0, 8);  // stored, and no time
    for (std::uint64_t const n : {std::uint64_t{crc}, std::uint64_t{content.size()}, std::uint64_t{content.size()}})
      shared += little_endian(n, 4);
    shared += little_endian(name.size(), 4);  // two bytes, and no extra field
    directory_.append("PK\1\2\x14\0\x14\0", 8).append(shared).append(10, '\0').append(little_endian(at_, 4)).append(name);
    put(std::string("PK\3\4\x14\0", 6).append(shared).append(name));
    file_.write(content);
    at_ += content.size();
    ++entries_;
  }
  void add(std::string const& name, std::string_view content) { add(name, std::as_bytes(std::span(content.data(), content.size()))); }
  void commit() {
    std::string end = std::string("PK\5\6\0\0\0\0", 8);
    for (auto const& [n, bytes] :
         {std::pair{entries_, 2}, {entries_, 2}, {std::uint64_t{directory_.size()}, 4}, {at_, 4}, {std::uint64_t{0}, 2}})
      end += little_endian(n, bytes);
    put(directory_);
    put(end);
    file_.commit();
  }

 private:
  void put(std::string const& text) { file_.write(text), at_ += text.size(); }

  AtomicFile file_;
  std::string directory_;
  std::uint64_t at_ = 0, entries_ = 0;
};

/// The pickle of a dictionary of tensors, array k in the storage k.
class TensorPickle {
 public:
  explicit TensorPickle(std::span<NamedArray const> arrays) {
    text = "\x80\x02}(";
    for (std::size_t k = 0; k < arrays.size(); ++k) put(arrays[k], std::to_string(k));
    text += "u.";
  }
  std::string text;

 private:
  void word(std::string_view w) {
    text += 'X';
    text += little_endian(w.size(), 4);
    text += w;
  }
  void number(std::int64_t n) {
    text += 'J';
    text += little_endian(static_cast<std::uint64_t>(n), 4);
  }
  void put(NamedArray const& array, std::string const& key) {
    auto const count = static_cast<std::int64_t>(array.values.size());
    word(array.name);
    text += "ctorch._utils\n_rebuild_tensor_v2\n((";
    word("storage");
    text += "ctorch\nFloatStorage\n";
    word(key);
    word("cpu");
    number(count);
    text += "tQ";
    number(0);  // offset
    text += '(';
    for (std::int64_t const n : array.shape) number(n);
    text += "t(";
    std::int64_t stride = count;
    for (std::int64_t const n : array.shape) number(stride /= n);
    text += "t\x89";  // False: it requires no gradient
    text += "ccollections\nOrderedDict\n)RtR";
  }
};
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
  zip.add("backbone/data.pkl", detail::TensorPickle(arrays).text);
  for (std::size_t k = 0; k < arrays.size(); ++k) zip.add("backbone/data/" + std::to_string(k), std::as_bytes(arrays[k].values));
  zip.add("backbone/byteorder", "little");
  zip.add("backbone/version", "3\n");
  zip.commit();
}
}  // namespace berl::io
