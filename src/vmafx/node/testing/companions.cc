#include "vmafx/node/testing/companions.h"

#include <cstdlib>
#include <fstream>

#include "base/check.h"
#include "base/text.h"

namespace vmafx::node::testing {

namespace fs = std::filesystem;
using std::chrono::seconds;

namespace {

// The last line that a script of tools/ prints.
fs::path Ask(const std::string& script, std::vector<std::string> words) {
  const char* sources = std::getenv("SEATRIAL_SOURCE_DIR");
  CHECK(sources != nullptr);
  base::SystemClock clock;
  words.insert(words.begin(), std::string(sources) + "/tools/" + script);
  auto output = sys::RunOrFail({.argv = words}, base::Until::After(clock, seconds(300)));
  if (!output.ok()) {
    base::CheckFailed(__FILE__, __LINE__, "run tools/" + script + " first",
                      output.error().message());
  }
  return base::Split(base::Trim(*output), '\n').back();
}

}  // namespace

fs::path Companion(const std::string& name) {
  return Ask("companions/build", {"--path"}) / name;
}

fs::path PinnedFfmpeg() {
  return Ask("ffmpeg", {});
}

Store::Store(base::Clock& clock) : clock_(clock) {
  fs::create_directories(local_);
  WriteConfig();
  sys::Command command;
  command.argv = {Companion("minio"), "server",        "--quiet",
                  "--address",        port_.address(), folder_.path() / "data"};
  command.environment = {{"HOME", folder_.path()},
                         {"MINIO_ROOT_USER", "films"},
                         {"MINIO_ROOT_PASSWORD", "films-secret"},
                         {"MINIO_BROWSER", "off"}};
  command.output_path = folder_.path() / "minio.log";
  auto started = sys::Process::Start(std::move(command));
  CHECK(started.ok());
  server_ = std::make_unique<sys::Process>(*std::move(started));
  const base::Until until = base::Until::After(clock_, seconds(120));
  while (!Rclone({"mkdir", "films:videos"}).ok()) {
    if (!server_->Running() || !until.Pause(std::chrono::milliseconds(100))) {
      base::CheckFailed(__FILE__, __LINE__, "the store does not start",
                        sys::ReadFile(folder_.path() / "minio.log").ValueOr(""));
    }
  }
}

void Store::WriteConfig() {
  std::ofstream config(config_);
  const auto add = [&](const char* name, const std::string& endpoint, const char* key,
                       const char* secret) {
    config << fmt::format(
        "[{}]\ntype = s3\nprovider = Minio\nendpoint = {}\naccess_key_id = {}\n"
        "secret_access_key = {}\n",
        name, endpoint, key, secret);
  };
  const std::string endpoint = "http://" + port_.address();
  add("films", endpoint, "films", "films-secret");
  add("wrongkey", endpoint, "films", "wrong");
  add("wrongid", endpoint, "nobody", "wrong");
  add("nohost", "http://store.invalid:9000", "films", "films-secret");
  add("dead", "http://127.0.0.1:1", "films", "films-secret");
  config << "[local]\ntype = alias\nremote = " << local_.string() << "\n";
}

sys::Exit Store::Rclone(std::vector<std::string> words) {
  words.insert(words.begin(), {Companion("rclone"), "--retries", "1", "--low-level-retries", "1"});
  sys::Command command{.argv = std::move(words), .environment = {{{"RCLONE_CONFIG", config_}}}};
  auto exit = sys::Run(std::move(command), base::Until::After(clock_, seconds(120)));
  CHECK(exit.ok());
  return *exit;
}

void Store::Upload(const fs::path& file, const std::string& path) {
  const sys::Exit exit = Rclone({"copyto", file, "films:" + path});
  if (!exit.ok()) base::CheckFailed(__FILE__, __LINE__, "an upload", exit.output);
}

}  // namespace vmafx::node::testing
