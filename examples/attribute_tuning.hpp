#pragma once
#include <berl/data/attribute_pictures.hpp>    // AttributePictures
#include <berl/data/remembered.hpp>            // Remembered
#include <berl/data/selected.hpp>              // Selected
#include <berl/data/synthetic_attributes.hpp>  // synthetic_attribute_list
#include <berl/eval/attributes.hpp>            // attribute_accuracy
#include <berl/train/tap_session.hpp>          // run_tap, predict

#include <fmt/core.h>
#include <algorithm>  // max, min
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "networks/network.hpp"  // NetworkKind, AnyDataset

/// Fine-tuning for attributes, as the programs do it (he2022, Sec. 4.4).
namespace tuning {
namespace fs = std::filesystem;

/// Pictures and their attributes, in one order.
struct Data {
  AnyDataset pictures;
  berl::data::AttributeList list;
  std::shared_ptr<void const> owner{};  ///< of what `pictures` refers to

  /// The attributes that some picture has and some other has not: all forty of CelebA and LFWA, 25 of the synthetic world.
  std::vector<std::size_t> told() const {
    std::vector<std::size_t> found;
    for (std::size_t k = 0; k < 40; ++k) {
      std::size_t seen = 0;
      for (auto const& values : list.values) seen += values[k];
      if (seen > 0 && seen < list.size()) found.push_back(k);
    }
    return found;
  }
  /// The mean accuracy, over these, of who looks at no picture and always gives the more frequent answer of the test part.
  double blind() const {
    auto const tested = list.of(berl::data::AttributeSplit::test);
    auto const attributes = told();
    double right = 0;
    for (std::size_t const k : attributes) {
      std::size_t seen = 0;
      for (int const i : tested) seen += list.values[static_cast<std::size_t>(i)][k];
      right += static_cast<double>(std::max(seen, tested.size() - seen));
    }
    return right / static_cast<double>(tested.size() * attributes.size());
  }
};

/// CelebA's folder: its lists, and pictures in img_align_celeba or img_celeba with the landmarks of these, if there are any.
inline Data open_celeba(fs::path const& folder) {
  bool const aligned = fs::exists(folder / "img_align_celeba");
  auto const landmarks = folder / (aligned ? "list_landmarks_align_celeba.txt" : "list_landmarks_celeba.txt");
  auto list = berl::data::read_celeba((folder / "list_attr_celeba.txt").string(), (folder / "list_eval_partition.txt").string());
  std::optional<berl::data::LandmarkTable> points;
  if (fs::exists(landmarks)) points = berl::data::read_celeba_landmarks(landmarks.string());
  return {AnyDataset(berl::data::AttributePictures((folder / (aligned ? "img_align_celeba" : "img_celeba")).string(), list, points)), list};
}
/// LFWA's text; pictures in `folder`, or in images/ beside the text.
inline Data open_lfwa(fs::path const& text, std::string const& folder, std::string const& landmarks) {
  auto list = berl::data::read_lfwa(text.string());
  std::optional<berl::data::LandmarkTable> points;
  if (!landmarks.empty()) points = berl::data::read_landmarks(landmarks);
  auto const pictures = folder.empty() ? (text.parent_path() / "images").string() : folder;
  return {AnyDataset(berl::data::AttributePictures(pictures, list, points)), list};
}
/// The synthetic world, whose pictures are kept once they were drawn.
inline Data open_synthetic(berl::data::SyntheticWorld const& world, int test_people) {
  auto const faces = std::make_shared<berl::data::SyntheticFaces const>(world);
  return {AnyDataset(berl::data::Remembered<berl::data::SyntheticFaces>(*faces)), berl::data::synthetic_attribute_list(*faces, test_people),
          faces};
}

struct Options {
  TapHead head = TapHead::attributes;
  double epochs = 60, rate = 0.01;
  int batch = 40, threads = 1;
  long log_every = 10;
};
struct Outcome {
  double mean = 0;                    ///< over the attributes that are told
  std::vector<double> per_attribute;  ///< all forty
  std::vector<float> logits;          ///< (pictures of the test part in the list's order, 40)
  int pictures = 0;                   ///< labelled
  double loss = 0, seconds = 0;       ///< of the last steps; of everything
};

/// Trains with the labels of a part of the training pictures, drawn by the seed, and tries all test pictures. A batch is no larger than
/// that part. `start` has the trunk's weights, or is null.
///   errors  as run_tap
inline Outcome tune(NetworkKind const& kind, Data const& data, double fraction, std::uint64_t seed, berl::io::SafeTensors const* start,
                    Options const& o, std::string const& name, berl::train::Metrics& metrics, berl::train::Console& console,
                    fs::path const& save = {}) {
  using namespace berl;
  double const began = train::now();
  auto const labelled = data::label_fraction(data.list.of(data::AttributeSplit::train), fraction, Seed{seed});
  auto const tested = data.list.of(data::AttributeSplit::test);
  if (labelled.size() < 2)
    throw Error("--fractions", fmt::format("{} of {} pictures", fraction, data.list.of(data::AttributeSplit::train).size()),
                "two pictures at least", "Give larger parts, or more pictures.");
  auto const network =
      kind.tap(o.head, {.batch = std::min(o.batch, static_cast<int>(labelled.size())), .seed = seed, .threads = o.threads});
  if (start != nullptr) network->load_trunk(*start);
  auto const target = [&](int i, std::span<float> row) {
    auto const& values = data.list.values[static_cast<std::size_t>(labelled[static_cast<std::size_t>(i)])];
    for (std::size_t k = 0; k < 40; ++k) row[k] = values[k] ? 1.f : 0.f;
  };
  auto const last =
      train::run_tap(*network, data::Selected(data.pictures, labelled), target,
                     {.name = name, .epochs = o.epochs, .rate = o.rate, .seed = seed, .log_every = o.log_every}, metrics, console);
  auto logits = train::predict(*network, data::Selected(data.pictures, tested));
  std::vector<std::uint8_t> labels;
  for (int const i : tested)
    for (std::size_t k = 0; k < 40; ++k) labels.push_back(data.list.values[static_cast<std::size_t>(i)][k]);
  Outcome outcome{.per_attribute = eval::attribute_accuracy(logits, labels, 40).per_attribute,
                  .logits = std::move(logits),
                  .pictures = static_cast<int>(labelled.size()),
                  .loss = last.loss};
  auto const told = data.told();
  for (std::size_t const k : told) outcome.mean += outcome.per_attribute[k] / static_cast<double>(told.size());
  if (!save.empty()) network->save(save, {.network = std::string(kind.name)});
  outcome.seconds = train::now() - began;
  return outcome;
}

/// "0.2%", as the tables of the paper have it.
inline std::string percent(double fraction) { return fmt::format("{:.6g}%", 100 * fraction); }
}  // namespace tuning
