#pragma once
#include <berl/core/arena.hpp>   // padded
#include <berl/core/device.hpp>  // Context
#include <berl/core/shape.hpp>   // block_of

#include <algorithm>  // fill_n, max, min
#include <atomic>     // atomic_ref
#include <cstddef>    // ptrdiff_t, size_t

namespace berl::host {
/// Who reads the runs of a batch (the channels of one block of one picture, nn/runs.hpp), each once, as soon as it is whole: the thread
/// that has written the last of it calls, and has it in its cache.
struct RunReader {
  void (*read)(void const* who, std::ptrdiff_t run) = nullptr;
  void const* who = nullptr;
  explicit operator bool() const { return read != nullptr; }
  void operator()(std::ptrdiff_t run) const { read(who, run); }
};

namespace detail {
/// Counts what is yet to come of each run of a batch of maps, and calls the reader of a run when nothing is. Without a reader it does
/// nothing. `parts` are whatever a picture's maps come in, such as pixels; a part may come for some of a block's channels alone.
class RunsLeft {
 public:
  /// Takes bytes() of scratch, where there is a reader.
  RunsLeft(Context<Host>& ctx, int batch, int channels, int parts, RunReader const& reader)
      : reader_(reader),
        block_(block_of(channels)),
        blocks_(channels / block_) {
    if (!reader_) return;
    std::size_t const runs = static_cast<std::size_t>(batch) * static_cast<std::size_t>(blocks_);
    left_ = ctx.scratch.take<int>(runs);
    std::fill_n(left_, runs, parts * block_);
  }
  static constexpr std::size_t bytes(int batch, int channels) {
    return sizeof(int) * padded<int>(static_cast<std::size_t>(batch) * static_cast<std::size_t>(channels / block_of(channels)));
  }
  /// `parts` of picture n are there, in the channels [first, last).
  void less(std::ptrdiff_t n, int first, int last, int parts) const {
    if (!reader_ || parts == 0) return;
    for (int block = first / block_; block * block_ < last; ++block) {
      std::ptrdiff_t const run = n * blocks_ + block;
      int const gone = parts * (std::min(last, (block + 1) * block_) - std::max(first, block * block_));
      if (std::atomic_ref<int>(left_[run]).fetch_sub(gone, std::memory_order_acq_rel) == gone) reader_(run);
    }
  }

 private:
  RunReader reader_;
  int block_, blocks_;
  int* left_ = nullptr;
};
}  // namespace detail
}  // namespace berl::host
