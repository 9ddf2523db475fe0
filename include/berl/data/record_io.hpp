#pragma once
#include <berl/core/error.hpp>  // Error

#include <fcntl.h>     // open
#include <sys/stat.h>  // fstat
#include <unistd.h>    // pread, close

#include <algorithm>  // min, sort
#include <bit>        // bit_cast
#include <cerrno>
#include <charconv>  // from_chars
#include <cstdint>
#include <cstdio>   // snprintf
#include <cstring>  // strerror
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>  // exchange
#include <vector>

namespace berl::data {
namespace detail {
inline std::uint32_t little32(std::uint8_t const* p) {
  return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[3]} << 24;
}
inline std::uint64_t little64(std::uint8_t const* p) { return little32(p) | std::uint64_t{little32(p + 4)} << 32; }

inline std::string hex(std::uint32_t x) {
  char text[11];
  std::snprintf(text, sizeof text, "0x%08x", x);
  return text;
}

/// A file that several threads read at once, each at its own offset.
class ReadFile {
 public:
  explicit ReadFile(std::string path) : path_(std::move(path)), handle_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat about {};
    if (handle_ < 0 || ::fstat(handle_, &about) != 0)
      throw Error(path_, std::strerror(errno), "a file that can be read", "Check the path and its permissions.");
    if (!S_ISREG(about.st_mode)) {
      ::close(handle_);
      throw Error(path_, "something that is not a file", "a file", "Check the path.");
    }
    size_ = static_cast<std::uint64_t>(about.st_size);
  }
  ~ReadFile() {
    if (handle_ >= 0) ::close(handle_);
  }
  ReadFile(ReadFile&& from) noexcept : path_(std::move(from.path_)), size_(from.size_), handle_(std::exchange(from.handle_, -1)) {}
  ReadFile& operator=(ReadFile&& from) noexcept {
    std::swap(path_, from.path_), std::swap(size_, from.size_), std::swap(handle_, from.handle_);
    return *this;
  }

  std::string const& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  /// Fills `to`; the caller has checked that the file is long enough.
  void read(std::uint64_t offset, std::span<std::uint8_t> to) const {
    for (std::size_t done = 0; done < to.size();) {
      auto const n = ::pread(handle_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        throw Error(path_ + " at offset " + std::to_string(offset + done), n < 0 ? std::strerror(errno) : "the end of the file",
                    std::to_string(to.size() - done) + " more bytes", "The file changed or its disk failed; fetch or build it again.");
      done += static_cast<std::size_t>(n);
    }
  }

 private:
  std::string path_;
  std::uint64_t size_ = 0;
  int handle_ = -1;
};
}  // namespace detail

/// One record of an image set: what is known about a picture, and the bytes of its JPEG or PNG file (none for header and
/// identity records). flag 0 means one label, flag > 0 that many.
struct Record {
  std::uint32_t flag = 0;
  std::uint64_t id = 0, id2 = 0;
  std::vector<float> labels;
  std::vector<std::uint8_t> content;
};

/// A RecordIO file read by random access: NAME.rec beside NAME.idx, whose lines are "key TAB offset" (Apache MXNet).
/// One chunk: magic, flag << 29 | length, payload, padding to 4 bytes. A record whose payload holds the magic at a multiple
/// of 4 is split there, without it: flags 1, 2, 3 are first, middle and last part, 0 is a whole record.
///   errors  Error with file, key, offset: wrong magic, a length beyond the end, a broken chain of parts, a short header, more
///           labels than bytes, a key or an offset that is no number. A damaged record is reported when it is read, and a damaged
///           line of the index when a key is asked for that was not read before it: what precedes a damage stays readable.
/// Reading is const and may run in several threads.
class RecordFile {
 public:
  struct Entry {
    std::uint64_t key, offset;
  };

  explicit RecordFile(std::string path) : file_(std::move(path)) {
    auto const dot = file_.path().rfind('.');
    if (dot == std::string::npos || file_.path().substr(dot) != ".rec")
      throw Error(file_.path(), "another ending", "a file named NAME.rec with NAME.idx beside it", "Rename both files.");
    index_path_ = file_.path().substr(0, dot) + ".idx";
    read_index();
  }

  std::string const& path() const { return file_.path(); }
  std::vector<Entry> const& entries() const { return entries_; }  ///< sorted by key
  std::string const& index_path() const { return index_path_; }
  bool contains(std::uint64_t key) const { return find(key) != nullptr; }
  /// How many keys of the index lie in [begin, end).
  std::uint64_t count(std::uint64_t begin, std::uint64_t end) const {
    return begin < end ? static_cast<std::uint64_t>(from(end) - from(begin)) : 0;
  }

  /// Throws what is wrong with the index, if anything: a line that is no number, an offset outside of the file, a key twice.
  void require_whole_index() const {
    if (damage_) throw *damage_;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      check_offset(entries_[i]);
      if (i > 0 && entries_[i].key == entries_[i - 1].key)
        throw Error(index_path_, "key " + std::to_string(entries_[i].key) + " twice", "each key once",
                    "Build the .idx again from the .rec.");
    }
  }

  /// The record's payload, its parts joined with the magic between them. At most the size of the file is ever allocated.
  std::vector<std::uint8_t> payload(std::uint64_t key) const {
    Entry const& entry = checked(key);
    std::vector<std::uint8_t> joined;
    std::uint64_t offset = entry.offset;
    for (bool first = true;; first = false) {
      Chunk const chunk = read_chunk(entry, offset);
      require_flag(entry, offset, chunk, first);
      if (joined.size() % 4 != 0)
        throw Error(where(key), "a part of " + std::to_string(joined.size()) + " bytes before the part at offset " + std::to_string(offset),
                    "a multiple of 4", again);
      if (!first) joined.insert(joined.end(), {0x0a, 0x23, 0xd7, 0xce});
      auto const at = joined.size();
      joined.resize(at + chunk.length);
      file_.read(offset + 8, std::span(joined).subspan(at));
      if (chunk.flag == 0 || chunk.flag == 3) return joined;
      offset += 8 + (chunk.length + 3) / 4 * 4;
    }
  }

  Record read(std::uint64_t key) const {
    auto bytes = payload(key);
    Record record = parse(key, bytes, bytes.size());
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(24 + 4 * std::size_t{record.flag}));
    record.content = std::move(bytes);
    return record;
  }

  /// The record without its content, from as few bytes as possible; `content_bytes` tells how many it has (its first part).
  Record read_labels(std::uint64_t key, std::uint64_t& content_bytes) const {
    Entry const& entry = checked(key);
    Chunk const chunk = read_chunk(entry, entry.offset);
    require_flag(entry, entry.offset, chunk, true);
    std::vector<std::uint8_t> head(std::min<std::size_t>(chunk.length, 256));
    file_.read(entry.offset + 8, head);
    bool const enough = head.size() >= 24 && 24 + std::uint64_t{4} * detail::little32(head.data()) <= head.size();
    if (!enough) {  // many labels, a magic within them, or damage
      Record record = read(key);
      content_bytes = record.content.size();
      record.content.clear();
      return record;
    }
    Record record = parse(key, head, chunk.length);
    content_bytes = chunk.length - 24 - std::uint64_t{4} * record.flag;
    return record;
  }

  /// What errors about a record begin with.
  std::string where(std::uint64_t key) const {
    Entry const* const entry = find(key);
    return path() + ", record " + std::to_string(key) + (entry ? " at offset " + std::to_string(entry->offset) : std::string());
  }

 private:
  static constexpr std::uint32_t magic = 0xced7230a;
  struct Chunk {
    std::uint32_t flag, length;
  };
  static constexpr char const* again = "The file is damaged or belongs to another .idx; fetch or build both again.";

  void read_index() {
    detail::ReadFile const index(index_path_);
    std::string text(index.size(), '\0');
    index.read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    int line = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      auto const end = std::min(text.find('\n', begin), text.size());
      ++line;
      std::string_view row(text.data() + begin, end - begin);
      if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
      begin = end + 1;
      if (row.empty()) continue;
      Entry entry{};
      auto const last = row.data() + row.size();
      auto const key = std::from_chars(row.data(), last, entry.key);
      bool good = key.ec == std::errc() && key.ptr != last && *key.ptr == '\t';
      if (good) {
        auto const offset = std::from_chars(key.ptr + 1, last, entry.offset);
        good = offset.ec == std::errc() && offset.ptr == last;
      }
      if (!good) {
        damage_.emplace(index_path_ + ", line " + std::to_string(line), "\"" + printable(row) + "\"",
                        "\"key TAB offset\", two whole numbers", "Build the .idx again from the .rec.");
        break;
      }
      entries_.push_back(entry);
    }
    if (entries_.empty() && !damage_)
      throw Error(index_path_, "no line", "one line \"key TAB offset\" for each record", "Build the .idx again from the .rec.");
    std::stable_sort(entries_.begin(), entries_.end(), [](Entry const& a, Entry const& b) { return a.key < b.key; });
  }
  static std::string printable(std::string_view row) {
    std::string text(row.substr(0, 60));
    for (char& c : text)
      if (static_cast<unsigned char>(c) < 32 || c == 127) c = c == '\t' ? ' ' : '?';
    return text + (row.size() > 60 ? "..." : "");
  }

  std::vector<Entry>::const_iterator from(std::uint64_t key) const {
    return std::lower_bound(entries_.begin(), entries_.end(), key, [](Entry const& e, std::uint64_t k) { return e.key < k; });
  }
  Entry const* find(std::uint64_t key) const {
    auto const at = from(key);
    return at != entries_.end() && at->key == key ? &*at : nullptr;
  }
  Entry const& checked(std::uint64_t key) const {
    Entry const* const entry = find(key);
    if (entry == nullptr) {
      if (damage_) throw *damage_;
      throw Error(index_path_, "no key " + std::to_string(key), "one line \"key TAB offset\" for each record",
                  "The .idx belongs to another .rec or is incomplete; build it again.");
    }
    return *entry;
  }
  void check_offset(Entry const& entry) const {
    if (entry.offset > file_.size() || file_.size() - entry.offset < 8)
      throw Error(index_path_ + ", key " + std::to_string(entry.key), "offset " + std::to_string(entry.offset),
                  "an offset within the " + std::to_string(file_.size()) + " bytes of " + path(), again);
  }

  Chunk read_chunk(Entry const& entry, std::uint64_t offset) const {
    auto const here = path() + ", record " + std::to_string(entry.key) + " at offset " + std::to_string(offset);
    if (offset > file_.size() || file_.size() - offset < 8)
      throw Error(here, "the end of the file, which has " + std::to_string(file_.size()) + " bytes", "8 bytes of a chunk's header", again);
    std::uint8_t head[8];
    file_.read(offset, head);
    if (detail::little32(head) != magic)
      throw Error(here, "the bytes " + detail::hex(detail::little32(head)), "the magic number " + detail::hex(magic), again);
    std::uint32_t const word = detail::little32(head + 4);
    Chunk const chunk{word >> 29, word & 0x1fffffff};
    if (chunk.length > file_.size() - offset - 8)
      throw Error(here, "a length of " + std::to_string(chunk.length) + " bytes",
                  "at most the " + std::to_string(file_.size() - offset - 8) + " bytes up to the end of the file", again);
    return chunk;
  }
  void require_flag(Entry const& entry, std::uint64_t offset, Chunk const& chunk, bool first) const {
    auto const here = path() + ", record " + std::to_string(entry.key) + " at offset " + std::to_string(offset);
    if (first && chunk.flag > 1)
      throw Error(here, "continuation flag " + std::to_string(chunk.flag), "0 (a whole record) or 1 (its first part)", again);
    if (!first && chunk.flag != 2 && chunk.flag != 3)
      throw Error(here, "continuation flag " + std::to_string(chunk.flag) + " after a part that is not the last",
                  "2 (a middle part) or 3 (the last part)", again);
  }

  /// Header and labels of a payload of `total` bytes, of which `bytes` are here.
  Record parse(std::uint64_t key, std::span<std::uint8_t const> bytes, std::uint64_t total) const {
    if (bytes.size() < 24)
      throw Error(where(key), std::to_string(total) + " bytes", "at least the 24 bytes of an image record's header", again);
    Record record;
    record.flag = detail::little32(bytes.data());
    record.id = detail::little64(bytes.data() + 8);
    record.id2 = detail::little64(bytes.data() + 16);
    if (record.flag > (bytes.size() - 24) / 4)
      throw Error(where(key), std::to_string(record.flag) + " labels in " + std::to_string(total) + " bytes",
                  "at most " + std::to_string((total - 24) / 4), again);
    if (record.flag == 0) record.labels.push_back(std::bit_cast<float>(detail::little32(bytes.data() + 4)));
    for (std::size_t i = 0; i < record.flag; ++i)
      record.labels.push_back(std::bit_cast<float>(detail::little32(bytes.data() + 24 + 4 * i)));
    return record;
  }

  detail::ReadFile file_;
  std::string index_path_;
  std::vector<Entry> entries_;
  std::optional<Error> damage_;
};
}  // namespace berl::data
