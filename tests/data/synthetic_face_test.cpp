#include <berl/data/dataset.hpp>
#include <berl/data/synthetic_face.hpp>

#include <doctest/doctest.h>
#include <set>
#include <thread>

using namespace berl;
using namespace berl::data;

static_assert(Dataset<SyntheticFaces>);

namespace {
SyntheticWorld small_world() { return {.seed = Seed{61}, .identities = 8, .pictures_per_identity = 4}; }
double distance(io::Image const& a, io::Image const& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    double const d = double{1} * a.pixels[i] - b.pixels[i];
    sum += d * d;
  }
  return std::sqrt(sum / static_cast<double>(a.pixels.size()));
}
}  // namespace

TEST_CASE("a picture follows from seed, identity, picture and options") {
  auto const a = synthetic_picture(Seed{61}, 3, 2), b = synthetic_picture(Seed{61}, 3, 2);
  CHECK(a.image.width == 112);
  CHECK(a.image.height == 112);
  CHECK(a.image.channels == 3);
  CHECK(a.image.pixels == b.image.pixels);
  CHECK(a.truth.depth == b.truth.depth);
  CHECK(a.truth.canonical_albedo == b.truth.canonical_albedo);
  CHECK(a.image.pixels != synthetic_picture(Seed{61}, 3, 1).image.pixels);
  CHECK(a.image.pixels != synthetic_picture(Seed{61}, 4, 2).image.pixels);
  CHECK(a.image.pixels != synthetic_picture(Seed{62}, 3, 2).image.pixels);
  SyntheticFaces const faces(small_world());
  CHECK(faces.load(3 * 4 + 2).pixels == a.image.pixels);
  CHECK(faces.truth(3 * 4 + 2).depth == a.truth.depth);
}

TEST_CASE("the data set: sizes, labels, names, and identities of other numbers are other people") {
  SyntheticFaces const faces(small_world());
  CHECK(faces.size() == 32);
  CHECK(faces.identities() == 8);
  std::set<std::string> names;
  for (int i = 0; i < faces.size(); ++i) {
    CHECK(faces.label(i) == i / 4);
    names.insert(faces.name(i));
  }
  CHECK(names.size() == 32);
  CHECK(faces.name(13) == "synthetic/00003/0001");
  auto world = small_world();
  world.first_identity = 3;
  SyntheticFaces const shifted(world);
  CHECK(shifted.load(0).pixels == faces.load(12).pixels);
  CHECK(shifted.label(0) == 0);
  CHECK(shifted.name(0) == faces.name(12));
  world.first_identity = 1'000'000;
  CHECK(SyntheticFaces(world).load(0).pixels != faces.load(0).pixels);
}

TEST_CASE("any order and any number of threads give the same pictures") {
  SyntheticFaces const one(small_world()), many(small_world());
  std::vector<io::Image> pictures(static_cast<std::size_t>(one.size()));
  std::vector<std::thread> threads;
  for (int t = 0; t < 7; ++t)
    threads.emplace_back([&, t] {
      for (int i = t; i < many.size(); i += 7) {
        int const k = many.size() - 1 - i;
        if (k % 3 == 0) static_cast<void>(many.truth(k));  // truths and pictures share a thread's memory
        pictures[static_cast<std::size_t>(k)] = many.load(k);
      }
    });
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < one.size(); ++i) CHECK(one.load(i).pixels == pictures[static_cast<std::size_t>(i)].pixels);
}

TEST_CASE("people differ more than pictures of one person, from the front under frontal light") {
  auto world = small_world();
  world.identities = 12;
  auto& o = world.options;
  o.yaw = {-3, 3}, o.pitch = {-3, 3}, o.roll = {-2, 2}, o.shift = {-0.001, 0.001}, o.distance = {0, 0};
  o.ambient = {0.38, 0.42}, o.diffuse = {0.58, 0.62}, o.light_x = {-0.1, 0.1}, o.light_y = {0, 0.2}, o.occluder_probability = 0;
  SyntheticFaces const faces(world);
  std::vector<io::Image> pictures;
  for (int i = 0; i < faces.size(); ++i) {
    auto picture = faces.load(i);
    for (int v = 0; v < 112; ++v)  // the face alone, without background and most of the hair
      for (int u = 0; u < 112; ++u)
        if (u < 24 || u > 87 || v < 30 || v > 100)
          for (int c = 0; c < 3; ++c) picture.at(v, u, c) = 0;
    pictures.push_back(std::move(picture));
  }
  double same = 0, other = 0, same_n = 0, other_n = 0;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      bool const equal = faces.label(static_cast<int>(i)) == faces.label(static_cast<int>(j));
      (equal ? same : other) += distance(pictures[i], pictures[j]);
      (equal ? same_n : other_n) += 1;
    }
  CHECK(other / other_n > 1.8 * (same / same_n));
}

TEST_CASE("asking for nobody, for an impossible range or beyond the end is one sentence") {
  auto world = small_world();
  world.identities = 0;
  CHECK_THROWS_WITH_AS(SyntheticFaces{world}, doctest::Contains("SyntheticFaces: identities: found 0"), Error);
  world = small_world();
  world.options.pitch = {10, 5};
  CHECK_THROWS_WITH_AS(SyntheticFaces{world}, doctest::Contains("pitch"), Error);
  CHECK_THROWS_WITH_AS(SyntheticFaces(small_world()).load(32), doctest::Contains("found 32; expected 0 to 31"), Error);
  CHECK_THROWS_AS(SyntheticFaces(small_world()).label(-1), Error);
}
