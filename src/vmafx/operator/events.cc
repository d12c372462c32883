#include "vmafx/operator/events.h"

#include <algorithm>

#include "vmafx/api/names.h"

namespace vmafx::operators {
namespace {

constexpr char kComponent[] = "vmafx-operator";
constexpr size_t kLongestMessage = 1024;  // the API server refuses more

// FNV-1a: the same on every run, which is all that a name needs.
uint64_t Fingerprint(std::string_view text) {
  uint64_t hash = 14695981039346656037ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

// At most kLongestMessage bytes, and no character cut in two.
std::string Shortened(const std::string& message) {
  size_t end = std::min(message.size(), kLongestMessage);
  while (end > 0 && end < message.size() && (message[end] & 0xc0) == 0x80) --end;
  return message.substr(0, end);
}

}  // namespace

void EventRecorder::Record(const Subject& about, const char* type, const std::string& reason,
                           const std::string& message, const base::Until& until) {
  const std::string now = base::FormatTime(clock_.WallNow());
  const std::string name =
      fmt::format("{}.{:016x}", about.key.name, Fingerprint(about.uid + reason + message));
  const kube::Object event(kube::Json{{"apiVersion", "v1"},
                                      {"kind", "Event"},
                                      {"metadata", {{"name", name}, {"namespace", about.key.ns}}},
                                      {"involvedObject",
                                       {{"apiVersion", api::kApiVersion},
                                        {"kind", about.kind},
                                        {"name", about.key.name},
                                        {"namespace", about.key.ns},
                                        {"uid", about.uid}}},
                                      {"type", type},
                                      {"reason", reason},
                                      {"message", Shortened(message)},
                                      {"firstTimestamp", now},
                                      {"lastTimestamp", now},
                                      {"count", 1},
                                      {"source", {{"component", kComponent}}}});
  auto created = writer_.Create(event, until);
  if (!created.ok() && !created.Is(base::Code::kExists)) {
    log_.Warn(
        "event not written",
        {{about.kind, about.key.Text()}, {"reason", reason}, {"why", created.error().message()}});
  }
}

}  // namespace vmafx::operators
