#pragma once
#include <fcntl.h>     // open
#include <sys/file.h>  // flock
#include <sys/stat.h>  // fstat
#include <unistd.h>    // write, fsync, close

#include <berl/core/error.hpp>  // Error
#include <cerrno>               // errno
#include <cstddef>              // byte
#include <cstdio>               // rename
#include <cstring>              // strerror
#include <filesystem>           // path
#include <span>                 // span
#include <string>               // string
#include <string_view>          // string_view

namespace berl::io {
/// What becomes of the file that is replaced.
enum class Previous { Drop, Keep };

/// A file that appears whole or not at all: written as NAME.partial in the same folder, synced, renamed over NAME.
/// Whatever stops it (a full disk, an exception, a power cut) leaves the old file as it was. A NAME.partial left by a kill is
/// overwritten by the next writer; two writers at a time are an error. Previous::Keep keeps the old file as NAME.previous.
///   AtomicFile file("model.safetensors"); file.write(bytes); file.commit();
/// errors  berl::Error with the system's reason, when opening, writing, syncing or renaming fails
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path const& path, Previous previous = Previous::Drop)
      : path_(std::filesystem::is_symlink(path) ? std::filesystem::weakly_canonical(path) : path),
        partial_(path_.string() + ".partial"),
        previous_(previous) {
    if (std::filesystem::is_directory(path_)) {
      throw Error(path_.string(), "a folder of that name", "a file that may be written", "Give the name of a file.");
    }
    open_locked();
    if (::ftruncate(file_, 0) != 0) fail("it cannot be emptied");
  }
  AtomicFile(AtomicFile const&) = delete;
  AtomicFile& operator=(AtomicFile const&) = delete;
  ~AtomicFile() { discard(); }

  void write(std::span<std::byte const> bytes) {
    while (!bytes.empty()) {
      ssize_t const n = ::write(file_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("writing stopped");
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Makes the new file durable and visible. Nothing may be written afterwards.
  void commit() {
    if (::fsync(file_) != 0 && errno != EINVAL) fail("syncing failed");  // EINVAL: this file system cannot sync
    if (previous_ == Previous::Keep && std::filesystem::exists(path_)) keep_previous();
    if (std::rename(partial_.c_str(), path_.c_str()) != 0) fail("renaming failed");
    ::close(file_);  // the lock goes with it, after the rename
    file_ = -1;
    sync_folder();
  }

 private:
  /// Another writer may rename the file away between open and flock: then the name is opened again.
  void open_locked() {
    for (;;) {
      file_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
      if (file_ < 0) fail("it cannot be created");
      if (::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        ::close(file_);
        file_ = -1;
        throw Error(partial_, "another process writing it", "one writer at a time", "Wait for the other process, or write elsewhere.");
      }
      struct stat open_one {
      }, named{};
      if (::fstat(file_, &open_one) == 0 && ::stat(partial_.c_str(), &named) == 0 && open_one.st_ino == named.st_ino) return;
      ::close(file_);
    }
  }
  /// A second name for the old file, so that there is a file NAME at every moment; where links are unknown, it is moved.
  void keep_previous() {
    std::string const kept = path_.string() + ".previous", fresh = kept + ".partial";
    ::unlink(fresh.c_str());
    bool const linked = ::link(path_.c_str(), fresh.c_str()) == 0;
    if (std::rename(linked ? fresh.c_str() : path_.c_str(), kept.c_str()) != 0) fail("the previous file cannot be kept");
  }
  void sync_folder() const {
    std::string const folder = path_.has_parent_path() ? path_.parent_path().string() : ".";
    int const handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return;  // a folder that may be written but not read: the file itself is synced
    ::fsync(handle);
    ::close(handle);
  }
  [[noreturn]] void fail(std::string const& what) {
    std::string const reason = std::strerror(errno);
    discard();
    throw Error(path_.string(), what + " (" + reason + ")", "a folder that exists, may be written and has room",
                "The old file is unchanged; make room or give another folder.");
  }
  void discard() noexcept {
    if (file_ < 0) return;
    ::unlink(partial_.c_str());
    ::close(file_);
    file_ = -1;
  }

  std::filesystem::path path_;
  std::string partial_;
  Previous previous_;
  int file_ = -1;
};

/// The whole of a file in one call.
inline void write_file(std::filesystem::path const& path, std::span<std::byte const> bytes, Previous previous = Previous::Drop) {
  AtomicFile file(path, previous);
  file.write(bytes);
  file.commit();
}
inline void write_file(std::filesystem::path const& path, std::string_view text, Previous previous = Previous::Drop) {
  write_file(path, std::as_bytes(std::span(text.data(), text.size())), previous);
}
}  // namespace berl::io
