#pragma once
#include <doctest/doctest.h>

#include "golden_network.hpp"

namespace berl::test {
/// Runs one network of one output against its fixture, in double to the fixture's figures and in float to ten times what
/// PyTorch's own float32 run deviates, given as `float_limit` for values and `float_gradients` for gradients.
template <class L, class In, class T>
void check_network(std::string const& fixture, std::string const& input, int renumbered, double values, double gradients, int arrays) {
  Golden const golden(fixture);
  int const batch = golden.param<int>("B");
  GoldenNetwork<L, In, T> net(golden, batch, renumbered);
  Context<Host> ctx;
  ctx.threads = 2;
  ctx.scratch = Arena(nn::scratch<L, T, In>(batch, 2));
  net.copy_in(golden, input, net.x);
  net.copy_in(golden, "gy0", net.dy);
  Pass<T> const pass(net.kept, 1, 1);
  nn::forward<L, Training>(ctx, net.weights.params, net.x.read(), net.y.write(), pass);
  nn::backward<L, Training>(ctx, net.weights.params, net.x.read(), net.dy.read(), net.dx.write(), pass);
  auto const compared = net.compare(golden);
  CAPTURE(fixture);
  CAPTURE(compared.where);
  CHECK(compared.compared == arrays);
  CHECK(golden.compare("y0", test::plain(net.y)).relative_l2 < values);
  CHECK(golden.compare("gx", test::plain(net.dx)).relative_l2 < gradients);
  CHECK(compared.worst < gradients);
}
}  // namespace berl::test
