#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/data/dataset.hpp>    // Dataset, Misfits, fit_square
#include <berl/data/record_io.hpp>  // RecordFile
#include <berl/io/image.hpp>        // decode_image

#include <cmath>   // round
#include <memory>  // shared_ptr
#include <optional>
#include <string>
#include <utility>  // pair
#include <vector>

namespace berl::data {
/// The pictures of a .rec file in InsightFace's layout: key 0 is a header (flag 2, labels A, B), keys 1 to A - 1 are pictures, A to B - 1
/// identities, whose labels [a, b) are the keys of their pictures. A file whose key 0 has flag 0 has no header: every key is a picture.
/// The labels come from the first picture of each identity; where there are no identities, or numbers beyond 2^24, which float labels
/// do not hold, or the identities are not in the order of their pictures, from every record's own first bytes.
///   errors  Error: what RecordFile reports, already here when it is in the index, the header or an identity; an identity with keys that
///           the index does not have; a label that is no whole number from 0 on; fewer than two identities; from load(), with file, key and
///           offset: a damaged record or picture, a label that contradicts the identity's
class RecordFaces {
 public:
  explicit RecordFaces(std::string const& path, int side = 112)
      : file_(std::make_shared<RecordFile>(path)),
        misfits_(std::make_shared<Misfits>()),
        side_(side) {
    file_->require_whole_index();
    if (!list_by_identities()) list_all();
    for (auto const& picture : pictures_) identities_ = std::max(identities_, picture.label + 1);
    if (identities_ < 2)
      throw Error(path, std::to_string(pictures_.size()) + " pictures of " + std::to_string(identities_) + " identities",
                  "pictures of at least two identities", "Give a training set.");
  }

  int size() const { return static_cast<int>(pictures_.size()); }
  int identities() const { return identities_; }
  int label(int i) const { return at(i).label; }
  std::string name(int i) const { return file_->where(at(i).key); }

  io::Image load(int i) const {
    auto const record = file_->read(at(i).key);
    auto const where = name(i);
    if (int const label = label_of(at(i).key, record); label != at(i).label)
      throw Error(where, "label " + std::to_string(label), std::to_string(at(i).label) + ", as its identity's first picture has it", again);
    if (record.content.empty()) throw Error(where, "no picture", "the bytes of a JPEG or PNG file", again);
    auto const picture = io::decode_image(record.content, where, smallest_side);
    if (picture.width == side_ && picture.height == side_) return io::to_rgb(picture);
    misfits_->add(i, where, picture);
    return fit_square(picture, side_);
  }

  std::optional<std::string> warning() const { return misfits_->warning(side_, size()); }

 private:
  struct Picture {
    std::uint64_t key;
    int label;
  };
  static constexpr float exact = 16777216;  // 2^24: from here on floats round other numbers to whole ones
  static constexpr char const* again = "The file is damaged; fetch or build it again.";
  Picture const& at(int i) const { return pictures_.at(static_cast<std::size_t>(i)); }

  int label_of(std::uint64_t key, Record const& record) const {
    float const label = record.labels.front();
    if (!(label >= 0 && label < exact && label == std::round(label)))
      throw Error(file_->where(key), "label " + std::to_string(label), "a whole number from 0 to 16777215", again);
    return static_cast<int>(label);
  }

  /// By the header and the identity records; false where they do not tell enough.
  bool list_by_identities() {
    std::uint64_t content = 0;
    if (!file_->contains(0)) return false;
    auto const header = file_->read_labels(0, content);
    if (header.flag != 2 || content != 0) return false;
    auto const [first, last] = range(0, header);
    if (static_cast<float>(last) > exact || first == last) return false;
    std::uint64_t expected = 1;
    for (auto key = first; key < last; ++key) {
      auto const [begin, end] = range(key, file_->read_labels(key, content));
      if (end > first)
        throw Error(file_->where(key), "pictures " + std::to_string(begin) + " to " + std::to_string(end - 1),
                    "pictures before " + std::to_string(first), again);
      if (auto const found = file_->count(begin, end); found != end - begin)
        throw Error(file_->where(key), "pictures " + std::to_string(begin) + " to " + std::to_string(end - 1),
                    "all " + std::to_string(end - begin) + " of them in " + file_->index_path() + ", which has " + std::to_string(found),
                    "The .idx is incomplete or belongs to another .rec; build it again.");
      if (begin != expected) break;  // with gaps or in another order: each picture tells its own label
      expected = end;
      int const label = begin == end ? 0 : label_of(begin, file_->read_labels(begin, content));
      for (auto picture = begin; picture < end; ++picture) pictures_.push_back({picture, label});
    }
    if (expected != first) pictures_.clear();
    return expected == first;
  }
  std::pair<std::uint64_t, std::uint64_t> range(std::uint64_t key, Record const& record) const {
    if (record.flag != 2) throw Error(file_->where(key), "flag " + std::to_string(record.flag), "2, with the labels of a range", again);
    float const a = record.labels[0], b = record.labels[1];
    if (!(a >= 1 && a <= b && b <= 4 * exact * exact))
      throw Error(file_->where(key), "the range " + std::to_string(a) + " to " + std::to_string(b), "1 <= first <= last", again);
    return {static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)};
  }

  /// Every record that has content is a picture.
  void list_all() {
    for (auto const& entry : file_->entries()) {
      std::uint64_t content = 0;
      auto const record = file_->read_labels(entry.key, content);
      if (content > 0) pictures_.push_back({entry.key, label_of(entry.key, record)});
    }
  }

  std::shared_ptr<RecordFile> file_;  // shared by copies
  std::shared_ptr<Misfits> misfits_;
  int side_;
  int identities_ = 0;
  std::vector<Picture> pictures_;
};
static_assert(Dataset<RecordFaces>);
}  // namespace berl::data
