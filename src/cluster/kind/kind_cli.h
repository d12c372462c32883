#pragma once

// The kind program: its command lines, its output, its refusals. https://kind.sigs.k8s.io

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/kind/engines.h"
#include "cluster/provider.h"

namespace cluster::kind {

// Turns the lines that `kind create cluster` prints without a terminal (" * Preparing nodes ...",
// later " (tick) Preparing nodes") into rows of a start table.
class CreateLines {
 public:
  CreateLines(base::Clock& clock, base::Instant begin, const Progress& progress)
      : clock_(clock), begin_(begin), progress_(progress) {}

  void Take(std::string_view line);
  std::vector<StartRow> table() const { return table_; }

 private:
  base::Clock& clock_;
  const base::Instant begin_;
  const Progress& progress_;
  std::vector<StartRow> table_;
};

// What went wrong, from kind's output: the error that it names and what to do about it. kInvalid
// for a configuration that kind cannot read, kNotFound for a node image that is not there, kExists
// for a name that is taken, kUnavailable for an engine that cannot start containers here, else
// kInternal.
base::Error CreateError(const std::string& output);

class KindCli {
 public:
  KindCli(std::filesystem::path program, const ContainerEngine& engine)
      : program_(std::move(program)), engine_(engine) {}

  // `begun` is given kind's process group while kind has made nothing yet.
  base::Result<> Create(const ClusterSpec& spec, const std::filesystem::path& kubeconfig,
                        const std::string& image, CreateLines& lines,
                        const std::function<base::Result<>(pid_t)>& begun,
                        const base::Until& until);
  // Fine when there is no such cluster.
  base::Result<> Delete(const std::string& name, const std::filesystem::path& kubeconfig,
                        const base::Until& until);
  base::Result<std::vector<std::string>> Clusters(const base::Until& until);
  // The cluster's nodes, the first control plane first.
  base::Result<std::vector<std::string>> Nodes(const std::string& name, const base::Until& until);
  // Puts the images of an archive onto `nodes`.
  base::Result<> Load(const std::string& name, const std::filesystem::path& archive,
                      const std::vector<std::string>& nodes, const base::Until& until);
  base::Result<> ExportLogs(const std::string& name, const std::filesystem::path& folder,
                            const base::Until& until);

 private:
  sys::Command Command(std::vector<std::string> arguments) const;
  // The lines of what it prints.
  base::Result<std::vector<std::string>> Lines(std::vector<std::string> arguments,
                                               const base::Until& until) const;

  const std::filesystem::path program_;
  const ContainerEngine& engine_;
};

}  // namespace cluster::kind
