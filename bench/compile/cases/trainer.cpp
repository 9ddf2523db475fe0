// budget: 60 s, 2000 MB
#include <berl/model.hpp>

#include <cstdio>
#include <vector>

// IResNet-100 with the bypass, and all three stages.
using Model = berl::Model<berl::networks::IResNet100, berl::losses::CurricularFace>;

int main() {
  berl::train::Trainer<Model, berl::Host> trainer{{.identities = 85'742, .batch = 200, .seed = 1}};
  berl::Tensor<float, Model::Input> const images(200);
  std::vector<int> const labels(200);
  auto const losses = trainer.step(images.read(), labels);
  std::printf("%g %g %g\n", losses.fr, losses.recon, losses.total);
}
