#include <berl/cuda/losses/head_table.hpp>
#include <berl/losses/arc_face.hpp>
#include <berl/losses/mag_face.hpp>
#include <berl/losses/npc_face.hpp>
#include <berl/losses/softmax.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace berl;
using namespace berl::gpu;

namespace {
/// A pass's table with memory of its own.
struct Table {
  std::vector<std::vector<double>> memory;
  HeadTable<double> m;
  Table(int samples, int classes, int D, losses::HeadLayout const& layout)
      : m(HeadTable<double>::place(samples, classes, D, layout,
                                   [&]<class V>(V, std::size_t n) { return memory.emplace_back(n, NAN).data(); })) {}
};
}  // namespace

TEST_CASE_TEMPLATE("groups are all classes, each once, and the memory is what was counted", H, losses::ArcFace, losses::Softmax,
                   losses::MagFace, losses::NpcFace) {
  auto const layout = losses::layout_of(H{});
  for (int const classes : {1, 127, 128, 2500, 100'000}) {
    Table const t(37, classes, 8, layout);
    CHECK(t.m.stride == 64);  // whole tiles of 32 samples
    CHECK(t.m.groups >= 1);
    CHECK((t.m.gathered != nullptr) == (losses::gathers<H> || losses::uses_norm<H>));
    CHECK((t.m.by_norm != nullptr) == losses::uses_norm<H>);
    CHECK((t.m.by_number != nullptr) == losses::has_number<H>);
    CHECK(t.m.class_begin(0) == 0);
    CHECK(t.m.class_begin(t.m.groups) == classes);
    std::size_t bytes = 0;
    for (auto const& one : t.memory) bytes += padded<double>(one.size()) * sizeof(double);
    CHECK(HeadTable<double>::bytes(37, classes, 8, layout) == bytes);
  }
}

TEST_CASE("a cosine is clamped, an affine head's product is not and has the class's number beside it") {
  Table const t(1, 2, 2, losses::layout_of(losses::Softmax{}));
  double number[] = {5, 7};
  HeadGiven<double> const given{nullptr, 0, nullptr, number, nullptr};
  t.m.table[0] = 3, t.m.table[t.m.stride] = -0.5;
  t.m.inverse_w[0] = t.m.inverse_w[1] = 0.5;
  CHECK(similarity<losses::ArcFace>(t.m, given, 0, 0) == 1);
  CHECK(similarity<losses::ArcFace>(t.m, given, 1, 0) == -0.25);
  CHECK(similarity<losses::Softmax>(t.m, given, 0, 0) == 6.5);
  CHECK(similarity<losses::Softmax>(t.m, given, 1, 0) == 6.75);
  CHECK(HeadGiven<double>{}.t() == 0);
}
