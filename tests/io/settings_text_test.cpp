#include <berl/io/settings_text.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <set>

using namespace berl;
using io::from_text;
using io::to_text;

TEST_CASE_TEMPLATE("settings as text: every number comes back", T, double, int, long, std::uint64_t) {
  for (T const value : {T(0), T(1), T(7) / T(3), std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()}) {
    T back{};
    CHECK(from_text(to_text(value), back));
    CHECK(back == value);
  }
}

TEST_CASE("settings as text: what is no value is refused, and leaves the old one") {
  double number = 3;
  for (char const* text : {"", "x", "1x", " 1", "nan", "inf", "1,5", "0x10"}) CHECK(!from_text(text, number));
  CHECK(number == 3);
  int whole = 3;
  for (char const* text : {"1.5", "", "99999999999", "auto"}) CHECK(!from_text(text, whole));
  CHECK(whole == 3);
  std::uint64_t positive = 3;
  CHECK(!from_text("-1", positive));
  bool yes = true;
  for (char const* text : {"1", "True", "yes"}) CHECK(!from_text(text, yes));
  CHECK((from_text("false", yes) && !yes));
  auto padding = imaging::Padding::border;
  CHECK(!from_text("zero", padding));
  CHECK(padding == imaging::Padding::border);
  CHECK((from_text("zeros", padding) && padding == imaging::Padding::zeros));
  std::optional<long> steps = 5;
  CHECK((from_text("auto", steps) && !steps));
  CHECK(to_text(steps) == "auto");
  CHECK((from_text("12", steps) && steps == 12));
  CHECK(!from_text("12.5", steps));
  CHECK(io::expected_text<imaging::Padding>() == "one of zeros, border");
  CHECK(io::expected_text<std::optional<long>>() == "a whole number, or auto");
}

TEST_CASE("settings as text: each setting of the imaging model is visited once") {
  imaging::Settings settings;
  std::set<std::string> names;
  std::set<void const*> places;
  std::size_t bytes = 0;
  io::visit_settings(settings, [&](char const* name, auto& value, char const*) {
    CHECK(names.insert(name).second);
    CHECK(places.insert(&value).second);
    bytes += sizeof value;
  });
  CHECK(names.size() == 18);
  CHECK(bytes + alignof(double) * 3 > sizeof settings);  // what is left over is padding: a new member must be visited too
}
