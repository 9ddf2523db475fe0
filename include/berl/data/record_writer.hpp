#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/data/record_io.hpp>  // Record
#include <berl/io/atomic_file.hpp>  // AtomicFile

#include <bit>  // bit_cast
#include <cstdint>
#include <cstring>  // memcmp
#include <span>
#include <string>
#include <vector>

namespace berl::data {
/// The payload of a record: header, labels, content (data/record_io.hpp).
inline std::vector<std::uint8_t> record_payload(Record const& record) {
  std::vector<std::uint8_t> payload;
  payload.reserve(24 + 4 * record.labels.size() + record.content.size());
  auto const put = [&](std::uint64_t x, int bytes) {
    for (int k = 0; k < bytes; ++k) payload.push_back(static_cast<std::uint8_t>(x >> (8 * k) & 255));
  };
  bool const one = record.flag == 0;
  put(one ? 0 : record.labels.size(), 4);
  put(one && !record.labels.empty() ? std::bit_cast<std::uint32_t>(record.labels[0]) : 0u, 4);
  put(record.id, 8), put(record.id2, 8);
  if (!one)
    for (float const label : record.labels) put(std::bit_cast<std::uint32_t>(label), 4);
  payload.insert(payload.end(), record.content.begin(), record.content.end());
  return payload;
}

/// Writes NAME.rec and NAME.idx, what RecordFile reads; both appear whole with commit(), or not at all.
///   RecordWriter file("train.rec"); file.add(1, record); file.commit();
///   errors  Error: another ending than .rec, a record of 512 MiB or more; as AtomicFile
class RecordWriter {
 public:
  explicit RecordWriter(std::string const& path) : path_(path), file_(path), index_(index_path(path)) {}

  /// Key and record, behind what was added before.
  void add(std::uint64_t key, Record const& record) {
    auto const payload = record_payload(record);
    if (payload.size() > longest)
      throw Error(path_ + ", record " + std::to_string(key), std::to_string(payload.size()) + " bytes", "less than 536870912",
                  "Leave the picture out, or make it smaller.");
    index_.write(std::to_string(key) + "\t" + std::to_string(offset_) + "\n");
    std::vector<std::uint8_t> chunks;
    std::size_t begin = 0;  // of the part at work; a magic at a multiple of 4 ends it and is left out
    for (std::size_t at = 0; at + 4 <= payload.size(); at += 4)
      if (std::memcmp(payload.data() + at, magic, 4) == 0) {
        append(chunks, begin == 0 ? 1 : 2, std::span(payload).subspan(begin, at - begin));
        begin = at + 4;
      }
    append(chunks, begin == 0 ? 0 : 3, std::span(payload).subspan(begin));
    file_.write(std::as_bytes(std::span(chunks)));
    offset_ += chunks.size();
  }
  void commit() { file_.commit(), index_.commit(); }

 private:
  static constexpr std::uint8_t magic[4] = {0x0a, 0x23, 0xd7, 0xce};
  static constexpr std::size_t longest = (std::size_t{1} << 29) - 1;

  static std::string index_path(std::string const& path) {
    if (!path.ends_with(".rec")) throw Error(path, "another ending", "a file named NAME.rec", "Choose such a name.");
    return path.substr(0, path.size() - 4) + ".idx";
  }
  static void append(std::vector<std::uint8_t>& chunks, std::uint32_t flag, std::span<std::uint8_t const> part) {
    chunks.insert(chunks.end(), magic, magic + 4);
    std::uint32_t const word = flag << 29 | static_cast<std::uint32_t>(part.size());
    for (unsigned k = 0; k < 4; ++k) chunks.push_back(static_cast<std::uint8_t>(word >> (8 * k) & 255));
    chunks.insert(chunks.end(), part.begin(), part.end());
    while (chunks.size() % 4 != 0) chunks.push_back(0);
  }

  std::string path_;
  io::AtomicFile file_, index_;
  std::uint64_t offset_ = 0;
};

/// Writes a training set in InsightFace's layout (data/record_faces.hpp): pictures from key 1 on, then one record for each identity with
/// the range of its pictures' keys, and the header under key 0 last.
class RecordFacesWriter {
 public:
  explicit RecordFacesWriter(std::string const& path) : path_(path), file_(path) {}

  /// A picture's file, JPEG or PNG, of identity `label`: 0, 0, ..., 1, 1, ..., one identity after the other.
  ///   errors  Error, when the label is neither that of the picture before nor the next; more than 2^24 records
  void add(int label, std::vector<std::uint8_t> content) {
    if (label == identities() && label >= 0) first_.push_back(next_);
    if (label != identities() - 1)
      throw Error(path_, "label " + std::to_string(label) + " after " + std::to_string(identities()) + " identities",
                  "pictures in the order of their identities, 0, 1, ...", "Sort them.");
    write({.flag = 0, .id = next_, .labels = {static_cast<float>(label)}, .content = std::move(content)});
    ++pictures_;
  }
  int identities() const { return static_cast<int>(first_.size()); }
  int pictures() const { return pictures_; }

  /// Nothing may be added afterwards.
  ///   errors  Error, when there is no picture
  void commit() {
    if (first_.empty()) throw Error(path_, "no picture", "at least one", "Give pictures.");
    auto const end = next_;
    first_.push_back(end);
    for (std::size_t k = 0; k + 1 < first_.size(); ++k)
      write({.flag = 2, .id = next_, .labels = {static_cast<float>(first_[k]), static_cast<float>(first_[k + 1])}, .content = {}});
    file_.add(0, {.flag = 2, .labels = {static_cast<float>(end), static_cast<float>(next_)}, .content = {}});
    first_.pop_back();
    file_.commit();
  }

 private:
  void write(Record const& record) {
    if (next_ >= (std::uint64_t{1} << 24))
      throw Error(path_, "more than 16777215 records", "fewer, for the header's numbers are floats", "Write several files.");
    file_.add(next_++, record);
  }

  std::string path_;
  RecordWriter file_;
  std::uint64_t next_ = 1;
  int pictures_ = 0;
  std::vector<std::uint64_t> first_;  // the key of each identity's first picture
};
}  // namespace berl::data
