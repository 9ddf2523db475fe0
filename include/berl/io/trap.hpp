#pragma once
#include <csetjmp>  // setjmp
#include <cstdio>   // snprintf

namespace berl::io::detail {
/// Where the C libraries' error handlers jump back to, and what they said.
struct Trap {
  std::jmp_buf jump;
  char message[256] = "";

  [[noreturn]] void spring(char const* text) {
    std::snprintf(message, sizeof message, "%s", text);
    std::longjmp(jump, 1);
  }
  /// body(), false where it was left by spring(). Its own variables must not need destruction: longjmp skips that.
  template <class Body>
  bool runs(Body const& body) {
    if (setjmp(jump) != 0) return false;
    body();
    return true;
  }
};
}  // namespace berl::io::detail
