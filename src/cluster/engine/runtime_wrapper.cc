#include "cluster/engine/runtime_wrapper.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>

#include "sys/files.h"
#include "sys/process.h"

namespace cluster::engine {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

namespace {

constexpr int kCannotRun = 125;
constexpr char kCapability[] = "CAP_SYS_RESOURCE";

// The value of `--NAME VALUE`, `--NAME=VALUE`, and the same with a single dash, which runc takes.
std::optional<std::string> FindOption(const std::vector<std::string>& arguments,
                                      const std::vector<std::string>& names) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    for (const std::string& name : names) {
      if (word == name && i + 1 < arguments.size()) return arguments[i + 1];
      if (word.rfind(name + "=", 0) == 0) return word.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

// The first of runc's subcommands that matter here: nothing before it has one of these names as a
// value in what containerd's shim writes.
std::string FindSubcommand(const std::vector<std::string>& arguments) {
  for (const std::string& word : arguments)
    if (word == "create" || word == "run" || word == "exec") return word;
  return "";
}

Result<> Rewrite(const ProcessFile& file) {
  const std::string text = TRY(sys::ReadFile(file.path));
  Json json = Json::parse(text, nullptr, false);
  const Json* process = file.whole ? &json : value::Find(json, {"process"});
  if (process == nullptr || !process->is_object())
    return Fail(Code::kInvalid, "{}: not the description of a container", file.path.string());
  const std::string score = TRY(sys::ReadFile("/proc/self/oom_score_adj"));
  Restrain(file.whole ? json : json["process"], std::atoi(score.c_str()));
  return sys::WriteFileAtomically(file.path, json.dump(), 0600);
}

}  // namespace

std::optional<ProcessFile> FindProcessFile(const std::vector<std::string>& arguments) {
  const std::string command = FindSubcommand(arguments);
  if (command == "exec") {
    const auto path = FindOption(arguments, {"--process", "-process", "-p"});
    if (!path) return std::nullopt;
    return ProcessFile{*path, true};
  }
  if (command.empty()) return std::nullopt;
  const std::filesystem::path bundle =
      FindOption(arguments, {"--bundle", "-bundle", "-b"}).value_or(".");
  return ProcessFile{bundle / "config.json", false};
}

void Restrain(Json& process, int own_oom_score_adj) {
  if (process.contains("capabilities") && process["capabilities"].is_object()) {
    for (auto& [set, names] : process["capabilities"].items()) {
      Json kept = Json::array();
      for (const Json& name : names)
        if (name != kCapability) kept.push_back(name);
      names = std::move(kept);
    }
  }
  process.erase("rlimits");
  // Absent means: as the runtime's own.
  if (process.contains("oomScoreAdj") && process["oomScoreAdj"] < own_oom_score_adj)
    process["oomScoreAdj"] = own_oom_score_adj;
}

int RunRuntimeWrapper(const std::vector<std::string>& arguments) {
  Result<> done = base::Ok();
  if (arguments.empty()) {
    done = base::Error(Code::kInvalid, "no runtime named");
  } else {
    if (const auto file = FindProcessFile({arguments.begin() + 1, arguments.end()}))
      done = Rewrite(*file);
    if (done.ok()) done = sys::Replace(arguments, sys::Environment());
  }
  fmt::print(stderr, "seatrial engine-runc: {}\n", done.error().message());
  return kCannotRun;
}

bool LacksResourceCapability() {
  return prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) != 1;
}

}  // namespace cluster::engine
