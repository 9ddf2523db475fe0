#include <berl/data/pickle.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

#include <limits>

using berl::Error;
using berl::data::Pickle;
using berl::test::message_of;

namespace {
constexpr std::string_view allowed[] = {"collections OrderedDict", "m f"};
struct Read {
  std::vector<std::uint8_t> bytes;
  Pickle pickle;
  explicit Read(std::string const& text) : bytes(text.begin(), text.end()), pickle(bytes, "f", allowed) {}
};
/// A pickle of protocol 2 whose opcodes are these.
Read read(std::string const& text) { return Read("\x80\x02" + text); }
std::string error(std::string const& text) {
  return message_of<Error>([&] { (void)read(text); });
}
void says(std::string const& text, std::string const& part) {
  CAPTURE(text);
  CHECK(text.find(part) != std::string::npos);
}
}  // namespace

TEST_CASE("pickle: numbers") {
  auto const integer = [](std::string const& text) { return read(text).pickle.root().integer; };
  using namespace std::string_literals;
  CHECK(integer("K\xff.") == 255);
  CHECK(integer("M\1\2.") == 0x201);
  CHECK(integer("J\xfe\xff\xff\xff.") == -2);
  CHECK(integer("\x8a\0."s) == 0);
  CHECK(integer("\x8a\1\xff.") == -1);
  CHECK(integer("\x8a\5\0\0\0\0\1."s) == 0x100000000);
  CHECK(integer("\x8a\x08\0\0\0\0\0\0\0\x80."s) == std::numeric_limits<std::int64_t>::min());
  CHECK(integer("\x88.") == 1);
  CHECK(read("G\xbf\xf8\0\0\0\0\0\0."s).pickle.root().real == -1.5);
  CHECK(read("N.").pickle.root().kind == Pickle::Kind::none);
}

TEST_CASE("pickle: lists, tuples, dictionaries, the memo") {
  auto const r = read("](K\1K\2eK\3a.");
  CHECK(r.pickle.root().items.size() == 3);
  CHECK(r.pickle[r.pickle.root().items[2]].integer == 3);
  auto const d = read("}(U\1aK\1U\1bK\2uU\1cK\3s.");
  REQUIRE(d.pickle.root().items.size() == 6);
  CHECK(d.pickle[d.pickle.root().items[4]].text() == "c");
  for (std::string const text : {"K\1q\5h\5\x86.", "K\1r\5\1\1\1j\5\1\1\1\x86.", "(K\1K\1t."}) {
    auto const t = read(text);
    REQUIRE(t.pickle.root().items.size() == 2);
    CHECK(t.pickle[t.pickle.root().items[1]].integer == 1);
  }
  using namespace std::string_literals;
  CHECK(read("\x95\2\0\0\0\0\0\0\0K\7\x94."s).pickle.root().integer == 7);  // a frame
  auto const self = read("]q\1h\1a.");                                      // a list that holds itself
  CHECK(&self.pickle[self.pickle.root().items[0]] == &self.pickle.root());
}

TEST_CASE("pickle: calls are kept, not made") {
  auto const c = read("cm\nf\n(K\1K\2tRK\7b.");
  auto const& call = c.pickle.root();
  CHECK(c.pickle.calls(call, "m f"));
  CHECK(!c.pickle.calls(call, "collections OrderedDict"));
  CHECK(c.pickle.arguments(call).size() == 2);
  CHECK(c.pickle[call.state].integer == 7);
  auto const o = read(
      "\x8c\x0b"
      "collections\x8c\x0bOrderedDict\x93)R(U\1aK\5u.");
  CHECK(o.pickle.calls(o.pickle.root(), "collections OrderedDict"));
  REQUIRE(o.pickle.root().items.size() == 4);
  CHECK(o.pickle[o.pickle.root().items[3]].integer == 5);
  CHECK(read("U\3keyQ.").pickle.root().kind == Pickle::Kind::persistent);
  says(error("cos\nsystem\n."), "f at offset 2: found the function or class os.system");
  says(error("cm f\n\n."), "m f.");
  says(error("\x8c\1m\x8c\2fg\x93."), "m.fg");
}

TEST_CASE("pickle: each damage has its offset") {
  using namespace std::string_literals;
  says(message_of<Error>([] { Read(""); }), "f at offset 0");
  says(message_of<Error>([] { Read("\x80\x06N."); }), "f at offset 0: found protocol 6; expected 2 to 5");
  says(error(""), "at offset 2: found the end of the file; expected the opcode STOP");
  says(error("N"), "at offset 3: found the end of the file");
  says(error("."), "at offset 2: found an empty stack");
  says(error("U\5ab."), "at offset 2: found 3 bytes up to the end of the file; expected 5 more");
  says(error("T\xff\xff\xff\xff."), "expected 4294967295 more");
  says(error("\x8e\xff\xff\xff\xff\xff\xff\xff\xff."), "expected 18446744073709551615 more");
  says(error("K"), "expected 1 more");
  says(error("Na."), "at offset 3: found an empty stack");
  says(error("NNa."), "at offset 4: found None; expected a list");
  says(error("Ne."), "no mark");
  says(error("](NNN"), "the end");
  says(error("}(Nu."), "a key without a value");
  says(error("]NNs."), "found a list; expected a dictionary");
  says(error("(a."), "an empty stack");  // the mark is in the way
  says(error("h\1."), "value 1 that was not stored");
  says(error("q\1."), "an empty stack");
  says(error("NN\x87."), "3 values");
  says(error("NNR."), "found None; expected a function");
  says(error("cm\nf\nNR."), "found None; expected a function's arguments");
  says(error("NNb."), "a call whose state");
  says(error("KK\x93."), "an empty stack");
  says(error("NN\x93."), "the name of a function");
  says(error("cm\nf"), "a line of text");
  says(error("\x8a\x09."), "an integer of 9 bytes");
  says(error("i."), "the opcode 69");
}

TEST_CASE("pickle: no more values than memory is planned for") {
  CHECK(error(std::string(3'000'000, 'N')).find("more than 2097152 values") != std::string::npos);
  CHECK(error(std::string(3'000'000, '(')).find("more than 2097152 marks") != std::string::npos);
  std::string deep;  // a list in a list in a list
  for (int i = 0; i < 500'000; ++i) deep += ']';
  for (int i = 1; i < 500'000; ++i) deep += 'a';
  CHECK(read(deep + ".").pickle.root().items.size() == 1);
}
