#include <doctest/doctest.h>
#include <signal.h>        // SIGXFSZ
#include <sys/resource.h>  // setrlimit
#include <sys/wait.h>      // waitpid
#include <unistd.h>        // fork

#include <berl/io/atomic_file.hpp>
#include <io/scratch_folder.hpp>
#include <vector>

using namespace berl::io;
using berl::test::message_of, berl::test::ScratchFolder, berl::test::slurp, berl::test::spit;

namespace {
/// No file may grow beyond `bytes` while this lives: writing stops as on a full disk.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &old_limit_);
    old_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    rlimit const limit{bytes, old_limit_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  SmallDisk(SmallDisk const&) = delete;
  SmallDisk& operator=(SmallDisk const&) = delete;
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    ::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int) = nullptr;
};
}  // namespace

TEST_CASE("atomic_file: nothing is visible before commit, all is after") {
  ScratchFolder const dir;
  {
    AtomicFile file(dir / "a");
    file.write("one ");
    file.write("two");
    CHECK_FALSE(std::filesystem::exists(dir / "a"));
    file.commit();
  }
  CHECK(slurp(dir / "a") == "one two");
  CHECK(dir.files() == 1);
  {
    AtomicFile file(dir / "a");
    file.write("lost");
  }  // no commit
  CHECK(slurp(dir / "a") == "one two");
  CHECK(dir.files() == 1);
}

TEST_CASE("atomic_file: the previous file is kept on request, one generation of it") {
  ScratchFolder const dir;
  write_file(dir / "a", "1", Previous::Keep);
  CHECK_FALSE(std::filesystem::exists(dir / "a.previous"));
  write_file(dir / "a", "2", Previous::Keep);
  write_file(dir / "a", "3", Previous::Keep);
  CHECK(slurp(dir / "a") == "3");
  CHECK(slurp(dir / "a.previous") == "2");
  write_file(dir / "a", "4");
  CHECK(slurp(dir / "a") == "4");
  CHECK(slurp(dir / "a.previous") == "2");
  CHECK(dir.files() == 2);
}

TEST_CASE("atomic_file: a full disk is one error and leaves the old file") {
  ScratchFolder const dir;
  write_file(dir / "a", "old");
  std::string const big(100'000, 'x');
  std::string text;
  {
    SmallDisk const full(4096);
    text = message_of<berl::Error>([&] { write_file(dir / "a", big, Previous::Keep); });
  }
  CHECK(text.find((dir / "a").string()) == 0);
  CHECK(text.find("writing stopped (") != std::string::npos);
  CHECK(text.find("The old file is unchanged") != std::string::npos);
  CHECK(slurp(dir / "a") == "old");
  CHECK(dir.files() == 1);
}

TEST_CASE("atomic_file: a folder that is missing, a name that is a folder, the current folder") {
  ScratchFolder const dir;
  CHECK(message_of<berl::Error>([&] { AtomicFile(dir / "no/such/file"); }).find("No such file or directory") != std::string::npos);
  CHECK(message_of<berl::Error>([&] { AtomicFile(dir.path()); }).find("a folder of that name") != std::string::npos);
  auto const before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  write_file("plain", "name");
  std::filesystem::current_path(before);
  CHECK(slurp(dir / "plain") == "name");
}

TEST_CASE("atomic_file: what a killed writer left is overwritten, a living writer is respected") {
  ScratchFolder const dir;
  spit(dir / "a.partial", std::string(1000, 'z'));
  write_file(dir / "a", "short");
  CHECK(slurp(dir / "a") == "short");
  AtomicFile mine(dir / "a");
  mine.write("mine");
  CHECK(message_of<berl::Error>([&] { write_file(dir / "a", "yours"); }).find("another process") != std::string::npos);
  mine.commit();
  CHECK(slurp(dir / "a") == "mine");
}

TEST_CASE("atomic_file: a symbolic link stays one, its target is replaced") {
  ScratchFolder const dir;
  spit(dir / "target", "old");
  std::filesystem::create_symlink("target", dir / "name");
  write_file(dir / "name", "new");
  CHECK(std::filesystem::is_symlink(dir / "name"));
  CHECK(slurp(dir / "target") == "new");
}

TEST_CASE("atomic_file: killed at any moment, a reader finds a whole file") {
  ScratchFolder const dir;
  std::string const old(50'000, 'o'), fresh(50'000, 'f');
  write_file(dir / "a", old);
  for (int delay = 0; delay < 20; ++delay) {
    pid_t const child = ::fork();
    if (child == 0) {
      for (;;) write_file(dir / "a", fresh, Previous::Keep);
    }
    ::usleep(static_cast<useconds_t>(300 * delay));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::string const now = slurp(dir / "a");
    CHECK((now == old || now == fresh));
  }
  CHECK_NOTHROW(write_file(dir / "a", old));
  CHECK(slurp(dir / "a") == old);
}
