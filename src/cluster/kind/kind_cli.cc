#include "cluster/kind/kind_cli.h"

#include <algorithm>

#include "base/text.h"

namespace cluster::kind {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kBegun = " \u2022 ";  // a bullet
constexpr std::string_view kDone = " \u2713 ";   // a tick

// The words of a stage, without the pictures that kind puts behind them and the dots.
std::string Stage(std::string_view text) {
  std::string plain;
  for (const char letter : text)
    if (static_cast<unsigned char>(letter) < 0x80) plain += letter;
  while (plain.ends_with('.') || plain.ends_with(' ')) plain.pop_back();
  return std::string(base::Trim(plain));
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What kind says from its first error on, which may go on over lines; without one its last lines.
std::string Reason(const std::string& output) {
  constexpr size_t kMost = 4;
  std::vector<std::string> lines;
  bool error = false;
  for (const std::string& line : base::Split(output, '\n')) {
    std::string text(base::Trim(line));
    if (text.empty()) continue;
    if (!error && text.starts_with("ERROR: ")) {
      error = true;
      lines.clear();
      text.erase(0, 7);
    }
    if (lines.size() == kMost && !error) lines.erase(lines.begin());
    if (lines.size() < kMost) lines.push_back(std::move(text));
  }
  return base::Join(lines, " | ");
}

}  // namespace

void CreateLines::Take(std::string_view line) {
  if (line.starts_with(kBegun)) {
    table_.push_back({Stage(line.substr(kBegun.size())), clock_.Now() - begin_, std::nullopt});
  } else if (line.starts_with(kDone)) {
    const std::string stage = Stage(line.substr(kDone.size()));
    for (StartRow& row : table_) {
      if (row.component != stage || row.ready) continue;
      row.ready = clock_.Now() - begin_;
      progress_.ready(row);
    }
  }
}

Error CreateError(const std::string& output) {
  const std::string reason = Reason(output);
  if (Has(output, "unable to decode config") || Has(output, "error reading file") ||
      Has(output, "invalid configuration") || Has(output, "unknown apiVersion"))
    return Fail(Code::kInvalid, "kind does not take its configuration: {}", reason);
  if (Has(output, "already exist for a cluster with the name"))
    return Fail(Code::kExists, "{}", reason);
  if (Has(output, "failed to pull image"))
    return Fail(
        Code::kNotFound,
        "{}: the engine cannot fetch the node image; `make kind-node-image` builds one that "
        "needs no registry, `--node-image` names another",
        reason);
  if (Has(output, "crun: cgroups in hybrid mode not supported"))
    return Fail(Code::kUnavailable,
                "{}: crun cannot start containers on this machine's cgroups; write `runtime = "
                "\"runc\"` below `[engine]` into /etc/containers/containers.conf, with which "
                "Podman takes runc",
                reason);
  return Fail(Code::kInternal, "kind: {}", reason);
}

sys::Command KindCli::Command(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), program_.string());
  return {.argv = std::move(arguments), .environment = engine_.environment};
}

Result<std::vector<std::string>> KindCli::Lines(std::vector<std::string> arguments,
                                                const base::Until& until) const {
  std::vector<std::string> lines;
  const std::string output = TRY(sys::RunOrFail(Command(std::move(arguments)), until));
  for (const std::string& line : base::Split(output, '\n')) {
    const std::string text(base::Trim(line));
    // "No kind clusters found." and the like are no names.
    if (!text.empty() && text.find(' ') == std::string::npos) lines.push_back(text);
  }
  return lines;
}

Result<> KindCli::Create(const ClusterSpec& spec, const std::filesystem::path& kubeconfig,
                         const std::string& image, CreateLines& lines,
                         const std::function<Result<>(pid_t)>& begun, const base::Until& until) {
  std::vector<std::string> arguments = {
      "create",
      "cluster",
      "--name",
      spec.name,
      "--kubeconfig",
      kubeconfig.string(),
      "--wait",
      fmt::format("{}s", std::max<int64_t>(
                             std::chrono::floor<std::chrono::seconds>(until.Left()).count(), 1))};
  if (!image.empty()) arguments.insert(arguments.end(), {"--image", image});
  if (!spec.kind_config.empty())
    arguments.insert(arguments.end(), {"--config", spec.kind_config.string()});
  sys::Command command = Command(std::move(arguments));
  std::string output;
  command.on_line = [&](std::string_view line) {
    lines.Take(line);
    output.append(line).append("\n");
  };
  auto process = TRY(sys::Process::Start(std::move(command)));
  TRY(begun(process.pid()));
  const sys::Exit exit = TRY(process.Wait(until));
  if (exit.ok()) return base::Ok();
  return CreateError(output);
}

Result<> KindCli::Delete(const std::string& name, const std::filesystem::path& kubeconfig,
                         const base::Until& until) {
  TRY(sys::RunOrFail(
      Command({"delete", "cluster", "--name", name, "--kubeconfig", kubeconfig.string()}), until));
  return base::Ok();
}

Result<std::vector<std::string>> KindCli::Clusters(const base::Until& until) {
  return Lines({"get", "clusters", "--quiet"}, until);
}

Result<std::vector<std::string>> KindCli::Nodes(const std::string& name, const base::Until& until) {
  std::vector<std::string> nodes = TRY(Lines({"get", "nodes", "--name", name, "--quiet"}, until));
  const std::string first = name + "-control-plane";
  std::sort(nodes.begin(), nodes.end());
  std::stable_partition(nodes.begin(), nodes.end(),
                        [&](const std::string& node) { return node == first; });
  return nodes;
}

Result<> KindCli::Load(const std::string& name, const std::filesystem::path& archive,
                       const std::vector<std::string>& nodes, const base::Until& until) {
  TRY(sys::RunOrFail(Command({"load", "image-archive", archive.string(), "--name", name, "--nodes",
                              base::Join(nodes, ",")}),
                     until));
  return base::Ok();
}

Result<> KindCli::ExportLogs(const std::string& name, const std::filesystem::path& folder,
                             const base::Until& until) {
  TRY(sys::RunOrFail(Command({"export", "logs", folder.string(), "--name", name}), until));
  return base::Ok();
}

}  // namespace cluster::kind
