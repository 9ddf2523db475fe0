#pragma once
#include <cstddef>  // size_t
#include <cstdlib>  // calloc, free
#include <cstring>  // memcpy
#include <memory>   // unique_ptr, align
#include <new>      // bad_alloc
#include <stdexcept>
#include <string>
#include <utility>  // exchange

namespace berl {
inline constexpr std::size_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

/// Every block starts on a cache line, which is also the widest vector.
inline constexpr std::size_t alignment = 64;

/// n elements of T, rounded up so that the next block starts aligned.
template <class T>
constexpr std::size_t padded(std::size_t n) {
  constexpr std::size_t step = alignment / sizeof(T);
  return (n + step - 1) / step * step;
}

/// Where memory comes from and where it goes back to, in blocks of zeros that start at multiples of `alignment`.
struct Memory {
  std::byte* (*allocate)(std::size_t bytes);
  void (*free)(std::byte* block) noexcept;
};
/// What is never written takes no memory: large blocks of zeros are pages that the system gives when they are touched.
///   errors  std::bad_alloc
inline constexpr Memory host_memory{[](std::size_t bytes) {
                                      constexpr std::size_t more = 2 * alignment;  // room for where it really begins, just in front
                                      void* given = bytes + more > bytes ? std::calloc(bytes + more, 1) : nullptr;
                                      if (given == nullptr) throw std::bad_alloc();
                                      void* block = static_cast<std::byte*>(given) + sizeof(void*);
                                      std::size_t room = bytes + more - sizeof(void*);
                                      std::align(alignment, bytes, block, room);
                                      std::memcpy(static_cast<std::byte*>(block) - sizeof(void*), &given, sizeof(void*));
                                      return static_cast<std::byte*>(block);
                                    },
                                    [](std::byte* block) noexcept {
                                      if (block == nullptr) return;
                                      void* given;
                                      std::memcpy(&given, block - sizeof(void*), sizeof(void*));
                                      std::free(given);
                                    }};

/// One block, allocated once, from which blocks are taken and to whose marks one returns. What is taken for the first time is zeros, unless
/// the block is lent.
///   errors  std::logic_error, when more is taken than was planned: the plan is wrong, not the caller
class Arena {
 public:
  Arena() = default;
  explicit Arena(std::size_t bytes, Memory const& memory = host_memory)
      : data_(bytes > 0 ? memory.allocate(bytes) : nullptr, Free(memory)),
        bytes_(bytes) {}
  /// Over a block that somebody else owns, and that starts at a multiple of `alignment`.
  Arena(std::byte* lent, std::size_t bytes) : data_(lent, Free({nullptr, [](std::byte*) noexcept {}})), bytes_(bytes) {}
  Arena(Arena&& from) noexcept { *this = std::move(from); }
  Arena& operator=(Arena&& from) noexcept {
    data_ = std::move(from.data_);
    bytes_ = std::exchange(from.bytes_, 0);
    used_ = std::exchange(from.used_, 0);
    peak_ = std::exchange(from.peak_, 0);
    return *this;
  }

  template <class T>
  T* take(std::size_t n) {
    std::size_t const bytes = padded<T>(n) * sizeof(T);
    if (bytes > bytes_ - used_)
      throw std::logic_error("berl::Arena: " + std::to_string(bytes) + " bytes asked for, " + std::to_string(bytes_ - used_) + " of " +
                             std::to_string(bytes_) +
                             " left. Give the context an Arena of the bytes that the operation's or the network's scratch() says."
                             " If it has them, scratch() says less than is taken.");
    T* const block = reinterpret_cast<T*>(data_.get() + used_);
    used_ += bytes;
    if (used_ > peak_) peak_ = used_;
    return block;
  }
  std::size_t mark() const { return used_; }
  void release(std::size_t mark) { used_ = mark; }
  std::size_t bytes() const { return bytes_; }
  std::size_t peak() const { return peak_; }  ///< most bytes ever in use

 private:
  struct Free {
    void (*free)(std::byte* block) noexcept;
    Free() : free(host_memory.free) {}
    explicit Free(Memory const& memory) : free(memory.free) {}
    void operator()(std::byte* block) const { free(block); }
  };

  std::unique_ptr<std::byte, Free> data_;
  std::size_t bytes_ = 0, used_ = 0, peak_ = 0;
};

/// Returns an arena to where it was when the scope began.
class Scope {
 public:
  explicit Scope(Arena& arena) : arena_(arena), mark_(arena.mark()) {}
  ~Scope() { arena_.release(mark_); }
  Scope(Scope const&) = delete;
  Scope& operator=(Scope const&) = delete;

 private:
  Arena& arena_;
  std::size_t mark_;
};
}  // namespace berl
