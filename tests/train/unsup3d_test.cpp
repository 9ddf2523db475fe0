#include <berl/model.hpp>
#include <berl/train/unsup3d.hpp>

#include <doctest/doctest.h>

#include <golden.hpp>
#include <string>

using namespace berl;

namespace {
using Published = Model<train::Unsup3d<64, 4>, losses::CurricularFace, train::Unsup3dNetworks<>>;
constexpr int N = 2, S = 64;

/// The published names of the five networks, whose arrays follow as here.
std::string published(std::string const& name) {
  for (auto const& [here, there] : {std::pair{"ira.depth.", "netD."},
                                    {"ira.albedo.", "netA."},
                                    {"iia.view.", "netV."},
                                    {"iia.light.", "netL."},
                                    {"confidence.", "netC."}})
    if (name.starts_with(here)) return there + name.substr(std::string(here).size());
  return {};
}
template <class Maps>
double error_of(test::Golden const& golden, std::string const& name, Maps const& maps) {
  return golden.compare(name, std::span<double const>(maps.data(), maps.size())).relative_l2;
}
}  // namespace

TEST_CASE("a training step of Unsup3D, with mirrored faces and confidence, agrees with the published code in double") {
  test::Golden const golden("unsup3d_full");
  train::Options<losses::CurricularFace> options{.identities = 2, .batch = N, .threads = 2};
  options.imaging.z_translation_range = golden.param<double>("z_translation_range");
  options.flip = golden.param<double>("lam_flip");
  options.confidence = true;
  train::Trainer<Published, Host, double> trainer(options);
  auto& params = trainer.parameters();
  auto const visit = [&](auto const& f) { params.visit_auxiliary(f), params.visit_confidence(f); };
  visit([&](Path const& path, auto& array) {
    auto const values = golden.values<double>(published(path.text));
    REQUIRE(values.size() == array.read().size());
    std::copy(values.begin(), values.end(), array.value());
  });
  Tensor<double, Published::Input> image(N);
  auto const given = golden.values<double>("in/image");
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = given[i] * 2 - 1;

  trainer.begin(train::Stage::reconstruction, optim::Constant{}, optim::Constant{});
  auto const losses = trainer.differentiate(image.read(), std::vector<int>{0, 1});
  CHECK(losses.recon == doctest::Approx(golden.number("loss_total")).epsilon(1e-9));
  CHECK(losses.total == losses.recon);

  // values: stored as double to 1e-9 of their size, as float32 to 1e-6
  auto const& a = trainer.activations();
  auto const& rendering = trainer.rendering();
  CHECK(error_of(golden, "canon_depth", a.depth) < 1e-6);
  CHECK(error_of(golden, "canon_albedo", a.albedo) < 1e-9);
  CHECK(error_of(golden, "canon_im", rendering.canonical) < 1e-9);
  CHECK(error_of(golden, "recon_depth", rendering.depth) < 1e-6);
  Tensor<double, Shape<3, S, S>> shown(2 * N);  // the published run stores the picture under both masks
  for (int n = 0; n < 2 * N; ++n)
    for (int i = 0; i < 3 * S * S; ++i) shown.write().sample(n)[i] = rendering.image.sample(n)[i] * a.mask.sample(n % N)[i % (S * S)];
  CHECK(error_of(golden, "recon_im", shown.read()) < 1e-6);

  int compared = 0;
  visit([&](Path const& path, auto& array) {
    std::string const name = "grad." + published(path.text);
    if (!golden.contains(name)) return;
    double const error = golden.compare(name, std::span<double const>(array.gradient(), array.read().size())).relative_l2;
    CHECK_MESSAGE(error < 1e-8, name);  // the two computations differ by rounding alone, some 1e-13 after forty layers
    ++compared;
  });
  CHECK(compared == 113);  // all 114 filled arrays but the features' layer, which this loss does not reach
}
