#pragma once
#include <atomic>
#include <csignal>

/// The signal that asked the program to stop, or 0.
inline std::atomic<int> stop = 0;

/// The first SIGINT or SIGTERM ends a training after the current step, saved; the second ends the program at once.
inline void stop_on_signals() {
  auto const ask = [](int signal) {
    stop = signal;
    std::signal(signal, SIG_DFL);
  };
  std::signal(SIGINT, ask);
  std::signal(SIGTERM, ask);
}
