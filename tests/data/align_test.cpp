#include <berl/data/align.hpp>

#include <doctest/doctest.h>

#include <io/scratch_folder.hpp>

#include <Eigen/Geometry>  // umeyama
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace berl::data;
using berl::Error;
using berl::test::message_of;

TEST_CASE("align: the check values of the specification") {
  Landmarks const found{{{46.060, 62.026}, {87.785, 60.323}, {68.851, 77.656}, {52.162, 99.875}, {86.450, 98.648}}};
  auto const s = similarity(found, face_template);
  CHECK(std::abs(s.a - 0.95337175) < 5e-9);  // the values are given to 8 decimals: half a unit
  CHECK(std::abs(s.b - 0.04424357) < 5e-9);
  CHECK(std::abs(s.tx - -5.52606117) < 5e-9);
  CHECK(std::abs(s.ty - -7.10842451) < 5e-9);
}

TEST_CASE("align: a similarity is found again, and the best one is a minimum") {
  Similarity const truth{0.8, -0.6, 12, -7};
  Landmarks from = face_template, to{};
  for (std::size_t k = 0; k < 5; ++k) to[k] = truth(from[k]);
  auto const s = similarity(from, to);
  CHECK(std::abs(s.a - truth.a) < 1e-13);  // sums of values to 100 with 16 digits, divided by 3000
  CHECK(std::abs(s.b - truth.b) < 1e-13);
  CHECK(std::abs(s.tx - truth.tx) < 1e-11);
  CHECK(std::abs(s.ty - truth.ty) < 1e-11);
  for (auto const p : from) {
    auto const back = s.inverse()(s(p));
    CHECK(std::abs(back.x - p.x) < 1e-12);
    CHECK(std::abs(back.y - p.y) < 1e-12);
  }

  to[2].x += 5, to[4].y -= 3;  // no longer exact
  auto const cost = [&](Similarity const& m) {
    double sum = 0;
    for (std::size_t k = 0; k < 5; ++k) sum += std::pow(m(from[k]).x - to[k].x, 2) + std::pow(m(from[k]).y - to[k].y, 2);
    return sum;
  };
  auto const best = similarity(from, to);
  for (double const h : {1e-3, -1e-3}) {
    CHECK(cost({best.a + h, best.b, best.tx, best.ty}) > cost(best));
    CHECK(cost({best.a, best.b + h, best.tx, best.ty}) > cost(best));
    CHECK(cost({best.a, best.b, best.tx + h, best.ty}) > cost(best));
    CHECK(cost({best.a, best.b, best.tx, best.ty + h}) > cost(best));
  }
}

TEST_CASE("align: the closed form of the plane is Umeyama's similarity, as Eigen has it") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> noise(-20, 20);
  for (int trial = 0; trial < 100; ++trial) {
    Landmarks from = face_template;
    Eigen::Matrix<double, 2, 5> p, q;
    for (std::size_t k = 0; k < 5; ++k) {
      auto const column = static_cast<Eigen::Index>(k);
      if (trial % 2 == 1) from[k].x = 112 - from[k].x;  // mirrored: the best map by far would be a reflection, which is not allowed
      from[k].x += noise(random), from[k].y += noise(random);
      p.col(column) << from[k].x, from[k].y;
      q.col(column) << face_template[k].x, face_template[k].y;
    }
    Eigen::Matrix3d const m = Eigen::umeyama(p, q);
    auto const s = similarity(from, face_template);
    double const bound = 1e-12 * 112;  // of a picture's width: some thousand roundings
    CHECK(std::abs(s.a - m(0, 0)) < bound);
    CHECK(std::abs(s.a - m(1, 1)) < bound);
    CHECK(std::abs(s.b - m(1, 0)) < bound);
    CHECK(std::abs(s.b + m(0, 1)) < bound);
    CHECK(std::abs(s.tx - m(0, 2)) < bound);
    CHECK(std::abs(s.ty - m(1, 2)) < bound);
  }
}

TEST_CASE("align: points without a best similarity") {
  auto const fails = [](Landmarks const& points) { return message_of<Error>([&] { (void)similarity(points, face_template, "a.png"); }); };
  CHECK(fails({}).find("a.png: found landmarks that fall together") == 0);
  Landmarks nan = face_template;
  nan[1].x = std::numeric_limits<double>::quiet_NaN();
  CHECK(fails(nan).find("a.png") == 0);
}

TEST_CASE("align: five of 68 landmarks") {
  std::vector<Point2> all(68);
  for (std::size_t k = 0; k < 68; ++k) all[k] = {double(k), 100 + 2.0 * double(k)};
  auto const five = landmarks_of_68(std::span<Point2 const, 68>(all));
  double const expected[] = {37.5, 43.5, 30, 48, 54};
  for (std::size_t k = 0; k < 5; ++k) {
    CHECK(five[k].x == expected[k]);
    CHECK(five[k].y == 100 + 2 * expected[k]);
  }
}

TEST_CASE("align: warping moves pixels, samples between them and is 0 outside") {
  auto picture = berl::io::blank(40, 30, 3);
  for (int v = 0; v < 30; ++v)
    for (int u = 0; u < 40; ++u)
      for (int c = 0; c < 3; ++c) picture.at(v, u, c) = static_cast<std::uint8_t>(4 * u + 3 * v + c);
  CHECK(warp(picture, {}, 40, 30) == picture);

  auto const shifted = warp(picture, {1, 0, 5, -2}, 40, 30);  // 5 to the right, 2 up
  CHECK(shifted.at(10, 20, 1) == picture.at(12, 15, 1));
  CHECK(shifted.at(10, 4, 1) == 0);
  CHECK(shifted.at(29, 20, 1) == 0);
  CHECK(shifted.at(27, 5, 0) == picture.at(29, 0, 0));

  auto const turned = warp(picture, {0, 1, 29, 0}, 30, 40);  // (x, y) to (29 - y, x): a quarter turn
  CHECK(turned.at(7, 29 - 11, 2) == picture.at(11, 7, 2));

  auto const doubled = warp(picture, {2, 0, 0, 0}, 80, 60);  // a plane stays a plane: linear between pixels
  CHECK(doubled.at(22, 31, 0) == 4 * 15.5 + 3 * 11);
}

TEST_CASE("align: the landmarks of the picture come to lie on the template") {
  // A white blob at each landmark; after alignment the brightest pixel near each template point is at it.
  Similarity const out_of_template{1.3, 0.4, 60, 20};
  auto picture = berl::io::blank(300, 260, 1);
  Landmarks found{};
  for (std::size_t k = 0; k < 5; ++k) {
    found[k] = out_of_template(face_template[k]);
    for (int v = 0; v < 260; ++v)
      for (int u = 0; u < 300; ++u) {
        double const r2 = std::pow(u - found[k].x, 2) + std::pow(v - found[k].y, 2);
        if (r2 < 64) picture.at(v, u, 0) = static_cast<std::uint8_t>(250 * std::exp(-r2 / 16));
      }
  }
  for (int const side : {112, 224}) {
    auto const aligned = align(picture, found, side);
    CHECK(aligned.width == side);
    for (auto const q : face_template) {
      double mass = 0, x = 0, y = 0;
      double const scale = side / 112.0;
      int const cx = static_cast<int>(std::lround(q.x * scale)), cy = static_cast<int>(std::lround(q.y * scale)), r = side / 14;
      for (int v = cy - r; v <= cy + r; ++v)
        for (int u = cx - r; u <= cx + r; ++u) mass += aligned.at(v, u, 0), x += u * aligned.at(v, u, 0), y += v * aligned.at(v, u, 0);
      CHECK(std::abs(x / mass - q.x * scale) < 0.05);  // the blob's centre of mass; bytes have 1 / 250 of its height
      CHECK(std::abs(y / mass - q.y * scale) < 0.05);
    }
  }
  for (auto& p : found) p.x += 1000;
  CHECK(message_of<Error>([&] { (void)align(picture, found, 112, "b.png"); }).find("b.png: found five landmarks outside") == 0);
}

TEST_CASE("align: lists of landmarks") {
  berl::test::ScratchFolder const folder;
  auto const path = (folder / "l.csv").string();
  auto const read = [&](std::string const& text) {
    berl::test::spit(path, text);
    return message_of<Error>([&] { (void)read_landmarks(path); });
  };
  berl::test::spit(path, "path,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\r\na/b.png, 1,2,3,4.5,5,6,7,8,9,-1e1\n\nc.png,0,0,0,0,0,0,0,0,0,0\n");
  auto const table = read_landmarks(path);
  REQUIRE(table.size() == 2);
  CHECK(table.at("a/b.png")[1].y == 4.5);
  CHECK(table.at("a/b.png")[4].y == -10);
  CHECK(read("a.png,1,2,3,4,5,6,7,8,9,10\n") == "no exception");  // without names of columns
  CHECK(read("a.png,1,2,3,4,5,6,7,8,9\n").find("line 1: found 10 fields; expected 11") != std::string::npos);
  CHECK(read("a.png,1,2,x,4,5,6,7,8,9,10\n").find("line 1, field 4: found \"x\"") != std::string::npos);
  CHECK(read("a.png,1,2,nan,4,5,6,7,8,9,10\n").find("field 4") != std::string::npos);
  CHECK(read("a.png,1,2,3,4,5,6,7,8,9,10\na.png,1,2,3,4,5,6,7,8,9,10\n").find("line 2: found a.png for the second time") !=
        std::string::npos);
  CHECK(read("").find("no picture") != std::string::npos);
  CHECK(message_of<Error>([] { (void)read_landmarks("/no/such.csv"); }).find("/no/such.csv") == 0);
}
