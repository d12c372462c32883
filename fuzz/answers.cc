// Short texts that other programs, servers and registries answer or ask with. The first byte says
// which reader gets the rest.

#include "base/check.h"
#include "base/text.h"
#include "cluster/native/faults.h"
#include "fuzz/input.h"
#include "kube/status.h"
#include "net/line_stream.h"
#include "net/target.h"
#include "sys/mounts.h"
#include "trial/pod_logs.h"
#include "trial/run_selector.h"
#include "trial/words.h"
#include "vmafx/api/node.h"
#include "vmafx/api/repository.h"
#include "vmafx/controller/score_request.h"
#include "vmafx/node/http_answer.h"
#include "vmafx/node/rclone_says.h"
#include "vmafx/operator/trainer_report.h"
#include "vmafx/trainer/registry_access.h"

namespace {

template <typename T>
bool Told(const base::Result<T>& result) {
  CHECK(result.ok() || !result.error().message().empty());
  return result.ok();
}

// A challenge, and behind its line a docker config.json.
void ReadRegistry(std::string_view text) {
  const size_t line = std::min(text.find('\n'), text.size());
  const auto challenge = vmafx::trainer::ReadChallenge(text.substr(0, line));
  CHECK(challenge.scheme.find(' ') == std::string::npos);
  for (const auto& [name, value] : challenge.parameters) CHECK(name == base::Lower(name));
  Told(vmafx::trainer::FindCredentials(text.substr(line), "registry:5000"));
  vmafx::trainer::AllowsPlainHttp({"*.svc", "registry:5000"}, text.substr(0, line));
}

void ReadAddresses(std::string_view text) {
  const std::string address(text);
  if (const auto target = net::ReadTarget(address, ""); Told(target)) CHECK(target->url == address);
  Told(net::ReadTarget(address, "server.name"));
  Told(net::CheckAddress(address));
  Told(vmafx::api::CheckHealthzUrl(text, "cluster.local"));
  if (const auto artifact = vmafx::api::ReadTaggedArtifact(text); Told(artifact)) {
    const auto& repository = artifact->repository;
    CHECK(repository.host + "/" + repository.path + ":" + artifact->tag == address);
    CHECK(vmafx::api::ReadRepository(repository.host + "/" + repository.path).ok());
  }
}

void ReadTables(std::string_view text) {
  for (const sys::MountEntry& mount : sys::ParseMounts(text)) CHECK(!mount.options.empty());
  const auto status = cluster::native::ParseProcessStatus(text);
  if (status) CHECK(text.find("NSpid") != std::string_view::npos);
  for (const std::string& line : base::Split(text, '\n')) {
    const trial::PodLogLine log = trial::ParseLogLine(line);
    CHECK(log.text.size() <= 1010);
  }
}

void ReadReport(std::string_view text) {
  if (const auto report = vmafx::operators::ReadTrainerReport(text); Told(report))
    CHECK(report->current_samples >= 0 && !report->phase.empty());
}

// Headers, one a line; the status is in the first byte.
void ReadHeaders(std::string_view text) {
  net::Response response;
  response.status = !text.empty() && text[0] == '6' ? 206 : 200;
  for (const std::string& line : base::Split(text.substr(std::min<size_t>(1, text.size())), '\n')) {
    const size_t colon = std::min(line.find(':'), line.size());
    response.headers[base::Lower(line.substr(0, colon))] =
        base::Trim(std::string_view(line).substr(std::min(colon + 1, line.size())));
  }
  const auto answer = vmafx::node::ReadHttpAnswer(response);
  if (Told(answer) && answer->info.checksum) CHECK(answer->info.checksum->hex.size() == 64);
}

void ReadErrors(std::string_view text) {
  const int status = text.empty() ? 500 : static_cast<unsigned char>(text[0]) * 3;
  CHECK(
      !kube::StatusError(status, text.substr(std::min<size_t>(1, text.size()))).message().empty());
  const auto rclone = vmafx::node::WhatRcloneMeans(status % 10, text, "films");
  CHECK(rclone.message().find('\n') == std::string::npos);
}

void ReadCommand(std::string_view text) {
  const std::string expanded = trial::ExpandVariables(text, {{"NAME", "value"}, {"A", ""}});
  if (text.find('$') == std::string_view::npos) CHECK(expanded == text);
  if (const auto words = trial::SplitWords(expanded); Told(words))
    Told(trial::AddNamespace(*words, "ns"));
  CHECK(trial::Summarize(text).size() <= 73);
  Told(trial::ParseLabels(text));
}

void ReadScore(std::string_view text) {
  const auto job = vmafx::controller::ReadScoreRequest(std::string(text));
  if (Told(job)) CHECK(!job->scoring.reference.empty() && !job->scoring.distorted.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr void (*kReaders[])(std::string_view) = {ReadRegistry, ReadAddresses, ReadTables,
                                                    ReadReport,   ReadHeaders,   ReadErrors,
                                                    ReadCommand,  ReadScore};
  if (size == 0) return 0;
  kReaders[data[0] % std::size(kReaders)](fuzz::Text(data + 1, size - 1));
  return 0;
}
