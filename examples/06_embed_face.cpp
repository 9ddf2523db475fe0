// 6. Embedding a face.
//
// A model is trained for some seconds, saved, and loaded as a backbone alone: what explained the pictures during training is gone,
// and costs nothing. The cosine of two embeddings says whether two pictures show one person, here people it has never seen.
//   06_embed_face [model.safetensors]   writes the model there
#include <berl/data/synthetic_face.hpp>
#include <berl/eval/verification.hpp>
#include <berl/io/face.hpp>
#include <berl/model.hpp>

#include <cstdio>
#include <filesystem>

using namespace berl;

struct Tiny : networks::IResNet<2, 2, 2, 2, 8, 112, 64> {};  // IResNet-18 at an eighth of its width, embeddings of 64 numbers
using Face3d = Model<Tiny, losses::CurricularFace>;

struct Batch {
  Tensor<float, Face3d::Input> images;
  std::vector<int> labels;
};

int main(int count, char** arguments) {
  constexpr int people = 24, each = 8, steps = 32;
  std::filesystem::path const file = count > 1 ? arguments[1] : (std::filesystem::temp_directory_path() / "berl_06_embed_face.safetensors");

  train::Trainer<Face3d> trainer({.identities = people, .batch = people, .seed = 1, .threads = 2, .head = {.scale = 16, .margin = 0.2}});
  trainer.begin(train::Stage::recognition, optim::Constant{.rate = 0.02}, optim::Constant{.rate = 0});
  data::SyntheticFaces const known({.identities = people, .pictures_per_identity = each});
  std::vector<Batch> batches;
  for (int k = 0; k < each; ++k) {  // one picture of everybody
    auto& batch = batches.emplace_back(Batch{Tensor<float, Face3d::Input>(people), {}});
    for (int i = 0; i < people; ++i) {
      io::to_network(known.load(i * each + k), batch.images.write().sample(i));
      batch.labels.push_back(i);
    }
  }
  for (int step = 1; step <= steps; ++step) {
    auto const losses = trainer.step(batches[static_cast<std::size_t>(step % each)]);
    if (step % 8 == 0) std::printf("step %2d: loss %.3f\n", step, losses.fr);
  }
  io::save_model(file, trainer.parameters(), {.network = "tiny", .identities = people, .step = steps});

  auto const face = load<Tiny>(file);
  data::SyntheticFaces const strangers(
      {.identities = 12, .pictures_per_identity = 2, .first_identity = 1000, .options = {.occluder_probability = 0}});
  std::vector<std::vector<float>> e;
  for (int i = 0; i < strangers.size(); ++i) e.push_back(face.embed(strangers.load(i)));

  double same = 0, different = 0, pairs = 0, others = 0;
  for (std::size_t i = 0; i < e.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      double const cosine = eval::cosine(eval::squared_distance<float>(e[i], e[j]));
      i / 2 == j / 2 ? (same += cosine, pairs += 1) : (different += cosine, others += 1);
    }
  std::printf("%s holds a backbone of %.1f MB\n", file.c_str(), static_cast<double>(4 * Face3d::backbone_parameters) / 1e6);
  std::printf("strangers: two pictures of one person are alike by %.2f, of two people by %.2f (cosine)\n", same / pairs,
              different / others);
  if (count == 1) std::filesystem::remove(file);
  return same / pairs > different / others ? 0 : 1;
}
