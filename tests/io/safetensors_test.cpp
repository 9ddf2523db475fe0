#include <doctest/doctest.h>

#include <berl/io/safetensors.hpp>
#include <cstring>  // memcpy
#include <io/scratch_folder.hpp>
#include <limits>

using namespace berl::io;
using berl::test::message_of, berl::test::ScratchFolder, berl::test::slurp, berl::test::spit;

namespace {
/// The bytes of a file with this header and so many bytes of data, counting up.
std::string raw(std::string const& header, std::size_t data) {
  std::uint64_t const length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  bytes += header;
  for (std::size_t i = 0; i < data; ++i) bytes += static_cast<char>(i);
  return bytes;
}
std::string error_of(ScratchFolder const& dir, std::string const& bytes) {
  spit(dir / "bad", bytes);
  std::string const text = message_of<berl::Error>([&] { (void)SafeTensors::read(dir / "bad"); });
  CHECK(text.find((dir / "bad").string()) == 0);
  CHECK(text.find("expected") != std::string::npos);
  return text;
}
bool has(std::string const& text, std::string const& piece) { return text.find(piece) != std::string::npos; }
}  // namespace

TEST_CASE_TEMPLATE("safetensors: what is written is read", T, double, float, std::int64_t, std::int32_t, std::uint8_t, std::int16_t) {
  ScratchFolder const dir;
  std::vector<T> const values{T(0), T(1), T(2), T(100), std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
  SafeTensorsWriter w;
  w.add("pair", {2, 3}, std::span<T const>(values));
  w.add("none", {0, 4}, std::vector<T>{});
  w.add("one", {}, std::vector<T>{T(7)});
  w.metadata("name", "a \"quoted\" one, \xc3\xa4");
  w.write(dir / "f");
  auto const f = SafeTensors::read(dir / "f");
  CHECK(f.names().size() == 3);
  CHECK(f.contains("pair"));
  CHECK_FALSE(f.contains("triple"));
  CHECK(f.dtype("pair") == dtype_of<T>());
  CHECK(f.shape("pair") == Extents{2, 3});
  CHECK(f.get<T>("pair", {2, 3}) == values);
  CHECK(f.shape("one").empty());
  CHECK(f.get<T>("one") == std::vector<T>{T(7)});
  CHECK(f.get<T>("none").empty());
  auto const view = f.template view<T>("pair");
  CHECK(std::vector<T>(view.begin(), view.end()) == values);
  CHECK(f.metadata("name") == "a \"quoted\" one, \xc3\xa4");
  CHECK_THROWS_AS((void)f.metadata("date"), berl::Error);
}

TEST_CASE("safetensors: every array lies aligned, whatever the order of writing") {
  ScratchFolder const dir;
  SafeTensorsWriter w;
  bool const flags[] = {true, false, true};
  w.add("flags", {3}, std::span<bool const>(flags));
  w.add("float", {1}, std::vector<float>{1.5f});
  w.add("double", {2}, std::vector<double>{1, 2});
  w.write(dir / "f");
  auto const f = SafeTensors::read(dir / "f");
  CHECK(f.view<double>("double")[1] == 2);
  CHECK(f.view<float>("float")[0] == 1.5f);
  CHECK(f.get<std::uint8_t>("flags") == std::vector<std::uint8_t>{1, 0, 1});
  CHECK(slurp(dir / "f").size() % 8 == (8 * 2 + 4 + 3) % 8);  // the header is padded to a multiple of 8
}

TEST_CASE("safetensors: conversions are exact or rounded, and refused where the value is lost") {
  ScratchFolder const dir;
  SafeTensorsWriter w;
  w.add("third", {1}, std::vector<double>{1.0 / 3});
  w.add("huge", {1}, std::vector<double>{1e300});
  w.add("inf", {1}, std::vector<double>{std::numeric_limits<double>::infinity()});
  w.add("count", {2}, std::vector<std::int64_t>{-3, 1'000'000});
  w.add("odd", {1}, std::vector<std::int64_t>{(1LL << 24) + 1});
  w.write(dir / "f");
  auto const f = SafeTensors::read(dir / "f");
  CHECK(f.get<float>("third")[0] == static_cast<float>(1.0 / 3));
  CHECK(std::isinf(f.get<float>("inf")[0]));
  CHECK(f.get<std::int32_t>("count")[1] == 1'000'000);
  CHECK(f.get<float>("count")[0] == -3.0f);
  CHECK(f.get<double>("odd")[0] == 16777217.0);
  CHECK(has(message_of<berl::Error>([&] { (void)f.get<float>("huge"); }), "array 'huge'"));
  CHECK(has(message_of<berl::Error>([&] { (void)f.get<float>("odd"); }), "16777217"));
  CHECK(has(message_of<berl::Error>([&] { (void)f.get<std::int16_t>("count"); }), "values that I16 holds"));
  CHECK(has(message_of<berl::Error>([&] { (void)f.get<std::uint64_t>("count"); }), "-3"));
  CHECK(has(message_of<berl::Error>([&] { (void)f.get<std::int32_t>("third"); }), "expected integers"));
  CHECK(has(message_of<berl::Error>([&] { (void)f.view<float>("third"); }), "elements F64; expected F32"));
  CHECK(has(message_of<berl::Error>([&] { (void)f.get<double>("third", {1, 1}); }), "shape [1]; expected [1, 1]"));
  CHECK(has(message_of<berl::Error>([&] { (void)f.get<double>("fourth"); }), "no 'fourth'"));
  std::vector<double> two(2);
  CHECK(has(message_of<berl::Error>([&] { f.copy_to("third", std::span<double>(two)); }), "2 values"));
}

TEST_CASE("safetensors: half precision is read exactly") {
  std::uint16_t const halves[] = {0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555, 0x7c00};
  float const expected[] = {
      0.0f, -0.0f, 1.0f, -2.0f, 65504.0f, 0x1p-24f, 0x1p-14f, 0.333251953125f, std::numeric_limits<float>::infinity()};
  ScratchFolder const dir;
  std::string bytes =
      raw(R"({"h":{"dtype":"F16","shape":[9],"data_offsets":[0,18]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[18,20]}})", 20);
  std::memcpy(bytes.data() + bytes.size() - 20, halves, 18);
  bytes[bytes.size() - 2] = '\x80', bytes[bytes.size() - 1] = '\x3f';  // the upper half of 1.0f
  spit(dir / "f", bytes);
  auto const f = SafeTensors::read(dir / "f");
  auto const values = f.get<float>("h");
  for (std::size_t i = 0; i < 9; ++i) CHECK(values[i] == expected[i]);
  CHECK(std::signbit(values[1]));
  CHECK(f.get<double>("b")[0] == 1.0);
}

TEST_CASE("safetensors: an unaligned array is read by get, refused by view") {
  ScratchFolder const dir;
  spit(dir / "f", raw(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"I32","shape":[1],"data_offsets":[1,5]}})", 5));
  auto const f = SafeTensors::read(dir / "f");
  CHECK(f.get<std::int32_t>("b")[0] == 0x04030201);
  CHECK(has(message_of<berl::Error>([&] { (void)f.view<std::int32_t>("b"); }), "byte 1"));
}

TEST_CASE("safetensors: every damage is one error that says where and what") {
  ScratchFolder const dir;
  auto const one = [](std::string const& entry) { return R"({"a":)" + entry + "}"; };
  CHECK(has(error_of(dir, ""), "0 bytes"));
  CHECK(has(error_of(dir, "1234567"), "7 bytes"));
  CHECK(has(error_of(dir, std::string(8, '\xff') + "{}"), "a header of 18446744073709551615 bytes"));
  CHECK(has(error_of(dir, std::string("\x40\0\0\0\0\0\0\0{}", 10)), "a header of 64 bytes in a file of 10"));
  CHECK(has(error_of(dir, raw("", 9)), "a header of 0 bytes"));
  CHECK(has(error_of(dir, raw("{\"a\":", 0)), "not JSON"));
  CHECK(has(error_of(dir, raw("\xff\xfe\x01garbage", 4)), "not JSON"));
  CHECK(has(error_of(dir, raw("[1,2]", 0)), "no JSON object"));
  CHECK(has(error_of(dir, raw(one("3"), 0)), "array 'a': found no list 'shape'"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[1]})"), 4)), "no list 'data_offsets'"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F33","shape":[1],"data_offsets":[0,4]})"), 4)), "element type F33"));
  CHECK(has(error_of(dir, raw(one(R"({"shape":[1],"data_offsets":[0,4]})"), 4)), "element type none"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), 4)), "'shape' [-1]"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})"), 4)), "'shape' [1.5]"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":["1"],"data_offsets":[0,4]})"), 4)), "whole numbers"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 3)), "within the 3 bytes"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})"), 4)), "data_offsets [4,0]"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})"), 8)), "data_offsets [0,4,8]"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"), 4)), "shape [2] of F32 on 4 bytes"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[4294967296,4294967297],"data_offsets":[0,4]})"), 4)), "fits into memory"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]})"), 4)),
            "shape and data of one size"));
  CHECK(has(error_of(dir, raw(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 5)), "5 bytes of data; expected 4"));
  std::string const a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  CHECK(has(error_of(dir, raw("{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12)),
            "'b': found data from byte 4 where 8"));
  CHECK(has(error_of(dir, raw("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})", 16)), "without holes"));
  CHECK(has(error_of(dir, raw("{" + a + "," + a + "}", 8)), "'a' twice"));
  CHECK(has(error_of(dir, raw(R"({"__metadata__":3})", 0)), "metadata that is no object"));
  CHECK(has(error_of(dir, raw(R"({"__metadata__":{"n":3}})", 0)), "metadata 'n'"));
  CHECK(has(message_of<berl::Error>([&] { (void)SafeTensors::read(dir / "missing"); }), "no readable file"));
  CHECK(has(message_of<berl::Error>([&] { (void)SafeTensors::read(dir.path()); }), "no readable file"));
}

TEST_CASE("safetensors: a header nested deep, or long, is one short error") {
  ScratchFolder const dir;
  auto const nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  auto const shape = [&](std::string const& value) {
    auto const text = error_of(dir, raw(R"({"a":{"dtype":"F32","data_offsets":[0,4],"shape":)" + value + "}}", 4));
    CHECK(text.size() < 1000);
    return text;
  };
  CHECK(has(shape(nested(10)), "'shape' [[...]]; expected whole numbers"));
  for (std::size_t const depth : {10'000u, 100'000u, 10'000'000u}) CHECK(has(shape(nested(depth)), "nested deeper than 64"));
  CHECK(has(error_of(dir, raw(R"({"__metadata__":{"n":)" + nested(1'000'000) + "}}", 0)), "nested deeper than 64"));
  CHECK(has(error_of(dir, raw("{\"a\":" + std::string(1'000'000, '['), 0)), "nested deeper than 64"));
  std::string many = "[1";
  for (int i = 0; i < 100'000; ++i) many += ",1";
  CHECK(has(shape(many + "]"), "'shape' with 100001 numbers; expected at most 64"));
  CHECK(has(shape("[\"" + std::string(1'000'000, 'x') + "\"]"), "'shape' [\"xxx"));
  std::string const name(1'000'000, 'x');
  CHECK(error_of(dir, raw("{\"" + name + "\":3}", 0)).size() < 1000);
  CHECK(error_of(dir, raw("{\"__metadata__\":{\"" + name + "\":3}}", 0)).size() < 1000);
  CHECK(error_of(dir, raw("{\"a\":{\"shape\":[],\"data_offsets\":[0,0],\"dtype\":\"" + name + "\"}}", 0)).size() < 1000);
}

TEST_CASE("safetensors: the time of a header grows with its length, not with the square") {
  ScratchFolder const dir;  // 60,000 arrays took minutes, when each was compared with all before
  std::string header = "{";
  for (int i = 0; i < 100'000; ++i) header += "\"" + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  header.back() = '}';
  spit(dir / "f", raw(header, 0));
  CHECK(SafeTensors::read(dir / "f").names().size() == 100'000);
}

TEST_CASE("safetensors: a file cut anywhere is an error, never another value") {
  ScratchFolder const dir;
  SafeTensorsWriter w;
  w.add("a", {3}, std::vector<double>{1, 2, 3});
  w.metadata("k", "v");
  w.write(dir / "f");
  std::string const whole = slurp(dir / "f");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    spit(dir / "cut", whole.substr(0, n));
    CHECK_THROWS_AS((void)SafeTensors::read(dir / "cut"), berl::Error);
  }
}

TEST_CASE("safetensors: a writer's mistakes are internal errors") {
  SafeTensorsWriter w;
  w.add("a", {1}, std::vector<float>{1});
  CHECK_THROWS_AS(w.add("a", {1}, std::vector<float>{1}), std::logic_error);
  CHECK_THROWS_AS(w.add("b", {2}, std::vector<float>{1}), std::logic_error);
  CHECK_THROWS_AS(w.add("__metadata__", {1}, std::vector<float>{1}), std::logic_error);
}
