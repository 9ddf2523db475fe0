#include "../compare.hpp"
#include "../crew.hpp"

#include <berl/cuda/losses/head_pass.hpp>
#include <berl/losses/arc_face.hpp>
#include <berl/losses/curricular_face.hpp>
#include <berl/losses/mag_face.hpp>
#include <berl/losses/npc_face.hpp>
#include <berl/losses/softmax.hpp>

#include <vector>

using namespace berl;
using namespace berl::gpu;

namespace {
constexpr double unset = std::numeric_limits<double>::quiet_NaN();
using Sum = SumOfExponentials<double>;
double log_of(Sum const& s) { return s.top + std::log(s.sum); }

/// A pass's table with memory of its own.
struct Table {
  std::vector<std::vector<double>> memory;
  HeadTable<double> m;
  Table(int samples, int classes, int D)
      : m(HeadTable<double>::place(samples, classes, D, losses::layout_of(losses::MagFace{}),
                                   [&]<class V>(V, std::size_t n) { return memory.emplace_back(n, unset).data(); })) {}
};
}  // namespace

TEST_CASE("exponentials are summed without overflow, in parts too, and NaN stays") {
  double const expected = 1000 + std::log(1 + std::exp(-1.0) + std::exp(-2.0) + std::exp(-3.0));
  Sum s, other;
  s.add<3>({998, 1000, no_logit});  // which is none
  CHECK(s.top == 1000);
  s.add<2>({997, 999});
  CHECK(log_of(s) == doctest::Approx(expected).epsilon(1e-14));
  Sum left, right;
  left.near = 0.1, right.near = 0.4;
  left.add<2>({997, 998});
  right.add<2>({1000, 999});
  left.join(right);
  CHECK(log_of(left) == doctest::Approx(expected).epsilon(1e-14));
  CHECK(left.near == 0.4);
  Sum const before = left;
  left.join(Sum{});  // nothing
  CHECK((left.sum == before.sum && left.top == before.top && left.near == before.near));
  other.add<2>({1, unset});
  CHECK(std::isnan(other.sum));
  left.join(other);
  CHECK(std::isnan(log_of(left)));
  CHECK((clamped(2.0) == 1 && clamped(-2.0) == -1 && clamped(0.5) == 0.5 && std::isnan(clamped(unset))));
}

TEST_CASE_TEMPLATE("lengths and cosines of embeddings and classes", Team, Solo, Crew<5>) {
  Table const t(3, 2, 2);
  double const f[] = {0, 2, 3, 0, 1, 1}, w[] = {3, 4, 0, 0};
  int const labels[] = {0, 2, -1};
  double numbers[] = {0.25, -std::numeric_limits<double>::infinity()};
  HeadGiven<double> const given{labels, 0, nullptr, numbers, nullptr};
  double lengths[2], affine[2];
  work<Team>([&](Team team) {
    for (int i = 0; i < 3; ++i) embed_sample(team, t.m, losses::ArcFace{}, given, i, f + 2 * i, w, 2);
    for (int j = 0; j < 2; ++j) {
      double const inverse = inverse_length<losses::ArcFace>(team, given, j, w, 2);
      if (Team::rank() == 0) lengths[j] = inverse;
    }
  });
  CHECK(t.m.inverse_f[0] == 0.5);
  CHECK((t.m.u[0] == 0 && t.m.u[1] == 1 && t.m.u[2] == 1 && t.m.u[3] == 0));
  CHECK(t.m.g[0] == doctest::Approx(0.8).epsilon(1e-15));
  CHECK(std::isnan(t.m.g[1]));  // there is no class 2
  CHECK(std::isnan(t.m.g[2]));
  CHECK(lengths[0] == doctest::Approx(0.2).epsilon(1e-15));
  CHECK(std::isnan(lengths[1]));  // no direction
  work<Team>([&](Team team) {
    for (int i = 0; i < 3; ++i) embed_sample(team, t.m, losses::Softmax{}, given, i, f + 2 * i, w, 2);
    for (int j = 0; j < 2; ++j) {
      double const one = inverse_length<losses::Softmax>(team, given, j, w, 2);
      if (Team::rank() == 0) affine[j] = one;
    }
  });
  CHECK((t.m.u[0] == 0 && t.m.u[1] == 2 && t.m.inverse_f[0] == 1 && t.m.g[0] == 8.25));  // f w + a
  CHECK((std::isnan(t.m.g[1]) && std::isnan(t.m.g[2])));
  CHECK((affine[0] == 1 && std::isnan(affine[1])));  // whose number is no number
  work<Team>([&](Team team) { embed_sample(team, t.m, losses::NpcFace{}, given, 0, f, w, 2); });
  CHECK(t.m.bound[0] == doctest::Approx(losses::NpcFace{}.bound(0.8)).epsilon(1e-14));
}

TEST_CASE_TEMPLATE("t moves a hundredth of the way to the mean cosine, in training alone", Team, Solo, Crew<5>) {
  Table const t(3, 2, 2);
  t.m.g[0] = 0.9, t.m.g[1] = 0.3, t.m.g[2] = 0.6;  // spec 4.1: t = 0.01 mean + 0.99 t
  double trained = 0.2, kept = 0.2;
  work<Team>([&](Team team) {
    aim(team, t.m, losses::CurricularFace{}, HeadGiven<double>{nullptr, 0, &trained, nullptr, nullptr}, true);
    aim(team, t.m, losses::CurricularFace{}, HeadGiven<double>{nullptr, 0, &kept, nullptr, nullptr}, false);
  });
  CHECK(trained == doctest::Approx(0.01 * 0.6 + 0.99 * 0.2).epsilon(1e-14));
  CHECK(kept == 0.2);
  double const margin = 64 * std::cos(std::acos(0.9) + 0.5);  // s cos(theta + m)
  CHECK(t.m.logit[0] == doctest::Approx(margin).epsilon(1e-12));
}

TEST_CASE_TEMPLATE("loss and accuracy are means, and what is along an embedding has no gradient", Team, Solo, Crew<5>) {
  Table const t(4, 2, 2);
  for (int i = 0; i < 4; ++i) t.m.loss[i] = i, t.m.right[i] = i % 2;
  t.m.u[0] = 0.6, t.m.u[1] = 0.8, t.m.inverse_f[0] = 0.5;
  t.m.du[0] = 3, t.m.du[1] = 4;  // 5 u
  t.m.u[2] = 1, t.m.u[3] = 0, t.m.inverse_f[1] = 2;
  t.m.du[2] = 7, t.m.du[3] = 3;
  double result[2];
  Tensor<double, Shape<2>> df(2);
  work<Team>([&](Team team) {
    mean_of_samples(team, t.m, losses::ArcFace{}, HeadGiven<double>{}, result);
    for (int i = 0; i < 2; ++i) pull_sample<losses::ArcFace>(team, t.m, i, 2, df.write());
  });
  CHECK((result[0] == 1.5 && result[1] == 0.5));
  CHECK(df[0] == doctest::Approx(0).scale(1));
  CHECK(df[1] == doctest::Approx(0).scale(1));
  CHECK((df[2] == 0 && df[3] == 6));
  double const along[] = {2, 3}, inverse[] = {0.5, 0.1};
  AcrossClass<double> const across{along, inverse, 2};
  CHECK(across(1, 10.0) == -5);                                    // -2 x 0.25 x 10
  CHECK(across(2, 10.0) == doctest::Approx(-0.3).epsilon(1e-14));  // class 1
}

TEST_CASE_TEMPLATE("other classes are summed group by group, the own and the hidden ones told apart", Team, Solo, Crew<5>) {
  constexpr int C = 300;  // in two groups
  Table const t(2, C, 2);
  CHECK(t.m.groups == 2);
  int const labels[] = {0, 7};
  HeadGiven<double> const given{labels, 0.5, nullptr, nullptr, nullptr};
  for (int j = 0; j < C; ++j) {
    t.m.inverse_w[j] = 2;
    for (int i = 0; i < 2; ++i) t.m.table[j * t.m.stride + i] = 0.5 * (j < 250 ? 0.25 : 0.75);  // the last 50 are above the filter
  }
  struct Count {
    BERL_FN losses::Gathered<double> operator()(HeadTable<double> const&, int, double c, bool hidden, double) const {
      return {c, hidden ? 1.0 : 0.0};
    }
  };
  std::vector<losses::Gathered<double>> shared(head_threads);
  work<Team>([&](Team team) {
    for (int group = 0; group < 2; ++group, Team::sync())
      gather_classes<losses::ArcFace>(team, t.m, given, Count{}, group, 0, shared.data());
  });
  for (int i = 0; i < 2; ++i) {
    CHECK(t.m.gathered[i] + t.m.gathered[t.m.stride + i] == 249 * 0.25);
    CHECK(t.m.counts[i] + t.m.counts[t.m.stride + i] == 50);
  }
  CHECK(t.m.counts[0] == 0);  // the first group's classes are all below
}
