#include <berl/model.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

// The whole graph, in a loop of one's own.
using Model = berl::Model<berl::networks::IResNet18, berl::losses::CurricularFace>;

struct Batch {  // of one's own too
  berl::Tensor<float, Model::Input> images;
  std::vector<int> labels;
};

int main() {
  berl::train::Trainer<Model, berl::Host> trainer{{.identities = 4, .batch = 2, .seed = 1}};
  Batch batch{berl::Tensor<float, Model::Input>(2), {1, 3}};
  for (std::size_t i = 0; i < batch.images.size(); ++i) batch.images[i] = std::sin(0.001F * static_cast<float>(i));

  for (int step = 0; step < 2; ++step) {
    auto const losses = trainer.step(batch);
    std::printf("step %d: recognition %.4f, reconstruction %.4f, total %.4f\n", step, losses.fr, losses.recon, losses.total);
    if (!(losses.fr > 0 && losses.recon > 0 && std::isfinite(losses.total))) return 1;
  }
}
