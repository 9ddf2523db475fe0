// expect: berl::io::Graph: there is no operation for this layer. Add a specialisation of OperationOf, and the operation to what reads
#include <berl/io/graph.hpp>

using namespace berl;
#if defined(BERL_FIXED)
using Last = nn::BatchNorm<4>;
#else
using Last = nn::Tanh;
#endif
struct Backbone {
  using Input = Shape<3, 4, 4>;
  struct Trunk : nn::Sequential<nn::Conv2d<3, 4, 3>> {};
  struct Top : nn::Sequential<nn::Linear<64, 4>, Last> {};
};
auto graph(io::SafeTensors const& file) { return io::backbone_graph<Backbone>(file, io::Norms::kept); }
