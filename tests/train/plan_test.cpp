#include <doctest/doctest.h>

#include <berl/model.hpp>

using namespace berl;
using R100 = Model<networks::IResNet100>;

// the memory of a step is a constant, and the paper's step fits into 40 GiB
static_assert(R100::step_bytes({.identities = 85'742, .batch = 200}) < 40 * GiB);
static_assert(R100::backbone_parameters == 65'156'160 && R100::backbone_macs == 12'089'606'144);
static_assert(R100::auxiliary_parameters == 30'221'056 && R100::auxiliary_macs == 1'935'673'856);

TEST_CASE("states take values, gradients and one moment of the backbone and head, and two of the auxiliary networks") {
  using States = train::States<R100, float>;
  // class weights alone: a class more adds values, gradients and momentum of 512 floats
  CHECK(States::bytes(101) - States::bytes(100) == 3 * 512 * sizeof(float));
  // at least what the parameters need: 3 copies of backbone and classes, 4 of the auxiliary networks
  auto const parameters = static_cast<std::size_t>(3 * (R100::backbone_parameters + 512 * 100) + 4 * R100::auxiliary_parameters) * sizeof(float);
  CHECK(States::bytes(100) >= parameters);
  CHECK(States::bytes(100) < parameters + parameters / 100);  // padding and running statistics are less than one hundredth
}

TEST_CASE("a step takes no more scratch than was planned, and nearly all of it") {
  using Small = Model<networks::IResNet<2, 2, 2, 2, 4, 112, 16>, losses::CurricularFace, networks::Bypass<16, 4, 4>>;
  train::Trainer<Small, Host> trainer({.identities = 3, .batch = 4, .threads = 2, .flip = 0.5});
  trainer.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
  Tensor<float, Shape<3, 112, 112>> const x(4, 0.1f);
  std::vector<int> const labels{0, 1, 2, 0};
  trainer.step(x.read(), labels);  // Arena throws when the plan is too small
  auto const& scratch = trainer.context().scratch;
  CHECK(scratch.peak() <= scratch.bytes());
  CHECK(scratch.peak() > scratch.bytes() / 2);  // the bound of the largest operation is not far from what it takes
}
