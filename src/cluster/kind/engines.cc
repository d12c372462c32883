#include "cluster/kind/engines.h"

#include <algorithm>

#include "base/text.h"

namespace cluster::kind {

using base::Code;
using base::Fail;
using base::Result;

namespace {

constexpr auto kAnswerTime = std::chrono::seconds(20);
constexpr char kChosen[] = "KIND_EXPERIMENTAL_PROVIDER";

std::string Value(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

ContainerEngine Make(std::map<std::string, std::string> environment, const std::string& name) {
  environment[kChosen] = name;
  environment.erase("KUBECONFIG");  // whatever kind does, it does to the file that we name
  return {.name = name, .environment = std::move(environment), .ours = std::nullopt};
}

ContainerEngine MakeOurs(std::map<std::string, std::string> environment, engine::Engine engine) {
  environment["DOCKER_HOST"] = engine.Host();
  environment.erase("DOCKER_CONTEXT");  // it would win over DOCKER_HOST
  // Its client, should the machine have none.
  environment["PATH"] = Value(environment, "PATH") + ":" + engine.docker_bin.string();
  ContainerEngine made = Make(std::move(environment), "docker");
  made.ours = std::move(engine);
  return made;
}

// Why it does not answer; nothing when it does.
std::optional<std::string> Refusal(const ContainerEngine& candidate, const base::Until& until) {
  if (!sys::FindProgram(candidate.name, Value(candidate.environment, "PATH")).ok())
    return "not installed";
  const auto answer = sys::Run(candidate.Client({"info"}), until.Within(kAnswerTime));
  if (!answer.ok()) return answer.error().message();
  if (answer->ok()) return std::nullopt;
  const auto lines = base::Split(base::Trim(answer->output), '\n');
  return lines.empty() ? answer->Describe() : std::string(base::Trim(lines.back()));
}

}  // namespace

std::string ContainerEngine::Describe() const {
  return ours ? "docker of `seatrial engine up`" : name;
}

sys::Command ContainerEngine::Client(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), name);
  return {.argv = std::move(arguments), .environment = environment};
}

Result<ContainerEngine> FindEngine(const std::map<std::string, std::string>& environment,
                                   const std::filesystem::path& state_dir,
                                   const base::Until& until) {
  std::vector<std::string> names = {"docker", "podman", "nerdctl"};
  if (const std::string chosen = Value(environment, kChosen); !chosen.empty()) {
    if (std::find(names.begin(), names.end(), chosen) == names.end())
      return Fail(Code::kInvalid, "{}=\"{}\" is none of {}", kChosen, chosen,
                  base::Join(names, ", "));
    names = {chosen};
  }
  std::vector<std::string> refusals;
  for (const std::string& name : names) {
    ContainerEngine candidate = Make(environment, name);
    const auto refusal = Refusal(candidate, until);
    if (!refusal) return candidate;
    refusals.push_back(name + ": " + *refusal);
  }
  if (names.front() != "docker")
    return Fail(Code::kUnavailable,
                "provider kind was told to take {} by {}, which does not answer ({}): start it, or "
                "leave the choice of the engine open",
                names.front(), kChosen, base::Join(refusals, "; "));
  auto ours = engine::Find(state_dir);
  if (ours.ok()) return MakeOurs(environment, std::move(*ours));
  return Fail(Code::kUnavailable,
              "provider kind needs a container engine and none answers ({}): start one, or as root "
              "`seatrial engine up`",
              base::Join(refusals, "; "));
}

Result<ContainerEngine> SameEngine(const std::map<std::string, std::string>& environment,
                                   const std::filesystem::path& state_dir, const std::string& name,
                                   bool ours) {
  if (!ours) return Make(environment, name);
  return MakeOurs(environment, TRY(engine::Find(state_dir)));
}

}  // namespace cluster::kind
