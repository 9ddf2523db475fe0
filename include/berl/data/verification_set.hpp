#pragma once
#include <berl/core/error.hpp>      // Error
#include <berl/data/dataset.hpp>    // Misfits, fit_square
#include <berl/data/pickle.hpp>     // Pickle
#include <berl/data/record_io.hpp>  // ReadFile
#include <berl/io/image.hpp>        // decode_image

#include <array>
#include <memory>  // shared_ptr
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berl::data {
namespace detail {
/// The functions and classes in the pickles of verification sets: bytes as Python 3 writes them with protocol 2, and NumPy's arrays.
inline constexpr std::array<std::string_view, 7> verification_globals{
    "_codecs encode", "numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct", "numpy ndarray",
    "numpy dtype",    "numpy.core.multiarray scalar",       "numpy._core.multiarray scalar"};
}  // namespace detail

/// Pairs of pictures in a NAME.bin as InsightFace packs LFW, CFP-FP, AgeDB-30, CALFW and CPLFW: a Python pickle of 2 P pictures, JPEG or
/// PNG, and P booleans; pictures 2 k and 2 k + 1 are pair k. The file is kept in memory; pictures are decoded when asked for.
///   errors  Error with file and offset: what Pickle refuses, anything else than these two lists, other than two pictures a pair;
///           from load(), a picture that cannot be decoded or is smaller than 16 x 16
class VerificationSet {
 public:
  explicit VerificationSet(std::string const& path, int side = 112)
      : path_(path),
        content_(std::make_shared<std::vector<std::uint8_t> const>(contents(path))),
        pickle_(*content_, path, detail::verification_globals),
        misfits_(std::make_shared<Misfits>()),
        side_(side) {
    using enum Pickle::Kind;
    auto const& both = pickle_.root();
    if ((both.kind != tuple && both.kind != list) || both.items.size() != 2)
      pickle_.fail_at(both, Pickle::name_of(both.kind) + size_of(both), "a pair of two lists, pictures and booleans");
    pictures_ = pickle_.expect(both.items[0], list, "the list of pictures").items;
    auto const& flags = pickle_.expect(both.items[1], list, "the list of booleans");
    for (auto const flag : flags.items) same_.push_back(boolean_of(pickle_[flag]));
    if (pictures_.size() != 2 * same_.size() || same_.empty())
      pickle_.fail_at(both, std::to_string(pictures_.size()) + " pictures and " + std::to_string(same_.size()) + " booleans",
                      "two pictures for each boolean");
    for (auto const picture : pictures_) check_bytes(pickle_[picture]);
  }

  int pairs() const { return static_cast<int>(same_.size()); }
  std::vector<std::uint8_t> const& same() const { return same_; }  ///< 1 where a pair shows one person
  int size() const { return static_cast<int>(pictures_.size()); }  ///< pictures
  std::string name(int i) const { return path_ + ", picture " + std::to_string(i); }

  /// The bytes of picture i's file.
  std::vector<std::uint8_t> encoded(int i) const { return bytes_of(pickle_[pictures_.at(static_cast<std::size_t>(i))]); }
  /// Picture i as RGB; one that is not side x side is cut to its middle square and resized, which warning() tells.
  io::Image load(int i) const {
    auto const where = name(i) + " at offset " + std::to_string(pickle_[pictures_.at(static_cast<std::size_t>(i))].offset);
    auto const picture = io::decode_image(encoded(i), where, smallest_side);
    if (picture.width == side_ && picture.height == side_) return io::to_rgb(picture);
    misfits_->add(i, where, picture);
    return fit_square(picture, side_);
  }
  std::optional<std::string> warning() const { return misfits_->warning(side_, size()); }

 private:
  using Value = Pickle::Value;

  static std::vector<std::uint8_t> contents(std::string const& path) {
    detail::ReadFile const file(path);
    std::vector<std::uint8_t> bytes(file.size());
    file.read(0, bytes);
    return bytes;
  }
  static std::string size_of(Value const& value) { return value.items.empty() ? "" : " of " + std::to_string(value.items.size()); }

  bool is_array(Value const& v) const {
    return pickle_.calls(v, "numpy.core.multiarray _reconstruct") || pickle_.calls(v, "numpy._core.multiarray _reconstruct");
  }
  bool is_scalar(Value const& v) const {
    return pickle_.calls(v, "numpy.core.multiarray scalar") || pickle_.calls(v, "numpy._core.multiarray scalar");
  }
  /// That a value is an element type of that name, whatever its byte order.
  void expect_dtype(Pickle::Index i, std::string_view wanted) const {
    auto const& v = pickle_[i];
    std::string_view const name =
        pickle_.calls(v, "numpy dtype") && !pickle_.arguments(v).empty() ? pickle_[pickle_.arguments(v)[0]].text() : "";
    if (name != wanted && (name.empty() || name.substr(1) != wanted))
      pickle_.fail_at(v, "another type of elements", "NumPy's " + std::string(wanted));
  }
  std::uint8_t boolean_of(Value const& v) const {
    if ((v.kind == Pickle::Kind::boolean || v.kind == Pickle::Kind::integer) && (v.integer == 0 || v.integer == 1))
      return static_cast<std::uint8_t>(v.integer);
    if (is_scalar(v) && pickle_.arguments(v).size() == 2) {
      expect_dtype(pickle_.arguments(v)[0], "b1");
      auto const& byte = pickle_[pickle_.arguments(v)[1]];
      check_bytes(byte);
      if (auto const bytes = bytes_of(byte); bytes.size() == 1 && bytes[0] <= 1) return bytes[0];
    }
    pickle_.fail_at(v, Pickle::name_of(v.kind), "a boolean, or 0 or 1");
  }
  /// That bytes_of knows what to do with it.
  void check_bytes(Value const& v) const {
    using enum Pickle::Kind;
    if (v.kind == bytes) return;
    if (pickle_.calls(v, "_codecs encode")) {  // each character of the text is one byte
      auto const& a = pickle_.arguments(v);
      if (a.size() != 2 || pickle_[a[0]].kind != text || (pickle_[a[1]].text() != "latin1" && pickle_[a[1]].text() != "latin-1"))
        pickle_.fail_at(v, "another encoding", "a text in latin1");
      return;
    }
    if (is_array(v) && v.state != Pickle::nothing) {  // version, shape, element type, order, bytes
      auto const& state = pickle_.expect(v.state, tuple, "the state of an array");
      if (state.items.size() != 5) pickle_.fail_at(state, "a state of " + std::to_string(state.items.size()) + " parts", "5");
      expect_dtype(state.items[2], "u1");
      auto const& raw = pickle_[state.items[4]];
      if (raw.kind != bytes && !pickle_.calls(raw, "_codecs encode")) pickle_.fail_at(raw, Pickle::name_of(raw.kind), "an array's bytes");
      check_bytes(raw);
      auto const& shape = pickle_.expect(state.items[1], tuple, "an array's shape");
      if (shape.items.size() != 1) pickle_.fail_at(shape, std::to_string(shape.items.size()) + " dimensions", "one, the bytes of a file");
      auto const length = bytes_of(raw).size();
      auto const& extent = pickle_.expect(shape.items[0], integer, "a number of bytes");
      if (extent.integer != static_cast<std::int64_t>(length))
        pickle_.fail_at(extent, std::to_string(extent.integer), std::to_string(length) + ", as the array has bytes");
      return;
    }
    pickle_.fail_at(v, Pickle::name_of(v.kind), "the bytes of a picture's file");
  }
  /// The bytes that a checked value stands for.
  std::vector<std::uint8_t> bytes_of(Value const& v) const {
    if (v.kind == Pickle::Kind::bytes) return {v.bytes.begin(), v.bytes.end()};
    if (is_array(v)) return bytes_of(pickle_[pickle_[v.state].items[4]]);
    auto const& text = pickle_[pickle_.arguments(v)[0]];
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < text.bytes.size(); ++i) {
      std::uint8_t const first = text.bytes[i];
      if (first < 0x80) {
        bytes.push_back(first);
      } else if ((first == 0xc2 || first == 0xc3) && i + 1 < text.bytes.size() && (text.bytes[i + 1] & 0xc0) == 0x80) {
        bytes.push_back(static_cast<std::uint8_t>((first & 3) << 6 | (text.bytes[++i] & 0x3f)));
      } else {
        pickle_.fail_at(text, "a text with other characters than latin1's", "one whose characters are bytes");
      }
    }
    return bytes;
  }

  std::string path_;
  std::shared_ptr<std::vector<std::uint8_t> const> content_;  // shared by copies
  Pickle pickle_;
  std::shared_ptr<Misfits> misfits_;
  int side_;
  std::vector<Pickle::Index> pictures_;
  std::vector<std::uint8_t> same_;
};
}  // namespace berl::data
