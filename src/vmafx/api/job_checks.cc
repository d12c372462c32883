#include "vmafx/api/job_checks.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <google/protobuf/util/json_util.h>

#include "base/text.h"
#include "vmafx/api/names.h"
#include "vmafx/api/score_options.h"
#include "vmafx/api/source_uri.h"

namespace vmafx::api {
namespace {

using base::Code;
using base::Fail;
using Problems = std::vector<std::string>;

constexpr size_t kLongestName = 63;  // of a label value, and a Pod's label carries the job's name
constexpr size_t kLongestSecret = 253;
constexpr std::string_view kOurVolumes = "vmafx-";

// Where a worker needs its own files. An input there would hide them, or could not be mounted.
constexpr std::string_view kTaken[] = {kTokenDir, kRcloneConfigDir, kScratchDir, "/bin",
                                       "/dev",    "/lib",           "/lib64",    "/proc",
                                       "/sbin",   "/sys",           "/usr",      "/etc/ssl"};

bool LiesBelow(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto below = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !below.empty() && below != "." && *below.begin() != "..";
}

bool Overlap(const std::filesystem::path& one, const std::filesystem::path& other) {
  return one == other || LiesBelow(one, other) || LiesBelow(other, one);
}

void CheckMountPath(const JobInput& input, Problems& problems) {
  const std::filesystem::path path = input.mount_path;
  if (!path.is_absolute() || path.native() != path.lexically_normal().native() || path == "/" ||
      input.mount_path.ends_with('/') || input.mount_path.find(':') != std::string::npos) {
    problems.push_back(fmt::format(
        "spec.inputs \"{}\": mountPath \"{}\" is not an absolute folder written plainly: write "
        "/fixtures, say (no \"..\", \".\", \"//\", \":\" or slash at the end)",
        input.name, input.mount_path));
    return;
  }
  for (const std::string_view taken : kTaken) {
    if (Overlap(path, taken)) {
      problems.push_back(
          fmt::format("spec.inputs \"{}\": mountPath {} collides with {}, which the worker needs "
                      "itself: write /fixtures, say",
                      input.name, input.mount_path, taken));
    }
  }
}

void CheckInputs(const JobSpec& spec, Problems& problems) {
  std::set<std::string> names;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const JobInput& input = spec.inputs[i];
    if (input.config_map.empty() == input.claim.empty()) {
      problems.push_back(fmt::format(
          "spec.inputs \"{}\": give either configMap or persistentVolumeClaim", input.name));
    }
    if (!names.insert(input.name).second) {
      problems.push_back(fmt::format("spec.inputs has two entries named \"{}\"", input.name));
    }
    if (input.name.starts_with(kOurVolumes)) {
      problems.push_back(
          fmt::format("spec.inputs \"{}\": names that begin with {} are the worker's own",
                      input.name, kOurVolumes));
    }
    CheckMountPath(input, problems);
    for (size_t other = 0; other < i; ++other) {
      const std::string& path = spec.inputs[other].mount_path;
      if (path == input.mount_path) {
        problems.push_back(fmt::format("spec.inputs has two entries mounted at {}", path));
      } else if (Overlap(path, input.mount_path)) {
        problems.push_back(fmt::format("spec.inputs: {} and {} are mounted one below the other",
                                       path, input.mount_path));
      }
    }
  }
}

void CheckFile(const char* field, const std::string& text, const SourceUri& uri,
               const JobSpec& spec, Problems& problems) {
  std::vector<std::string> folders;
  for (const JobInput& input : spec.inputs) {
    if (LiesBelow(uri.path, input.mount_path)) return;
    folders.push_back(input.mount_path);
  }
  problems.push_back(
      fmt::format("spec.{} {} lies in none of spec.inputs (mounted: {}): add the ConfigMap or "
                  "PersistentVolumeClaim that holds it",
                  field, text, folders.empty() ? "none" : base::Join(folders, ", ")));
}

// Checks one of the two sources; true when it is raw video.
bool CheckSource(const char* field, const std::string& text, const Job& job, Problems& problems) {
  auto uri = ReadSourceUri(text);
  if (!uri.ok()) {
    problems.push_back(fmt::format("spec.{}: {}", field, uri.error().message()));
    return false;
  }
  if (uri->IsFile()) CheckFile(field, text, *uri, job.spec, problems);
  if (!uri->Remote().empty() && job.rclone_secret.empty()) {
    problems.push_back(
        fmt::format("spec.{} {} is read by the section [{}] of an {}: annotate the job with {}: "
                    "NAME of the Secret that has one under that key",
                    field, text, uri->Remote(), kRcloneConfigFile, kRcloneSecretAnnotation));
  }
  return uri->IsRawVideo();
}

bool HasGeometry(const v1::ScoreOptions& options) {
  return options.width() > 0 || options.height() > 0 || !options.pixel_format().empty() ||
         options.bitdepth() > 0;
}

void CheckSourcesAndOptions(const Job& job, Problems& problems) {
  std::vector<std::string> raw;
  if (CheckSource("reference", job.spec.reference, job, problems)) raw.emplace_back("reference");
  if (CheckSource("distorted", job.spec.distorted, job, problems)) raw.emplace_back("distorted");
  auto options = ReadScoreOptions(job.spec.options);
  if (!options.ok()) {
    problems.push_back(options.error().message());
  } else if (!raw.empty() && !HasGeometry(*options)) {
    problems.push_back(fmt::format(
        "spec.{} {} raw video, which does not say its own size: give width, height, pixelFormat "
        "and bitdepth in spec.options",
        base::Join(raw, " and spec."), raw.size() == 1 ? "is" : "are"));
  }
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
bool IsObjectName(const std::string& name) {
  const auto is_inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  const auto is_edge = [&](char c) { return is_inner(c) && c != '-' && c != '.'; };
  return !name.empty() && name.size() <= kLongestSecret && is_edge(name.front()) &&
         is_edge(name.back()) && std::ranges::all_of(name, is_inner);
}

void CheckNames(const Job& job, Problems& problems) {
  if (job.key.name.size() > kLongestName) {
    problems.push_back(
        fmt::format("metadata.name has {} characters: at most {}, because a label of its Pods "
                    "carries it",
                    job.key.name.size(), kLongestName));
  }
  if (!job.rclone_secret.empty() && !IsObjectName(job.rclone_secret)) {
    problems.push_back(fmt::format("annotation {}: \"{}\" is no name of a Secret",
                                   kRcloneSecretAnnotation, job.rclone_secret));
  }
  const auto is_odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(job.spec.model, is_odd)) {
    problems.push_back(
        fmt::format("spec.model \"{}\" has spaces: write the name of a model, such as vmaf_v0.6.1",
                    job.spec.model));
  }
}

// The options as JSON writes them, for messages.
std::vector<std::string> OptionNames() {
  std::vector<std::string> names;
  const auto* descriptor = v1::ScoreOptions::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    names.push_back(descriptor->field(i)->json_name());
  }
  return names;
}

bool IsOption(const std::string& name) {
  const auto* descriptor = v1::ScoreOptions::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (name == descriptor->field(i)->json_name() || name == descriptor->field(i)->name()) {
      return true;
    }
  }
  return false;
}

// `words` with the names of the message's fields as they are in JSON.
std::string InJsonNames(std::string words) {
  const auto* descriptor = v1::ScoreOptions::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const std::string name = descriptor->field(i)->name();
    const std::string json_name = descriptor->field(i)->json_name();
    if (name == json_name) continue;
    for (size_t at = words.find(name); at != words.npos; at = words.find(name, at)) {
      words.replace(at, name.size(), json_name);
    }
  }
  return words;
}

}  // namespace

base::Result<v1::ScoreOptions> ReadScoreOptions(const kube::Json& json) {
  v1::ScoreOptions options;
  if (json.is_null()) return options;
  if (!json.is_object()) return base::Error(Code::kInvalid, "spec.options is not an object");
  Problems unknown;
  for (const auto& [name, value] : json.items()) {
    if (!IsOption(name)) {
      unknown.push_back(
          fmt::format("spec.options has no \"{}\"{}", name, base::DidYouMean(name, OptionNames())));
    }
  }
  if (!unknown.empty()) return base::Error(Code::kInvalid, base::Join(unknown, "; "));
  const auto read = google::protobuf::util::JsonStringToMessage(json.dump(), &options);
  if (!read.ok()) {
    const auto words = read.message();
    return Fail(Code::kInvalid, "spec.options: {}", std::string(words.data(), words.size()));
  }
  auto checked = CheckScoreOptions(options);
  if (checked.ok()) return options;
  return Fail(Code::kInvalid, "spec.options: {}", InJsonNames(checked.error().message()));
}

base::Result<> CheckJob(const Job& job) {
  Problems problems;
  CheckNames(job, problems);
  CheckInputs(job.spec, problems);
  CheckSourcesAndOptions(job, problems);
  auto backend = CheckBackend(job.spec.backend);
  if (!backend.ok()) problems.push_back("spec.backend: " + backend.error().message());
  if (!job.spec.fallback.empty() && job.spec.fallback != "cpu") {
    problems.push_back(fmt::format("spec.fallback \"{}\" is not cpu", job.spec.fallback));
  }
  if (job.spec.priority < 0) {
    problems.push_back(fmt::format("spec.priority {} is below 0", job.spec.priority));
  }
  if (job.spec.ttl_seconds_after_finished.value_or(0) < 0) {
    problems.push_back("spec.ttlSecondsAfterFinished is below 0");
  }
  if (problems.empty()) return base::Ok();
  return base::Error(Code::kInvalid, base::Join(problems, "; "));
}

}  // namespace vmafx::api
