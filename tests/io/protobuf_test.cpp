#include <berl/io/protobuf.hpp>

#include <doctest/doctest.h>

#include <string>

using berl::io::ProtoMessage;

namespace {
std::string bytes_of(ProtoMessage const& message) {
  std::string all;
  message.write_to([&](auto piece) { all.append(reinterpret_cast<char const*>(piece.data()), piece.size()); });
  CHECK(all.size() == message.size());
  return all;
}
std::string hex(std::string const& bytes) {
  std::string text;
  for (char const c : bytes)
    for (int const nibble : {c >> 4 & 15, c & 15}) text += "0123456789abcdef"[nibble];
  return text;
}
}  // namespace

TEST_CASE("protobuf: the examples of its documentation") {
  ProtoMessage test1, test2, test3;
  test1.integer(1, 150);
  CHECK(hex(bytes_of(test1)) == "089601");
  test2.text(2, "testing");
  CHECK(hex(bytes_of(test2)) == "120774657374696e67");
  test3.message(3, std::move(test1));
  CHECK(hex(bytes_of(test3)) == "1a03089601");
}

TEST_CASE("protobuf: numbers of any size, real ones, and long field numbers") {
  ProtoMessage m;
  m.integer(20, 0);
  m.integer(1, 127);
  m.integer(1, 128);
  m.integer(2, ~std::uint64_t{0});
  m.real(2, 1.5f);  // bits 3fc00000
  CHECK(hex(bytes_of(m)) ==
        "a00100"
        "087f"
        "088001"
        "10ffffffffffffffffff01"
        "150000c03f");
}

TEST_CASE("protobuf: borrowed bytes lie where they were put, in nested messages too") {
  std::string const data(300, 'x');
  auto const span = std::as_bytes(std::span(data));
  ProtoMessage inner, outer;
  inner.borrowed(9, span);
  inner.integer(1, 1);
  inner.borrowed(9, span.first(2));
  outer.text(1, "a");
  outer.message(5, std::move(inner));
  outer.text(1, "b");
  CHECK(bytes_of(outer) ==
        "\x0a\x01"
        "a"
        "\x2a"
        "\xb5\x02"
        "\x4a\xac\x02" +
            data +
            "\x08\x01"
            "\x4a\x02xx"
            "\x0a\x01"
            "b");
  CHECK(bytes_of(ProtoMessage{}).empty());
}
