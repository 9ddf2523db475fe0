#include <berl/train/progress.hpp>

#include <doctest/doctest.h>

using namespace berl;

TEST_CASE("progress: time as a clock shows it") {
  CHECK(train::clock_text(0) == "0:00");
  CHECK(train::clock_text(61.4) == "1:01");
  CHECK(train::clock_text(3599.6) == "1:00:00");
  CHECK(train::clock_text(3723) == "1:02:03");
}

TEST_CASE("progress: time goes on, and the peak is that of a machine") {
  double const before = train::now(), peak = train::peak_flops(1);
  CHECK(train::now() > before);
  CHECK(peak > 1e8);   // no machine that compiles this is slower
  CHECK(peak < 1e13);  // and no core faster: the loop was not optimised away
}
