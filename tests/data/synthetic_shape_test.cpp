#include <berl/data/synthetic_shape.hpp>

#include <doctest/doctest.h>

using namespace berl;
using namespace berl::data;

namespace {
/// z of the face on its middle line at height y, or in the column x: the base solved for colatitude by bisection.
double depth_at(SyntheticIdentity const& id, double x, double y) {
  double const phi = std::acos(std::clamp((synthetic::head_middle_y - y) / (y > synthetic::head_middle_y ? id.down : id.up), -1.0, 1.0));
  double low = -1.4, high = 1.4;
  for (int i = 0; i < 60; ++i) {
    double const theta = (low + high) / 2;
    (head_base(id, theta, phi).x < x ? low : high) = theta;
  }
  return head_point(id, low, phi).z;
}
}  // namespace

TEST_CASE("the relief is a face: each feature stands where it should, nearer or farther than its surroundings") {
  for (std::uint64_t k = 0; k < 300; ++k) {
    auto const id = synthetic_identity(Seed{11}, k);
    double const tip = id.eye_height - 0.004 + id.nose_length, nose = depth_at(id, id.nose_shift, tip);
    CAPTURE(k);
    for (double const side : {-1.0, 1.0}) {
      double const socket = depth_at(id, side * 0.017, id.eye_height);    // inner corner of the eye
      CHECK(depth_at(id, 0, id.eye_height + 0.004) < socket);             // the bridge before it
      CHECK(depth_at(id, side * 0.022, id.eye_height - 0.017) < socket);  // the brow before it
      CHECK(nose < depth_at(id, side * 0.02, tip) - 0.010);
      CHECK(face_relief(id, side * 0.044, id.cheek_height) > face_relief(id, side * 0.044, id.eye_height - 0.008));
    }
    CHECK(nose < depth_at(id, 0, id.eye_height) - 0.004);
    CHECK(nose < depth_at(id, 0, id.mouth_height - 0.004) - 0.004);
    double const line = depth_at(id, 0, id.mouth_height);
    CHECK(depth_at(id, 0, id.mouth_height - 0.75 * id.upper_lip - 0.001) < line);
    CHECK(depth_at(id, 0, id.mouth_height + 0.65 * id.lower_lip + 0.001) < line);
    double const below = id.mouth_height + id.lower_lip, chin = synthetic::head_middle_y + id.down - below;
    CHECK(face_relief(id, 0, below + 0.64 * chin) > face_relief(id, 0, below + 0.30 * chin) + 0.002);
  }
}

TEST_CASE("a face is nearly, not quite, symmetric") {
  for (std::uint64_t k = 0; k < 50; ++k) {
    auto const id = synthetic_identity(Seed{12}, k);
    double most = 0;
    for (double y = -0.06; y < 0.07; y += 0.002)
      for (double x = 0.001; x < 0.05; x += 0.002) most = std::max(most, std::abs(face_relief(id, x, y) - face_relief(id, -x, y)));
    CHECK(most > 1e-5);
    CHECK(most < 0.006);  // twice the asymmetry and a nose 1.4 mm off its line, of 20 mm
  }
}

TEST_CASE("a head keeps within 0.9 and 1.1, and is closed") {
  for (std::uint64_t k = 0; k < 100; ++k) {
    auto const id = synthetic_identity(Seed{13}, k);
    for (double theta = -3.1; theta < 3.15; theta += 0.1)
      for (double phi = 0; phi < 3.15; phi += 0.1) {
        auto const p = head_point(id, theta, std::min(phi, std::numbers::pi));
        REQUIRE(p.z > 0.915);
        REQUIRE(p.z < 1.1);
        REQUIRE(std::abs(p.x) < 0.095);
      }
    auto const left = head_point(id, -std::numbers::pi, 1.5), right = head_point(id, std::numbers::pi, 1.5);
    CHECK(std::abs(left.x - right.x) < 1e-12);  // rounding of sin(pi)
    CHECK(std::abs(left.z - right.z) < 1e-12);
  }
}
