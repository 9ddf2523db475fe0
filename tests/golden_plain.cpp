#include <fstream>
#include <golden_plain.hpp>
#include <iterator>
#include <nlohmann/json.hpp>

namespace golden {
File::File(std::string const& name) {
  std::ifstream in(std::string(BERL_TEST_DATA) + "/golden/" + name + ".safetensors", std::ios::binary);
  if (!in) throw std::runtime_error("no fixture " + name + " below " BERL_TEST_DATA);
  std::string const all{std::istreambuf_iterator<char>(in), {}};
  std::uint64_t n = 0;
  std::memcpy(&n, all.data(), 8);
  auto const header = nlohmann::json::parse(all.substr(8, n));
  for (auto const& [array, entry] : header.items())
    if (array != "__metadata__") table_[array] = {entry.at("dtype"), entry.at("data_offsets").at(0), entry.at("data_offsets").at(1)};
  bytes_ = all.substr(8 + n);
}
}  // namespace golden
