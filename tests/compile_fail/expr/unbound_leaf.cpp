// expect: uses a leaf that has no view
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

void run(Context<Host>& ctx, Read<float, Shape<3, 8, 8>, Host> a, Read<float, Shape<1, 1, 1>, Host> k,
         Write<float, Shape<3, 8, 8>, Host> y) {
#if defined(BERL_FIXED)
  evaluate(ctx, albedo * ambient, bind(albedo = a, ambient = k), y);
#else
  evaluate(ctx, albedo * ambient, bind(albedo = a), y);
  static_cast<void>(k);
#endif
}
