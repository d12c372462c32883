#include "vmafx/operator/job_request.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <google/protobuf/util/json_util.h>

#include "base/text.h"
#include "vmafx/api/score_options.h"

namespace vmafx::operators {
namespace {

constexpr size_t kLongestName = 63;  // of a label value, and a Pod's label carries the job's name
constexpr char kFileScheme[] = "file://";

// The local path that a URI names, or "" for all other schemes.
std::string LocalPath(const std::string& uri) {
  if (uri.rfind(kFileScheme, 0) == 0) return uri.substr(sizeof(kFileScheme) - 1);
  return uri.rfind('/', 0) == 0 ? uri : "";
}

bool LiesBelow(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto below = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !below.empty() && below != "." && *below.begin() != "..";
}

base::Result<> CheckInputs(const api::JobSpec& spec) {
  std::set<std::string> names, paths;
  for (const api::JobInput& input : spec.inputs) {
    if (input.config_map.empty() == input.claim.empty()) {
      return base::Fail(base::Code::kInvalid,
                        "spec.inputs \"{}\": give either configMap or persistentVolumeClaim",
                        input.name);
    }
    if (!names.insert(input.name).second) {
      return base::Fail(base::Code::kInvalid, "spec.inputs has two entries named \"{}\"",
                        input.name);
    }
    if (!paths.insert(input.mount_path).second) {
      return base::Fail(base::Code::kInvalid, "spec.inputs has two entries mounted at {}",
                        input.mount_path);
    }
  }
  return base::Ok();
}

base::Result<> CheckSource(const char* field, const std::string& uri, const api::JobSpec& spec) {
  if (uri.empty()) return base::Fail(base::Code::kInvalid, "spec.{} is empty", field);
  const std::string path = LocalPath(uri);
  if (path.empty()) return base::Ok();
  std::vector<std::string> folders;
  for (const api::JobInput& input : spec.inputs) {
    if (LiesBelow(path, input.mount_path)) return base::Ok();
    folders.push_back(input.mount_path);
  }
  return base::Fail(base::Code::kInvalid,
                    "spec.{} {} lies in none of spec.inputs (mounted: {}): add the ConfigMap or "
                    "PersistentVolumeClaim that holds it",
                    field, uri, folders.empty() ? "none" : base::Join(folders, ", "));
}

base::Result<std::string> UsedBackend(const api::JobSpec& spec) {
  TRY(api::CheckBackend(spec.backend).During("spec.backend"));
  if (spec.backend == "cpu" || spec.backend.empty()) return std::string("cpu");
  if (FallsBackToCpu(spec)) return std::string("cpu");
  return base::Fail(base::Code::kInvalid,
                    "spec.backend \"{}\": this version scores on cpu only (set spec.fallback: cpu "
                    "to allow that)",
                    spec.backend);
}

base::Result<> ReadOptions(const kube::Json& json, v1::ScoreOptions& options) {
  if (json.is_null()) return base::Ok();
  const auto read = google::protobuf::util::JsonStringToMessage(json.dump(), &options);
  if (!read.ok()) {
    const auto words = read.message();
    return base::Fail(base::Code::kInvalid, "spec.options: {}",
                      std::string(words.data(), words.size()));
  }
  return api::CheckScoreOptions(options).During("spec.options");
}

}  // namespace

bool FallsBackToCpu(const api::JobSpec& spec) {
  return !spec.backend.empty() && spec.backend != "cpu" && spec.fallback == "cpu";
}

base::Result<rpc::SubmitJobRequest> MakeSubmitRequest(const api::Job& job) {
  if (job.key.name.size() > kLongestName) {
    return base::Fail(base::Code::kInvalid,
                      "metadata.name has {} characters: at most {}, because a label of its Pods "
                      "carries it",
                      job.key.name.size(), kLongestName);
  }
  TRY(CheckInputs(job.spec));
  TRY(CheckSource("reference", job.spec.reference, job.spec));
  TRY(CheckSource("distorted", job.spec.distorted, job.spec));
  rpc::SubmitJobRequest request;
  rpc::ScoringParams& scoring = *request.mutable_scoring();
  scoring.set_backend(TRY(UsedBackend(job.spec)));
  scoring.set_reference(job.spec.reference);
  scoring.set_distorted(job.spec.distorted);
  scoring.set_model(job.spec.model);
  TRY(ReadOptions(job.spec.options, *scoring.mutable_options()));
  request.set_idempotency_key(job.uid);
  request.set_pinned(true);
  request.set_namespace_(job.key.ns);
  request.set_name(job.key.name);
  request.set_priority(job.spec.priority);
  return request;
}

}  // namespace vmafx::operators
