// 5. The memory of a step as a constant.
//
// Shapes are types and the sizes of a training are few numbers, so the memory of a step is known before anything runs: parameters,
// gradients, moments, activations and scratch. A step takes none besides, and a training that would not fit does not compile.
#include <berl/model.hpp>

#include <cstdio>

using namespace berl;

template <class Backbone>
using Paper = Model<Backbone, losses::CurricularFace>;

constexpr train::Sizes paper{.identities = 85'742, .batch = 200};  // MS1MV2, he2022, Sec. 4.1
static_assert(Paper<networks::IResNet100>::step_bytes(paper) < 40 * GiB);

struct Quarter : networks::IResNet<2, 2, 2, 2, 16> {};  // IResNet-18 at a quarter of its width
constexpr train::Sizes laptop{.identities = 500, .batch = 32, .threads = 2};
static_assert(Paper<Quarter>::step_bytes(laptop) < 1 * GiB);

template <class Backbone>
void row(char const* name, train::Sizes const& sizes) {
  using M = Paper<Backbone>;
  using Maps = train::Activations<M, float, Host>;
  constexpr double gib = GiB, million = 1e6, billion = 1e9;
  double const states = static_cast<double>(train::States<M, float>::bytes(sizes.identities)) / gib;
  double const kept =
      static_cast<double>(Maps::bytes(sizes) + imaging::Rendering<float, 64>::bytes(Maps::drawn(sizes), sizes.supersampling)) / gib;
  double const all = static_cast<double>(M::step_bytes(sizes)) / gib;
  std::printf("%-16s %9.2f %9.2f %9.2f %9.2f %9.2f %9.2f %9.2f\n", name, static_cast<double>(M::backbone_parameters) / million,
              static_cast<double>(M::auxiliary_parameters) / million, static_cast<double>(M::backbone_macs + M::auxiliary_macs) / billion,
              states, kept, all - states - kept, all);
}

int main() {
  std::printf("%-16s %9s %9s %9s %9s %9s %9s %9s\n", "", "backbone", "auxiliary", "forward", "states", "kept", "scratch", "step");
  std::printf("%-16s %9s %9s %9s %9s %9s %9s %9s\n", "", "million", "million", "10^9 m-a", "GiB", "GiB", "GiB", "GiB");
  row<Quarter>("Quarter, 32", laptop);
  row<networks::IResNet18>("IResNet18, 200", paper);
  row<networks::IResNet34>("IResNet34, 200", paper);
  row<networks::IResNet50>("IResNet50, 200", paper);
  row<networks::IResNet100>("IResNet100, 200", paper);
  constexpr double most = static_cast<double>(Paper<networks::IResNet100>::step_bytes(paper)) / GiB;
  std::printf("the paper's step takes %.2f GiB, and this number is a constant of the program\n", most);
}
