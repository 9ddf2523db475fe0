#include <berl/io/json_text.hpp>

#include <doctest/doctest.h>

using berl::io::json_text;
using nlohmann::json, nlohmann::ordered_json;

TEST_CASE("json text: as it is where it is UTF-8, and replaced where it is not") {
  CHECK(json_text(json{{"name", "Zo\u00eb"}, {"n", 1}}) == "{\"n\":1,\"name\":\"Zo\u00eb\"}");
  CHECK(json_text(ordered_json{{"b", 1}, {"a", {2, 3}}}, 1) == "{\n \"b\": 1,\n \"a\": [\n  2,\n  3\n ]\n}");
  json const foreign{{"path", "a/Zo\xeb.png"}, {"\xff", 0.5}};
  CHECK_THROWS_AS((void)foreign.dump(), json::type_error);
  CHECK(json_text(foreign) == "{\"path\":\"a/Zo\ufffd.png\",\"\ufffd\":0.5}");
  CHECK(json::parse(json_text(foreign, 2))["\ufffd"] == 0.5);
}
