#pragma once
#include <berl/core/tensor.hpp>
#include <berl/nn/sequential.hpp>
#include <berl/nn/state.hpp>

#include <algorithm>
#include <cmath>
#include <golden.hpp>
#include <string>
#include <vector>

namespace berl::test {
/// A batch as fixtures have it: row after row of plane after plane.
template <class T, class S>
std::vector<T> plain(Tensor<T, S> const& maps) {
  Tensor<T, S, Host, Nchw> to(maps.batch());
  copy(maps.read(), to.write());
  return {to.span().begin(), to.span().end()};
}

/// The arrays of a network, filled from a fixture, and the memory that a pass needs.
template <class L, class In, class T>
struct GoldenNetwork {
  using Out = nn::OutputOf<L, In>;
  GoldenNetwork(Golden const& golden, int batch, int renumbered = 0)
      : x(batch),
        dx(batch),
        y(batch),
        dy(batch),
        memory((nn::kept<L, T, In>(batch)) * sizeof(T)),
        renumber(renumbered) {
    kept = memory.template take<T>(nn::kept<L, T, In>(batch));
    weights.params.visit(
        [&](Path const& path, auto& array) {
          auto const values = golden.template values<T>(name_of(path.text));
          using S = typename std::remove_cvref_t<decltype(array)>::shape;
          REQUIRE(values.size() == static_cast<std::size_t>(S::size));
          std::copy(values.begin(), values.end(), array.value());
        },
        Path{});
  }
  /// A decoder's layers are numbered from 0 here and from `renumber` in the fixture, below "network".
  std::string name_of(std::string const& path) const {
    if (renumber == 0) return path;
    std::size_t const dot = path.find('.');
    return "network." + std::to_string(std::stoi(path.substr(0, dot)) + renumber) + path.substr(dot);
  }
  template <class S>
  void copy_in(Golden const& golden, std::string const& name, Tensor<T, S>& to) {
    auto const values = golden.template values<T>(name);
    REQUIRE(values.size() == to.size());
    Tensor<T, S, Host, Nchw> plain_map(to.batch());
    std::copy(values.begin(), values.end(), &plain_map[0]);
    copy(plain_map.read(), to.write());
  }
  /// Largest deviation of the parameters' gradients and, of those in `zero`, of their absolute size.
  struct Gradients {
    double worst = 0, median = 0, worst_zero = 0, worst_buffer = 0;
    std::string where;
    int compared = 0;
  };
  Gradients compare(Golden const& golden, std::vector<std::string> const& zero = {}) {
    Gradients g;
    std::vector<double> all;
    weights.params.visit(
        [&](Path const& path, auto& array) {
          using A = std::remove_cvref_t<decltype(array)>;
          auto const size = static_cast<std::size_t>(A::shape::size);
          std::string const name = name_of(path.text);
          if constexpr (Trainable<A>) {
            if (std::find(zero.begin(), zero.end(), name) != zero.end()) {
              for (std::size_t i = 0; i < size; ++i)
                g.worst_zero = std::max(g.worst_zero, std::abs(static_cast<double>(array.gradient()[i])));
              return;
            }
            if (!golden.contains("grad." + name)) return;
            double const error = golden.compare("grad." + name, std::span<T const>(array.gradient(), size)).relative_l2;
            all.push_back(error);
            if (error > g.worst) g.where = name;
            g.worst = std::max(g.worst, error);
            ++g.compared;
          } else if (golden.contains("buf." + name)) {
            g.worst_buffer = std::max(g.worst_buffer, golden.compare("buf." + name, std::span<T const>(array.value(), size)).relative_l2);
          }
        },
        Path{});
    if (!all.empty()) {
      std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
      g.median = all[all.size() / 2];
    }
    return g;
  }

  nn::Weights<L, T> weights;
  Tensor<T, In> x, dx;
  Tensor<T, Out> y, dy;
  Arena memory;
  T* kept = nullptr;
  int renumber;
};
}  // namespace berl::test
