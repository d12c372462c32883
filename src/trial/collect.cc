#include "trial/collect.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sys/files.h"
#include "trial/diagnose.h"
#include "trial/event_lines.h"
#include "trial/steps/command.h"
#include "trial/steps/view.h"

namespace trial {
namespace {

namespace fs = std::filesystem;
using kube::Object;
using value::Json;

constexpr size_t kMostPods = 30;
constexpr int kLogLines = 2000;
constexpr int kDefaultSelectorTail = 10;

// "Deployment-web.yaml": names of objects hold no slashes, but some hold colons (RBAC).
std::string FileName(const std::string& kind, const std::string& name) {
  std::string file = kind + "-" + name;
  std::replace(file.begin(), file.end(), '/', '_');
  std::replace(file.begin(), file.end(), ':', '_');
  return file;
}

class Collection {
 public:
  Collection(const StepContext& context, fs::path folder, const base::Until& until)
      : context_(context), folder_(std::move(folder)), until_(until) {}

  void Write(const std::string& name, const std::string& content) {
    if (content.empty()) return;
    const fs::path path = folder_ / name;
    const auto made = sys::MakeDirs(path.parent_path());
    const auto written = made.ok() ? sys::WriteFileAtomically(path, content) : made;
    if (written.ok())
      files_.push_back(path.string());
    else
      context_.story.Warn({}, "not collected: " + written.error().message());
  }

  void Objects(std::set<kube::Kind> kinds) {
    for (const kube::Kind& kind : DiagnosedKinds()) kinds.insert(kind);
    for (const kube::Kind& kind : kinds) {
      const auto resource = context_.client.Discover(kind, until_);
      if (!resource.ok() || !resource->namespaced) continue;
      const auto list = context_.client.List(kind, {context_.ns, {}, ""}, until_);
      if (!list.ok()) {
        context_.story.Warn({}, "not collected: " + list.error().message());
        continue;
      }
      for (const auto& object : list->items) WriteObject(*object);
    }
  }

  void Events() {
    const auto lines = EventLines(context_.client, context_.ns, until_);
    if (!lines.ok()) return context_.story.Warn({}, "not collected: " + lines.error().message());
    std::string text;
    for (const std::string& line : *lines) text += line + "\n";
    Write("events.txt", text);
  }

  void Logs() {
    const auto pods = context_.client.List({"", "v1", "Pod"}, {context_.ns, {}, ""}, until_);
    if (!pods.ok()) return;
    for (size_t i = 0; i < pods->items.size() && i < kMostPods; ++i) {
      const Object& pod = *pods->items[i];
      for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
        const Json* statuses = pod.Find({"status", list});
        if (statuses == nullptr || !statuses->is_array()) continue;
        for (const Json& status : *statuses) ContainerLogs(pod, status);
      }
    }
  }

  void Collectors(const std::vector<CollectorSpec>& specs) {
    CommandSettings settings{context_.directory, context_.environment, context_.ns,
                             context_.timeout};
    int number = 0;
    for (const CollectorSpec& collector : specs) {
      ++number;
      CommandSpec spec;
      spec.place = collector.place;
      spec.command = CollectorCommand(collector);
      spec.ignore_failure = true;
      if (spec.command.empty()) {
        context_.story.Warn(collector.place, "skipping invalid assertion collector");
        continue;
      }
      context_.story.Line("collecting: " + spec.command);
      const CommandResult result = RunCommand(
          spec, settings, [&](std::string_view line) { context_.story.Line(std::string(line)); },
          until_);
      for (const Failure& failure : result.outcome.failures)
        context_.story.Warn(collector.place, "collector: " + failure.message);
      Write(fmt::format("collector-{}.txt", number), result.output);
    }
  }

  std::vector<std::string> Take() { return std::move(files_); }

 private:
  void WriteObject(const Object& object) {
    Json json = object.json();
    if (object.kind() == kube::Kind{"", "v1", "Secret"}) {
      for (const char* field : {"data", "stringData"}) {
        if (!json.contains(field) || !json[field].is_object()) continue;
        for (auto& [key, secret] : json[field].items()) secret = "(not shown)";
      }
    }
    if (json.contains("metadata")) json["metadata"].erase("managedFields");
    Write("objects/" + FileName(object.kind().kind, object.name()) + ".yaml", value::ToYaml(json));
  }

  void ContainerLogs(const Object& pod, const Json& status) {
    const std::string container = value::FindString(status, {"name"});
    Log(pod, container, "", "");
    const Json* restarts = value::Find(status, {"restartCount"});
    if (restarts != nullptr && restarts->is_number_integer() && *restarts > 0)
      Log(pod, container, "&previous=true", ".previous");
  }

  void Log(const Object& pod, const std::string& container, const char* query, const char* suffix) {
    // Names of Pods and containers are DNS labels: nothing to escape.
    const std::string path =
        fmt::format("/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={}{}", pod.ns(),
                    pod.name(), container, kLogLines, query);
    const auto text = context_.client.Raw("GET", path, "", until_);
    // A container that never started has no log: that is in its state already.
    if (text.ok()) Write(fmt::format("logs/{}.{}{}.log", pod.name(), container, suffix), *text);
  }

  const StepContext& context_;
  fs::path folder_;
  const base::Until& until_;  // of the one call that this object lives in
  std::vector<std::string> files_;
};

}  // namespace

std::string CollectorCommand(const CollectorSpec& spec) {
  const std::string ns = spec.ns.empty() ? "$NAMESPACE" : spec.ns;
  switch (spec.type) {
    case CollectorType::kCommand:
      return spec.command;
    case CollectorType::kEvents:
      return fmt::format("kubectl get events{} -n {}", spec.pod.empty() ? "" : " " + spec.pod, ns);
    case CollectorType::kPod:
      break;
  }
  if (!spec.command.empty() || (spec.pod.empty() && spec.selector.empty())) return "";
  std::string command = "kubectl logs --prefix";
  if (!spec.pod.empty()) command += " " + spec.pod;
  if (!spec.selector.empty()) command += " -l " + spec.selector;
  command += " -n " + ns;
  command += spec.container.empty() ? " --all-containers" : " -c " + spec.container;
  int tail = spec.tail;
  if (tail == 0) tail = spec.selector.empty() ? -1 : kDefaultSelectorTail;
  return command + fmt::format(" --tail={}", tail);
}

std::string FailureText(const Failure& failure) {
  std::string text = failure.Place();
  if (!text.empty()) text += ": ";
  text += failure.message + "\n";
  for (const std::string& line : failure.details) text += "  " + line + "\n";
  for (const std::string& line : failure.history) text += "  " + line + "\n";
  if (!failure.cause.empty()) text += "why:\n";
  for (const std::string& line : failure.cause) text += "  " + line + "\n";
  if (!failure.diff.empty()) text += failure.diff + "\n";
  return text;
}

std::vector<std::string> Collect(const StepContext& context, const Step& step,
                                 const Outcome& outcome, const std::vector<kube::Kind>& kinds,
                                 const std::filesystem::path& folder, const base::Until& until) {
  Collection collection(context, folder, until);
  std::string failures;
  for (const Failure& failure : outcome.failures) failures += FailureText(failure) + "\n";
  collection.Write("failure.txt", failures);
  collection.Objects({kinds.begin(), kinds.end()});
  collection.Events();
  collection.Logs();
  if (step.check) collection.Collectors(step.check->collectors);
  collection.Write("output.txt", context.story.Transcript());
  return collection.Take();
}

}  // namespace trial
