#include "cluster/engine/engine.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "cluster/description.h"
#include "cluster/engine/runtime_wrapper.h"
#include "cluster/native/capsule.h"
#include "cluster/native/cgroups.h"
#include "cluster/native/protocol.h"
#include "cluster/native/starter.h"
#include "cluster/native/state.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "sys/process.h"
#include "value/json.h"

namespace cluster::engine {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using native::Layout;
using native::StateDir;
using value::Json;

namespace {

constexpr char kName[] = "docker";
constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr auto kEndTime = std::chrono::seconds(20);
constexpr auto kAskAgain = std::chrono::milliseconds(50);

StateDir StateOf(const fs::path& state_dir) {
  return StateDir(state_dir / ".engine");
}

Result<> CheckPrograms(const Options& options) {
  if (options.docker_bin.empty())
    return Fail(Code::kNotFound,
                "there is no dockerd: install the Debian package docker.io, or run `tools/engine`, "
                "which fetches its programs and installs nothing");
  std::vector<std::string> missing;
  for (const char* program : {"dockerd", "containerd", "containerd-shim-runc-v2", "runc"})
    if (!sys::FindProgram(program, options.docker_bin.string() + ":" + kPath).ok())
      missing.emplace_back(program);
  for (const char* program : {"ip", "iptables"})
    if (!sys::FindProgram(program, kPath).ok()) missing.emplace_back(program);
  if (missing.empty()) return base::Ok();
  return Fail(Code::kNotFound, "the engine needs {}: not in {} nor {}", base::Join(missing, ", "),
              options.docker_bin.string(), kPath);
}

// https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
Result<Json> DaemonFile(const Options& options, const Engine& engine, const std::string& cgroup) {
  Json json = {{"hosts", {engine.Host()}},
               {"data-root", (engine.folder / "data" / "docker").string()},
               {"exec-root", "/run/docker"},
               {"pidfile", "/run/docker.pid"},
               {"cgroup-parent", "/" + cgroup},
               // A name server that is not there answers "refused" at once: nothing leaves.
               {"dns", {"127.0.0.1"}}};
  if (engine.wrapped) {
    const std::string runc =
        TRY(sys::FindProgram("runc", options.docker_bin.string() + ":" + kPath));
    json["default-runtime"] = "seatrial";
    json["runtimes"] = {
        {"seatrial", {{"path", options.program.string()}, {"runtimeArgs", {"engine-runc", runc}}}}};
  }
  return json;
}

native::Component Network() {
  return {.name = "network",
          .argv = {"ip", "link", "set", "lo", "up"},
          .environment = {{"PATH", kPath}},
          .once = true};
}

// Libraries that tools/engine has put beside the programs.
fs::path LibrariesOf(const Options& options) {
  const fs::path folder = options.docker_bin.parent_path() / "lib";
  return fs::exists(folder / "libdevmapper.so.1.02.1") ? folder : options.docker_bin;
}

native::Component Daemon(const Options& options, const Engine& engine) {
  return {.name = "dockerd",
          .argv = {(options.docker_bin / "dockerd").string(), "--config-file",
                   (engine.folder / "config" / "daemon.json").string()},
          .environment = {{"PATH", options.docker_bin.string() + ":" + kPath},
                          {"LD_LIBRARY_PATH", LibrariesOf(options).string()},
                          {"HOME", "/root"}},
          .once = false};
}

// What `GET /version` of the daemon says, once it answers.
Result<std::string> AwaitDaemon(const Engine& engine, const Until& until) {
  const std::string path = engine.docker_bin.string() + ":" + kPath;
  const std::string docker = TRY(sys::FindProgram("docker", path));
  for (;;) {
    const auto asked = sys::Run(
        {.argv = {docker, "--host", engine.Host(), "version", "--format", "{{.Server.Version}}"}},
        until);
    if (!asked.ok()) return asked.error();
    if (asked->ok()) return std::string(base::Trim(asked->output));
    if (!until.Pause(kAskAgain))
      return base::Error(Code::kTimeout, "dockerd does not answer in time");
  }
}

Result<> WriteRecord(const Engine& engine) {
  const Json json = {{"dockerBin", engine.docker_bin.string()},
                     {"initPid", engine.init_pid},
                     {"wrapped", engine.wrapped},
                     {"version", engine.version}};
  return sys::WriteFileAtomically(engine.folder / "engine.json", json.dump(2) + "\n", 0600);
}

// The capsule's init, sure to be no other process: numbers are used again.
Result<sys::Fd> OpenInit(const Engine& engine) {
  sys::Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, engine.init_pid, 0)));
  const auto words = sys::ReadFile(fmt::format("/proc/{}/cmdline", engine.init_pid));
  const std::string ending = std::string("capsule-init") + '\0' + engine.folder.string() + '\0';
  if (!pidfd.valid() || !words.ok() || !words->ends_with(ending))
    return base::Error(Code::kNotFound, "the engine has ended");
  return pidfd;
}

// What an engine that does not run has left; its lock is held by the caller.
Result<> Remove(const StateDir& state, const Until& until) {
  TRY(native::RemoveCgroups(native::Hierarchies(TRY(sys::ReadMounts())), state.Cgroup(kName),
                            until));
  std::error_code problem;
  fs::remove_all(state.Of(kName).folder, problem);
  if (problem)
    return sys::SystemError(problem.value(), "removing " + state.Of(kName).folder.string());
  return base::Ok();
}

// One start: the capsule and our end of its channel.
struct Attempt {
  native::Capsule capsule;
  native::Channel channel;
};

Result<Engine> Launch(const Options& options, const StateDir& state, int lock, Attempt& attempt,
                      const Until& until) {
  const Layout layout = state.Of(kName);
  Engine engine{.folder = layout.folder,
                .docker_bin = options.docker_bin,
                .wrapped = LacksResourceCapability()};
  TRY(sys::MakeDirs(layout.folder / "logs", 0700));
  TRY(native::WriteNew(layout.ResolvConf(), "nameserver 127.0.0.1\n"));
  const Json daemon = TRY(DaemonFile(options, engine, state.Cgroup(kName)));
  TRY(native::WriteNew(layout.Config("daemon.json"), daemon.dump(2) + "\n"));

  attempt.channel = TRY(native::MakeChannel());
  attempt.capsule = TRY(native::StartCapsule(
      {options.program, layout.folder, layout.Log("init"), attempt.channel.theirs.get(), lock}));
  attempt.channel.theirs.Reset();
  engine.init_pid = attempt.capsule.pid;
  TRY(WriteRecord(engine));

  const Progress quiet;
  native::Starter starter(attempt.channel.ours.get(), layout, until.clock().Now(), quiet,
                          until.clock());
  TRY(starter.Send(
      {{"do", "boot"},
       {"folder", layout.folder.string()},
       {"hostName", "seatrial-engine"},
       {"keep",
        {layout.folder.string(), options.docker_bin.string(), LibrariesOf(options).string()}}}));
  TRY(starter.AwaitBoot(until));
  TRY(starter.Start(Network()));
  TRY(starter.AwaitEnd("network", until));
  TRY(starter.Start(Daemon(options, engine)));
  starter.Run("dockerd", until, [&engine](const Until& rest) -> Result<> {
    engine.version = TRY(AwaitDaemon(engine, rest));
    return base::Ok();
  });
  TRY(starter.Finish(until));
  TRY(starter.HandOver(false, until));
  TRY(WriteRecord(engine));
  return engine;
}

}  // namespace

Result<Engine> Up(const Options& options, const Until& until) {
  if (geteuid() != 0)
    return base::Error(Code::kDenied,
                       "an engine needs root (it makes namespaces and mounts): run it as root, or "
                       "with sudo");
  TRY(CheckPrograms(options));
  const StateDir state = StateOf(options.state_dir);
  auto lock = state.Lock(kName);
  if (lock.Is(Code::kExists))
    return Fail(Code::kExists,
                "an engine is up already in {}: `seatrial engine down` ends it with all its "
                "containers",
                options.state_dir.string());
  if (!lock.ok()) return std::move(lock).error();
  TRY(Remove(state, until));

  Attempt attempt;
  auto engine = Launch(options, state, lock->get(), attempt, until);
  if (engine.ok()) return engine;
  const Until end = Until::After(until.clock(), kEndTime);
  if (attempt.capsule.pidfd.valid())
    TRY(native::EndCapsule(attempt.capsule.pidfd.get(), end).During(engine.error().message()));
  TRY(Remove(state, end).During(engine.error().message()));
  state.Forget(kName, std::move(*lock));
  return engine;
}

Result<Engine> Find(const fs::path& state_dir) {
  const StateDir state = StateOf(state_dir);
  Engine engine{.folder = state.Of(kName).folder};
  const auto text = sys::ReadFile(engine.folder / "engine.json");
  const Json json = text.ok() ? Json::parse(*text, nullptr, false) : Json();
  if (!json.is_object() || !state.Locked(kName))
    return Fail(Code::kNotFound, "no engine runs in {}: `seatrial engine up` starts one",
                state_dir.string());
  engine.docker_bin = value::FindString(json, {"dockerBin"});
  engine.init_pid = NumberOr0(json, "initPid");
  engine.wrapped = IsTrue(json, "wrapped");
  engine.version = value::FindString(json, {"version"});
  return engine;
}

Result<> Down(const fs::path& state_dir, const Until& until) {
  const StateDir state = StateOf(state_dir);
  const bool locked = state.Locked(kName);
  if (!locked && !fs::exists(state.Of(kName).folder))
    return Fail(Code::kNotFound, "there is no engine in {}", state_dir.string());
  if (locked) {
    const auto engine = Find(state_dir);
    auto init = engine.ok() ? OpenInit(*engine) : Result<sys::Fd>(engine.error());
    if (init.ok()) TRY(native::EndCapsule(init->get(), until));
  }
  // Whoever was starting it cleans up as well: wait for the lock.
  Result<sys::Fd> lock = state.Lock(kName);
  while (lock.Is(Code::kExists) && until.Pause(std::chrono::milliseconds(10)))
    lock = state.Lock(kName);
  if (!lock.ok()) return std::move(lock).error();
  TRY(Remove(state, until));
  state.Forget(kName, std::move(*lock));
  rmdir(state_dir.c_str());  // fails while there are clusters, as it should
  return base::Ok();
}

Result<bool> Sweep(const fs::path& state_dir, const Until& until) {
  const StateDir state = StateOf(state_dir);
  if (!fs::exists(state.Of(kName).folder) || state.Locked(kName)) return false;
  TRY(Down(state_dir, until));
  return true;
}

Result<pid_t> PublishPort(const Engine& engine, const fs::path& program, int listener, int port,
                          const fs::path& log_path) {
  const sys::Fd init = TRY(OpenInit(engine));
  const sys::Fd log(open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const sys::Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const sys::Fd high(fcntl(listener, F_DUPFD_CLOEXEC, 10));
  if (!log.valid() || !null.valid() || !high.valid())
    return sys::SystemError(errno, log_path.string());
  std::string texts[] = {program.string(), "capsule-relay", std::to_string(port)};
  char* argv[] = {texts[0].data(), texts[1].data(), texts[2].data(), nullptr};
  char* environment[] = {nullptr};
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return sys::SystemError(errno, "a pipe");
  sys::Fd told(pipe_ends[0]);
  sys::Fd tell(pipe_ends[1]);

  // Between fork and exec only system calls: this program has threads (signal-safety(7)).
  const pid_t child = fork();
  if (child < 0) return sys::SystemError(errno, "starting a relay");
  if (child == 0) {
    // In the capsule's PID namespace the relay dies with the capsule's PID 1.
    if (setns(init.get(), CLONE_NEWPID | CLONE_NEWNET) != 0) _exit(1);
    const pid_t relay = fork();
    if (relay != 0) {
      const bool wrote = relay > 0 && write(tell.get(), &relay, sizeof relay) == sizeof relay;
      _exit(wrote ? 0 : 1);
    }
    setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(null.get(), STDIN_FILENO);
    dup2(log.get(), STDOUT_FILENO);
    dup2(log.get(), STDERR_FILENO);
    dup2(high.get(), STDERR_FILENO + 1);
    syscall(SYS_close_range, STDERR_FILENO + 2, ~0U, 0);
    execve(argv[0], argv, environment);
    _exit(127);
  }
  tell.Reset();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  pid_t relay = 0;
  if (read(told.get(), &relay, sizeof relay) != sizeof relay)
    return base::Error(Code::kInternal, "the engine's network cannot be entered");
  return relay;
}

void Unpublish(pid_t pid, int port) {
  const sys::Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  const auto words = sys::ReadFile(fmt::format("/proc/{}/cmdline", pid));
  const std::string ending = std::string("capsule-relay") + '\0' + std::to_string(port) + '\0';
  if (!pidfd.valid() || !words.ok() || !words->ends_with(ending)) return;
  syscall(SYS_pidfd_send_signal, pidfd.get(), SIGTERM, nullptr, 0);
}

}  // namespace cluster::engine
