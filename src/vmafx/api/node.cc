#include "vmafx/api/node.h"

#include <algorithm>

#include "base/text.h"
#include "vmafx/api/names.h"
#include "vmafx/api/whole.h"

namespace vmafx::api {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using kube::Json;

constexpr size_t kMostUrlLength = 2048;

void ReadStatus(const Json& json, NodeStatus& status) {
  if (json.contains("healthy")) status.healthy = json.at("healthy").get<bool>();
  status.last_heartbeat = json.value("lastHeartbeat", std::string());
  status.assigned_jobs = Whole(json, "assignedJobs");
  status.detected_device = json.value("detectedDevice", std::string());
  status.observed_generation = Whole(json, "observedGeneration");
  status.conditions = ReadConditions(json.value("conditions", Json::array()));
}

bool IsLabel(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// NAME.NAMESPACE, or POD.NAME.NAMESPACE of a headless Service.
bool IsServiceName(std::string_view host, std::string_view suffix) {
  if (!host.ends_with(suffix)) return false;
  const auto labels = base::Split(host.substr(0, host.size() - suffix.size()), '.');
  return (labels.size() == 2 || labels.size() == 3) &&
         std::all_of(labels.begin(), labels.end(), IsLabel);
}

Result<> CheckPort(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= 5 &&
                      text.find_first_not_of("0123456789") == std::string_view::npos;
  const int port = digits ? std::stoi(std::string(text)) : 0;
  if (port > 0 && port <= 65535) return base::Ok();
  return Fail(Code::kInvalid, "\"{}\" is not a port", text);
}

}  // namespace

Result<Node> ReadNode(const kube::Object& object) {
  Node node;
  node.key = object.key();
  node.uid = object.uid();
  node.healthz_url = object.Annotation(std::string(kHealthzUrlAnnotation));
  try {
    const Json& json = object.json();
    node.generation = Whole(json.at("metadata"), "generation");
    ReadStatus(json.value("status", Json::object()), node.status);
  } catch (const Json::exception& problem) {
    return Fail(Code::kInvalid, "{}: {}", object.Text(), problem.what());
  }
  return node;
}

Json WriteStatus(const NodeStatus& status) {
  Json json = Json::object();
  if (status.healthy) json["healthy"] = *status.healthy;
  if (!status.last_heartbeat.empty()) json["lastHeartbeat"] = status.last_heartbeat;
  json["assignedJobs"] = status.assigned_jobs;
  if (!status.detected_device.empty()) json["detectedDevice"] = status.detected_device;
  json["observedGeneration"] = status.observed_generation;
  if (!status.conditions.empty()) json["conditions"] = WriteConditions(status.conditions);
  return json;
}

// Stricter than RFC 3986: what is let through must mean the same to every reader of URLs.
Result<> CheckHealthzUrl(std::string_view url, std::string_view cluster_domain) {
  if (url.size() > kMostUrlLength) {
    return Fail(Code::kInvalid, "longer than {} characters", kMostUrlLength);
  }
  if (!std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return Fail(Code::kInvalid, "\"{}\": blanks and odd characters must be escaped", url);
  }
  std::string_view rest = url;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme)) rest = url.substr(scheme.size());
  }
  if (rest.size() == url.size()) {
    return Fail(Code::kInvalid, "\"{}\" is not an http:// or https:// URL", url);
  }
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#\\"));
  if (authority.find('@') != std::string_view::npos) {
    return Fail(Code::kInvalid, "\"{}\": a user name is not allowed", url);
  }
  const size_t colon = authority.find(':');
  if (colon != std::string_view::npos) {
    TRY(CheckPort(authority.substr(colon + 1)).During(fmt::format("\"{}\"", url)));
  }
  const std::string_view host = authority.substr(0, colon);
  const std::string full = fmt::format(".svc.{}", cluster_domain);
  if (IsServiceName(host, ".svc") || IsServiceName(host, full)) return base::Ok();
  return Fail(Code::kInvalid,
              "\"{}\": \"{}\" is not a Service of this cluster; write SERVICE.NAMESPACE.svc or "
              "SERVICE.NAMESPACE{}",
              url, host, full);
}

}  // namespace vmafx::api
