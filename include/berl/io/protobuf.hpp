#pragma once
#include <bit>       // bit_cast
#include <cstddef>   // byte
#include <cstdint>   // uint64_t
#include <iterator>  // move_iterator
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berl::io {
/// A protobuf message, written field by field (https://protobuf.dev/programming-guides/encoding). A field is a number, (field << 3 |
/// kind), and its value: a number is 7 bits to a byte, lowest first, with bit 7 where more follow; texts and messages have their length
/// before them. Long bytes may be borrowed: they are not copied, and must live until the message is written.
class ProtoMessage {
 public:
  void integer(int field, std::uint64_t value) { key(field, 0), number(value); }
  void real(int field, float value) {
    key(field, 5);
    auto const bits = std::bit_cast<std::uint32_t>(value);
    for (int k = 0; k < 32; k += 8) open().push_back(static_cast<char>(bits >> k & 255));
    size_ += 4;
  }
  void text(int field, std::string_view value) {
    key(field, 2), number(value.size());
    open() += value;
    size_ += value.size();
  }
  void borrowed(int field, std::span<std::byte const> value) {
    key(field, 2), number(value.size());
    pieces_.push_back({{}, value});
    size_ += value.size();
  }
  void message(int field, ProtoMessage&& part) {
    key(field, 2), number(part.size_);
    pieces_.insert(pieces_.end(), std::move_iterator(part.pieces_.begin()), std::move_iterator(part.pieces_.end()));
    size_ += part.size_;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// write(bytes) for each piece in order; `write` takes a string_view and a span of bytes.
  template <class F>
  void write_to(F&& write) const {
    for (auto const& piece : pieces_) write(std::string_view(piece.own)), write(piece.borrowed);
  }

 private:
  struct Piece {
    std::string own;
    std::span<std::byte const> borrowed;  // behind it
  };
  std::string& open() {
    if (pieces_.empty() || !pieces_.back().borrowed.empty()) pieces_.emplace_back();
    return pieces_.back().own;
  }
  void key(int field, unsigned kind) { number(static_cast<std::uint64_t>(field) << 3 | kind); }
  void number(std::uint64_t n) {
    for (; n >= 128; n >>= 7, ++size_) open().push_back(static_cast<char>((n & 127) | 128));
    open().push_back(static_cast<char>(n));
    ++size_;
  }

  std::vector<Piece> pieces_;
  std::size_t size_ = 0;
};
}  // namespace berl::io
