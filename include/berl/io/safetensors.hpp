#pragma once
#include <algorithm>                // stable_sort
#include <berl/core/error.hpp>      // Error, excerpt
#include <berl/io/atomic_file.hpp>  // AtomicFile
#include <berl/io/dtype.hpp>        // DType, with_type
#include <berl/io/json.hpp>         // parse_json, excerpt, shown
#include <cmath>                    // isfinite
#include <cstring>                  // memcpy
#include <filesystem>               // path
#include <fstream>                  // ifstream
#include <map>                      // map
#include <memory>                   // unique_ptr
#include <new>                      // align_val_t
#include <nlohmann/json.hpp>        // json
#include <set>                      // set
#include <span>                     // span
#include <stdexcept>                // logic_error
#include <string>                   // string
#include <utility>                  // in_range
#include <vector>                   // vector

namespace berl::io {
/// The extents of an array, outermost first; empty for a single number.
using Extents = std::vector<std::int64_t>;
inline constexpr std::size_t most_axes = 64;  ///< of an array in a file; networks need at most 4

inline std::string to_text(Extents const& shape) {
  std::string text = "[";
  for (std::int64_t const n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

/// A file of named arrays, read whole (https://github.com/huggingface/safetensors): 8 bytes header length, JSON, raw data.
///   auto const file = SafeTensors::read("model.safetensors");  file.get<float>("fc.weight", {512, 25088});
/// errors  berl::Error with the file's name: unreadable, truncated, header no JSON or nested deeper than io/json.hpp allows, more axes
///         than most_axes, offsets that overlap, leave holes or the file; a name, shape or element type other than the one asked for;
///         a value that the wanted type cannot hold
class SafeTensors {
 public:
  static SafeTensors read(std::filesystem::path const& path);

  [[nodiscard]] std::string const& file() const { return file_; }
  [[nodiscard]] std::vector<std::string> const& names() const { return names_; }  // in the order of their data
  [[nodiscard]] bool contains(std::string const& name) const { return entries_.contains(name); }
  [[nodiscard]] Extents const& shape(std::string const& name) const { return entry(name).shape; }
  [[nodiscard]] DType dtype(std::string const& name) const { return entry(name).type; }
  [[nodiscard]] std::size_t size(std::string const& name) const { return entry(name).size; }  // elements
  [[nodiscard]] std::span<std::byte const> bytes(std::string const& name) const {
    Entry const& e = entry(name);
    return {data_.get() + e.begin, e.size * info(e.type).bytes};
  }

  /// The values as T: float types convert into each other (rounding), integers where they fit, integers to float where exact.
  template <class T>
  [[nodiscard]] std::vector<T> get(std::string const& name) const {
    std::vector<T> values(entry(name).size);
    copy_to(name, std::span<T>(values));
    return values;
  }
  template <class T>
  [[nodiscard]] std::vector<T> get(std::string const& name, Extents const& shape) const {
    expect_shape(name, shape);
    return get<T>(name);
  }
  template <class T>
  void copy_to(std::string const& name, std::span<T> to) const;

  /// The values in place, where T is the stored type; valid as long as this object lives.
  template <class T>
  [[nodiscard]] std::span<T const> view(std::string const& name) const {
    Entry const& e = entry(name);
    DType const wanted = dtype_of<T>();
    if (wanted != e.type) {
      throw Error(at(name), "elements " + std::string(info(e.type).name), std::string(info(wanted).name), "Use get<T>, which converts.");
    }
    if (e.begin % sizeof(T) != 0) {
      throw Error(at(name), "data at byte " + std::to_string(e.begin), "a multiple of the element size", "Use get<T>, which copies.");
    }
    return {reinterpret_cast<T const*>(data_.get() + e.begin), e.size};
  }

  void expect_shape(std::string const& name, Extents const& shape) const {
    if (entry(name).shape == shape) return;
    throw Error(at(name), "shape " + to_text(entry(name).shape), to_text(shape), "The file belongs to another network or setting.");
  }

  [[nodiscard]] std::map<std::string, std::string> const& metadata() const { return metadata_; }
  [[nodiscard]] bool has_metadata(std::string const& key) const { return metadata_.contains(key); }
  [[nodiscard]] std::string const& metadata(std::string const& key) const {
    auto const found = metadata_.find(key);
    if (found == metadata_.end()) {
      throw Error(file_, "no metadata entry '" + key + "'", "one", "Write the file with the program that is to read it.");
    }
    return found->second;
  }

 private:
  friend SafeTensors read_pth(std::filesystem::path const& path);  // io/pth.hpp
  friend SafeTensors from_ir_layout(SafeTensors const& file);      // io/ir_layout.hpp

  struct Entry {
    DType type;
    Extents shape;
    std::size_t begin, size;  // first byte, number of elements
  };
  struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };

  [[nodiscard]] std::string at(std::string const& name) const { return file_ + ", array '" + excerpt(name) + "'"; }
  [[nodiscard]] Entry const& entry(std::string const& name) const {
    auto const found = entries_.find(name);
    if (found != entries_.end()) return found->second;
    std::string const some =
        names_.empty() ? "no arrays" : "arrays from '" + excerpt(names_.front()) + "' to '" + excerpt(names_.back()) + "'";
    throw Error(file_, some + " but no '" + excerpt(name) + "'", "an array of that name",
                "The file belongs to another network or program.");
  }
  void parse_header(std::string const& header, std::size_t data_bytes);
  void parse_entry(std::string const& name, nlohmann::json const& json, std::size_t data_bytes);
  void check_layout(std::size_t data_bytes);

  std::string file_;
  std::vector<std::string> names_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
  std::unique_ptr<std::byte[], Free> data_;
};

inline SafeTensors SafeTensors::read(std::filesystem::path const& path) {
  constexpr std::uint64_t longest_header = 100'000'000;  // the format's own limit
  SafeTensors result;
  result.file_ = path.string();
  auto const fail = [&](std::string const& found, std::string const& expected, std::string const& remedy) {
    throw Error(result.file_, found, expected, remedy);
  };
  std::error_code error;
  auto const size = std::filesystem::file_size(path, error);  // of a folder or a missing file: an error
  std::ifstream in(path, std::ios::binary);
  if (error || !in) fail("no readable file", "a safetensors file", "Check the path and the permissions.");
  std::uint64_t length = 0;
  if (size < 8) fail(std::to_string(size) + " bytes", "at least 8", "The file is truncated or of another kind.");
  in.read(reinterpret_cast<char*>(&length), 8);
  if (length < 2 || length > longest_header || length > size - 8) {
    fail("a header of " + std::to_string(length) + " bytes in a file of " + std::to_string(size), "a header within the file",
         "The file is truncated or no safetensors file; write or download it again.");
  }
  std::string header(length, '\0');
  in.read(header.data(), static_cast<std::streamsize>(length));
  std::size_t const data_bytes = size - 8 - length;
  result.parse_header(header, data_bytes);
  result.data_.reset(static_cast<std::byte*>(::operator new[](data_bytes + 1, std::align_val_t{64})));
  in.read(reinterpret_cast<char*>(result.data_.get()), static_cast<std::streamsize>(data_bytes));
  if (!in) fail("a read error", "a file that can be read to its end", "Check the disk.");
  return result;
}

inline void SafeTensors::parse_header(std::string const& header, std::size_t data_bytes) {
  std::string problem;
  auto const json = parse_json(header, &problem);
  if (json.is_discarded())
    throw Error(file_, "a header with " + problem, "a JSON object of arrays, each name once",
                "The file is damaged or no safetensors file; write or download it again.");
  if (!json.is_object()) throw Error(file_, "a header that is no JSON object", "one", "The file is no safetensors file.");
  for (auto const& [name, value] : json.items()) {
    if (name != "__metadata__") {
      parse_entry(name, value, data_bytes);
      continue;
    }
    if (!value.is_object()) throw Error(file_, "metadata that is no object", "an object of strings", "Write the file again.");
    for (auto const& [key, text] : value.items()) {
      if (!text.is_string()) throw Error(file_, "metadata '" + excerpt(key) + "' that is no string", "a string", "Write the file again.");
      metadata_[key] = text.get<std::string>();
    }
  }
  check_layout(data_bytes);
}

inline void SafeTensors::parse_entry(std::string const& name, nlohmann::json const& json, std::size_t data_bytes) {
  auto const fail = [&](std::string const& found, std::string const& expected) {
    throw Error(at(name), found, expected, "The file is damaged; write or download it again.");
  };
  auto const numbers = [&](char const* key) {
    std::vector<std::uint64_t> values;
    if (!json.is_object() || !json.contains(key) || !json[key].is_array()) fail("no list '" + std::string(key) + "'", "one");
    if (json[key].size() > most_axes)
      fail("'" + std::string(key) + "' with " + std::to_string(json[key].size()) + " numbers", "at most " + std::to_string(most_axes));
    for (auto const& n : json[key]) {
      if (!n.is_number_unsigned()) fail("'" + std::string(key) + "' " + shown(json[key]), "whole numbers, none negative");
      values.push_back(n.get<std::uint64_t>());
    }
    return values;
  };
  auto const shape = numbers("shape"), offsets = numbers("data_offsets");
  std::string const type = json.contains("dtype") && json["dtype"].is_string() ? json["dtype"].get<std::string>() : "none";
  auto const known = std::find_if(dtypes.begin(), dtypes.end(), [&](DTypeInfo const& d) { return d.name == type; });
  if (known == dtypes.end()) fail("element type " + excerpt(type), "F64, F32, F16, BF16, I64 to I8, U64 to U8 or BOOL");
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_bytes) {
    fail("data_offsets " + shown(json["data_offsets"]), "two offsets in order within the " + std::to_string(data_bytes) + " bytes of data");
  }
  Entry entry{known->type, {}, offsets[0], 1};
  for (std::uint64_t const n : shape) {
    if (__builtin_mul_overflow(entry.size, n, &entry.size) || !std::in_range<std::int64_t>(n)) {
      fail("shape " + shown(json["shape"]), "one that fits into memory");
    }
    entry.shape.push_back(static_cast<std::int64_t>(n));
  }
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(entry.size, known->bytes, &bytes) || bytes != offsets[1] - offsets[0]) {
    fail("shape " + shown(json["shape"]) + " of " + type + " on " + std::to_string(offsets[1] - offsets[0]) + " bytes",
         "shape and data of one size");
  }
  entries_.emplace(name, std::move(entry));
  names_.push_back(name);
}

inline void SafeTensors::check_layout(std::size_t data_bytes) {
  std::stable_sort(names_.begin(), names_.end(), [&](auto const& a, auto const& b) {
    Entry const &x = entries_.at(a), &y = entries_.at(b);
    return x.begin != y.begin ? x.begin < y.begin : x.size < y.size;  // empty arrays in front of the one at the same offset
  });
  std::size_t end = 0;
  for (std::string const& name : names_) {
    Entry const& e = entries_.at(name);
    if (e.begin != end) {
      throw Error(at(name), "data from byte " + std::to_string(e.begin) + " where " + std::to_string(end) + " ended the one before",
                  "arrays one behind the other, without holes", "The file is damaged; write or download it again.");
    }
    end = e.begin + e.size * info(e.type).bytes;
  }
  if (end != data_bytes) {
    throw Error(file_, std::to_string(data_bytes) + " bytes of data", std::to_string(end),
                "The file is damaged; write or download it again.");
  }
}

template <class T>
void SafeTensors::copy_to(std::string const& name, std::span<T> to) const {
  Entry const& e = entry(name);
  if (to.size() != e.size) {
    throw Error(at(name), "shape " + to_text(e.shape) + " with " + std::to_string(e.size) + " values",
                std::to_string(to.size()) + " values", "The file belongs to another network or setting.");
  }
  std::byte const* const from = data_.get() + e.begin;
  with_type(e.type, [&]<class S>(S) {
    if constexpr (std::is_same_v<S, T>) {
      if (!to.empty()) std::memcpy(to.data(), from, to.size_bytes());
    } else if constexpr (std::is_integral_v<T> && !std::is_integral_v<S>) {
      throw Error(at(name), "elements " + std::string(info(e.type).name), "integers", "Ask for float or double.");
    } else {
      for (std::size_t i = 0; i < to.size(); ++i) {
        S stored;
        std::memcpy(&stored, from + i * sizeof(S), sizeof(S));  // may lie unaligned
        bool fits = true;
        if constexpr (std::is_integral_v<T>) {
          fits = std::in_range<T>(stored);
        } else if constexpr (std::is_integral_v<S>) {  // compared as long double, which holds every 64-bit integer
          fits = static_cast<long double>(static_cast<T>(stored)) == static_cast<long double>(stored);
        } else if constexpr (sizeof(T) < sizeof(S)) {  // double to float
          fits = !std::isfinite(stored) || std::isfinite(static_cast<T>(stored));
        }
        if (!fits) {
          throw Error(at(name), "value " + std::to_string(stored) + " at " + std::to_string(i),
                      "values that " + std::string(info(dtype_of<T>()).name) + " holds", "Ask for a wider type.");
        }
        to[i] = static_cast<T>(stored);
      }
    }
  });
}

/// Collects named arrays and writes them as one file, whole or not at all. Arrays given as a span are not copied: they must
/// live, with their final values, until write() returns; those given as a vector by value are kept here.
class SafeTensorsWriter {
 public:
  template <class T>
  void add(std::string const& name, Extents const& shape, std::span<T const> values) {
    std::size_t size = 1;
    for (std::int64_t const n : shape) size *= static_cast<std::size_t>(n);
    if (size != values.size()) throw std::logic_error("berl::io::SafeTensorsWriter: '" + name + "' has not the size of its shape");
    if (name == "__metadata__" || !names_.insert(name).second) {
      throw std::logic_error("berl::io::SafeTensorsWriter: the name '" + name + "' is taken");
    }
    entries_.push_back({name, dtype_of<T>(), shape, std::as_bytes(values)});
  }
  template <class T>
  void add(std::string const& name, Extents const& shape, std::vector<T>&& values) {
    auto const kept = std::make_shared<std::vector<T> const>(std::move(values));
    add(name, shape, std::span<T const>(*kept));
    kept_.push_back(kept);
  }
  void metadata(std::string const& key, std::string const& value) { metadata_[key] = value; }

  void write(std::filesystem::path const& path, Previous previous = Previous::Drop) {
    std::stable_sort(entries_.begin(), entries_.end(),  // wide elements first: then every array is aligned
                     [](Entry const& a, Entry const& b) { return info(a.type).bytes > info(b.type).bytes; });
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    if (!metadata_.empty()) json["__metadata__"] = metadata_;
    std::size_t end = 0;
    for (Entry const& e : entries_) {
      json[e.name] = {{"dtype", info(e.type).name}, {"shape", e.shape}, {"data_offsets", {end, end + e.bytes.size()}}};
      end += e.bytes.size();
    }
    std::string header = json.dump();
    header.resize((header.size() + 7) / 8 * 8, ' ');
    std::uint64_t const length = header.size();
    AtomicFile file(path, previous);
    file.write(std::as_bytes(std::span(&length, 1)));
    file.write(header);
    for (Entry const& e : entries_) file.write(e.bytes);
    file.commit();
  }

 private:
  struct Entry {
    std::string name;
    DType type;
    Extents shape;
    std::span<std::byte const> bytes;
  };
  std::vector<Entry> entries_;
  std::set<std::string> names_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::shared_ptr<void const>> kept_;
};
}  // namespace berl::io
