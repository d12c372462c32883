#include "vmafx/client/training.h"

#include <algorithm>

#include "base/text.h"
#include "vmafx/api/feedback.h"
#include "vmafx/api/names.h"

namespace vmafx::client {

using base::Code;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kStatus = "/status";

// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
bool IsLabel(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

Result<std::string> StatusUrl(const std::string& trainer) {
  if (trainer.starts_with("http://") || trainer.starts_with("https://")) {
    std::string url = trainer;
    while (url.ends_with('/')) url.pop_back();
    if (!url.ends_with(kStatus)) url += kStatus;
    return url;
  }
  const auto colon = trainer.rfind(':');
  if (colon != std::string::npos && colon > 0 && colon + 1 < trainer.size() &&
      std::all_of(trainer.begin() + static_cast<int64_t>(colon) + 1, trainer.end(),
                  [](char c) { return c >= '0' && c <= '9'; })) {
    return fmt::format("http://{}{}", trainer, kStatus);
  }
  const auto parts = base::Split(trainer, '.');
  if (parts.size() == 2 && IsLabel(parts[0]) && IsLabel(parts[1])) {
    return fmt::format("http://{}:{}{}", api::TrainerHost(parts[0], parts[1]),
                       api::kTrainerStatusPort, kStatus);
  }
  return Fail(
      Code::kInvalid,
      "\"{}\" is no trainer: give NAME.NAMESPACE of a VmafxModelTraining, HOST:PORT or a URL",
      trainer);
}

Result<value::Json> TrainingStatus(net::Http& http, const std::string& trainer,
                                   const base::Until& until) {
  const std::string url = TRY(StatusUrl(trainer));
  auto answer = http.Send({.url = url, .headers = {{"Accept", "application/json"}}}, until);
  if (answer.Is(Code::kUnavailable) && url.find(".svc:") != std::string::npos) {
    return Fail(Code::kUnavailable,
                "{} (that name is known inside the cluster only; from outside: kubectl -n {} "
                "port-forward svc/{} {}, then: vmafx train status localhost:{})",
                answer.error().message(), base::Split(trainer, '.').back(),
                api::TrainerName(base::Split(trainer, '.').front()), api::kTrainerStatusPort,
                api::kTrainerStatusPort);
  }
  const net::Response response = TRY(std::move(answer));
  if (response.status != 200) {
    return Fail(Code::kInvalid, "{} answers {}: is that a trainer?", url, response.status);
  }
  return value::ParseJson(response.body).During(url);
}

}  // namespace vmafx::client
