#pragma once
#include <berl/cuda/team.hpp>

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#pragma nv_diag_suppress 20013, 20015  // bodies that tests hand to functions for both devices are the host's alone

namespace berl::gpu {
/// Threads of the host as a team, so that what a block of the GPU does is tested where there is none.
template <int members>
struct Crew {
  static constexpr int size = members;
  BERL_FN static int rank() { NV_IF_ELSE_TARGET(NV_IS_HOST, (return member;), (return 0;)) }
  BERL_FN static void sync() { NV_IF_TARGET(NV_IS_HOST, (all.arrive_and_wait();)) }
  BERL_FN static void raise(unsigned long long& to, unsigned long long v) { NV_IF_TARGET(NV_IS_HOST, (raise_on_host(to, v);)) }
  template <class T, int n>
  BERL_FN static void sum(T (&v)[n]) {
    NV_IF_TARGET(NV_IS_HOST, (sum_on_host(v);))
  }
  /// body(), by every member.
  template <class Body>
  static void work(Body const& body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < members; ++i)
      threads.emplace_back([&body, i] {
        member = i;
        body();
      });
    for (auto& thread : threads) thread.join();
  }

 private:
  static void raise_on_host(unsigned long long& to, unsigned long long v) {
    std::atomic_ref<unsigned long long> at(to);
    for (unsigned long long now = at; now < v && !at.compare_exchange_weak(now, v);) {
    }
  }
  template <class T, int n>
  static void sum_on_host(T (&v)[n]) {
    for (int i = 0; i < n; ++i) {
      terms[member] = static_cast<double>(v[i]);
      all.arrive_and_wait();
      T sum = 0;
      for (double const term : terms) sum += static_cast<T>(term);
      all.arrive_and_wait();
      v[i] = sum;
    }
  }
  inline static thread_local int member = 0;
  inline static std::barrier<> all{members};
  inline static double terms[members];
};

}  // namespace berl::gpu
