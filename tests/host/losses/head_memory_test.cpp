#include <berl/host/losses/head_memory.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace berl;
using host::HeadMemory, host::HeadPlan, host::class_block, host::sample_lanes;

TEST_CASE("a plan cuts the classes into groups that meet each of them once") {
  for (int const identities : {1, class_block, class_block + 1, 40 * class_block + 3, 100 * class_block}) {
    HeadPlan const plan{1, identities};
    CHECK(plan.groups() == std::min((identities + class_block - 1) / class_block, HeadPlan::most_groups));
    std::vector<int> met(static_cast<std::size_t>(identities));
    for (int g = 0; g < plan.groups(); ++g) {
      int blocks = 0;
      plan.for_classes(g, [&](int first, int count) {
        ++blocks;
        CHECK(count <= class_block);
        for (int j = first; j < first + count; ++j) ++met[static_cast<std::size_t>(j)];
      });
      CHECK(blocks >= plan.blocks() / plan.groups());
      CHECK(blocks <= plan.blocks() / plan.groups() + 1);
    }
    CHECK(met == std::vector<int>(static_cast<std::size_t>(identities), 1));
  }
  CHECK(HeadPlan{1, 1}.stride() == sample_lanes);
  CHECK(HeadPlan{sample_lanes, 1}.stride() == sample_lanes);
  CHECK(HeadPlan{sample_lanes + 1, 1}.stride() == 2 * sample_lanes);
}

TEST_CASE("without gradients the memory does not grow with the table of all cosines") {
  HeadPlan const plan{16, 100 * class_block};
  using Memory = HeadMemory<float, 8>;
  std::size_t const table = 16 * sizeof(float) * static_cast<std::size_t>(100 - HeadPlan::most_groups) * class_block;
  std::size_t const du = 16 * sizeof(float) * HeadPlan::most_groups * 8;
  CHECK(Memory::bytes(plan, true) - Memory::bytes(plan, false) == table + du);
}

TEST_CASE("memory for what a head declares, and for a filter, is taken where it is declared alone") {
  using Memory = HeadMemory<float, 8>;
  int const identities = 3 * class_block, row = 16 * sizeof(float), table = 3 * row;
  std::size_t const plain = Memory::bytes({16, identities}, true);
  CHECK(Memory::bytes({16, identities, {.uses_norm = true}}, true) - plain == 2 * row + table);
  CHECK(Memory::bytes({16, identities, {.number = "bias"}}, true) - plain == row);
  CHECK(Memory::bytes({16, identities, {.gathers = true}}, true) - plain == 2 * table);
  CHECK(Memory::bytes({16, identities, {}, true}, true) - plain == 2 * table + row);
  // sums over all classes come before the logits, so that all cosines are kept
  int const many = 100 * class_block;
  CHECK(Memory::bytes({16, many, {.gathers = true}}, false) - Memory::bytes({16, many}, false) ==
        static_cast<std::size_t>(row) * (100 - HeadPlan::most_groups) * class_block + 2 * HeadPlan::most_groups * row);
}
