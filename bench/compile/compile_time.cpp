#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

// compile_time OUT.json SOURCE... -- COMPILER FLAGS...: seconds and peak memory of compiling each source, beside the budget
// in its first line, `// budget: 2 s, 400 MB`. Ends with 1 when a source does not compile or is over its budget.
namespace {
struct Cost {
  double seconds = 0;    // wall clock; the least of some runs, since everything that disturbs makes it longer
  double megabytes = 0;  // resident memory of the largest process, 10^6 bytes
  bool compiled = true;
};

Cost compile(std::vector<std::string> words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  auto const start = std::chrono::steady_clock::now();
  pid_t const child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  rusage used{};  // of the compiler's driver and all that it waited for
  if (wait4(child, &status, 0, &used) != child) throw std::runtime_error("wait4 failed");
  std::chrono::duration<double> const taken = std::chrono::steady_clock::now() - start;
  return {taken.count(), static_cast<double>(used.ru_maxrss) * 1024e-6, WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

Cost measure(std::vector<std::string> const& words) {
  Cost best = compile(words);
  for (int again = 0; again < 2 && best.compiled && best.seconds < 10; ++again) {
    Cost const next = compile(words);
    best = {std::min(best.seconds, next.seconds), std::min(best.megabytes, next.megabytes), next.compiled};
  }
  return best;
}

/// None when the first line has no budget.
Cost budget_of(std::string const& source) {
  std::string line;
  std::getline(std::ifstream(source), line);
  Cost budget{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  if (line.starts_with("// budget: ") && std::sscanf(line.c_str(), "// budget: %lf s, %lf MB", &budget.seconds, &budget.megabytes) != 2)
    throw std::runtime_error(source + ": the first line is not like `// budget: 2 s, 400 MB`");
  return budget;
}
}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> const all(argv + 1, argv + argc);
  auto const dashes = std::find(all.begin(), all.end(), "--");
  if (all.size() < 4 || dashes == all.end() || dashes + 1 == all.end()) {
    fmt::print(stderr, "usage: compile_time OUT.json SOURCE... -- COMPILER FLAGS...\n");
    return 2;
  }
  nlohmann::ordered_json results;
  bool good = true;
  fmt::print("{:<16} {:>9} {:>9} {:>9} {:>9}\n", "", "seconds", "budget", "MB", "budget");
  for (auto source = all.begin() + 1; source != dashes; ++source) {
    std::vector<std::string> words(dashes + 1, all.end());
    words.insert(words.end(), {"-c", *source, "-o", "/dev/null"});
    std::string const name = std::filesystem::path(*source).stem();
    Cost const budget = budget_of(*source);
    Cost const cost = measure(words);
    bool const fits = cost.compiled && cost.seconds <= budget.seconds && cost.megabytes <= budget.megabytes;
    good = good && fits;

    bool const bounded = budget.seconds < std::numeric_limits<double>::infinity();
    fmt::print("{:<16} {:>9.2f} {:>9} {:>9.0f} {:>9} {}\n", name, cost.seconds, bounded ? fmt::format("{:g}", budget.seconds) : "-",
               cost.megabytes, bounded ? fmt::format("{:g}", budget.megabytes) : "-",
               fits ? "" : (cost.compiled ? "over its budget" : "does not compile"));
    auto& entry = results[name] = {{"seconds", cost.seconds}, {"megabytes", cost.megabytes}, {"compiled", cost.compiled}};
    if (bounded) entry["budget"] = {{"seconds", budget.seconds}, {"megabytes", budget.megabytes}};
  }
  std::filesystem::path const out = all.front();
  if (out.has_parent_path()) std::filesystem::create_directories(out.parent_path());
  std::ofstream file(out);
  if (!(file << results.dump(2) << '\n')) throw std::runtime_error(out.string() + ": cannot be written");
  return good ? 0 : 1;
} catch (std::exception const& error) {
  fmt::print(stderr, "compile_time: {}\n", error.what());
  return 2;
}
