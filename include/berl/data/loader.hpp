#pragma once
#include <berl/core/error.hpp>    // Error
#include <berl/core/random.hpp>   // permutation
#include <berl/core/tensor.hpp>   // Tensor
#include <berl/data/augment.hpp>  // augment
#include <berl/data/dataset.hpp>  // Dataset
#include <berl/io/image.hpp>      // to_network

#include <algorithm>  // max
#include <condition_variable>
#include <cstdint>
#include <exception>  // exception_ptr
#include <limits>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace berl::data {
struct LoaderOptions {
  int batch = 32;
  Seed seed{};
  int threads = 1;  ///< that read and decode; the batches are the same for any number
  int ahead = 2;    ///< batches prepared beside the one in use
  Augment augment{};
};

/// What one training step takes.
///   shapes  images: (N, 3, Size, Size); labels, indices: (N)
///   units   images in [-1, 1]
template <int Size = 112>
struct Batch {
  explicit Batch(int n) : images(n), labels(static_cast<std::size_t>(n)), indices(static_cast<std::size_t>(n)) {}
  std::uint64_t step = 0;
  Tensor<float, Shape<3, Size, Size>> images;
  std::vector<int> labels;
  std::vector<int> indices;  ///< of the pictures, in the dataset
};

/// Prepares batches in threads, ahead of their use. The pictures run through one epoch after the other, each in an order of its own,
/// and every step takes the next `batch` of them: a batch may end one epoch and begin the next, each picture comes once in each
/// epoch, and a dataset may be smaller than a batch. What a batch holds follows from (seed, step) alone, not from the threads nor
/// from where one began: seek(step) goes on exactly as if there had been no break.
///   keeps   the dataset, which must outlive the loader, and ahead + 1 batches of memory, allocated once
///   errors  Error, when the dataset is empty or an option is below 1; next() throws what the reading of a picture threw, in the step
///           where the picture belongs (of several the first), and the call after that gives the next step
/// For one consumer: next() and seek() are called from one thread.
template <Dataset D, int Size = 112>
class Loader {
 public:
  using Options = LoaderOptions;

  Loader(D const& dataset, Options options) : dataset_(dataset), options_(options) {
    require(dataset.size(), "pictures in the dataset", "Give pictures to train on.");
    require(options.batch, "pictures in a batch", "Set `batch` to 1 or more.");
    require(options.threads, "threads", "Set `threads` to 1 or more.");
    require(options.ahead, "batches ahead", "Set `ahead` to 1 or more.");
    order_.resize(static_cast<std::size_t>(dataset.size()));
    slots_.reserve(static_cast<std::size_t>(options.ahead) + 1);
    for (int i = 0; i <= options.ahead; ++i) slots_.emplace_back(options.batch);
    for (int i = 0; i < options.threads; ++i) workers_.emplace_back([this](std::stop_token stop) { work(stop); });
  }
  Loader(Loader const&) = delete;
  Loader& operator=(Loader const&) = delete;

  /// The next step's batch, valid until the next call of next() or seek().
  Batch<Size> const& next() {
    std::unique_lock lock(mutex_);
    if (in_use_) release();
    Slot& slot = slot_of(oldest_);
    in_use_ = true;
    finished_.wait(lock, [&] { return slot.done == options_.batch; });
    if (slot.error) std::rethrow_exception(slot.error);
    slot.batch.step = oldest_;
    return slot.batch;
  }

  /// for (auto const& batch : loader): what next() gives, without end.
  struct End {};
  class Iterator {
   public:
    explicit Iterator(Loader& loader) : loader_(&loader), batch_(&loader.next()) {}
    Batch<Size> const& operator*() const { return *batch_; }
    Iterator& operator++() {
      batch_ = &loader_->next();
      return *this;
    }
    bool operator==(End) const { return false; }

   private:
    Loader* loader_;
    Batch<Size> const* batch_;
  };
  Iterator begin() { return Iterator(*this); }
  End end() const { return {}; }

  /// Goes to a step: the following next() gives its batch.
  void seek(std::uint64_t step) {
    std::unique_lock lock(mutex_);
    paused_ = true;
    finished_.wait(lock, [&] { return working_ == 0; });
    for (Slot& slot : slots_) slot.clear();
    oldest_ = step;
    in_use_ = false;
    ticket_ = step * static_cast<std::uint64_t>(options_.batch);
    paused_ = false;
    wanted_.notify_all();
  }

  /// The step that next() gives.
  std::uint64_t step() const { return oldest_ + (in_use_ ? 1 : 0); }
  /// Steps until every picture was seen once, rounded up.
  std::uint64_t steps_per_epoch() const {
    auto const n = static_cast<std::uint64_t>(options_.batch);
    return (order_.size() + n - 1) / n;
  }
  /// The pictures of a batch's indices, for messages.
  std::vector<std::string> names(std::span<int const> indices) const {
    std::vector<std::string> names;
    for (int const i : indices) names.push_back(dataset_.name(i));
    return names;
  }

 private:
  struct Slot {
    explicit Slot(int n) : batch(n) {}
    void clear() { done = 0, error = nullptr, error_at = std::numeric_limits<int>::max(); }
    Batch<Size> batch;
    int done = 0;  ///< pictures ready, or failed
    std::exception_ptr error;
    int error_at = std::numeric_limits<int>::max();  ///< the place of the picture that failed
  };

  static void require(int value, char const* what, char const* remedy) {
    if (value < 1) throw Error("berl::data::Loader", std::to_string(value) + " " + what, "at least 1", remedy);
  }
  Slot& slot_of(std::uint64_t step) { return slots_[static_cast<std::size_t>(step % slots_.size())]; }

  void release() {
    slot_of(oldest_).clear();
    ++oldest_;
    wanted_.notify_all();
  }

  /// Tickets are pictures, in the order of their use: ticket / batch is the step, ticket % batch the place in it.
  void work(std::stop_token stop) {
    auto const n = static_cast<std::uint64_t>(options_.batch);
    std::unique_lock lock(mutex_);
    for (;;) {
      if (!wanted_.wait(lock, stop, [&] { return !paused_ && ticket_ / n < oldest_ + slots_.size(); })) return;
      std::uint64_t const ticket = ticket_++, step = ticket / n;
      int const place = static_cast<int>(ticket % n), index = index_of(ticket);
      Slot& slot = slot_of(step);
      ++working_;
      lock.unlock();
      std::exception_ptr const error = prepare(slot.batch, step, place, index);
      lock.lock();
      --working_;
      ++slot.done;
      if (error && place < slot.error_at) slot.error = error, slot.error_at = place;
      if (slot.done == options_.batch || paused_) finished_.notify_all();
      if (stop.stop_requested()) return;
    }
  }

  /// The picture of a ticket; the order of its epoch is computed when the first one asks.
  int index_of(std::uint64_t ticket) {
    std::uint64_t const epoch = ticket / order_.size();
    if (epoch != epoch_) permutation(std::span(order_), options_.seed, epoch);
    epoch_ = epoch;
    return order_[static_cast<std::size_t>(ticket % order_.size())];
  }

  std::exception_ptr prepare(Batch<Size>& batch, std::uint64_t step, int place, int index) const {
    try {
      io::Image picture = dataset_.load(index);
      if (picture.width != Size || picture.height != Size || picture.channels != 3)
        throw Error(dataset_.name(index),
                    std::to_string(picture.width) + " x " + std::to_string(picture.height) + " x " + std::to_string(picture.channels),
                    std::to_string(Size) + " x " + std::to_string(Size) + " x 3", "Make the dataset with the side of the network.");
      augment(picture, options_.augment, options_.seed, step, static_cast<std::uint64_t>(place));
      io::to_network(picture, batch.images.write().sample(place));
      batch.labels[static_cast<std::size_t>(place)] = dataset_.label(index);
      batch.indices[static_cast<std::size_t>(place)] = index;
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  D const& dataset_;
  Options const options_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;  // a ticket may be taken
  std::condition_variable finished_;    // a batch is ready, or the workers rest
  std::vector<Slot> slots_;             // step s lives in slot s % (ahead + 1)
  std::vector<int> order_;              // of the epoch
  std::uint64_t epoch_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t ticket_ = 0;  // the next to be taken
  std::uint64_t oldest_ = 0;  // the step whose slot is used or waited for
  bool in_use_ = false;       // the consumer has it
  bool paused_ = false;
  int working_ = 0;                    // threads at a picture
  std::vector<std::jthread> workers_;  // last: they stop before anything goes
};
}  // namespace berl::data
