// The body of a watch. The first byte says into which pieces the network cuts it.

#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz/input.h"
#include "kube/watch_decoder.h"

namespace {

struct Told {
  std::vector<std::string> changes;
  std::string error;
  bool operator==(const Told&) const = default;
};

Told Decode(std::string_view body, size_t piece) {
  kube::WatchDecoder decoder(kube::Kind::Of("v1", "ConfigMap"));
  Told told;
  while (!body.empty()) {
    const std::string_view next = body.substr(0, piece);
    body.remove_prefix(next.size());
    const auto fed = decoder.Feed(next, [&](const kube::Change& change) {
      CHECK(change.object != nullptr);
      const kube::Object& object = *change.object;
      told.changes.push_back(std::to_string(static_cast<int>(change.type)) + object.Text() +
                             object.resource_version() + object.json().dump());
      object.owners();
      object.Label("app");
      object.Condition("Ready");
      return true;
    });
    if (fed.ok()) continue;
    told.error = fed.error().message();
    CHECK(!told.error.empty());
    break;
  }
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view body = fuzz::Text(data + 1, size - 1);
  CHECK(Decode(body, body.size() + 1) == Decode(body, 1 + data[0] % 64));
  return 0;
}
