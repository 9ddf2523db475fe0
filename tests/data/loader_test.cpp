#include <berl/data/loader.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

using namespace berl;
using data::Loader;
using data::LoaderOptions;

namespace {
/// Picture i has pixels that tell i; some take longer than others, and `bad` cannot be read.
struct Numbers {
  int pictures = 10;
  std::vector<int> bad = {};
  int side = 16;
  std::shared_ptr<std::atomic<int>> loads = std::make_shared<std::atomic<int>>(0);

  int size() const { return pictures; }
  int identities() const { return 3; }
  int label(int i) const { return i % 3; }
  std::string name(int i) const { return "number " + std::to_string(i); }
  io::Image load(int i) const {
    ++*loads;
    std::this_thread::sleep_for(std::chrono::microseconds(i * 37 % 5 * 100));
    for (int const b : bad)
      if (b == i) throw Error(name(i), "damage", "a picture", "Replace it.");
    auto picture = io::blank(side, side, 3);
    for (std::size_t k = 0; k < picture.pixels.size(); ++k)
      picture.pixels[k] = static_cast<std::uint8_t>(i * 13 + static_cast<int>(k) % 16);
    return picture;
  }
};
using Small = Loader<Numbers, 16>;

struct Taken {
  std::uint64_t step;
  std::vector<int> indices, labels;
  std::vector<float> pixels;
  bool operator==(Taken const&) const = default;
};
Taken take(Small& loader) {
  auto const& batch = loader.next();
  return {batch.step, batch.indices, batch.labels, {batch.images.span().begin(), batch.images.span().end()}};
}
std::vector<Taken> take(Small& loader, int steps) {
  std::vector<Taken> all;
  for (int i = 0; i < steps; ++i) all.push_back(take(loader));
  return all;
}
}  // namespace

TEST_CASE("loader: batches hold the pictures, in [-1, 1], with their labels") {
  Numbers const numbers;
  Small loader(numbers, {.batch = 4, .seed = {1}, .augment = data::Augment::none()});
  for (std::uint64_t step = 0; step < 12; ++step) {
    CHECK(loader.step() == step);
    auto const& batch = loader.next();
    CHECK(batch.step == step);
    CHECK(batch.images.batch() == 4);
    for (int n = 0; n < 4; ++n) {
      int const i = batch.indices[static_cast<std::size_t>(n)];
      CHECK(batch.labels[static_cast<std::size_t>(n)] == numbers.label(i));
      std::vector<float> expected(3 * 16 * 16);
      io::to_network(numbers.load(i), expected.data());
      CHECK(std::equal(expected.begin(), expected.end(), batch.images.read().sample(n)));
    }
    CHECK(loader.names(batch.indices)[2] == numbers.name(batch.indices[2]));
  }
  std::uint64_t step = 12;
  for (auto const& batch : loader) {  // the same, as a range without end
    CHECK(batch.step == step);
    if (++step == 20) break;
  }
  CHECK(loader.next().step == 20);
}

TEST_CASE("loader: each epoch has every picture once, in another order; batches run across its end") {
  for (int const batch_size : {1, 3, 4, 10, 23}) {  // 23: larger than the dataset
    Numbers const numbers;
    Small loader(numbers, {.batch = batch_size, .seed = {5}, .threads = 2});
    std::vector<int> order;
    while (order.size() < 60)
      for (int const i : take(loader).indices) order.push_back(i);
    std::set<std::vector<int>> orders;
    for (std::size_t epoch = 0; epoch < 6; ++epoch) {
      std::vector<int> one(order.begin() + static_cast<std::ptrdiff_t>(10 * epoch),
                           order.begin() + static_cast<std::ptrdiff_t>(10 * epoch) + 10);
      orders.insert(one);
      std::sort(one.begin(), one.end());
      for (int i = 0; i < 10; ++i) CHECK(one[static_cast<std::size_t>(i)] == i);
    }
    CHECK(orders.size() == 6);  // of 10! orders
  }
  Numbers const numbers;
  CHECK(Small(numbers, {.batch = 4}).steps_per_epoch() == 3);
  CHECK(Small(numbers, {.batch = 23}).steps_per_epoch() == 1);
}

TEST_CASE("loader: neither threads nor batches ahead change a bit") {
  Numbers const numbers;
  auto const run = [&](int threads, int ahead, std::uint64_t seed) {
    Small loader(numbers, {.batch = 4, .seed = {seed}, .threads = threads, .ahead = ahead, .augment = data::Augment::ada_face()});
    return take(loader, 20);
  };
  auto const expected = run(1, 1, 7);
  for (int const threads : {1, 2, 7})
    for (int const ahead : {1, 2, 5}) CHECK(run(threads, ahead, 7) == expected);
  CHECK(run(1, 1, 8) != expected);
}

TEST_CASE("loader: seek goes on as if there had been no break") {
  Numbers const numbers;
  LoaderOptions const options{.batch = 4, .seed = {3}, .threads = 3};
  Small unbroken(numbers, options);
  auto const expected = take(unbroken, 15);
  for (std::uint64_t const step : {0u, 1u, 7u, 13u}) {
    Small loader(numbers, options);
    loader.seek(step);
    CHECK(loader.step() == step);
    CHECK(take(loader) == expected[step]);
    CHECK(take(loader) == expected[step + 1]);
  }
  Small loader(numbers, options);  // to and fro
  for (std::uint64_t const step : {9u, 2u, 2u, 14u, 0u}) {
    loader.seek(step);
    CHECK(take(loader) == expected[step]);
  }
}

TEST_CASE("loader: a picture that cannot be read stops its own step") {
  Numbers const numbers{.pictures = 12, .bad = {4, 9}};
  LoaderOptions const options{.batch = 3, .seed = {2}, .threads = 3};
  Numbers const whole{.pictures = 12};
  Small good(whole, options);
  for (int repeat = 0; repeat < 5; ++repeat) {
    Small loader(numbers, options);
    good.seek(0);
    int failed = 0;
    for (int step = 0; step < 8; ++step) {
      auto const expected = take(good);
      int first = -1;
      for (int const i : expected.indices)
        if (first < 0 && (i == 4 || i == 9)) first = i;
      CHECK(loader.step() == static_cast<std::uint64_t>(step));
      if (first < 0) {
        CHECK(take(loader) == expected);
        continue;
      }
      ++failed;
      std::string text = "nothing";
      try {
        (void)loader.next();
      } catch (Error const& e) {
        text = e.what();
      }
      CHECK(text.find(numbers.name(first) + ": found damage") == 0);
    }
    CHECK(failed >= 2);
  }
}

TEST_CASE("loader: of several unreadable pictures the first in the batch is named, whichever fails first") {
  Numbers const numbers{.pictures = 5, .bad = {0, 1, 2, 3, 4}}, whole{.pictures = 5};  // they take 0, 200, 400, 100, 300 us
  LoaderOptions const options{.batch = 5, .seed = {2}, .threads = 5};
  Small good(whole, options), loader(numbers, options);
  for (int step = 0; step < 20; ++step) {
    auto const expected = numbers.name(take(good).indices.front()) + ": found damage";
    CHECK_THROWS_WITH_AS((void)loader.next(), doctest::Contains(expected.c_str()), Error);
  }
}

TEST_CASE("loader: options and datasets that make no batch") {
  Numbers const numbers, none{.pictures = 0}, large{.pictures = 3, .bad = {}, .side = 17};
  CHECK_THROWS_AS(Small(none, {}), Error);
  CHECK_THROWS_AS(Small(numbers, {.batch = 0}), Error);
  CHECK_THROWS_AS(Small(numbers, {.threads = 0}), Error);
  CHECK_THROWS_AS(Small(numbers, {.ahead = 0}), Error);
  Small loader(large, {.batch = 2});
  CHECK_THROWS_WITH_AS((void)loader.next(), doctest::Contains("17 x 17 x 3; expected 16 x 16 x 3"), Error);
}

TEST_CASE("loader: works ahead as far as told, and stops at once") {
  Numbers const numbers{.pictures = 1000};
  for (int repeat = 0; repeat < 50; ++repeat) Small loader(numbers, {.batch = 50, .threads = 4});  // without a call
  {
    Small loader(numbers, {.batch = 5, .threads = 2, .ahead = 2});
    numbers.loads->store(0);
    (void)loader.next();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    CHECK(numbers.loads->load() <= 15);  // the batch in use and two more
    auto const* const first = loader.next().images.span().data();
    (void)loader.next();
    (void)loader.next();
    CHECK(loader.next().images.span().data() == first);  // the ring of three: memory is used again
  }
}
