// expect: berl::expr::bind: expressions are evaluated on plain maps.
#include <berl/expr/leaf.hpp>

using namespace berl;
using Map = Shape<16, 4, 4>;
inline constexpr auto x = expr::leaf<struct X, Map>;
#if defined(BERL_FIXED)
using View = Read<float, Map, Host, Nchw>;
#else
using View = Read<float, Map, Host>;
#endif
auto bound(View view) { return expr::bind(x = view); }
