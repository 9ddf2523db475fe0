#pragma once
#include <berl/core/error.hpp>        // Error
#include <berl/io/settings_text.hpp>  // from_text

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "networks/network.hpp"  // Gpu

/// --device and --precision: where a network runs.
class DeviceOptions {
 public:
  void add_to(CLI::App& app) {
    app.add_option("--device", device_, "cpu; or cuda, the first GPU; or cuda:N, the GPU of that number (default: cpu)");
    app.add_option("--precision", precision_,
                   "on a GPU: fp32; tf32, which rounds what is multiplied to 10 bits and is faster; or bf16, which stores what networks "
                   "compute in 16 bits, 8 of them its digits, and is the fastest (default: fp32)");
  }
  /// The GPU that was asked for, once the command line has been parsed; none is the cpu. Whether there is one shows when it is used.
  ///   errors  Error: something else was given
  std::optional<Gpu> gpu() const {
    using berl::Error;
    Gpu gpu;
    bool const numbered = device_.starts_with("cuda:"), on_gpu = numbered || device_ == "cuda";
    if (numbered ? !berl::io::from_text(device_.substr(5), gpu.number) || gpu.number < 0 : !on_gpu && device_ != "cpu")
      throw Error("--device", "'" + device_ + "'", "cpu, cuda or cuda:N", "Give one of them; nvidia-smi counts the GPUs, from 0.");
    if (precision_ != "fp32" && precision_ != "tf32" && precision_ != "bf16")
      throw Error("--precision", "'" + precision_ + "'", "fp32, tf32 or bf16", "Give one of them.");
    if (precision_ != "fp32" && !on_gpu)
      throw Error("--precision", precision_ + " on the cpu", "fp32", "Leave it out, or give --device cuda.");
    gpu.precision = precision_ == "bf16" ? berl::Precision::bf16 : precision_ == "tf32" ? berl::Precision::tf32 : berl::Precision::fp32;
    return on_gpu ? std::optional(gpu) : std::nullopt;
  }

 private:
  std::string device_ = "cpu", precision_ = "fp32";
};
