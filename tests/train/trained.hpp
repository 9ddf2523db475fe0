#pragma once
#include <berl/nn/layer.hpp>
#include <berl/train/state.hpp>

#include <array>
#include <span>
#include <string>
#include <vector>

namespace berl::test {
/// What a state is taken of, without a network: a trained array of the backbone, one of the auxiliary networks, and a buffer.
struct Trained {
  using Scalar = float;
  struct States {
    float *values, *momentum, *m, *v;
    std::size_t recognition;
  };
  struct Parameters {
    struct {
      struct {
        char const* name = "curricularface";
      } layout;
    } head;
    Param<float, Shape<4>, Host> backbone;
    Param<float, Shape<2, 2>, Host> depth;
    Buffer<float, Shape<4>, Host> mean;
    void visit(auto&& f) { f(Path{"conv1.weight"}, backbone), f(Path{"ira.depth.weight"}, depth), f(Path{"bn1.running_mean"}, mean); }
  };
  std::array<float, 16> values{}, gradients{}, momentum{}, m{}, v{};
  std::array<float, 4> kept{};
  Parameters params;
  train::Stage at = train::Stage::recognition;
  struct Progress {
    long taken = 0, sgd_steps = 0, adam_steps = 0, all_steps = 0;
  } done;

  explicit Trained(float first) {
    params.backbone.place(values.data(), gradients.data());
    params.depth.place(values.data() + 8, gradients.data() + 8);
    params.mean.place(kept.data());
    for (auto* const part : {&values, &momentum, &m, &v})
      for (float& x : *part) x = first += 0.25f;
    for (float& x : kept) x = first += 0.25f;
  }
  Progress progress() const { return done; }
  void resume(Progress const& p) { done = p; }
  train::Stage stage() const { return at; }
  void fetch() {}
  void store() {}
  States states() { return {values.data(), momentum.data(), m.data(), v.data(), 8}; }
  Parameters& parameters() { return params; }
  std::vector<float> all() {
    std::vector<float> numbers;
    train::detail::visit_state(*this, [&](std::string const&, io::Extents const&, std::span<float> some) {
      numbers.insert(numbers.end(), some.begin(), some.end());
    });
    return numbers;
  }
};
}  // namespace berl::test
