#include <berl/networks/bypass.hpp>
#include <berl/nn/sizes.hpp>
#include <berl/nn/state.hpp>

#include <doctest/doctest.h>

using namespace berl;

template <class B>
inline constexpr std::int64_t parameters_of = nn::SizesOf<typename B::View>::parameters + nn::SizesOf<typename B::Light>::parameters +
                                              nn::SizesOf<typename B::Depth>::parameters + nn::SizesOf<typename B::Albedo>::parameters;
using Published = networks::Bypass<>;
using Quarter = networks::Bypass<64>;
template <class B, class Tap>
inline constexpr bool shapes_fit =
    std::is_same_v<nn::OutputOf<typename B::Depth, Tap>, Shape<1, B::side, B::side>> &&
    std::is_same_v<nn::OutputOf<typename B::Albedo, Tap>, Shape<3, B::side, B::side>> &&
    std::is_same_v<nn::OutputOf<typename B::View, Shape<3, B::side, B::side>>, Shape<6, 1, 1>> &&
    std::is_same_v<nn::OutputOf<typename B::Light, Shape<3, B::side, B::side>>, Shape<4, 1, 1>> &&
    std::is_same_v<nn::OutputOf<typename B::Confidence, Shape<3, B::side, B::side>>, Shape<2, B::side, B::side>>;

static_assert(parameters_of<Published> == 30'221'056);
static_assert(shapes_fit<Published, Shape<256, 14, 14>> && shapes_fit<Quarter, Shape<64, 14, 14>>);

TEST_CASE("bypass: a quarter of the tap's channels goes with a quarter of every width") {
  CHECK(parameters_of<Quarter> > parameters_of<Published> / 17);  // squared, but for the first and last layers
  CHECK(parameters_of<Quarter> < parameters_of<Published> / 15);
}
