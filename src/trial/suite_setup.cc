#include "trial/suite_setup.h"

#include <algorithm>

#include <fmt/format.h>

#include "trial/steps/apply.h"
#include "trial/steps/commands.h"

namespace trial {
namespace {

using base::Code;

constexpr base::Duration kFirstPause = std::chrono::milliseconds(20);
constexpr base::Duration kLongestPause = std::chrono::milliseconds(500);

const kube::Kind kCrd{"apiextensions.k8s.io", "v1", "CustomResourceDefinition"};

// The kind that a CRD defines, in its first served version.
kube::Kind DefinedKind(const kube::Object& crd) {
  kube::Kind kind{crd.String({"spec", "group"}), "", crd.String({"spec", "names", "kind"})};
  const kube::Json* versions = crd.Find({"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return kind;
  for (const kube::Json& version : *versions) {
    const kube::Json* served = value::Find(version, {"served"});
    if (served == nullptr || *served != true) continue;
    kind.version = value::FindString(version, {"name"});
    break;
  }
  return kind;
}

}  // namespace

SuiteSetup::SuiteSetup(StepContext context, std::filesystem::path scratch)
    : context_(std::move(context)), scratch_(std::move(scratch)) {
  context_.environment["NAMESPACE"] = context_.ns;
}

Outcome SuiteSetup::Run(const SuiteConfig& suite, const std::vector<Manifest>& crds,
                        const std::vector<Manifest>& manifests, const base::Until& until) {
  Outcome outcome = InstallCrds(crds, until);
  if (!outcome.ok()) return outcome;
  AppliedObjects kept;  // manifests stay when the run ends, as with kuttl
  outcome = Apply(context_, manifests, kept, until);
  if (!outcome.ok()) return outcome;
  return RunCommands(suite, until);
}

Outcome SuiteSetup::InstallCrds(const std::vector<Manifest>& crds, const base::Until& until) {
  std::vector<Manifest> wanted;
  std::copy_if(crds.begin(), crds.end(), std::back_inserter(wanted),
               [](const Manifest& manifest) { return manifest.object.kind().kind == kCrd.kind; });
  AppliedObjects kept;
  Outcome outcome = Apply(context_, wanted, kept, until);
  if (!outcome.ok()) return outcome;
  for (const Manifest& manifest : wanted) {
    const auto served = AwaitServed(manifest.object, until.Within(context_.timeout));
    if (served.ok()) continue;
    outcome.Add(VerdictOf(served.error()), FailureAt(manifest.At(), served.error().message()));
  }
  return outcome;
}

base::Result<> SuiteSetup::AwaitServed(const kube::Object& crd, const base::Until& until) {
  const kube::Kind kind = DefinedKind(crd);
  for (base::Duration pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    // Discovery cannot be watched, and it lags behind the CRD's own condition.
    const auto served = context_.client.Discover(kind, until);
    if (served.ok()) return base::Ok();
    if (!served.Is(Code::kNotFound) && !served.Is(Code::kUnavailable)) return served.error();
    if (!until.Pause(pause)) {
      return base::Fail(Code::kTimeout, "CustomResourceDefinition {} is not served yet: {}",
                        crd.name(), served.error().message());
    }
  }
}

Outcome SuiteSetup::RunCommands(const SuiteConfig& suite, const base::Until& until) {
  CommandSettings settings{context_.directory, context_.environment, context_.ns, std::nullopt};
  if (suite.command_timeout > 0) settings.timeout = std::chrono::seconds(suite.command_timeout);
  for (const CommandSpec& spec : suite.commands) {
    context_.story.Line("running command: " + CommandText(spec));
    if (spec.background) {
      auto process =
          StartCommand(spec, settings,
                       (scratch_ / fmt::format("background-{}.log", background_.size())).string());
      if (process.ok()) {
        background_.push_back(*std::move(process));
        continue;
      }
      Outcome outcome;
      outcome.Add(Verdict::kErrored, FailureAt(spec.place, process.error().message()));
      return outcome;
    }
    CommandResult result = RunPatiently(spec, settings, context_.story, until);
    if (result.left) background_.push_back(*std::move(result.left));
    if (!result.outcome.ok()) return std::move(result.outcome);
  }
  return {};
}

}  // namespace trial
