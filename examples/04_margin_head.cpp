// 4. A margin head in one's own network.
//
// A network is a named list of layers, a margin head a function of one cosine (losses/head.hpp says what else it may be). Below, both are
// written out, as one's own would be: a small network learns to tell eight synthetic people apart under CosFace (wang2018).
#include <berl/core/tensor.hpp>
#include <berl/data/synthetic_face.hpp>
#include <berl/losses/margin_head.hpp>
#include <berl/networks/initialise.hpp>
#include <berl/nn/conv2d.hpp>
#include <berl/nn/linear.hpp>
#include <berl/nn/norm.hpp>
#include <berl/nn/prelu.hpp>
#include <berl/nn/sequential.hpp>
#include <berl/nn/state.hpp>
#include <berl/optim/sgd.hpp>

#include <algorithm>
#include <cstdio>

using namespace berl;

// clang-format off
struct Network : nn::Sequential<nn::Conv2d<3, 16, 5, 4>, nn::BatchNorm<16>, nn::PReLU<16>,   // 28 x 28
                                nn::Conv2d<16, 32, 3, 2>, nn::BatchNorm<32>, nn::PReLU<32>,  // 14 x 14
                                nn::Conv2d<32, 64, 3, 2>, nn::BatchNorm<64>, nn::PReLU<64>,  // 7 x 7
                                nn::Linear<64 * 7 * 7, 64>, nn::BatchNorm<64>> {};
using Input = Shape<3, 112, 112>;
using Embedding = nn::OutputOf<Network, Input>;

struct CosFace {  // z_y = s (g - m) for the own class with the cosine g; for the others z_j = s c_j, which needs no words
  double scale = 16, margin = 0.2;

  template <class T> losses::Target<T> target(T g) const { return {T(scale) * (g - T(margin)), T(scale), g}; }  // z_y, dz_y/dg
};
// clang-format on
static_assert(losses::MarginHead<CosFace>);

int main() {
  constexpr int people = 8, each = 32, all = people * each, batch = 32, steps = 150;
  Tensor<float, Input> train(all), test(all);
  std::vector<int> labels;
  data::SyntheticFaces const known({.identities = people, .pictures_per_identity = each});
  data::SyntheticFaces const other({.identities = people, .pictures_per_identity = each, .first_picture = each});  // of the same people
  for (int i = 0; i < all; ++i) {
    int const mixed = i % people * each + i / people;  // every batch shows all people
    io::to_network(known.load(mixed), train.write().sample(i));
    io::to_network(other.load(mixed), test.write().sample(i));
    labels.push_back(known.label(mixed));
  }

  nn::Weights<Network> weights;
  networks::initialise_backbone<float>(weights.params, Seed{1});
  Tensor<float, Shape<nn::SizesOf<Network>::block>> momentum;
  Tensor<float, Embedding> classes(people), d_classes(people), class_momentum(people), embedding(all), d_embedding(batch);
  Tensor<float, Shape<1>> kept(static_cast<int>(nn::kept<Network, float, Input>(batch)));
  Context<Host> ctx{1, Arena(std::max(nn::scratch<Network, float, Input>(all, 1), losses::scratch_bytes<float, Embedding>(all, people)))};
  losses::initialize(ctx, CosFace{}, classes.write(), {}, Seed{2});  // {}: this head keeps nothing between steps

  auto const accuracy = [&] {  // per cent of the new pictures
    nn::forward<Network, Inference>(ctx, weights.params, test.read(), embedding.write(), Forget{});
    return 100 * losses::forward(ctx, CosFace{}, embedding.read(), labels, classes.read(), {}).accuracy;
  };
  double const before = accuracy();
  optim::Sgd const sgd{.rate = 0.02};
  for (int step = 1; step <= steps; ++step) {
    int const first = step * batch % all;
    Read<float, Input, Host> const x(train.read().sample(first), batch);
    Write<float, Embedding, Host> const f(embedding.write().data(), batch);
    Pass<float> const pass(kept.span().data(), 0, static_cast<std::uint64_t>(step));
    weights.clear_gradients();
    std::fill(d_classes.span().begin(), d_classes.span().end(), 0.0f);
    nn::forward<Network, Training>(ctx, weights.params, x, f, pass);
    auto const result =
        losses::forward_backward(ctx, CosFace{}, f.read(), std::span(labels).subspan(static_cast<std::size_t>(first), batch),
                                 classes.read(), d_classes.add(), d_embedding.write(), {});
    nn::backward<Network, Training>(ctx, weights.params, x, d_embedding.read(), Skip<float, Input, Host>(), pass);
    sgd.step(ctx, weights.values(), weights.gradients(), momentum.span(), sgd.rate, sgd.weight_decay, step);
    sgd.step(ctx, classes.span(), std::span<float const>(d_classes.span()), class_momentum.span(), sgd.rate, sgd.weight_decay, step);
    if (step % 50 == 0) std::printf("step %3d: loss %.3f\n", step, result.loss);
  }
  std::printf("new pictures of the same people: %.0f %% recognised, %.0f %% before training\n", accuracy(), before);
  return accuracy() > 60 ? 0 : 1;
}
