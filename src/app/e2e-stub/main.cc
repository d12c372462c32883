// e2e-stub: what the suites' cases need beside the platform and nobody else serves: a healthy node
// that is none, and files over HTTP that arrive whole or break off in the middle.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "app/platform_flags.h"
#include "net/http_server.h"
#include "sys/files.h"
#include "sys/signals.h"

namespace {

constexpr size_t kLargestFile = size_t{64} << 20;

constexpr char kNotes[] =
    R"(  GET /healthz        {"status":"ok","device":"stub"}
  GET /files/NAME     a file of the folder
  GET /cut/NAME       the same with its whole Content-Length, broken off after half of its bytes
  GET /slow/SECONDS/NAME
                      the whole of it, but only after so many seconds (at most 600)

Exit codes: 0 stopped by a signal, 2 bad usage, 3 could not start.)";

struct Flags {
  std::string http_address = ":8080";
  std::filesystem::path folder;
  std::string device = "stub";
  base::Level level = base::Level::kInfo;
};

// A file of the folder itself; nothing that a name could lead to elsewhere.
base::Result<std::string> ReadNamed(const std::filesystem::path& folder, const std::string& name) {
  if (folder.empty()) return base::Error(base::Code::kNotFound, "no --folder was given");
  if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos)
    return base::Fail(base::Code::kNotFound, "\"{}\" is no name of a file here", name);
  return sys::ReadFile(folder / name, kLargestFile);
}

net::Answer Serve(const std::filesystem::path& folder, const std::string& name, bool cut) {
  auto content = ReadNamed(folder, name);
  if (!content.ok()) return {404, content.error().message() + "\n"};
  net::Answer answer{.body = std::move(*content), .content_type = "application/octet-stream"};
  if (cut) answer.broken_after = answer.body.size() / 2;
  return answer;
}

// "8/dist.yuv": dist.yuv, in eight seconds. Nobody is kept waiting for the answer to a HEAD.
net::Answer ServeLate(const std::filesystem::path& folder, const net::Call& call,
                      const std::string& rest, const base::Until& stopped) {
  const size_t slash = rest.find('/');
  int seconds = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), seconds);
  if (error != std::errc() || end != rest.data() + slash || seconds < 0 || seconds > 600)
    return {404, "want /slow/SECONDS/NAME with 0 to 600 seconds\n"};
  if (call.method != "HEAD") stopped.Pause(std::chrono::seconds(seconds));
  return Serve(folder, rest.substr(slash + 1), false);
}

std::vector<net::Route> Routes(const Flags& flags, const base::Until& stopped) {
  const std::string health = "{\"status\":\"ok\",\"device\":\"" + flags.device + "\"}\n";
  const auto files = [folder = flags.folder](const std::string& prefix, bool cut) {
    return net::Route{"GET", prefix + "*", [folder, prefix, cut](const net::Call& call) {
                        return Serve(folder, call.path.substr(prefix.size()), cut);
                      }};
  };
  return {{"GET", "/healthz",
           [health](const net::Call&) {
             return net::Answer{.body = health, .content_type = "application/json"};
           }},
          {"GET", "/slow/*",
           [folder = flags.folder, &stopped](const net::Call& call) {
             return ServeLate(folder, call, call.path.substr(sizeof("/slow/") - 1), stopped);
           }},
          files("/files/", false),
          files("/cut/", true)};
}

int Run(const Flags& flags, base::Clock& clock, sys::Signals& signals) {
  const base::Log log = base::Log::ToStderr(flags.level);
  const base::Until stopped(clock, base::Instant::max(), signals.stop());
  const auto server = net::HttpServer::Start(flags.http_address, Routes(flags, stopped),
                                             {.thread_per_connection = true});
  if (!server.ok()) {
    log.Error("not started", {{"reason", server.error().message()}});
    return app::kErrored;
  }
  log.Info("started", {{"port", (*server)->port()}, {"folder", flags.folder.string()}});
  while (!stopped.Stopped()) stopped.Pause(std::chrono::hours(24));
  log.Info("stopped", {{"signal", signals.received()}});
  return app::kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  Flags flags;

  CLI::App cli("Serves the small things that end-to-end cases need.", "e2e-stub");
  cli.footer(kNotes);
  cli.add_option("--http-addr", flags.http_address, "where it listens")
      ->envname("VMAFX_HTTP_ADDR")
      ->capture_default_str();
  cli.add_option("--folder", flags.folder, "of the files to serve (none: no files)")
      ->envname("STUB_FOLDER")
      ->check(CLI::ExistingDirectory);
  cli.add_option("--device", flags.device, "what /healthz says of its device")
      ->envname("STUB_DEVICE")
      ->check([](const std::string& word) {
        const bool plain =
            word.find_first_of("\"\\") == std::string::npos &&
            std::all_of(word.begin(), word.end(), [](unsigned char c) { return c >= 0x20; });
        return plain ? std::string() : std::string("no quotes, backslashes or control characters");
      })
      ->capture_default_str();
  app::AddLogLevel(cli, flags.level);
  if (const auto end = app::Parse(cli, argc, argv)) return *end;
  return Run(flags, clock, signals);
}
