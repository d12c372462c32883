#pragma once

// The flags of vmafx-node and the variables behind them.

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/controller_flags.h"
#include "app/vmafx-node/source_flags.h"
#include "base/log.h"
#include "base/result.h"
#include "vmafx/node/pool.h"
#include "vmafx/node/run_once.h"

namespace app {

struct NodeFlags {
  ControllerFlags controller;
  vmafx::node::FeedbackOptions feedback;
  // What a user gives for either mode goes into `pool`; `run_once` takes it from there.
  vmafx::node::PoolOptions pool;
  vmafx::node::RunOnceOptions run_once;
  std::string http_listen;  // empty: no HTTP
  base::Level level = base::Level::kInfo;

  // Without it this is a pool worker.
  bool RunsOnce() const { return !run_once.job_id.empty(); }

  // Before CompleteFlags.
  std::vector<std::string> roots;
  std::string cpu_limit;
  std::string storage_mode = "auto";
  SourceFlags sources;
};

void AddFlags(CLI::App& cli, NodeFlags& flags);

// Fills in what follows from the flags and this machine. kInvalid names the flag that is wrong.
base::Result<> CompleteFlags(NodeFlags& flags);

}  // namespace app
