#include "kube/rest.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "kube/status.h"

namespace kube {
namespace {

using base::Code;
using base::Result;
using base::Until;

// How long the server asks us to stay away; nullopt when it does not want us back.
// https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
std::optional<base::Duration> RetryAfter(const net::Response& response) {
  if (response.status != 429 && response.status != 503) return std::nullopt;
  const auto header = response.headers.find("retry-after");
  if (header == response.headers.end()) return std::nullopt;
  int seconds = 0;
  const std::string& text = header->second;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || seconds < 0) return std::nullopt;
  constexpr base::Duration kLeast = std::chrono::milliseconds(20);
  return std::max<base::Duration>(std::chrono::seconds(std::min(seconds, 3600)), kLeast);
}

// An API server that has just come up listens before it has read its RBAC rules and accounts: for a
// moment it denies everything to everybody but its masters.
constexpr base::Duration kComingUp = std::chrono::seconds(10);  // since it was last not there
constexpr base::Duration kComingUpPause = std::chrono::milliseconds(100);

std::string During(const Call& call) {
  return fmt::format("{} {}", call.method, call.what);
}

}  // namespace

Rest::Rest(ClusterAccess access, base::Log log, const std::string& user_agent)
    : access_(std::move(access)),
      log_(std::move(log)),
      http_(net::MakeCurlHttp({.identity = access_.identity, .user_agent = user_agent})),
      token_file_(access_.token_file) {}

Result<net::Request> Rest::MakeRequest(const Call& call) {
  net::Request request{call.method, access_.server + call.path, {}, call.body};
  request.headers["Accept"] = "application/json";
  if (!call.body.empty()) request.headers["Content-Type"] = call.content_type;
  const std::string token = access_.token_file.empty() ? access_.token : TRY(token_file_.Get());
  if (!token.empty()) request.headers["Authorization"] = "Bearer " + token;
  if (!access_.impersonate.empty()) request.headers["Impersonate-User"] = access_.impersonate;
  return request;
}

std::optional<base::Duration> Rest::PauseAfter(const net::Response& response, const Until& until) {
  if (response.status != 401 && response.status != 403) return RetryAfter(response);
  const auto broke = broke_.Read([](const auto& when) { return when; });
  if (!broke || until.clock().Now() - *broke > kComingUp) return std::nullopt;
  return kComingUpPause;
}

Result<net::Response> Rest::Try(const Call& call, const Attempt& attempt, Breaks breaks,
                                std::optional<base::Error>* refused, const Until& until) {
  while (true) {
    const net::Request request = TRY(MakeRequest(call));  // each time: the token may be a new one
    Result<net::Response> response = attempt(request);
    if (!response.ok()) {
      if (response.Is(Code::kUnavailable))
        broke_.With([&](auto& when) { when = until.clock().Now(); });
      if (!response.Is(Code::kUnavailable) || breaks == Breaks::kAreFinal) return response;
      breaks = Breaks::kAreFinal;
      continue;
    }
    if (response->status / 100 == 2) return response;
    const std::optional<base::Duration> pause = PauseAfter(*response, until);
    const base::Error refusal = StatusError(response->status, response->body);
    if (!pause.has_value() || *pause >= until.Left()) return refusal;
    log_.Debug("to be sent again", {{"call", call.what}, {"status", response->status}});
    if (refusal.code() == Code::kUnavailable) {
      if (refused != nullptr) *refused = refusal;
      if (call.on_refused) call.on_refused(base::Error(refusal).During(During(call)));
    }
    if (!until.Pause(*pause) && until.Stopped()) {
      return base::Fail(Code::kCancelled, "stopped while the server asked to wait");
    }
  }
}

Result<std::string> Rest::Send(const Call& call, const Until& until) {
  // A kept connection may end just as we use it. Only what changes nothing may be sent again.
  const bool reads = call.method == "GET";
  const Breaks breaks = reads ? Breaks::kAllowOneMore : Breaks::kAreFinal;
  std::optional<base::Error> refused;
  Result<net::Response> response = Try(
      call, [&](const net::Request& request) { return http_->Send(request, until); }, breaks,
      &refused, until);
  // Of a write nobody knows then whether it was carried out in the end.
  if (reads && response.Is(Code::kTimeout) && refused)
    return std::move(*refused).During(During(call));
  if (!response.ok()) return std::move(response).error().During(During(call));
  return std::move(response->body);
}

Result<> Rest::Stream(const Call& call, const std::function<bool(std::string_view)>& sink,
                      const Until& until) {
  const Result<net::Response> response = Try(
      call, [&](const net::Request& request) { return http_->Stream(request, sink, until); },
      Breaks::kAreFinal, nullptr, until);
  if (!response.ok()) return base::Error(response.error()).During(During(call));
  return base::Ok();
}

}  // namespace kube
