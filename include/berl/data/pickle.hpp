#pragma once
#include <berl/core/error.hpp>  // Error

#include <bit>  // bit_cast
#include <cstdint>
#include <cstdio>  // snprintf
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>  // move
#include <vector>

namespace berl::data {
/// What a Python pickle of protocol 2 to 5 says, as inert values: nothing is executed or built, a call is its function and its arguments.
/// The opcodes are those of verification sets and of PyTorch's weights; functions and classes are only those that the reader allows.
/// No recursion; texts and bytes are views of the file's content, which must outlive this; at most 2^21 values of about 80 bytes.
///   errors  Error with file and offset: another opcode, function or class, a length beyond the end, an empty stack, no STOP
class Pickle {
 public:
  enum class Kind : std::uint8_t { none, boolean, integer, real, bytes, text, list, tuple, dict, global, call, persistent };
  static constexpr char const* name_of(Kind kind) {
    constexpr char const* names[] = {"None",   "a boolean", "an integer",   "a number",      "bytes",  "a text",
                                     "a list", "a tuple",   "a dictionary", "a global name", "a call", "a persistent id"};
    return names[static_cast<std::size_t>(kind)];
  }
  using Index = std::uint32_t;
  struct Value {
    Kind kind;
    std::size_t offset = 0;    ///< of its opcode
    std::int64_t integer = 0;  ///< also 0 or 1 of a boolean, and the place of a global among those allowed
    double real = 0;
    std::span<std::uint8_t const> bytes;  ///< of bytes and texts, these in UTF-8
    std::vector<Index> items;             ///< of lists and tuples; key, value, ... of a dictionary; of a call function and arguments,
                                          ///< then key, value, ...; the one of a persistent id
    Index state = nothing;                ///< of a call, given after it
    std::string_view text() const { return {reinterpret_cast<char const*>(bytes.data()), bytes.size()}; }
  };
  static constexpr Index nothing = 0xffffffff;

  /// `globals` are the functions and classes that may occur, "module name".
  Pickle(std::span<std::uint8_t const> content, std::string where, std::span<std::string_view const> globals)
      : content_(content),
        where_(std::move(where)),
        globals_(globals) {
    if (content.size() < 2 || content[0] != 0x80) fail("bytes that do not begin with 80 (hexadecimal)", "a pickle of protocol 2 to 5");
    while (step()) continue;
    stack_ = {}, marks_ = {}, memo_ = {};
  }

  Value const& root() const { return (*this)[root_]; }
  Value const& operator[](Index i) const { return values_[i]; }
  /// Whether a value is a call of that function.
  bool calls(Value const& value, std::string_view global) const {
    return value.kind == Kind::call && name(values_[value.items[0]]) == global;
  }
  std::string_view name(Value const& global) const {
    return global.kind == Kind::global ? globals_[static_cast<std::size_t>(global.integer)] : std::string_view();
  }
  /// The arguments of a call.
  std::vector<Index> const& arguments(Value const& call) const { return values_[call.items[1]].items; }

  /// errors  always, at a value
  [[noreturn]] void fail_at(Value const& value, std::string const& found, std::string const& expected) const {
    throw Error(where_ + " at offset " + std::to_string(value.offset), found, expected, again);
  }
  /// errors  Error, when the value is of another kind
  Value const& expect(Index i, Kind kind, std::string const& what) const {
    if (values_[i].kind != kind) fail_at(values_[i], name_of(values_[i].kind), what);
    return values_[i];
  }

 private:
  static constexpr char const* again = "The file is damaged or of another kind; fetch it again.";
  static constexpr std::size_t most = std::size_t{1} << 21;

  [[noreturn]] void fail(std::string const& found, std::string const& expected) const {
    throw Error(where_ + " at offset " + std::to_string(begin_), found, expected, again);
  }
  std::uint64_t take(int count) {  // little-endian
    auto const bytes = take_bytes(static_cast<std::uint64_t>(count));
    std::uint64_t n = 0;
    for (int k = count; k-- > 0;) n = n << 8 | bytes[static_cast<std::size_t>(k)];
    return n;
  }
  std::span<std::uint8_t const> take_bytes(std::uint64_t count) {
    if (count > content_.size() - at_)
      fail(std::to_string(content_.size() - at_) + " bytes up to the end of the file", std::to_string(count) + " more, as an opcode says");
    auto const bytes = content_.subspan(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return bytes;
  }
  std::string_view take_line() {
    std::size_t const first = at_;
    while (at_ < content_.size() && content_[at_] != '\n') ++at_;
    if (at_ == content_.size()) fail("the end of the file", "a line of text");
    return {reinterpret_cast<char const*>(content_.data()) + first, at_++ - first};
  }
  Value& make(Kind kind) {
    if (values_.size() == most) fail("more than 2097152 values", "a file with fewer");
    stack_.push_back(static_cast<Index>(values_.size()));
    values_.push_back({.kind = kind, .offset = begin_, .bytes = {}, .items = {}});
    return values_.back();
  }
  void make_integer(std::int64_t n, Kind kind = Kind::integer) { make(kind).integer = n; }
  void make_bytes(Kind kind, int length_bytes) {
    auto const length = take(length_bytes);
    auto const bytes = take_bytes(length);
    make(kind).bytes = bytes;
  }
  void make_global(std::string_view module, std::string_view name) {
    for (std::size_t k = 0; k < globals_.size(); ++k) {
      auto const known = globals_[k];
      if (known.size() == module.size() + 1 + name.size() && known.starts_with(module) && known.ends_with(name) &&
          known[module.size()] == ' ')
        return make_integer(static_cast<std::int64_t>(k), Kind::global);
    }
    std::string shown = (std::string(module.substr(0, 40)) + "." + std::string(name.substr(0, 40)));
    for (char& c : shown)
      if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = '?';
    fail("the function or class " + shown, "only those that such files need");
  }
  std::size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }
  Index pop() {
    if (stack_.size() <= bottom()) fail("an empty stack", "a value on it");
    Index const top = stack_.back();
    stack_.pop_back();
    return top;
  }
  Value& top() {
    if (stack_.size() <= bottom()) fail("an empty stack", "a value on it");
    return values_[stack_.back()];
  }
  /// What was pushed since the last mark, or the last `count`.
  std::vector<Index> pop_items(std::size_t count) {
    if (stack_.size() - bottom() < count) fail("an empty stack", std::to_string(count) + " values on it");
    std::vector<Index> const items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  std::vector<Index> pop_marked() {
    if (marks_.empty()) fail("no mark", "one before this opcode");
    auto items = pop_items(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }
  void extend(std::vector<Index> const& items, bool pairs) {
    Value& to = top();
    if (pairs ? to.kind != Kind::dict && to.kind != Kind::call : to.kind != Kind::list)
      fail(name_of(to.kind), pairs ? "a dictionary to put entries into" : "a list to append to");
    if (pairs && items.size() % 2 != 0) fail("a key without a value", "as many values as keys");
    to.items.insert(to.items.end(), items.begin(), items.end());
  }
  void remember(std::uint32_t key) {
    if (stack_.size() <= bottom()) fail("an empty stack", "a value on it");
    memo_[key] = stack_.back();
  }
  void recall(std::uint32_t key) {
    auto const found = memo_.find(key);
    if (found == memo_.end()) fail("value " + std::to_string(key) + " that was not stored", "one stored before");
    if (stack_.size() == 4 * most) fail("a stack of more than 8388608 values", "a file with fewer");
    stack_.push_back(found->second);
  }

  /// One opcode; false after STOP.
  bool step() {
    begin_ = at_;
    if (at_ == content_.size()) fail("the end of the file", "the opcode STOP before it");
    auto const code = content_[at_++];
    switch (code) {
      case 0x80:  // PROTO
        if (auto const protocol = take(1); protocol < 2 || protocol > 5) fail("protocol " + std::to_string(protocol), "2 to 5");
        return true;
      case 0x95: return take(8), true;           // FRAME
      case ']': return make(Kind::list), true;   // EMPTY_LIST
      case '}': return make(Kind::dict), true;   // EMPTY_DICT
      case ')': return make(Kind::tuple), true;  // EMPTY_TUPLE
      case 'N': return make(Kind::none), true;   // NONE
      case 'U':
      case 'C': return make_bytes(Kind::bytes, 1), true;  // SHORT_BINSTRING, SHORT_BINBYTES
      case 'T':                                           // BINSTRING, whose length is signed
      case 'B': return make_bytes(Kind::bytes, 4), true;  // BINBYTES
      case 0x8e:
      case 0x96: return make_bytes(Kind::bytes, 8), true;                          // BINBYTES8, BYTEARRAY8
      case 0x8c: return make_bytes(Kind::text, 1), true;                           // SHORT_BINUNICODE
      case 'X': return make_bytes(Kind::text, 4), true;                            // BINUNICODE
      case 0x88: return make_integer(1, Kind::boolean), true;                      // NEWTRUE
      case 0x89: return make_integer(0, Kind::boolean), true;                      // NEWFALSE
      case 'K': return make_integer(static_cast<std::int64_t>(take(1))), true;     // BININT1
      case 'M': return make_integer(static_cast<std::int64_t>(take(2))), true;     // BININT2
      case 'J': return make_integer(static_cast<std::int32_t>(take(4))), true;     // BININT
      case 0x8a: return make_long(), true;                                         // LONG1
      case 'G': return make_real(), true;                                          // BINFLOAT
      case 'q': return remember(static_cast<std::uint32_t>(take(1))), true;        // BINPUT
      case 'r': return remember(static_cast<std::uint32_t>(take(4))), true;        // LONG_BINPUT
      case 0x94: return remember(static_cast<std::uint32_t>(memo_.size())), true;  // MEMOIZE
      case 'h': return recall(static_cast<std::uint32_t>(take(1))), true;          // BINGET
      case 'j': return recall(static_cast<std::uint32_t>(take(4))), true;          // LONG_BINGET
      case '(': return mark(), true;                                               // MARK
      case 'a': return extend(pop_items(1), false), true;                          // APPEND
      case 'e': return extend(pop_marked(), false), true;                          // APPENDS
      case 's': return extend(pop_items(2), true), true;                           // SETITEM
      case 'u': return extend(pop_marked(), true), true;                           // SETITEMS
      case 0x85:
      case 0x86:
      case 0x87: return make_with(Kind::tuple, pop_items(code - 0x84u)), true;  // TUPLE1 to TUPLE3
      case 't': return make_with(Kind::tuple, pop_marked()), true;              // TUPLE
      case 'Q': return make_with(Kind::persistent, pop_items(1)), true;         // BINPERSID
      case 'c': {                                                               // GLOBAL
        auto const module = take_line();
        return make_global(module, take_line()), true;
      }
      case 0x93: {  // STACK_GLOBAL
        auto const names = pop_items(2);
        for (Index const i : names) expect(i, Kind::text, "the name of a function or class");
        return make_global(values_[names[0]].text(), values_[names[1]].text()), true;
      }
      case 'R': {  // REDUCE
        auto call = pop_items(2);
        expect(call[0], Kind::global, "a function"), expect(call[1], Kind::tuple, "a function's arguments");
        return make_with(Kind::call, std::move(call)), true;
      }
      case 'b': {  // BUILD
        Index const state = pop();
        if (top().kind != Kind::call) fail(name_of(top().kind), "a call whose state can be given");
        return top().state = state, true;
      }
      case '.':  // STOP
        root_ = pop();
        return false;
      default: {
        char text[32];
        std::snprintf(text, sizeof text, "the opcode %02x", unsigned{code});
        fail(text, "an opcode of such files");
      }
    }
  }
  void mark() {
    if (marks_.size() == most) fail("more than 2097152 marks", "a file with fewer");
    marks_.push_back(stack_.size());
  }
  void make_with(Kind kind, std::vector<Index> items) { make(kind).items = std::move(items); }
  void make_long() {  // two's complement of so many bytes
    auto const length = take(1);
    if (length > 8) fail("an integer of " + std::to_string(length) + " bytes", "at most 8");
    std::uint64_t const n = length == 0 ? 0 : take(static_cast<int>(length)) << (64 - 8 * length);
    make_integer(length == 0 ? 0 : static_cast<std::int64_t>(n) >> (64 - 8 * length));
  }
  void make_real() {  // big-endian
    std::uint64_t n = 0;
    for (std::uint8_t const b : take_bytes(8)) n = n << 8 | b;
    make(Kind::real).real = std::bit_cast<double>(n);
  }

  std::span<std::uint8_t const> content_;
  std::string where_;
  std::span<std::string_view const> globals_;
  std::size_t at_ = 0, begin_ = 0;  // begin_: the opcode at work
  std::vector<Value> values_;
  std::vector<Index> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, Index> memo_;
  Index root_ = 0;
};
}  // namespace berl::data
