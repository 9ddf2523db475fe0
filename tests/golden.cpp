#include <berl/io/safetensors.hpp>  // SafeTensors
#include <golden.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>  // runtime_error

namespace berl::test {
namespace {
double worse(double a, double b) { return a >= b || std::isnan(a) ? a : b; }  // a NaN stays

template <class At>
Difference difference(std::vector<double> const& reference, At computed) {
  double squares = 0, wrong = 0, largest = 0, worst = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    double const e = computed(i) - reference[i];
    squares += reference[i] * reference[i];
    wrong += e * e;
    largest = worse(largest, std::abs(reference[i]));
    worst = worse(worst, std::abs(e));
  }
  return {std::sqrt(wrong) / (squares > 0 ? std::sqrt(squares) : 1), worst / (largest > 0 ? largest : 1)};
}

/// L2 norm, sum, sum of absolute values and largest absolute value, as in NAME.stats.
template <class T>
std::vector<double> statistics(std::span<T const> values) {
  long double squares = 0, sum = 0, absolute = 0;
  double largest = 0;
  for (T const v : values) {
    auto const x = static_cast<long double>(v);
    squares += x * x;
    sum += x;
    absolute += std::abs(x);
    largest = worse(largest, std::abs(static_cast<double>(v)));
  }
  return {static_cast<double>(std::sqrt(squares)), static_cast<double>(sum), static_cast<double>(absolute), largest};
}
}  // namespace

struct Golden::Fixture {
  io::SafeTensors file;
  nlohmann::json params;
  std::map<std::string, nlohmann::json> filled;

  void expect_size(std::string const& name, std::size_t found, std::size_t expected) const {
    if (found == expected) return;
    throw std::runtime_error(file.file() + ": " + name + " computed with " + std::to_string(found) + " entries, the reference has " +
                             std::to_string(expected));
  }
};

Golden::Golden(std::string const& name) {
  Fixture made{io::SafeTensors::read(std::string(BERL_TEST_DATA) + "/golden/" + name + ".safetensors"), {}, {}};
  made.params = nlohmann::json::parse(made.file.metadata("params"));
  for (auto& entry : nlohmann::json::parse(made.file.metadata("filled"))) made.filled[entry.at("name").get<std::string>()] = entry;
  fixture_ = std::make_shared<Fixture>(std::move(made));
}

io::SafeTensors const& Golden::file() const { return fixture_->file; }
bool Golden::is_filled(std::string const& name) const { return fixture_->filled.contains(name); }
bool Golden::is_sampled(std::string const& name) const { return file().contains(name + ".val"); }
bool Golden::contains(std::string const& name) const { return file().contains(name) || is_filled(name) || is_sampled(name); }
std::vector<std::string> Golden::filled_names() const {
  std::vector<std::string> names;
  for (auto const& [name, entry] : fixture_->filled) names.push_back(name);
  return names;
}
std::vector<std::int64_t> Golden::shape(std::string const& name) const {
  return file().contains(name) ? file().shape(name) : fixture_->filled.at(name).at("shape").get<io::Extents>();
}

template <class T>
T Golden::param(std::string const& key) const {
  return fixture_->params.at(key).get<T>();
}
template int Golden::param<int>(std::string const&) const;
template double Golden::param<double>(std::string const&) const;
template std::vector<std::string> Golden::param<std::vector<std::string>>(std::string const&) const;

template <class T>
std::vector<T> Golden::values(std::string const& name) const {
  if (file().contains(name)) return file().get<T>(name);
  auto const found = fixture_->filled.find(name);
  if (found == fixture_->filled.end()) throw std::runtime_error(file().file() + ": neither stored nor filled: " + name);
  nlohmann::json const& entry = found->second;
  Filling const filling(name, entry.at("seed"), entry.at("scale"), entry.at("shift"));
  std::size_t size = 1;
  for (std::int64_t const n : shape(name)) size *= static_cast<std::size_t>(n);
  std::vector<T> values(size);
  long double sum = 0;  // the terms cancel, and only the total may be off by 1e-12
  for (std::size_t i = 0; i < size; ++i) {
    float const v = filling.value(i);
    values[i] = static_cast<T>(v);
    sum += static_cast<long double>(v);
  }
  double const expected = entry.at("sum");
  if (!same_sum(static_cast<double>(sum), expected)) {
    throw std::runtime_error(file().file() + ": filled " + name + " sums to " + std::to_string(static_cast<double>(sum)) + ", not to " +
                             std::to_string(expected));
  }
  return values;
}
template std::vector<float> Golden::values<float>(std::string const&) const;
template std::vector<double> Golden::values<double>(std::string const&) const;
template std::vector<int> Golden::values<int>(std::string const&) const;
template std::vector<std::int64_t> Golden::values<std::int64_t>(std::string const&) const;
template std::vector<std::uint8_t> Golden::values<std::uint8_t>(std::string const&) const;

template <class T>
Difference Golden::compare(std::string const& name, std::span<T const> computed) const {
  if (!is_sampled(name)) {
    auto const reference = values<double>(name);
    fixture_->expect_size(name, computed.size(), reference.size());
    return difference(reference, [&](std::size_t i) { return static_cast<double>(computed[i]); });
  }
  auto const reference = file().get<double>(name + ".val"), stats = file().get<double>(name + ".stats");
  auto const index = file().get<std::int64_t>(name + ".idx");
  for (std::int64_t const i : index)
    if (i < 0 || static_cast<std::size_t>(i) >= computed.size())
      fixture_->expect_size(name, computed.size(), static_cast<std::size_t>(i) + 1);
  Difference d = difference(reference, [&](std::size_t i) { return static_cast<double>(computed[static_cast<std::size_t>(index[i])]); });
  auto const own = statistics(computed);
  auto const off = [&](std::size_t i, double scale) { return std::abs(own[i] - stats[i]) / (scale > 0 ? scale : 1); };
  for (double const e : {off(0, stats[0]), off(1, stats[2]), off(2, stats[2]), off(3, stats[3])}) d.relative_max = worse(d.relative_max, e);
  return d;
}
template Difference Golden::compare<float>(std::string const&, std::span<float const>) const;
template Difference Golden::compare<double>(std::string const&, std::span<double const>) const;
}  // namespace berl::test
