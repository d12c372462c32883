#include "trial/steps/world.h"

#include <functional>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/deletion.h"

namespace trial {
namespace {

using kube::ObjectPtr;

constexpr size_t kLongestLine = 200;
constexpr int kLastLines = 10;  // a log may end with empty ones
constexpr base::Duration kLogLimit = std::chrono::seconds(1);

using ReadKind = std::function<std::vector<ObjectPtr>(const kube::Kind&, const std::string& ns)>;

// Nodes are the only kind here that lives in no namespace.
std::string NamespaceOf(const kube::Kind& kind, const StepContext& context,
                        const kube::Object* subject) {
  if (kind.kind == "Node") return "";
  return subject == nullptr || subject->ns().empty() ? context.ns : subject->ns();
}

World Gather(const StepContext& context, const kube::Object* subject, const ReadKind& read) {
  World world;
  std::set<kube::Kind> known;
  for (bool more = true; more;) {
    more = false;
    for (const kube::Kind& kind : KindsFor(subject, world)) {
      if (!known.insert(kind).second) continue;
      more = true;
      auto objects = read(kind, NamespaceOf(kind, context, subject));
      auto& place = kind.kind == "Event" ? world.events : world.objects;
      place.insert(place.end(), objects.begin(), objects.end());
    }
  }
  return world;
}

std::vector<ObjectPtr> ListNow(const StepContext& context, const kube::Kind& kind,
                               const std::string& ns, const base::Until& until) {
  auto list = context.client.List(kind, {ns, {}, ""}, until);
  return list.ok() ? std::move(list->items) : std::vector<ObjectPtr>{};
}

std::string LastLine(const std::string& log) {
  const auto lines = base::Split(log, '\n');
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    std::string text(base::Trim(*line));
    if (text.empty()) continue;
    if (text.size() <= kLongestLine) return text;
    size_t end = kLongestLine;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "...";
  }
  return "";
}

}  // namespace

World ReadWorld(const StepContext& context, const kube::Object* subject, const base::Until& until) {
  return Gather(context, subject, [&](const kube::Kind& kind, const std::string& ns) {
    return ListNow(context, kind, ns, until);
  });
}

World WatchWorld(const StepContext& context, const kube::Object* subject, ChangeSignal& signal,
                 const base::Until& until) {
  return Gather(context, subject, [&](const kube::Kind& kind, const std::string& ns) {
    signal.Follow(kind, ns, until);
    const auto store = context.stores.OpenSoon(kind, ns, until);
    return store ? store->List(ns) : std::vector<ObjectPtr>{};
  });
}

World ReadWorldOfDeletion(const StepContext& context, const kube::Object& object,
                          const base::Until& until) {
  World world;
  for (const kube::Kind& kind : KindsForDeletion(object))
    for (ObjectPtr& one : ListNow(context, kind, NamespaceOf(kind, context, &object), until))
      world.objects.push_back(std::move(one));
  return world;
}

void AddLogs(const StepContext& context, const kube::Object* subject, World& world, LogCache& cache,
             const base::Until& until) {
  for (const LogOf& log : LogsFor(subject, world)) {
    const std::string id = log.Id() + (log.previous ? "/previous" : "");
    const auto known = cache.find(id);
    if (known == cache.end()) {
      // Names of Pods and containers are DNS labels: nothing to escape.
      const auto text = context.client.Raw(
          "GET",
          fmt::format("/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={}{}", log.pod.ns,
                      log.pod.name, log.container, kLastLines,
                      log.previous ? "&previous=true" : ""),
          "", until.Within(kLogLimit));
      // A container that never started has none: that is not asked again either.
      cache[id] = text.ok() ? LastLine(*text) : "";
    }
    world.last_lines[log.Id()] = cache[id];
  }
}

}  // namespace trial
