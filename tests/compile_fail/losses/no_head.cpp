// expect: the second argument is no margin head. It needs target(g), and logit(c, bound, t) with slope(c, bound, t) or a member `scale`
#include <berl/model.hpp>

using namespace berl;
struct Head {
  template <class T>
  losses::Target<T> target(T g) const {
    return {g, T(1), g};
  }
#if defined(BERL_FIXED)
  double scale = 30;
#endif
};
struct Tiny : networks::IResNet<2, 2, 2, 2, 4, 112, 8> {};
static_assert(Model<Tiny, Head, networks::Bypass<16, 4, 4>>::step_bytes({.identities = 3, .batch = 2}) > 0);
