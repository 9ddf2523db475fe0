#include <berl/io/json.hpp>

#include <doctest/doctest.h>

using berl::io::json_text;
using berl::io::parse_json;
using berl::io::shown;

namespace {
std::string problem_of(std::string const& text) {
  std::string problem;
  CHECK(parse_json(text, &problem).is_discarded());
  CHECK(parse_json<nlohmann::ordered_json>(text).is_discarded());
  return problem;
}
std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }
}  // namespace

TEST_CASE("json text: as it is where it is UTF-8, and replaced where it is not") {
  CHECK(json_text(nlohmann::json{{"name", "Zo\u00eb"}, {"n", 1}}) == "{\"n\":1,\"name\":\"Zo\u00eb\"}");
  CHECK(json_text(nlohmann::ordered_json{{"b", 1}, {"a", {2, 3}}}, 1) == "{\n \"b\": 1,\n \"a\": [\n  2,\n  3\n ]\n}");
  nlohmann::json const foreign{{"path", "a/Zo\xeb.png"}, {"\xff", 0.5}};
  CHECK_THROWS_AS((void)foreign.dump(), nlohmann::json::type_error);
  CHECK(json_text(foreign) == "{\"path\":\"a/Zo\ufffd.png\",\"\ufffd\":0.5}");
  CHECK(nlohmann::json::parse(json_text(foreign, 2))["\ufffd"] == 0.5);
}

TEST_CASE("json: what is right is what the library's own parser says") {
  for (std::string const text : {R"({"a": [1, -2.5, "b", null, true, {"a": {"a": {}}}], "b": {"a": 1}})", "[]", "3", "\"x\""})
    CHECK(parse_json(text) == nlohmann::json::parse(text));
  CHECK(parse_json<nlohmann::ordered_json>(R"({"b": 1, "a": 2})").begin().key() == "b");
}

TEST_CASE("json: what is wrong is said in few words") {
  for (std::string const text : {"", "{\"a\":", "\xff\xfe", "[1] 2", "{\"a\": \"\xff\"}"})
    CHECK(problem_of(text).find("text that is not JSON (") == 0);
  CHECK(problem_of(R"({"a": 1, "\u0061": 2})") == "the name 'a' twice");  // one name in two spellings
  CHECK(problem_of("[" + std::string(1'000'000, 'x')).size() < 300);
  CHECK(problem_of("{\"" + std::string(1'000'000, 'x') + "\": 1, \"" + std::string(1'000'000, 'x') + "\": 2}").size() < 300);
}

TEST_CASE("json: nesting is bounded") {
  CHECK(parse_json(nested(64)).size() == 1);
  CHECK(parse_json("[" + nested(63) + "," + nested(63) + "]").size() == 2);  // depth, not how many there are
  for (std::size_t const depth : {std::size_t{65}, std::size_t{1'000'000}}) {
    CHECK(problem_of(nested(depth)) == "JSON nested deeper than 64");
    CHECK(problem_of(std::string(depth, '[')) == "JSON nested deeper than 64");
  }
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
  CHECK(problem_of(objects) == "JSON nested deeper than 64");
}

TEST_CASE("json: a value in a message is short") {
  CHECK(shown(nlohmann::json::parse("[1,-1.5,\"a\",[1],{}]")) == "[1,-1.5,\"a\",[...],{...}]");
  CHECK(shown(nlohmann::json(std::vector<int>(1000, 1))) == "[1,1,1,1,1,1,1,1,...]");
  CHECK(shown(nlohmann::json::parse("{\"a\": 1}")) == "{...}");
  CHECK(shown(nlohmann::json(std::string(1000, 'x'))).size() == 83);
}
