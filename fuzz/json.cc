// JSON of an API server or a peer; the input is a value, and after a line "===" a merge patch.

#include "value/json.h"

#include "base/check.h"
#include "fuzz/input.h"
#include "value/utf8.h"

namespace {

using value::Json;

void CheckReadsBack(const Json& json) {
  const std::string written = json.dump();
  const auto again = value::ParseJson(written);
  CHECK(again.ok());
  CHECK(again->dump() == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parts = fuzz::Parts(fuzz::Text(data, size), "===");
  auto target = value::ParseJson(parts[0]);
  if (!target.ok()) {
    const std::string& message = target.error().message();
    CHECK(!message.empty() && message.size() < 1000);
    CHECK(value::FindInvalidUtf8(message) == std::string::npos);
    return 0;
  }
  CheckReadsBack(*target);
  value::NormalizeNumbers(*target);
  Json normal = *target;
  value::NormalizeNumbers(normal);
  CHECK(normal == *target);
  if (parts.size() < 2) return 0;
  const auto patch = value::ParseJson(parts[1]);
  if (!patch.ok()) return 0;
  value::MergePatch(*target, *patch);
  const Json once = *target;
  value::MergePatch(*target, *patch);
  CHECK(once == *target);
  CheckReadsBack(once);
  return 0;
}
