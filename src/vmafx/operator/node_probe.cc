#include "vmafx/operator/node_probe.h"

#include <algorithm>

#include "base/text.h"
#include "value/json.h"

namespace vmafx::operators {
namespace {

constexpr size_t kBodyLimit = 64 * 1024;
constexpr size_t kLongestDevice = 128;

// net::Http has one code for all that breaks below HTTP; people want to know which it was.
std::string ReasonOf(const base::Error& error) {
  const auto says = [&](std::string_view words) {
    return error.message().find(words) != std::string::npos;
  };
  if (error.code() == base::Code::kTimeout || says("no connection within")) return "Timeout";
  if (error.code() == base::Code::kInvalid) return "InvalidAnswer";
  if (says("connection refused")) return "ConnectionRefused";
  if (says("Could not resolve host")) return "NameNotFound";
  return "Unreachable";
}

// Any body that is not as described has no device.
std::string DeviceOf(const std::string& body) {
  const auto json = value::ParseJson(body);
  if (!json.ok()) return "";
  const std::string device = value::FindString(*json, {"device"});
  const bool plain = std::none_of(device.begin(), device.end(),
                                  [](char c) { return c >= 0 && (c < ' ' || c == 0x7f); });
  return plain && device.size() <= kLongestDevice ? device : "";
}

}  // namespace

Probe ProbeHealthz(net::Http& http, const std::string& url, const base::Until& until) {
  const auto answer = http.Send({.url = url}, until);
  Probe probe;
  probe.at = until.clock().WallNow();
  if (!answer.ok()) {
    probe.reason = ReasonOf(answer.error());
    probe.message = answer.error().message();
  } else if (answer->status != 200) {
    probe.reason = "HTTPStatus";
    probe.message = fmt::format("answered {}, not 200", answer->status);
  } else {
    probe.healthy = true;
    probe.reason = "ProbeSucceeded";
    probe.message = "answered 200";
    probe.device = DeviceOf(answer->body);
  }
  return probe;
}

NodeProber::NodeProber(NodeProberOptions options, base::Clock& clock, base::Log log,
                       Listener listener)
    : options_(std::move(options)),
      clock_(clock),
      log_(std::move(log)),
      listener_(std::move(listener)),
      http_(net::MakeCurlHttp({.identity = {.insecure_skip_verify = true},
                               .user_agent = "vmafx-operator",
                               .follow_redirects = false,
                               .body_limit = kBodyLimit})),
      queue_(clock) {}

void NodeProber::Start() {
  for (int i = 0; i < options_.workers; ++i) {
    crew_.Start(fmt::format("probe/{}", i), [this](std::stop_token stop) { Work(stop); });
  }
}

void NodeProber::Stop() {
  queue_.Close();
  crew_.StopAndJoin();
}

std::optional<Probe> NodeProber::Follow(const kube::Key& node, const std::string& uid,
                                        const std::string& url) {
  bool news = false;
  auto last = targets_.With([&](std::map<kube::Key, Target>& targets) {
    Target& target = targets[node];
    news = target.url != url || target.uid != uid;
    if (news) target = {uid, url, {}};
    return target.last;
  });
  if (news) queue_.Add(node);
  return last;
}

void NodeProber::Forget(const kube::Key& node) {
  // The queue hears of it when the node's turn comes.
  targets_.With([&](std::map<kube::Key, Target>& targets) { targets.erase(node); });
}

void NodeProber::Work(std::stop_token stop) {
  const base::Until forever(clock_, base::Instant::max(), stop);
  while (true) {
    const auto node = queue_.Take(forever);
    if (!node.ok()) return;
    const auto target = targets_.Read([&](const std::map<kube::Key, Target>& targets) {
      auto found = targets.find(*node);
      return found == targets.end() ? std::optional<Target>() : std::optional(found->second);
    });
    if (!target) {
      queue_.Done(*node);
      continue;
    }
    const base::Instant started = clock_.Now();
    const base::Duration pause = Look(*node, *target, forever);
    const base::Duration spent = clock_.Now() - started;
    queue_.Done(*node, std::max(pause - spent, base::Duration::zero()));
  }
}

base::Duration NodeProber::Look(const kube::Key& node, const Target& target,
                                const base::Until& until) {
  const std::string url = options_.route ? options_.route(target.url) : target.url;
  const Probe probe = ProbeHealthz(*http_, url, until.Within(options_.timeout));
  if (until.Stopped()) return options_.period;  // says nothing about the node
  const int failures = probe.healthy ? 0 : target.failures + 1;
  const bool changed = !target.last || target.last->healthy != probe.healthy;
  const bool kept = targets_.With([&](std::map<kube::Key, Target>& targets) {
    auto found = targets.find(node);
    if (found == targets.end() || found->second.url != target.url ||
        found->second.uid != target.uid) {
      return false;
    }
    found->second.last = probe;
    found->second.failures = failures;
    return true;
  });
  if (!kept) return options_.period;
  if (changed) {
    log_.Info(probe.healthy ? "node answers" : "node does not answer",
              {{"node", node.Text()}, {"url", target.url}, {"why", probe.message}});
  }
  listener_(node);
  const bool soon = failures > 0 && failures <= options_.most_rechecks;
  return soon ? std::min(options_.recheck, options_.period) : options_.period;
}

}  // namespace vmafx::operators
