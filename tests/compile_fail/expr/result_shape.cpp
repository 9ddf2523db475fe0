// expect: view has another shape than the expression
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

void run(Context<Host>& ctx, Read<float, Shape<3, 8, 8>, Host> a, Write<float, Shape<1, 1, 1>, Host> one,
         Write<float, Shape<3, 8, 8>, Host> all) {
#if defined(BERL_FIXED)
  evaluate(ctx, 2 * albedo, bind(albedo = a), all);
  static_cast<void>(one);
#else
  evaluate(ctx, 2 * albedo, bind(albedo = a), one);
  static_cast<void>(all);
#endif
}
