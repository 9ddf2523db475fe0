#include <doctest/doctest.h>
#include <berl/io/safetensors.hpp>

#include <bit>  // bit_cast
#include <filesystem>
#include <golden.hpp>
#include <limits>
#include <nlohmann/json.hpp>

using berl::test::Difference;
using berl::test::Filling;
using berl::test::Golden;

TEST_CASE("filling: the table of test vectors, to the last bit") {
  struct Row {
    char const* name;
    std::uint64_t seed;
    double scale, shift;
    std::uint64_t hash, z[3], u[3];
    std::uint32_t bits[3];
    double sum;
  };
  Row const rows[] = {
      {"a",
       1,
       0.5,
       0.25,
       0x3154a5f5f94b9099,
       {0xe6b85e3222fb905f, 0xaa7335c5fb75358f, 0x12dfc38a4243ab60},
       {15120478, 11170613, 1236931},
       {0x3f26b85e, 0x3ed4e66a, 0xbe3480f4},
       23.797662377357483},
      {"conv1.weight",
       1,
       1,
       0,
       0xf795e395910dae41,
       {0x0186c3be35442a22, 0xbde5e05334b40607, 0xb4f0d5e4206ec711},
       {100035, 12445152, 11858133},
       {0xbf7cf27a, 0x3ef79780, 0x3ed3c354},
       -5.742024183273315},
      {"input",
       0,
       1,
       0,
       0x1ebbae8f5810b65b,
       {0x190a9f76a9bd8bf6, 0xa70117d09cb2bc5b, 0x3420b86a56b4f31f},
       {1641119, 10944791, 3416248},
       {0xbf4deac2, 0x3e9c045c, 0xbf17be90},
       -7.89954674243927},
  };
  for (Row const& row : rows) {
    CAPTURE(row.name);
    Filling const f(row.name, row.seed, row.scale, row.shift);
    CHECK(f.hash() == row.hash);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(f.mixed(i) == row.z[i]);
      CHECK((f.mixed(i) >> 40) == row.u[i]);
      CHECK(std::bit_cast<std::uint32_t>(f.value(i)) == row.bits[i]);
    }
    double sum = 0;
    for (std::size_t i = 0; i < 100; ++i) sum += static_cast<double>(f.value(i));
    CHECK(sum == doctest::Approx(row.sum).epsilon(1e-14));  // 100 roundings of 1e-16, in another order perhaps
  }
}

TEST_CASE("golden: every fixture opens and every filled tensor has its sum") {
  int fixtures = 0;
  for (auto const& entry : std::filesystem::directory_iterator(std::string(BERL_TEST_DATA) + "/golden")) {
    if (entry.path().extension() != ".safetensors") continue;
    Golden const g(entry.path().stem().string());
    CAPTURE(g.file().file());
    ++fixtures;
    if (g.file().file().find("iresnet") != std::string::npos && entry.path().stem() != "iresnet18_eval")
      continue;  // 45 million values each
    for (auto const& name : g.filled_names()) CHECK_NOTHROW((void)g.values<float>(name));
  }
  CHECK(fixtures > 40);
}

TEST_CASE("golden: stored and filled tensors, in float and in double") {
  Golden const g("layers_conv2d");
  CHECK(nlohmann::json::parse(g.file().metadata("params")).at("cases").at("k3s1p1").at("cout") == 7);
  CHECK(g.shape("k3s1p1/x") == berl::io::Extents{2, 5, 9, 11});
  auto const x = g.values<double>("k3s1p1/x");
  auto const rounded = g.values<float>("k3s1p1/x");
  CHECK(x.size() == 990);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == static_cast<double>(rounded[i]));
  for (auto const& name : g.file().names()) {  // some filled tensors are stored too: they must be the same
    if (!g.is_filled(name)) continue;
    auto const stored = g.file().get<float>(name);
    nlohmann::json const all = nlohmann::json::parse(g.file().metadata("filled"));
    for (auto const& e : all) {
      if (e.at("name") != name) continue;
      Filling const f(name, e.at("seed"), e.at("scale"), e.at("shift"));
      for (std::size_t i = 0; i < stored.size(); ++i) REQUIRE(f.value(i) == stored[i]);
    }
  }
  CHECK_THROWS_AS((void)g.values<float>("no such tensor"), std::runtime_error);
  CHECK(Golden::same_sum(23.5 * (1 + 5e-13), 23.5));        // half the promised 1e-12,
  CHECK_FALSE(Golden::same_sum(23.5 * (1 + 2e-12), 23.5));  // and twice
  CHECK_FALSE(Golden::same_sum(std::numeric_limits<double>::quiet_NaN(), 23.5));
}

TEST_CASE("compare: exact, off by a known amount, of another size, not a number") {
  Golden const g("layers_conv2d");
  auto y = g.values<double>("k3s1p1/y");
  Difference const same = g.compare("k3s1p1/y", y);
  CHECK(same.relative_l2 == 0);
  CHECK(same.relative_max == 0);
  for (double& v : y) v *= 1.001;
  CHECK(g.compare("k3s1p1/y", y).relative_l2 == doctest::Approx(1e-3));
  CHECK(g.compare("k3s1p1/y", y).relative_max == doctest::Approx(1e-3));
  y[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(g.compare("k3s1p1/y", y).relative_l2));
  CHECK(std::isnan(g.compare("k3s1p1/y", y).relative_max));
  y.pop_back();
  CHECK_THROWS_AS((void)g.compare("k3s1p1/y", y), std::runtime_error);
}

TEST_CASE("compare: a sampled tensor is held to its samples and to its statistics") {
  Golden const g("render_pieces");
  std::string const name = "depth_head/y";
  REQUIRE(g.is_sampled(name));
  auto const index = g.file().get<std::int64_t>(name + ".idx");
  auto const value = g.file().get<double>(name + ".val");
  std::vector<double> y(6 * 64 * 64, 0.0);
  for (std::size_t i = 0; i < index.size(); ++i) y[static_cast<std::size_t>(index[i])] = value[i];
  Difference const d = g.compare(name, y);
  CHECK(d.relative_l2 == 0);    // the samples are right,
  CHECK(d.relative_max > 0.5);  // the rest of the tensor is missing from the sums
  y.resize(10);
  CHECK_THROWS_AS((void)g.compare(name, y), std::runtime_error);
}
