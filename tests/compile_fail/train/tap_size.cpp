// expect: Those of networks::Bypass take a tap of 14 x 14
#include <berl/model.hpp>

using namespace berl;
#if defined(BERL_FIXED)
constexpr int stride = 8;
#else
constexpr int stride = 4;
#endif
struct Tiny {
  using Input = Shape<3, 112, 112>;
  struct Trunk : nn::Sequential<nn::Conv2d<3, 16, 5, 4>, nn::BatchNorm<16>, nn::PReLU<16>, nn::Conv2d<16, 16, 3, stride / 4>> {};
  struct Top : nn::Sequential<nn::Linear<16 * 112 / stride * 112 / stride, 8>, nn::BatchNorm<8>> {};
};
static_assert(Model<Tiny, losses::ArcFace, networks::Bypass<16, 4, 4>>::backbone_parameters > 0);
