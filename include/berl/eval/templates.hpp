#pragma once
#include <berl/core/error.hpp>    // Error
#include <berl/core/threads.hpp>  // parallel_for
#include <berl/host/product.hpp>  // dot

#include <algorithm>  // sort, lower_bound
#include <cmath>      // sqrt, isfinite
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <tuple>  // tuple
#include <vector>

/// Templates: several pictures and frames of one person, compared as one (maze2018).
namespace berl::eval {
/// media: faces of one medium (the frames of a film) are averaged first, then the media are added up (InsightFace's protocol).
/// plain: the mean of all faces.
enum class Aggregation { media, plain };

/// InsightFace's switches: F, N and D, all on in its main program.
struct TemplateOptions {
  bool flip = true;      ///< F: add the embedding of the mirrored face
  bool norm = true;      ///< N: keep the length of an embedding; off: bring each to length 1
  bool detector = true;  ///< D: multiply by the detector's score, after N
  Aggregation aggregation = Aggregation::media;
};

/// What is known of each face, one after the other. Media are compared inside a template only.
///   shapes  plain, mirrored: (faces, size); the others: (faces)
struct TemplateFaces {
  std::size_t size;                          ///< numbers in an embedding
  std::span<float const> plain, mirrored;    ///< mirrored: used where `flip` is on
  std::span<float const> detector;           ///< likewise `detector`
  std::span<int const> template_id, medium;  ///< medium: used by Aggregation::media
  std::span<std::uint8_t const> keep = {};   ///< 0: a face that is left out; empty: all are kept
};

/// One vector of length 1 for each template that has a face.
struct Templates {
  std::size_t size = 0;
  std::vector<int> ids;         ///< ascending
  std::vector<double> vectors;  ///< (ids, size)

  std::optional<std::size_t> find(int id) const {
    auto const at = std::lower_bound(ids.begin(), ids.end(), id);
    return at != ids.end() && *at == id ? std::optional(static_cast<std::size_t>(at - ids.begin())) : std::nullopt;
  }
  std::span<double const> vector(std::size_t k) const { return std::span(vectors).subspan(k * size, size); }
  /// errors  Error: a template without a face
  std::size_t place(int id) const {
    if (auto const k = find(id)) return *k;
    throw Error("berl::eval: template " + std::to_string(id), "no face of it", "one at least", "Give the list of faces of the same set.");
  }
};

namespace detail {
/// Brings a vector to length 1; false where that cannot be done.
inline bool to_unit(std::span<double> v) {
  double length = 0;
  for (double const x : v) length += x * x;
  length = std::sqrt(length);
  if (!(length > 0) || !std::isfinite(length)) return false;
  for (double& x : v) x /= length;
  return true;
}
/// e = f + f_flip, at length 1 or not, times the detector's score.
inline void face_vector(TemplateFaces const& faces, TemplateOptions const& options, std::size_t face, std::span<double> e) {
  for (std::size_t d = 0; d < faces.size; ++d) {
    std::size_t const i = face * faces.size + d;
    e[d] = static_cast<double>(faces.plain[i]) + (options.flip ? static_cast<double>(faces.mirrored[i]) : 0.0);
  }
  if (!options.norm && !to_unit(e))
    throw Error("berl::eval: face " + std::to_string(face), "an embedding that is zero or not finite", "numbers",
                "Look for the picture, or leave it out.");
  if (options.detector)
    for (double& x : e) x *= static_cast<double>(faces.detector[face]);
}
}  // namespace detail

/// The vectors of all templates: sum over media of the mean of their faces' e, or the mean of all e, at length 1.
///   errors  Error: a face or a template whose vector is zero or not finite
inline Templates template_vectors(TemplateFaces const& faces, TemplateOptions const& options = {}) {
  std::size_t const n = faces.template_id.size();
  bool const media = options.aggregation == Aggregation::media;
  if (faces.plain.size() != n * faces.size || (options.flip && faces.mirrored.size() != n * faces.size) ||
      (options.detector && faces.detector.size() != n) || (media && faces.medium.size() != n) ||
      !(faces.keep.empty() || faces.keep.size() == n))
    throw std::logic_error("berl::eval::template_vectors: there must be one of each for every face.");
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < n; ++i)
    if (faces.keep.empty() || faces.keep[i] != 0) order.push_back(i);
  auto const key = [&](std::size_t i) { return std::tuple(faces.template_id[i], media ? faces.medium[i] : 0, i); };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });

  Templates result{.size = faces.size, .ids = {}, .vectors = {}};
  std::vector<double> e(faces.size), mean(faces.size);
  for (std::size_t first = 0; first < order.size();) {
    int const id = faces.template_id[order[first]];
    std::vector<double> sum(faces.size);
    while (first < order.size() && faces.template_id[order[first]] == id) {  // a medium, or all faces
      std::size_t last = first;
      std::fill(mean.begin(), mean.end(), 0.0);
      for (; last < order.size() && faces.template_id[order[last]] == id &&
             (!media || faces.medium[order[last]] == faces.medium[order[first]]);
           ++last) {
        detail::face_vector(faces, options, order[last], e);
        for (std::size_t d = 0; d < e.size(); ++d) mean[d] += e[d];
      }
      for (std::size_t d = 0; d < e.size(); ++d) sum[d] += mean[d] / static_cast<double>(last - first);
      first = last;
    }
    if (!detail::to_unit(sum))
      throw Error("berl::eval: template " + std::to_string(id), "a vector that is zero or not finite", "numbers",
                  "Look for the picture whose embedding is zero or not finite.");
    result.ids.push_back(id);
    result.vectors.insert(result.vectors.end(), sum.begin(), sum.end());
  }
  return result;
}

/// Cosines of pairs of templates, in their order.
///   errors  Error: a template without a face
inline std::vector<double> pair_scores(Context<Host> const& ctx, Templates const& templates, std::span<int const> a,
                                       std::span<int const> b) {
  if (a.size() != b.size()) throw std::logic_error("berl::eval::pair_scores: a pair is two templates.");
  for (auto const& ids : {a, b})
    for (int const id : ids) templates.place(id);
  std::vector<double> scores(a.size());
  constexpr std::size_t block = 4096;
  parallel_for(ctx, static_cast<std::ptrdiff_t>((a.size() + block - 1) / block), [&](std::ptrdiff_t k) {
    std::size_t const first = static_cast<std::size_t>(k) * block;
    for (std::size_t i = first; i < std::min(first + block, a.size()); ++i)
      scores[i] = host::dot(templates.vector(*templates.find(a[i])).data(), templates.vector(*templates.find(b[i])).data(),
                            static_cast<int>(templates.size));
  });
  return scores;
}

/// The pairs whose templates both have a face, by their number: what is left of a protocol where faces are left out.
inline std::vector<std::size_t> surviving_pairs(Templates const& templates, std::span<int const> a, std::span<int const> b) {
  if (a.size() != b.size()) throw std::logic_error("berl::eval::surviving_pairs: a pair is two templates.");
  std::vector<std::size_t> pairs;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (templates.find(a[i]) && templates.find(b[i])) pairs.push_back(i);
  return pairs;
}
}  // namespace berl::eval
