#include <doctest/doctest.h>

#include <berl/losses/adaptive_face.hpp>
#include <berl/model.hpp>

using namespace berl;
using R100 = Model<networks::IResNet100>;

// the memory of a step is a constant, and the paper's step fits into 40 GiB
static_assert(R100::step_bytes({.identities = 85'742, .batch = 200}) < 40 * GiB);
static_assert(R100::backbone_parameters == 65'156'160 && R100::backbone_macs == 12'089'606'144);
static_assert(R100::confidence_parameters ==
              nn::SizesOf<networks::ConfidenceNet<>::Trunk>::parameters + nn::SizesOf<networks::ConfidenceNet<>::Pixels>::parameters);
static_assert(R100::auxiliary_parameters == 30'221'056 && R100::auxiliary_macs == 1'935'673'856);

TEST_CASE("states take values, gradients and one moment of the backbone and head, and two of the auxiliary networks") {
  using States = train::States<R100, float>;
  // class weights alone: a class more adds values, gradients and momentum of 512 floats
  CHECK(States::bytes(101) - States::bytes(100) == 3 * 512 * sizeof(float));
  // at least what the parameters need: 3 copies of backbone and classes, 4 of the auxiliary networks
  auto const parameters =
      static_cast<std::size_t>(3 * (R100::backbone_parameters + 512 * 100) + 4 * R100::auxiliary_parameters) * sizeof(float);
  CHECK(States::bytes(100) >= parameters);
  CHECK(States::bytes(100) < parameters + parameters / 100);  // padding and running statistics are less than one hundredth
}

namespace {
using Small = Model<networks::IResNet<2, 2, 2, 2, 4, 112, 16>, losses::CurricularFace, networks::Bypass<16, 4, 4>>;
constexpr train::Sizes without{.identities = 3, .batch = 4, .threads = 2, .flip = true};
constexpr train::Sizes with{.identities = 3, .batch = 4, .threads = 2, .flip = true, .confidence = true};

using Confidence = Small::Auxiliary::Confidence;
constexpr std::size_t states = 4 * nn::SizesOf<Confidence>::block * sizeof(float);  // values, gradients, two moments; no buffers
constexpr std::size_t maps =
    (nn::kept<Confidence, float, Shape<3, 64, 64>>(4) + 2 * 4 * 2 * 64 * 64) * sizeof(float);  // sigma and its gradient
static_assert(train::States<Small, float>::bytes(3, true) - train::States<Small, float>::bytes(3) == states);
static_assert(train::Activations<Small, float, Host>::bytes(with) - train::Activations<Small, float, Host>::bytes(without) == maps);
static_assert(Small::step_bytes(with) - Small::step_bytes(without) ==
              states + maps + train::scratch_bytes<Small, float>(with) - train::scratch_bytes<Small, float>(without));
using Adaptive = Model<networks::IResNet<2, 2, 2, 2, 4, 112, 16>, losses::AdaptiveFace, networks::Bypass<16, 4, 4>>;
static_assert(train::States<Adaptive, float>::bytes(3, false, losses::layout_of(losses::AdaptiveFace{})) >
              train::States<Adaptive, float>::bytes(3));
constexpr train::Sizes many{.identities = 1000, .batch = 4, .head = losses::layout_of(losses::AdaptiveFace{})};
static_assert(Adaptive::step_bytes({.identities = 1000, .batch = 4}) ==
              train::step_bytes<Adaptive, float>(many));  // its learnt margins too
}  // namespace

TEST_CASE("what is planned is what is taken, with and without confidence") {
  for (auto const& sizes : {without, with}) {
    using States = train::States<Small, float>;
    using Activations = train::Activations<Small, float, Host>;
    Arena arena(States::bytes(sizes.identities, sizes.confidence) + Activations::bytes(sizes));
    States const s(arena, sizes.identities, sizes.confidence);
    CHECK(arena.mark() == States::bytes(sizes.identities, sizes.confidence));
    Activations const a(arena, sizes);
    CHECK(arena.mark() == arena.bytes());
    CHECK(a.confidence.batch() == (sizes.confidence ? 4 : 0));

    train::Parameters<Small, float, Host> params;
    params.place(s, sizes.identities);
    std::int64_t parameters = 0;
    params.visit_confidence([&](Path const& path, auto& array) {
      CHECK(path.text.starts_with("confidence."));
      parameters += static_cast<std::int64_t>(array.read().size());
      CHECK(array.value() >= s.values + s.recognition);  // after all others, in the block of Adam
      CHECK(array.value() + array.read().size() <= s.values + s.recognition + s.auxiliary);
    });
    CHECK(parameters == (sizes.confidence ? Small::confidence_parameters : 0));
  }
}

TEST_CASE("a step takes no more scratch than was planned, and nearly all of it") {
  for (bool const confidence : {false, true}) {
    train::Trainer<Small, Host> trainer(
        {.identities = 3, .batch = 4, .threads = 2, .flip = 0.5, .confidence = confidence, .smoothness = confidence ? 0.01 : 0});
    trainer.begin(train::Stage::joint, optim::Constant{}, optim::Constant{});
    Tensor<float, Shape<3, 112, 112>> const x(4, 0.1f);
    std::vector<int> const labels{0, 1, 2, 0};
    trainer.step(x.read(), labels);  // Arena throws when the plan is too small
    auto const& scratch = trainer.context().scratch;
    CHECK(scratch.peak() <= scratch.bytes());
    CHECK(scratch.peak() > scratch.bytes() / 2);  // the bound of the largest operation is not far from what it takes
  }
}
