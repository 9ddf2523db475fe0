#pragma once
#include <berl/io/pth.hpp>  // crc32

#include <map>
#include <string>
#include <vector>

/// Files as torch.save writes them, put together byte by byte.
namespace berl::test {
inline std::string little(std::uint64_t n, int bytes) {
  std::string text;
  for (int k = 0; k < bytes; ++k) text += k < 8 ? static_cast<char>(n >> (8 * k) & 255) : '\0';
  return text;
}
/// A ZIP archive of stored entries.
inline std::string zip(std::map<std::string, std::string> const& entries, unsigned method = 0) {
  std::string all, directory;
  for (auto const& [name, content] : entries) {
    std::string const shared = little(0, 2) + little(method, 2) + little(0, 4) +
                               little(io::detail::crc32({reinterpret_cast<std::uint8_t const*>(content.data()), content.size()}), 4) +
                               little(content.size(), 4) + little(content.size(), 4) + little(name.size(), 2);
    directory += "PK\1\2" + little(20, 4) + shared + little(0, 12) + little(all.size(), 4) + name;
    all += "PK\3\4" + little(20, 2) + shared + little(3, 2) + name + "pad" + content;
  }
  return all + directory +
         ("PK\5\6" + little(0, 4) + little(entries.size(), 2) + little(entries.size(), 2) + little(directory.size(), 4) +
          little(all.size(), 4) + little(0, 2));
}
inline std::string pickled(std::string const& t) { return "X" + little(t.size(), 4) + t; }
inline std::string pickled(std::int64_t n) { return "J" + little(static_cast<std::uint64_t>(n), 4); }
/// A tensor of a pickle: the storage's type and key, and offset, size and stride, each pickled.
inline std::string pickled_tensor(std::string const& type, std::string const& key, std::string const& offset, std::string const& size,
                                  std::string const& stride, std::int64_t count = 8) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + pickled("storage") + "ctorch\n" + type + "\n" + pickled(key) + pickled("cpu") +
         pickled(count) + "tQ" + offset + "(" + size + "t(" + stride +
         "t\x89"
         "ccollections\nOrderedDict\n)RtR";
}
inline std::string bytes_of(std::vector<float> const& values) {
  return {reinterpret_cast<char const*>(values.data()), values.size() * sizeof(float)};
}

struct TorchTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
/// The file of a state dictionary.
inline std::string torch_archive(std::vector<TorchTensor> const& tensors) {
  std::string pickle = "\x80\x02}(";
  std::map<std::string, std::string> entries;
  for (auto const& t : tensors) {
    std::string const key = std::to_string(entries.size());
    std::string size, stride;
    auto step = static_cast<std::int64_t>(t.values.size());
    for (std::int64_t const n : t.shape) size += pickled(n), stride += pickled(step /= n);
    pickle += pickled(t.name) + pickled_tensor("FloatStorage", key, pickled(0), size, stride, static_cast<std::int64_t>(t.values.size()));
    entries["m/data/" + key] = bytes_of(t.values);
  }
  entries["m/data.pkl"] = pickle + "u.";
  return zip(entries);
}
}  // namespace berl::test
