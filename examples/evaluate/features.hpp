#pragma once
#include <berl/data/augment.hpp>    // flip
#include <berl/io/safetensors.hpp>  // SafeTensors

#include "networks/network.hpp"  // Network
#include "pictures.hpp"          // Progress

/// Embeddings, from a network or from a file.
namespace evaluate {
struct Features {
  std::size_t size = 0;                ///< numbers in an embedding
  std::vector<float> plain, mirrored;  ///< (rows, size); mirrored is empty without flip fusion
  std::size_t rows() const { return size == 0 ? 0 : plain.size() / size; }
  /// What is compared: the sum of both, where there are two.
  std::vector<float> fused() const {
    auto sum = plain;
    for (std::size_t i = 0; i < mirrored.size(); ++i) sum[i] += mirrored[i];
    return sum;
  }
};

/// `embeddings` and, with flip fusion, `mirrored` of a .safetensors: a row for each of `rows` pictures, whose order is `order`.
///   errors  Error: another file, another number of rows, no `mirrored` where it is wanted
inline Features read_features(std::string const& path, std::size_t rows, bool flip, std::string const& order) {
  auto const file = berl::io::SafeTensors::read(path);
  Features f;
  auto const read = [&](char const* name) {
    auto const& shape = file.shape(name);
    if (shape.size() != 2 || shape[0] != static_cast<std::int64_t>(rows) || shape[1] < 1)
      throw berl::Error(path + ", array '" + name + "'", "shape " + berl::io::to_text(shape),
                        fmt::format("[{}, numbers]: a row for each picture, in the order of {}", rows, order),
                        "Give the embeddings of this very set.");
    f.size = static_cast<std::size_t>(shape[1]);
    return file.get<float>(name);
  };
  f.plain = read("embeddings");
  if (!flip) return f;
  if (!file.contains("mirrored"))
    throw berl::Error(path, "no array 'mirrored'", "the embeddings of the mirrored pictures too",
                      "Give --no-flip where `embeddings` are to be compared as they are.");
  f.mirrored = read("mirrored");
  if (f.mirrored.size() != f.plain.size())
    throw berl::Error(path, "arrays 'embeddings' and 'mirrored' of two sizes", "one size", "Write the file once more.");
  return f;
}
/// The same form; `same`, where there is any, says of each pair of rows whether it is one person.
inline void write_features(std::filesystem::path const& path, Features const& f, std::string const& network,
                           std::span<std::uint8_t const> same = {}) {
  berl::io::SafeTensorsWriter writer;
  berl::io::Extents const shape{static_cast<std::int64_t>(f.rows()), static_cast<std::int64_t>(f.size)};
  writer.add("embeddings", shape, std::span<float const>(f.plain));
  if (!f.mirrored.empty()) writer.add("mirrored", shape, std::span<float const>(f.mirrored));
  if (!same.empty()) writer.add("same", {static_cast<std::int64_t>(same.size())}, same);
  writer.metadata("network", network);
  writer.write(path);
}

/// Embeds the pictures load(0), load(1), ..., a few at a time.
template <class Load>
Features embed_all(Network const& network, std::size_t pictures, bool flip, Load const& load) {
  constexpr std::size_t batch = 32;
  Progress progress(pictures);
  Features f;
  auto const append = [&](std::vector<float>& to, std::span<berl::io::Image const> some) {
    for (auto const& e : network.embed(some)) {
      f.size = e.size();
      to.reserve(pictures * f.size);
      to.insert(to.end(), e.begin(), e.end());
    }
  };
  for (std::size_t first = 0; first < pictures; first += batch) {
    std::vector<berl::io::Image> some;
    for (std::size_t i = first; i < std::min(first + batch, pictures); ++i) some.push_back(load(i));
    append(f.plain, some);
    if (flip) {
      for (auto& picture : some) berl::data::flip(picture);
      append(f.mirrored, some);
    }
    progress.at(std::min(first + batch, pictures));
  }
  return f;
}
}  // namespace evaluate
