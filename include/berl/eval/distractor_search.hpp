#pragma once
#include <berl/core/error.hpp>       // Error
#include <berl/core/threads.hpp>     // parallel_for
#include <berl/eval/similarity.hpp>  // Largest
#include <berl/host/product.hpp>     // add_product

#include <algorithm>  // min, max, fill, max_element
#include <cmath>      // sqrt, isfinite
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>  // logic_error
#include <string>
#include <utility>  // exchange
#include <vector>

namespace berl::eval {
struct DistractorSearchOptions {
  std::size_t ranks = 1;      ///< how many of the best scores are kept for each probe
  std::size_t impostors = 0;  ///< how many of the best scores of all are kept, for rates of false accepts
};

/// The best scores of many probes among any number of distractors, of which a few are in memory at a time.
///   DistractorSearch search(ctx, probes, 512);
///   while (more()) search.add(next_rows()), progress(search.distractors());
/// Vectors are brought to length 1; a distractor of zeros is left out. The results have the same bits for any number of threads and any
/// blocks of rows; memory is that of the probes, of 4 MB and of what is kept.
///   errors  Error: a probe of zeros, a number that is not finite
class DistractorSearch {
 public:
  /// probes: (n, size)
  DistractorSearch(Context<Host> const& ctx, std::span<float const> probes, std::size_t size, DistractorSearchOptions options = {})
      : ctx_(ctx),
        size_(size),
        options_(options),
        probes_(probes.begin(), probes.end()) {
    if (size == 0 || probes.size() % size != 0 || options.ranks == 0)
      throw std::logic_error("berl::eval::DistractorSearch: probes are rows of `size` numbers, and one rank is kept at least.");
    for (std::size_t p = 0; p < this->probes(); ++p)
      if (double const length = length_of(probes_.data() + p * size); length > 0)
        for (std::size_t d = 0; d < size; ++d) probes_[p * size + d] = scaled(probes_[p * size + d], length);
      else
        throw Error("berl::eval: probe " + std::to_string(p), length == 0 ? "an embedding of zeros" : "numbers that are not finite",
                    "numbers", "Look for the picture, or leave it out.");
    best_.assign(this->probes() * options.ranks, -std::numeric_limits<float>::infinity());
    lanes_.assign(static_cast<std::size_t>(std::max(1, ctx.threads)), Lane{Largest<float>(options.impostors), {}});
    for (Lane& lane : lanes_) lane.scores.resize(rows * columns);
    block_.resize(size * columns);
  }

  /// rows: (any number, size)
  void add(std::span<float const> distractors) {
    if (distractors.size() % size_ != 0) throw std::logic_error("berl::eval::DistractorSearch: distractors are rows of `size` numbers.");
    std::size_t const n = distractors.size() / size_;
    std::size_t used = 0;
    for (std::size_t i = 0; i < n; ++i) {
      float const* const row = distractors.data() + i * size_;
      double const length = length_of(row);
      if (!(length >= 0))
        throw Error("berl::eval: distractor " + std::to_string(seen_), "numbers that are not finite", "numbers",
                    "Look for the picture, or leave it out.");
      ++seen_;
      if (length == 0) continue;
      for (std::size_t d = 0; d < size_; ++d) block_[d * columns + used] = scaled(row[d], length);
      if (++used == columns) compare(std::exchange(used, 0));
    }
    if (used > 0) compare(used);
  }

  std::size_t probes() const { return probes_.size() / size_; }
  /// Compared so far, and left out as zeros.
  std::size_t distractors() const { return compared_; }
  std::size_t left_out() const { return seen_ - compared_; }
  /// Number `rank` of the scores of a probe, from the best, which is 1; minus infinity where there are fewer distractors.
  float nth_best(std::size_t probe, std::size_t rank) const {
    if (rank == 0 || rank > options_.ranks) throw std::logic_error("berl::eval::DistractorSearch: only `ranks` scores are kept.");
    return best_[probe * options_.ranks + rank - 1];
  }
  DistractorSearchOptions const& options() const { return options_; }
  /// The scalar product of two probes.
  float between(std::size_t a, std::size_t b) const {
    return host::dot(probes_.data() + a * size_, probes_.data() + b * size_, static_cast<int>(size_));
  }
  /// The best of all scores, from the largest, as many as `impostors` says or as there are.
  std::vector<float> best_impostors() const {
    Largest<float> all(options_.impostors);
    for (Lane const& lane : lanes_)
      for (float const s : lane.impostors.sorted()) all.add(s);
    return all.sorted();
  }

 private:
  static constexpr std::size_t rows = 128, columns = 1024;  // of a tile of scores
  struct Lane {
    Largest<float> impostors;
    std::vector<float> scores;  // (rows, columns)
  };

  double length_of(float const* v) const {
    double sum = 0;
    for (std::size_t d = 0; d < size_; ++d) sum += static_cast<double>(v[d]) * static_cast<double>(v[d]);
    return std::isfinite(sum) ? std::sqrt(sum) : -1;
  }
  static float scaled(float v, double length) { return static_cast<float>(static_cast<double>(v) / length); }

  /// All probes with the first n columns of the block. A thread takes every so-manieth piece of the probes; whose lane keeps a score
  /// does not change which ones are kept in the end.
  void compare(std::size_t n) {
    std::size_t const pieces = (probes() + rows - 1) / rows;
    parallel_for(ctx_, static_cast<std::ptrdiff_t>(lanes_.size()), [&](std::ptrdiff_t t) {
      Lane& lane = lanes_[static_cast<std::size_t>(t)];
      for (std::size_t piece = static_cast<std::size_t>(t); piece < pieces; piece += lanes_.size()) {
        std::size_t const first = piece * rows, count = std::min(rows, probes() - first);
        std::fill(lane.scores.begin(), lane.scores.end(), 0.f);
        host::add_product(host::Strided<float>{probes_.data() + first * size_, static_cast<std::ptrdiff_t>(size_), 1},
                          static_cast<int>(count), block_.data(), std::ptrdiff_t{columns}, static_cast<int>(size_), static_cast<int>(n),
                          lane.scores.data(), std::ptrdiff_t{columns});
        for (std::size_t r = 0; r < count; ++r) keep_best(first + r, std::span(lane.scores).subspan(r * columns, n), lane.impostors);
      }
    });
    compared_ += n;
  }
  void keep_best(std::size_t probe, std::span<float const> scores, Largest<float>& impostors) {
    float* const best = best_.data() + probe * options_.ranks;
    float const most = largest(scores);
    if (most > best[options_.ranks - 1])
      for (float const s : scores) insert(best, s);
    if (impostors.wants(most))
      for (float const s : scores) impostors.add(s);
  }
  void insert(float* best, float score) const {
    std::size_t k = options_.ranks;
    for (; k > 0 && score > best[k - 1]; --k)
      if (k < options_.ranks) best[k] = best[k - 1];
    if (k < options_.ranks) best[k] = score;
  }
  static float largest(std::span<float const> values) {
    constexpr std::size_t L = 16;
    float most[L];
    std::fill(std::begin(most), std::end(most), values[0]);
    std::size_t i = 0;
    for (; i + L <= values.size(); i += L)
      for (std::size_t l = 0; l < L; ++l) most[l] = values[i + l] > most[l] ? values[i + l] : most[l];
    for (; i < values.size(); ++i) most[0] = std::max(most[0], values[i]);
    return *std::max_element(std::begin(most), std::end(most));
  }

  Context<Host> const& ctx_;
  std::size_t size_;
  DistractorSearchOptions options_;
  std::vector<float> probes_;  // (n, size)
  std::vector<float> best_;    // (n, ranks), from the largest
  std::vector<Lane> lanes_;
  std::vector<float> block_;  // (size, columns)
  std::size_t seen_ = 0, compared_ = 0;
};
}  // namespace berl::eval
