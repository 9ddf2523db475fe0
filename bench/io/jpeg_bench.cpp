#include <berl/data/synthetic_face.hpp>  // synthetic_picture
#include <berl/io/jpeg.hpp>              // encode_jpeg, decode_jpeg
#include <berl/io/resize.hpp>            // resize_bilinear

#include <vector>

#include "bench.hpp"

namespace {
using namespace berl;
using namespace berl::bench;

constexpr int pictures = 64;

/// jpeg/112/decode: the side of the picture. Bytes are those of the pixels.
void decode(benchmark::State& state, int side) {
  Context<Host> const ctx{threads_of(state), {}};
  auto const face = data::synthetic_picture(Seed{1}, 2, 3).image;
  auto const file = io::encode_jpeg(side == face.width ? face : io::resize_bilinear(face, side, side), 95);
  measure(state, {.bytes = 3.0 * pictures * side * side, .images = pictures},
          [&] { parallel_for(ctx, pictures, [&](std::ptrdiff_t) { benchmark::DoNotOptimize(io::decode_jpeg(file, "a face")); }); });
}

bool const added = [] {
  for (int const side : {112, 250}) add(text("jpeg/", side, "/decode"), [=](benchmark::State& state) { decode(state, side); });
  return true;
}();
}  // namespace
