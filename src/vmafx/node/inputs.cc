#include "vmafx/node/inputs.h"

#include <algorithm>
#include <system_error>

#include "base/crew.h"
#include "base/guarded.h"
#include "base/text.h"
#include "sys/files.h"
#include "vmafx/node/file_uri.h"
#include "vmafx/node/source_http.h"
#include "vmafx/node/source_rclone.h"
#include "vmafx/scoring/container.h"
#include "vmafx/scoring/y4m.h"

namespace vmafx::node {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace fs = std::filesystem;

namespace {

bool IsBelow(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

std::string Names(const std::vector<fs::path>& roots) {
  std::vector<std::string> names;
  for (const fs::path& root : roots) names.push_back(root.string());
  return base::Join(names, ", ");
}

Result<> CheckRemote(const SourceUri& uri, const SourceOptions& options) {
  if (options.rclone.empty()) {
    return Fail(Code::kInvalid, "{}: this worker has no rclone to read it with (VMAFX_RCLONE_BIN)",
                uri.name);
  }
  if (options.rclone_config.empty()) {
    return Fail(Code::kInvalid,
                "{}: this worker has no rclone.conf: name its Secret in the VmafxJob's annotation "
                "vmafx.dev/rclone-config-secret (VMAFX_RCLONE_CONFIG)",
                uri.name);
  }
  constexpr size_t kLargestConfig = 1 << 20;
  const std::string config = TRY(sys::ReadFile(options.rclone_config, kLargestConfig)
                                     .During(uri.name + ": the configuration of rclone"));
  const std::vector<std::string> remotes = TRY(ReadRemotes(config).During(uri.name));
  if (std::ranges::find(remotes, uri.remote) != remotes.end()) return base::Ok();
  return Fail(Code::kInvalid,
              "{}: rclone.conf has no remote [{}]{} (it has {}): add it, or write "
              "rclone://REMOTE/bucket/key",
              uri.name, uri.remote, base::DidYouMean(uri.remote, remotes),
              remotes.empty() ? "none" : base::Join(remotes, ", "));
}

std::unique_ptr<Source> MakeSource(const SourceUri& uri, const SourceOptions& options,
                                   base::Clock& clock) {
  if (uri.kind == SourceUri::Kind::kHttp) {
    return MakeHttpSource({.url = uri.url,
                           .name = uri.name,
                           .ca_pem = options.http_ca_pem,
                           .idle_limit = options.idle_limit},
                          clock);
  }
  return MakeRcloneSource({.program = options.rclone,
                           .config = options.rclone_config,
                           .name = uri.name,
                           .remote = uri.remote,
                           .path = uri.path,
                           .idle_limit = options.idle_limit},
                          clock);
}

Result<scoring::Input> OpenInput(const CheckedInput& checked, const SourceOptions& options,
                                 const base::Log& log, const Until& until) {
  scoring::Input input;
  input.name = checked.uri.name;
  input.path = checked.file;
  if (checked.uri.kind == SourceUri::Kind::kFile) return input;
  base::Clock& clock = until.clock();
  auto fetch =
      std::make_shared<Fetch>(MakeSource(checked.uri, options, clock), options.fetch, clock, log);
  const std::string first = TRY(fetch->Peek(scoring::kContainerBytes, until));
  if (!first.starts_with(scoring::kY4mSignature) && scoring::NameContainer(input.name, first)) {
    return FetchToScratch(*fetch, options.scratch, until);
  }
  input.stream = std::move(fetch);
  return input;
}

// Both sides as far as they are open.
struct Opening {
  std::optional<scoring::Input> reference;
  std::optional<scoring::Input> distorted;
  std::optional<base::Error> error;  // the first
};

}  // namespace

Result<CheckedInput> CheckInput(const std::string& uri, const std::vector<fs::path>& roots,
                                const SourceOptions& options) {
  CheckedInput checked;
  checked.uri = TRY(ReadSourceUri(uri));
  if (checked.uri.kind == SourceUri::Kind::kFile) {
    checked.file = TRY(ResolveInput(uri, roots));
  } else if (checked.uri.kind == SourceUri::Kind::kRclone) {
    TRY(CheckRemote(checked.uri, options));
  }
  return checked;
}

Result<InputPair> OpenInputs(const CheckedInput& reference, const CheckedInput& distorted,
                             const SourceOptions& options, const base::Log& log,
                             const Until& until) {
  base::Guarded<Opening> opening;
  base::Crew crew;
  const auto start = [&](const char* side, const CheckedInput& checked,
                         std::optional<scoring::Input> Opening::*into) {
    crew.Start(side, [&, side, into](std::stop_token stop) {
      auto input = OpenInput(checked, options, log, until.Stopping(std::move(stop)));
      opening.With([&](Opening& now) {
        if (input.ok()) {
          now.*into = *std::move(input);
        } else if (!now.error) {
          now.error = std::move(input).error().During(side);
        }
      });
    });
  };
  start("reference", reference, &Opening::reference);
  start("distorted", distorted, &Opening::distorted);
  auto waited = opening.Await(
      until, [](const Opening& now) { return now.error || (now.reference && now.distorted); });
  crew.StopAndJoin();
  TRY(std::move(waited).During("opening the inputs"));
  Opening ended = opening.With([](Opening& now) { return std::move(now); });
  if (ended.error) return *std::move(ended.error);
  return InputPair{*std::move(ended.reference), *std::move(ended.distorted)};
}

Result<fs::path> ResolveInput(const std::string& uri, const std::vector<fs::path>& roots) {
  const fs::path path = TRY(PathOfFileUri(uri));
  if (roots.empty()) {
    return Fail(Code::kDenied, "{}: this worker may read no files: VMAFX_SCORING_ROOTS is empty",
                uri);
  }
  // Before anything is said about the file: outside the roots, whether it exists is nobody's
  // business.
  std::error_code problem;
  const fs::path real = fs::weakly_canonical(path, problem);
  const bool allowed = !problem && std::ranges::any_of(roots, [&](const fs::path& root) {
    std::error_code root_problem;
    const fs::path real_root = fs::canonical(root, root_problem);
    return !root_problem && IsBelow(real, real_root);
  });
  if (!allowed) {
    return Fail(Code::kDenied, "{} is outside of the folders that this worker may read ({})", uri,
                Names(roots));
  }
  const fs::file_status status = fs::status(real, problem);
  if (status.type() == fs::file_type::not_found) {
    return Fail(Code::kNotFound, "{}: no such file", uri);
  }
  if (problem) return Fail(Code::kDenied, "{}: {}", uri, problem.message());
  if (status.type() != fs::file_type::regular) {
    return Fail(Code::kInvalid, "{} is not a regular file", uri);
  }
  return real;
}

}  // namespace vmafx::node
