// expect: two shapes do not broadcast
#include <berl/core/tensor.hpp>
#include <berl/expr/add.hpp>
#include <berl/expr/evaluate.hpp>
#include <berl/expr/gradient.hpp>
#include <berl/expr/let.hpp>
#include <berl/expr/multiply.hpp>
#include <berl/expr/reduce.hpp>
#include <berl/expr/vector.hpp>

using namespace berl;
using namespace berl::expr;
inline constexpr auto albedo = leaf<struct Albedo, Shape<3, 8, 8>>;
inline constexpr auto ambient = leaf<struct Ambient, Shape<1, 1, 1>>;

#if defined(BERL_FIXED)
using Other = Shape<1, 8, 8>;
#else
using Other = Shape<1, 4, 8>;
#endif
inline constexpr auto shading = leaf<struct Shading, Other>;
inline constexpr auto image = albedo * shading;
