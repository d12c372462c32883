#include "app/vmafx-node/source_flags.h"

#include <cstdlib>
#include <filesystem>

#include "app/platform_flags.h"
#include "sys/files.h"
#include "sys/process.h"
#include "vmafx/api/names.h"

namespace app {
namespace {

using base::Result;

// The absolute path of the program that was asked for, else of the one in PATH, else nothing: only
// some inputs need it, and then its absence is said.
Result<std::filesystem::path> FindTool(const std::string& flag, const std::string& asked_for,
                                       const std::string& name) {
  const char* path = std::getenv("PATH");
  auto found = sys::FindProgram(asked_for.empty() ? name : asked_for, path == nullptr ? "" : path);
  if (found.ok()) return std::filesystem::absolute(*found);
  if (asked_for.empty()) return std::filesystem::path();
  return std::move(found).error().During(flag);
}

}  // namespace

void AddSourceFlags(CLI::App& cli, SourceFlags& flags) {
  cli.add_option("--ffmpeg", flags.ffmpeg,
                 "decodes MP4, Matroska and the like (default: the one in PATH)")
      ->envname("VMAFX_FFMPEG_BIN");
  cli.add_option("--rclone", flags.rclone,
                 "reads s3:// and rclone:// inputs (default: the one in PATH)")
      ->envname("VMAFX_RCLONE_BIN");
  cli.add_option("--rclone-config", flags.rclone_config,
                 "rclone.conf with the remotes of those inputs; read anew for each job")
      ->envname(std::string(vmafx::api::kRcloneConfigEnv));
  cli.add_option("--http-ca-file", flags.http_ca_file,
                 "certificates that https:// inputs are trusted by (default: the system's)")
      ->envname("VMAFX_HTTP_CA_FILE");
  cli.add_option("--scratch-dir", flags.scratch,
                 "where files that must be decoded are fetched to (none: such inputs fail)")
      ->envname(std::string(vmafx::api::kScratchDirEnv));
  cli.add_option("--scratch-limit", flags.scratch_limit,
                 "most bytes of one such file: 500MB, 16GB (default: 16 GiB)")
      ->envname("VMAFX_SCRATCH_LIMIT")
      ->transform(CLI::AsSizeValue(false));
  AddDuration(cli, "--input-timeout", "VMAFX_INPUT_TIMEOUT", flags.idle_limit,
              "that a remote input may send nothing");
}

Result<> CompleteSourceFlags(const SourceFlags& flags, vmafx::node::Capacity& capacity) {
  vmafx::node::SourceOptions& sources = capacity.sources;
  capacity.ffmpeg = TRY(FindTool("--ffmpeg", flags.ffmpeg, "ffmpeg"));
  sources.rclone = TRY(FindTool("--rclone", flags.rclone, "rclone"));
  sources.rclone_config = flags.rclone_config;
  if (!flags.http_ca_file.empty()) {
    sources.http_ca_pem = TRY(sys::ReadFile(flags.http_ca_file, 1 << 20).During("--http-ca-file"));
  }
  sources.scratch = {.folder = flags.scratch, .limit = flags.scratch_limit};
  sources.idle_limit = flags.idle_limit;
  return base::Ok();
}

}  // namespace app
