#include "vmafx/operator/trainer_report.h"

#include <limits>

#include "base/parse_time.h"
#include "value/json.h"
#include "vmafx/api/names.h"

namespace vmafx::operators {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

constexpr size_t kLongestName = 256;
constexpr size_t kLongestMessage = 1024;                               // the rest is cut off
constexpr int64_t kMostSamples = std::numeric_limits<int32_t>::max();  // as the CRD has it

Result<std::string> ReadText(const Json& json, const char* field, size_t longest) {
  auto found = json.find(field);
  if (found == json.end() || found->is_null()) return std::string();
  if (!found->is_string()) return Fail(Code::kInvalid, "{} is not text", field);
  const auto& text = found->get_ref<const std::string&>();
  if (text.size() <= longest) return text;
  return Fail(Code::kInvalid, "{} is longer than {} bytes", field, longest);
}

Result<std::string> ReadName(const Json& json, const char* field) {
  return ReadText(json, field, kLongestName);
}

// Cut between two characters, not within one.
Result<std::string> ReadMessage(const Json& json, const char* field) {
  std::string text = TRY(ReadText(json, field, std::string::npos));
  if (text.size() <= kLongestMessage) return text;
  size_t end = kLongestMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

Result<int64_t> ReadCount(const Json& json, const char* field, int64_t most) {
  auto found = json.find(field);
  if (found == json.end() || found->is_null()) return int64_t{0};
  if (!found->is_number_integer()) return Fail(Code::kInvalid, "{} is not a whole number", field);
  const bool fits = found->is_number_unsigned()
                        ? found->get<uint64_t>() <= static_cast<uint64_t>(most)
                        : found->get<int64_t>() >= 0 && found->get<int64_t>() <= most;
  if (fits) return found->get<int64_t>();
  return Fail(Code::kInvalid, "{} is not within 0 and {}", field, most);
}

Result<std::string> ReadTime(const Json& json, const char* field) {
  std::string text = TRY(ReadName(json, field));
  if (text.empty() || base::ParseTime(text)) return text;
  return Fail(Code::kInvalid, "{} \"{}\" is not a time like 2026-01-31T12:00:00Z", field, text);
}

std::string PhaseOf(const std::string& word) {
  if (word == "running") return std::string(api::kRunning);
  if (word == "paused") return std::string(api::kPaused);
  if (word == "failed") return std::string(api::kFailed);
  return std::string(api::kInitializing);
}

}  // namespace

Result<TrainerReport> ReadTrainerReport(std::string_view text) {
  const Json json = TRY(value::ParseJson(text));
  if (!json.is_object()) return Fail(Code::kInvalid, "not a JSON object");
  TrainerReport report;
  report.phase = PhaseOf(TRY(ReadName(json, "phase")));
  report.current_samples = TRY(ReadCount(json, "current_samples", kMostSamples));
  report.last_checkpoint = TRY(ReadTime(json, "last_checkpoint_time"));
  report.model_version = TRY(ReadName(json, "model_version"));
  report.model_digest = TRY(ReadName(json, "model_digest"));
  report.last_stability_gate_result = TRY(ReadName(json, "last_stability_gate_result"));
  report.message = TRY(ReadMessage(json, "message"));
  report.revision = TRY(ReadCount(json, "revision", std::numeric_limits<int64_t>::max()));
  return report;
}

}  // namespace vmafx::operators
