#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "base/result.h"
#include "vmafx/node/request.h"

namespace app {

// How inputs that are not raw local files reach the worker.
struct SourceFlags {
  std::string ffmpeg;  // empty: the one in PATH, if any
  std::string rclone;
  std::string rclone_config;
  std::string http_ca_file;
  std::string scratch;
  uint64_t scratch_limit = uint64_t{16} << 30;
  base::Duration idle_limit = std::chrono::seconds(60);
};

void AddSourceFlags(CLI::App& cli, SourceFlags& flags);

// Puts them into `capacity`. kNotFound, kInvalid: a program or file that was asked for by name.
base::Result<> CompleteSourceFlags(const SourceFlags& flags, vmafx::node::Capacity& capacity);

}  // namespace app
