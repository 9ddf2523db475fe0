#pragma once
#include <berl/core/error.hpp>  // Error

#include <algorithm>  // find, max
#include <cstdint>
#include <cstring>  // memcpy
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>  // move
#include <vector>

/// What a Python pickle has to say: numbers, bytes, lists, and NumPy's arrays and numbers of one byte. Nothing is executed.
namespace evaluate::pickle {
enum class Kind { nothing, number, bytes, list, global, array, dtype };
struct Value {
  Kind kind = Kind::nothing;
  long long number = 0;
  std::string bytes;  ///< of text and arrays too; of a global its name
  std::vector<std::shared_ptr<Value>> items;
  int depth = 0;  ///< of lists in lists
};
using Ref = std::shared_ptr<Value>;

/// Reads one value; the opcodes are those of protocols 2 to 5 that lists of pictures need.
class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {
    std::ifstream file(path_, std::ios::binary | std::ios::ate);
    auto const size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
    if (size < 0 || size > most) fail(size < 0 ? "no file that can be read" : "a file of more than 2 GiB");
    data_.resize(static_cast<std::size_t>(size));
    file.seekg(0);
    file.read(data_.data(), size);
    if (!file) fail("a read error");
    budget_ = 3 * data_.size() + 4096;
  }

  /// errors  Error with the byte: damaged, cut, or something else than lists of pictures
  Ref read() {
    for (;;) switch (auto const code = static_cast<unsigned char>(bytes(1)[0]); code) {
        case 0x80: bytes(1); break;
        case 0x95: bytes(8); break;
        case ']':
        case ')': push(Kind::list); break;
        case '(': marks_.push_back(stack_.size()); break;
        case 'U':
        case 'C':
        case 0x8c: text(length<std::uint8_t>()); break;
        case 'T':
        case 'B':
        case 'X': text(length<std::uint32_t>()); break;
        case 0x8d:
        case 0x8e:
        case 0x96: text(length<std::uint64_t>()); break;
        case 'q': memo_[length<std::uint8_t>()] = top(); break;
        case 'r': memo_[length<std::uint32_t>()] = top(); break;
        case 0x94: memo_[memo_.size()] = top(); break;
        case 'h': recall(length<std::uint8_t>()); break;
        case 'j': recall(length<std::uint32_t>()); break;
        case 'a': {
          auto const item = pop();
          append(*top(), {item});
          break;
        }
        case 'e': {
          auto const items = to_mark();
          append(*top(), items);
          break;
        }
        case 0x88:
        case 0x89: number(code == 0x88); break;
        case 'K': number(length<std::uint8_t>()); break;
        case 'M': number(length<std::uint16_t>()); break;
        case 'J': number(static_cast<std::int32_t>(length<std::uint32_t>())); break;
        case 'N': push(Kind::nothing); break;
        case 0x85: tuple(1); break;
        case 0x86: tuple(2); break;
        case 0x87: tuple(3); break;
        case 't': {
          auto const items = to_mark();
          push(Kind::list);
          append(*top(), items);
          break;
        }
        case 'c': {
          auto const module = line(), name = line();
          global(module + " " + name);
          break;
        }
        case 0x93: {
          auto const name = pop(), module = pop();
          global(module->bytes + " " + name->bytes);
          break;
        }
        case 'R': reduce(); break;
        case 'b': build(); break;
        case '.': return pop();
        default: fail("opcode " + std::to_string(code));
      }
  }
  [[noreturn]] void fail(std::string found) const {
    for (char& c : found)
      if (c < 32 || c > 126) c = '?';  // of a foreign name
    throw berl::Error(path_ + (at_ > 0 ? ", byte " + std::to_string(at_) : ""), found,
                      "a pickle of pictures and of flags, one for each two pictures",
                      "Fetch the file again, or convert its pictures to a list for `evaluate pairs`.");
  }

 private:
  static constexpr std::streamoff most = std::streamoff{1} << 31;
  static constexpr std::size_t most_values = 4'000'000;

  std::string_view bytes(std::uint64_t n) {
    if (n > data_.size() - at_) fail("the end of the file");
    at_ += static_cast<std::size_t>(n);
    return {data_.data() + at_ - n, static_cast<std::size_t>(n)};
  }
  template <class T>
  T length() {
    T n;
    std::memcpy(&n, bytes(sizeof n).data(), sizeof n);  // little-endian, as is the machine
    return n;
  }
  std::string line() {
    auto const end = data_.find('\n', at_);
    if (end == std::string::npos || end - at_ > 100) fail("a name without an end");
    auto const name = std::string(bytes(end - at_));
    bytes(1);
    return name;
  }
  void spend(std::size_t n) {  // what is copied again and again must not fill the memory
    if (n > budget_) fail("the same bytes too often");
    budget_ -= n;
  }

  Ref push(Kind kind) {
    if (++values_ > most_values) fail("too many values");
    return stack_.emplace_back(std::make_shared<Value>(Value{.kind = kind, .number = 0, .bytes = {}, .items = {}, .depth = 0}));
  }
  void number(long long n) { push(Kind::number)->number = n; }
  void text(std::uint64_t n) {
    auto const t = bytes(n);
    spend(t.size());
    push(Kind::bytes)->bytes = t;
  }
  Ref const& top() const {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("an opcode without its operands");
    return stack_.back();
  }
  Ref pop() {
    auto const value = top();
    stack_.pop_back();
    return value;
  }
  std::vector<Ref> to_mark() {
    if (marks_.empty() || marks_.back() > stack_.size()) fail("an opcode without its mark");
    std::vector<Ref> const items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }
  void append(Value& list, std::vector<Ref> const& items) {
    if (list.kind != Kind::list) fail("items of something that is no list");
    for (auto const& item : items) {
      if (item.get() == &list || item->depth > 6) fail("lists in lists");
      if (++values_ > most_values) fail("too many values");
      list.depth = std::max(list.depth, item->depth + 1);
      list.items.push_back(item);
    }
  }
  void tuple(int n) {
    std::vector<Ref> items(static_cast<std::size_t>(n));
    for (; n > 0; --n) items[static_cast<std::size_t>(n - 1)] = pop();
    push(Kind::list);
    append(*top(), items);
  }
  void recall(std::uint32_t k) {
    auto const known = memo_.find(k);
    if (known == memo_.end()) fail("a reference to nothing");
    if (++values_ > most_values) fail("too many values");
    stack_.push_back(known->second);
  }
  void global(std::string name) {
    if (auto const core = name.find("numpy._core."); core == 0) name.replace(0, 12, "numpy.core.");
    static constexpr std::string_view known[] = {"_codecs encode", "numpy.core.multiarray _reconstruct", "numpy.core.multiarray scalar",
                                                 "numpy ndarray", "numpy dtype"};
    if (std::find(std::begin(known), std::end(known), name) == std::end(known)) fail("the name '" + name.substr(0, 60) + "'");
    push(Kind::global)->bytes = std::move(name);
  }
  /// A function of its arguments.
  void reduce() {
    auto const arguments = pop(), function = pop();
    auto const& items = arguments->items;
    if (function->kind != Kind::global || arguments->kind != Kind::list || items.empty()) fail("a call of something that is no name");
    if (function->bytes == "_codecs encode") {
      spend(items[0]->bytes.size());
      push(Kind::bytes)->bytes = latin1(items[0]->bytes);
    } else if (function->bytes == "numpy dtype") {
      push(Kind::dtype)->bytes = items[0]->bytes;
    } else if (function->bytes == "numpy.core.multiarray _reconstruct") {
      push(Kind::array);
    } else if (function->bytes == "numpy.core.multiarray scalar" && items.size() == 2 && items[0]->bytes == "b1" &&
               items[1]->bytes.size() == 1) {
      number(static_cast<unsigned char>(items[1]->bytes[0]));
    } else {
      fail("a call of '" + function->bytes + "'");
    }
  }
  /// What an array or a type was made with; an array of bytes takes them.
  void build() {
    auto const state = pop();
    auto& value = *top();
    if (value.kind == Kind::dtype) return;
    auto const& items = state->items;
    if (value.kind != Kind::array || items.size() != 5 || items[2]->kind != Kind::dtype || items[1]->items.size() != 1 ||
        (items[2]->bytes != "u1" && items[2]->bytes != "b1") ||
        items[1]->items[0]->number != static_cast<long long>(items[4]->bytes.size()))
      fail("an array that is not one of bytes");
    spend(items[4]->bytes.size());
    value.bytes = items[4]->bytes;
  }
  /// UTF-8 of code points below 256, each of which is one byte.
  std::string latin1(std::string const& utf8) const {
    std::string plain;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
      auto const c = static_cast<unsigned char>(utf8[i]);
      if (c < 0x80) {
        plain += utf8[i];
      } else {
        if ((c != 0xc2 && c != 0xc3) || i + 1 == utf8.size() || (static_cast<unsigned char>(utf8[i + 1]) & 0xc0) != 0x80)
          fail("text that is no bytes");
        plain += static_cast<char>((c & 3) << 6 | (utf8[++i] & 0x3f));
      }
    }
    return plain;
  }

  std::string path_, data_;
  std::size_t at_ = 0, budget_ = 0, values_ = 0;
  std::vector<Ref> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, Ref> memo_;
};
}  // namespace evaluate::pickle
