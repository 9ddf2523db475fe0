#include <berl/io/onnx.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <stdexcept>

#include "plain_network.hpp"
#include "scratch_folder.hpp"

using namespace berl;

namespace {
/// A message of protobuf, taken apart: the values of each field in their order.
struct Message {
  explicit Message(std::string const& bytes) {
    std::size_t at = 0;
    auto const number = [&] {
      std::uint64_t n = 0;
      for (int shift = 0;; shift += 7) {
        auto const byte = static_cast<unsigned char>(bytes.at(at++));
        n |= static_cast<std::uint64_t>(byte & 127) << shift;
        if (byte < 128) return n;
      }
    };
    while (at < bytes.size()) {
      std::uint64_t const key = number();
      int const field = static_cast<int>(key >> 3);
      if ((key & 7) == 0) {
        numbers[field].push_back(static_cast<int>(number()));
      } else {
        std::size_t const n = (key & 7) == 5 ? 4 : static_cast<std::size_t>(number());
        texts[field].push_back(bytes.substr(at, n));
        if (at + n > bytes.size()) throw std::runtime_error("a field beyond the end");
        at += n;
      }
    }
  }
  Message part(int field, std::size_t k = 0) const { return Message(texts.at(field).at(k)); }
  std::string const& text(int field) const { return texts.at(field).at(0); }
  std::map<int, std::vector<int>> numbers;
  std::map<int, std::vector<std::string>> texts;
};
float real(std::string const& bytes) {
  float x;
  std::memcpy(&x, bytes.data(), 4);
  return x;
}

/// Runs the file as ONNX defines its operators. Numbers of fields are those of onnx.proto.
plain::Values run(Message const& graph, plain::Map const& picture) {
  std::map<std::string, plain::Values> arrays;
  std::map<std::string, std::vector<int>> dims;
  for (auto const& bytes : graph.texts.at(5)) {
    Message const tensor(bytes);
    CHECK(tensor.numbers.at(2) == std::vector<int>{1});  // FLOAT
    auto const& raw = tensor.text(9);
    auto& values = arrays[tensor.text(8)];
    for (std::size_t i = 0; i < raw.size(); i += 4) values.push_back(static_cast<double>(real(raw.substr(i, 4))));
    dims[tensor.text(8)] = tensor.numbers.at(1);
  }
  std::map<std::string, plain::Map> values{{graph.part(11).text(1), picture}};
  for (auto const& bytes : graph.texts.at(1)) {
    Message const node(bytes);
    auto const& from = node.texts.at(1);
    std::map<std::string, Message> attributes;
    if (node.texts.contains(5))
      for (auto const& a : node.texts.at(5)) attributes.emplace(Message(a).text(1), Message(a));
    auto const ints = [&](char const* name) { return attributes.at(name).numbers.at(8); };
    auto const array = [&](std::size_t k) { return k < from.size() ? arrays.at(from[k]) : plain::Values{}; };
    plain::Map const& x = values.at(from[0]);
    std::string const& type = node.text(4);
    plain::Map y;
    if (type == "Conv") {
      int const pad = ints("pads")[0];
      CHECK(ints("pads") == std::vector<int>(4, pad));
      CHECK(ints("kernel_shape") == std::vector<int>(2, dims.at(from[1])[2]));
      y = conv(x, array(1), array(2), ints("kernel_shape")[0], ints("strides")[1], pad);
    } else if (type == "BatchNormalization") {
      CHECK(real(attributes.at("epsilon").text(2)) == 1e-5f);
      y = norm(x, array(1), array(2), array(3), array(4));
    } else if (type == "PRelu") {
      CHECK(dims.at(from[1]) == std::vector<int>{x.channels, 1, 1});
      y = prelu(x, array(1));
    } else if (type == "Add") {
      y = add(x, values.at(from[1]));
    } else if (type == "Flatten") {
      CHECK(attributes.at("axis").numbers.at(3) == std::vector<int>{1});
      y = x;
    } else {
      REQUIRE(type == "Gemm");
      CHECK(attributes.at("transB").numbers.at(3) == std::vector<int>{1});
      y = linear(x, array(1), array(2));
    }
    REQUIRE(values.emplace(node.text(2), y).second);
  }
  return values.at(graph.part(12).text(1)).v;
}
std::vector<std::string> extents(Message const& value) {  // of ValueInfoProto: a name, or a number
  std::vector<std::string> all;
  auto const tensor = value.part(2).part(1);
  CHECK(tensor.numbers.at(1) == std::vector<int>{1});  // FLOAT
  auto const shape = tensor.part(2);
  for (auto const& bytes : shape.texts.at(1)) {
    Message const dimension(bytes);
    all.push_back(dimension.texts.contains(2) ? dimension.text(2) : std::to_string(dimension.numbers.at(1)[0]));
  }
  return all;
}
}  // namespace

TEST_CASE("onnx: taken apart and run by the definitions of its operators, the file is the network") {
  test::ScratchFolder const folder;
  auto const graph = plain::small_graph();
  io::write_onnx(folder / "n.onnx", graph, "a small network");
  Message const model(test::slurp(folder / "n.onnx"));
  CHECK(model.numbers.at(1) == std::vector<int>{8});
  CHECK(model.text(2) == "berl");
  CHECK(model.part(8).text(1).empty());  // ONNX's own operators
  CHECK(model.part(8).numbers.at(2) == std::vector<int>{17});
  auto const content = model.part(7);
  CHECK(extents(content.part(11)) == std::vector<std::string>{"N", "3", "9", "9"});
  CHECK(extents(content.part(12)) == std::vector<std::string>{"N", "6"});
  auto const picture = plain::picture(9);
  CHECK(plain::difference(plain::run(graph, picture), run(content, picture)) < 1e-14);  // the same sums
}

TEST_CASE("onnx: a place that cannot be written is named") {
  CHECK_THROWS_AS(io::write_onnx("/nowhere/n.onnx", plain::small_graph(), "n"), Error);
}
