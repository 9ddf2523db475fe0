#pragma once
#include <berl/core/error.hpp>      // Error, excerpt
#include <berl/io/pickle.hpp>       // Pickle
#include <berl/io/safetensors.hpp>  // SafeTensors

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>  // in_range
#include <vector>

/// PyTorch's weights: a ZIP archive of PREFIX/data.pkl, a pickle of a dictionary of tensors, and PREFIX/data/KEY, their numbers.
namespace berl::io {
namespace detail {
inline std::uint64_t little(std::span<std::uint8_t const> bytes) {
  std::uint64_t n = 0;
  for (std::size_t k = bytes.size(); k-- > 0;) n = n << 8 | bytes[k];
  return n;
}
inline std::uint32_t crc32(std::span<std::uint8_t const> bytes) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      t[i] = i;
      for (int k = 0; k < 8; ++k) t[i] = (t[i] & 1) != 0 ? 0xedb88320u ^ t[i] >> 1 : t[i] >> 1;
    }
    return t;
  }();
  std::uint32_t c = 0xffffffffu;
  for (std::uint8_t const b : bytes) c = table[(c ^ b) & 255] ^ c >> 8;
  return ~c;
}

/// The entries of a ZIP archive that are stored as they are.
///   errors  Error with file and offset: no archive, an entry beyond the end, compressed or encrypted, entries that share bytes, bytes that
///           fail their check
class StoredZip {
 public:
  struct Entry {
    std::uint64_t offset, size;  // of the local header; of the content
    std::uint32_t crc;
  };

  explicit StoredZip(std::filesystem::path const& path) : path_(path.string()), in_(path, std::ios::binary) {
    std::error_code error;
    size_ = std::filesystem::file_size(path, error);
    if (error || !in_) throw Error(path_, "no readable file", "weights of PyTorch (.pth)", "Check the path and the permissions.");
    read_directory();
  }
  std::string const& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  std::unordered_map<std::string, Entry> const& entries() const { return entries_; }

  std::vector<std::uint8_t> read(std::string const& name) {
    auto const found = entries_.find(name);
    if (found == entries_.end()) throw Error(path_, "no entry " + excerpt(name), "the archive of torch.save", again);
    return read(found->second);
  }
  std::vector<std::uint8_t> read(Entry const& entry) {
    auto const head = bytes(entry.offset, 30);
    if (little(std::span(head).first(4)) != 0x04034b50) fail(entry.offset, "no header of an entry", "the bytes 50 4b 03 04");
    auto const data = entry.offset + 30 + little(std::span(head).subspan(26, 2)) + little(std::span(head).subspan(28, 2));
    auto content = bytes(data, entry.size);
    if (entry.crc != 0 && crc32(content) != entry.crc) fail(data, "bytes of another checksum", "those that were written");
    return content;
  }
  [[noreturn]] void fail(std::uint64_t offset, std::string const& found, std::string const& expected) const {
    throw Error(path_ + " at offset " + std::to_string(offset), found, expected, again);
  }

 private:
  static constexpr char const* again = "The file is damaged or of another kind; fetch it, or save it with torch.save, again.";

  std::vector<std::uint8_t> bytes(std::uint64_t offset, std::uint64_t count) {
    if (offset > size_ || count > size_ - offset)
      fail(offset, "the end of the file, which has " + std::to_string(size_) + " bytes", std::to_string(count) + " bytes");
    std::vector<std::uint8_t> to(count);
    in_.seekg(static_cast<std::streamoff>(offset));
    in_.read(reinterpret_cast<char*>(to.data()), static_cast<std::streamsize>(count));
    if (!in_) fail(offset, "a read error", "a file that can be read to its end");
    return to;
  }
  void read_directory() {
    auto const tail_size = std::min<std::uint64_t>(size_, 65557);  // the end record and the longest comment
    auto const tail = bytes(size_ - tail_size, tail_size);
    auto const at = [&](std::size_t begin, std::size_t offset, std::size_t n) {
      return little(std::span(tail).subspan(begin + offset, n));
    };
    std::size_t end = tail.size() < 22 ? 0 : tail.size() - 21;
    while (end > 0 && at(end - 1, 0, 4) != 0x06054b50) --end;
    if (end == 0) fail(0, "no directory of a ZIP archive", "one at the end of the file");
    --end;
    std::uint64_t count = at(end, 10, 2), length = at(end, 12, 4), offset = at(end, 16, 4);
    if ((count == 0xffff || length == 0xffffffff || offset == 0xffffffff) && end >= 20 && at(end - 20, 0, 4) == 0x07064b50) {
      auto const wide = bytes(at(end - 20, 8, 8), 56);
      if (little(std::span(wide).first(4)) != 0x06064b50) fail(at(end - 20, 8, 8), "no 64-bit directory", "the bytes 50 4b 06 06");
      count = little(std::span(wide).subspan(32, 8)), length = little(std::span(wide).subspan(40, 8));
      offset = little(std::span(wide).subspan(48, 8));
    }
    auto const directory = bytes(offset, length);
    std::size_t here = 0;
    for (std::uint64_t k = 0; k < count; ++k) here = read_entry(directory, here, offset);
  }
  std::size_t read_entry(std::span<std::uint8_t const> directory, std::size_t here, std::uint64_t begin) {
    auto const need = [&](std::size_t n) {
      if (n > directory.size() - here) fail(begin + here, "the end of the directory", "another entry");
    };
    need(46);
    auto const at = [&](std::size_t offset, std::size_t n) { return little(directory.subspan(here + offset, n)); };
    if (at(0, 4) != 0x02014b50) fail(begin + here, "no entry of the directory", "the bytes 50 4b 01 02");
    std::size_t const name = at(28, 2), extra = at(30, 2), comment = at(32, 2);
    need(46 + name + extra + comment);
    Entry entry{at(42, 4), at(24, 4), static_cast<std::uint32_t>(at(16, 4))};
    if ((at(8, 2) & 1) != 0 || at(10, 2) != 0) fail(begin + here, "a compressed or encrypted entry", "one that is stored as it is");
    for (std::size_t x = 46 + name; x + 4 <= 46 + name + extra;) {  // extra fields; 1 holds 64-bit sizes
      std::size_t const id = at(x, 2), n = at(x + 2, 2);
      if (x + 4 + n > 46 + name + extra) break;
      if (id == 1) {
        std::size_t next = x + 4;
        for (auto [value, is_used] : {std::pair{&entry.size, at(24, 4) == 0xffffffff},
                                      {static_cast<std::uint64_t*>(nullptr), at(20, 4) == 0xffffffff},
                                      {&entry.offset, at(42, 4) == 0xffffffff}})
          if (is_used && next + 8 <= x + 4 + n) {
            if (value != nullptr) *value = at(next, 8);
            next += 8;
          }
      }
      x += 4 + n;
    }
    if (entry.size > size_ - content_)
      fail(begin + here, "an entry of " + std::to_string(entry.size) + " bytes behind others of " + std::to_string(content_),
           "entries that the " + std::to_string(size_) + " bytes of the file hold");
    content_ += entry.size;
    entries_.emplace(std::string(reinterpret_cast<char const*>(directory.data()) + here + 46, name), entry);
    return here + 46 + name + extra + comment;
  }

  std::string path_;
  std::ifstream in_;
  std::uint64_t size_ = 0, content_ = 0;  // of the file; of all entries
  std::unordered_map<std::string, Entry> entries_;
};

inline constexpr std::array<std::string_view, 13> pth_globals{"torch FloatStorage",
                                                              "torch DoubleStorage",
                                                              "torch HalfStorage",
                                                              "torch BFloat16Storage",
                                                              "torch LongStorage",
                                                              "torch IntStorage",
                                                              "torch ShortStorage",
                                                              "torch CharStorage",
                                                              "torch ByteStorage",
                                                              "torch BoolStorage",
                                                              "torch._utils _rebuild_tensor_v2",
                                                              "torch._utils _rebuild_parameter",
                                                              "collections OrderedDict"};
inline constexpr std::array<DType, 10> pth_types{DType::F32, DType::F64, DType::F16, DType::BF16, DType::I64,
                                                 DType::I32, DType::I16, DType::I8,  DType::U8,   DType::BOOL};

/// One tensor of the pickle, whose bytes name and key are.
struct PthTensor {
  std::string_view name, key;
  DType type;
  Extents shape;
  std::size_t size = 1, offset = 0;  // elements
};

/// The tensors of a dictionary; "state_dict" within it is taken instead, and "module." before every name is left out.
///   errors  Error with offset: what is no dictionary of contiguous tensors, a name twice, more axes than most_axes, a key of more than
///           80 bytes
class PthNames {
 public:
  explicit PthNames(Pickle const& pickle) : p_(pickle) {
    auto const* dict = &dictionary(p_.root());
    for (std::size_t k = first(*dict); k + 1 < dict->items.size(); k += 2)
      if (p_[dict->items[k]].kind == Pickle::Kind::text && p_[dict->items[k]].text() == "state_dict") {
        dict = &dictionary(p_[dict->items[k + 1]]);
        break;
      }
    std::unordered_set<std::string_view> names;
    for (std::size_t k = first(*dict); k + 1 < dict->items.size(); k += 2) {
      auto const& name = p_.expect(dict->items[k], Pickle::Kind::text, "the name of a tensor");
      if (!names.insert(name.text()).second) p_.fail_at(name, "the name " + excerpt(name.text()) + " twice", "each name once");
      tensors.push_back(tensor(name.text(), p_[dict->items[k + 1]]));
    }
    constexpr std::string_view wrapper = "module.";
    for (auto const& t : tensors)
      if (!t.name.starts_with(wrapper)) return;
    for (auto& t : tensors) t.name.remove_prefix(wrapper.size());
  }
  std::vector<PthTensor> tensors;

 private:
  using Value = Pickle::Value;
  std::size_t first(Value const& dict) const { return dict.kind == Pickle::Kind::call ? 2 : 0; }
  Value const& dictionary(Value const& v) const {
    if (v.kind != Pickle::Kind::dict && !p_.calls(v, "collections OrderedDict"))
      p_.fail_at(v, Pickle::name_of(v.kind), "a dictionary of tensors, as of model.state_dict()");
    return v;
  }
  std::size_t whole(Pickle::Index i, char const* what) const {
    auto const& v = p_.expect(i, Pickle::Kind::integer, what);
    if (v.integer < 0) p_.fail_at(v, std::to_string(v.integer), what);
    return static_cast<std::size_t>(v.integer);
  }
  PthTensor tensor(std::string_view name, Value const& given) const {
    auto const* v = &given;
    if (p_.calls(*v, "torch._utils _rebuild_parameter") && !p_.arguments(*v).empty()) v = &p_[p_.arguments(*v)[0]];
    if (!p_.calls(*v, "torch._utils _rebuild_tensor_v2")) p_.fail_at(*v, std::string(Pickle::name_of(v->kind)), "a tensor");
    auto const& a = p_.arguments(*v);
    if (a.size() < 4) p_.fail_at(*v, std::to_string(a.size()) + " arguments of a tensor", "storage, offset, size and stride");
    auto const& id = p_[p_.expect(a[0], Pickle::Kind::persistent, "a tensor's storage").items[0]];
    if (id.kind != Pickle::Kind::tuple || id.items.size() != 5) p_.fail_at(id, "another identifier", "five parts of a storage's");
    auto const& type = p_.expect(id.items[1], Pickle::Kind::global, "a storage's type");
    if (static_cast<std::size_t>(type.integer) >= pth_types.size()) p_.fail_at(type, std::string(p_.name(type)), "a storage's type");
    PthTensor t{.name = name,
                .key = p_.expect(id.items[2], Pickle::Kind::text, "a storage's key").text(),
                .type = pth_types[static_cast<std::size_t>(type.integer)],
                .shape = {},
                .offset = whole(a[1], "an offset")};
    auto const &size = p_.expect(a[2], Pickle::Kind::tuple, "a tensor's size").items,
               &stride = p_.expect(a[3], Pickle::Kind::tuple, "a tensor's stride").items;
    if (t.key.size() > 80) p_.fail_at(id, "a storage's key of " + std::to_string(t.key.size()) + " bytes", "at most 80");
    if (size.size() > most_axes) p_.fail_at(*v, std::to_string(size.size()) + " axes", "at most " + std::to_string(most_axes));
    if (stride.size() != size.size()) p_.fail_at(*v, std::to_string(stride.size()) + " strides", std::to_string(size.size()));
    for (std::size_t k = size.size(); k-- > 0;) {
      std::size_t const n = whole(size[k], "an extent");
      if (n != 1 && t.size != 0 && whole(stride[k], "a stride") != t.size)
        p_.fail_at(*v, "a tensor that is not contiguous", "one that is; call contiguous() before saving");
      if (__builtin_mul_overflow(t.size, n, &t.size)) p_.fail_at(*v, "a size beyond 64 bits", "one that fits into memory");
      t.shape.insert(t.shape.begin(), static_cast<std::int64_t>(n));
    }
    return t;
  }

  Pickle const& p_;
};
}  // namespace detail

/// The named arrays of a .pth file that torch.save wrote (PyTorch 1.6 or later), as if they had come from a safetensors file. Each storage
/// is read once, however many tensors lie in it.
///   errors  berl::Error with file, offset or array: what StoredZip and PthNames refuse, a tensor that leaves its storage, arrays that need
///           more than four times the memory of the file
inline SafeTensors read_pth(std::filesystem::path const& path) {
  detail::StoredZip zip(path);
  std::string prefix;
  for (auto const& [name, entry] : zip.entries())
    if (name.ends_with("/data.pkl")) prefix = name.substr(0, name.size() - 8);
  auto const program = zip.read(prefix + "data.pkl");
  Pickle const pickle(program, zip.path() + ", " + prefix.substr(0, 80) + "data.pkl", detail::pth_globals);
  auto const tensors = detail::PthNames(pickle).tensors;
  struct Storage {
    detail::StoredZip::Entry const* entry;
    std::vector<detail::PthTensor const*> tensors;  // that lie in it
  };
  std::unordered_map<std::string_view, Storage> storages;
  std::string const folder = prefix + "data/";
  for (auto const& [name, entry] : zip.entries())
    if (name.starts_with(folder)) storages.emplace(std::string_view(name).substr(folder.size()), Storage{&entry, {}});
  SafeTensors result;
  result.file_ = zip.path();
  std::size_t bytes = 0;
  for (auto const& t : tensors) {
    std::size_t const width = info(t.type).bytes;
    std::string const name(t.name);
    auto const stored = storages.find(t.key);
    if (stored == storages.end())
      throw Error(result.at(name), "no storage " + std::string(t.key), "one in the archive", "Save the weights again.");
    stored->second.tensors.push_back(&t);
    std::size_t const room = stored->second.entry->size / width;
    if (t.offset > room || t.size > room - t.offset)
      throw Error(result.at(name), std::to_string(t.size) + " numbers from " + std::to_string(t.offset) + " on",
                  "a part of the " + std::to_string(room) + " of its storage", "The file is damaged; fetch or save it again.");
    result.entries_.emplace(name, SafeTensors::Entry{t.type, t.shape, bytes, t.size});
    result.names_.push_back(name);
    bytes += (t.size * width + 7) / 8 * 8;
    if (bytes / 4 > zip.size())
      throw Error(result.file_, "arrays of more than " + std::to_string(bytes) + " bytes in a file of " + std::to_string(zip.size()),
                  "at most four times as many", "The file is damaged; fetch or save it again.");
  }
  result.data_.reset(static_cast<std::byte*>(::operator new[](bytes + 1, std::align_val_t{64})));
  for (auto const& t : tensors) {
    auto& [entry, here] = storages.at(t.key);
    if (here.empty()) continue;  // already read
    auto const storage = zip.read(*entry);
    for (auto const* const one : here) {
      std::size_t const width = info(one->type).bytes, begin = result.entries_.at(std::string(one->name)).begin;
      if (one->size > 0) std::memcpy(result.data_.get() + begin, storage.data() + one->offset * width, one->size * width);
    }
    here.clear();
  }
  return result;
}
}  // namespace berl::io
