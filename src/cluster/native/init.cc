#include "cluster/native/init.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <list>

#include <climits>

#include "cluster/native/capsule.h"
#include "cluster/native/node_view.h"
#include "cluster/native/protocol.h"
#include "cluster/native/volumes.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/process.h"

namespace cluster::native {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using value::Json;

constexpr base::Duration kFirstDelay = milliseconds(100);
constexpr base::Duration kLongestDelay = seconds(10);
constexpr base::Duration kLasted = seconds(10);  // then the next failure counts as a first one

struct Child {
  Component component;
  std::string log;
  std::vector<sys::Fd> fds;
  pid_t pid = 0;
  int restarts = 0;
  std::string last_exit;
  base::Duration delay = kFirstDelay;
  base::Instant started;
  std::optional<base::Instant> restart_at;
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec. The init has one thread, so everything is allowed here.
[[noreturn]] void Become(const std::string& program, Child& child, int null, int log) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  // Ours are above all targets (MoveUp): no target overwrites a source.
  for (size_t i = 0; i < child.fds.size(); ++i)
    dup2(child.fds[i].get(), STDERR_FILENO + 1 + static_cast<int>(i));
  std::vector<std::string> environment;
  for (const auto& [key, value] : child.component.environment)
    environment.push_back(key + "=" + value);
  execve(program.c_str(), Pointers(child.component.argv).data(), Pointers(environment).data());
  dprintf(STDERR_FILENO, "%s: cannot be executed (error %d)\n", program.c_str(), errno);
  _exit(127);
}

base::Result<> Spawn(Child& child, base::Clock& clock) {
  const auto path = child.component.environment.find("PATH");
  const std::string program = TRY(sys::FindProgram(
      child.component.argv[0], path == child.component.environment.end() ? "" : path->second));
  sys::Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  sys::Fd log(open(child.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!null.valid() || !log.valid()) return sys::SystemError(errno, child.log);
  const pid_t pid = fork();
  if (pid < 0) return sys::SystemError(errno, "starting " + child.component.name);
  if (pid == 0) Become(program, child, null.get(), log.get());
  child.pid = pid;
  child.started = clock.Now();
  child.restart_at.reset();
  return base::Ok();
}

std::string How(int status) {
  sys::Exit exit;
  if (WIFSIGNALED(status)) {
    exit.signal = WTERMSIG(status);
  } else {
    exit.status = WEXITSTATUS(status);
  }
  return exit.Describe();
}

class Init {
 public:
  Init(base::Clock& clock, const base::Log& log) : clock_(clock), log_(log) {}

  int Run() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
    fcntl(kControlFd, F_SETFD, FD_CLOEXEC);
    fcntl(kLockFd, F_SETFD, FD_CLOEXEC);
    sys::Fd signals(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    while (!ending_) {
      // Poll skips what is closed, for its number is -1 then.
      pollfd fds[] = {{signals.get(), POLLIN, 0},
                      {control_.get(), POLLIN, 0},
                      {volumes_.descriptor(), POLLIN, 0}};
      poll(fds, std::size(fds), Timeout());
      if (fds[0].revents != 0) TakeSignals(signals.get());
      if (fds[1].revents != 0) TakeMessage();
      if (fds[2].revents != 0) volumes_.OpenNew();
      RestartWhatIsDue();
    }
    return 0;
  }

 private:
  int Timeout() const {
    std::optional<base::Instant> next;
    for (const Child& child : children_)
      if (child.restart_at && (!next || *child.restart_at < *next)) next = child.restart_at;
    if (!next) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*next - clock_.Now()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
  }

  void TakeSignals(int fd) {
    signalfd_siginfo info{};
    while (read(fd, &info, sizeof info) == sizeof info)
      if (info.ssi_signo == SIGTERM) ending_ = true;
    int status = 0;
    pid_t pid;
    // Also the orphans of others, which come to PID 1.
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      for (Child& child : children_)
        if (child.pid == pid) Ended(child, status);
    }
  }

  void Ended(Child& child, int status) {
    child.pid = 0;
    child.last_exit = How(status);
    const bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!child.component.once) {
      if (clock_.Now() - child.started >= kLasted) child.delay = kFirstDelay;
      child.restart_at = clock_.Now() + child.delay;
      child.delay = std::min(child.delay * 2, kLongestDelay);
      ++child.restarts;
    }
    if (!ok || !child.component.once)
      log_.Warn("ended", {{"component", child.component.name}, {"how", child.last_exit}});
    Tell({{"event", "exited"},
          {"name", child.component.name},
          {"how", child.last_exit},
          {"ok", ok},
          {"restarts", child.restarts}});
  }

  void RestartWhatIsDue() {
    for (Child& child : children_)
      if (child.restart_at && *child.restart_at <= clock_.Now()) Start(child);
  }

  void Start(Child& child) {
    const auto spawned = Spawn(child, clock_);
    if (spawned.ok()) {
      Tell({{"event", "started"}, {"name", child.component.name}, {"pid", child.pid}});
      return;
    }
    child.last_exit = spawned.error().message();
    child.restart_at = clock_.Now() + kLongestDelay;
    log_.Error("cannot start",
               {{"component", child.component.name}, {"reason", spawned.error().message()}});
    Tell({{"event", "exited"},
          {"name", child.component.name},
          {"how", child.last_exit},
          {"ok", false},
          {"restarts", ++child.restarts}});
  }

  void TakeMessage() {
    auto packet = ReceivePacket(control_.get());
    if (!packet.ok()) {
      control_.Reset();
      // The life-line: who started this node is gone, and nobody else is to end it.
      ending_ = !handed_over_ || tied_;
      return;
    }
    const std::string what = value::FindString(packet->message, {"do"});
    if (what == "boot") {
      Boot(packet->message);
    } else if (what == "start") {
      Add(std::move(*packet));
    } else if (what == "hand-over") {
      handed_over_ = true;
      tied_ = packet->message.value("tied", true);
      WriteComponents();
      const auto told = SendPacket(control_.get(), {{"event", "handed-over"}});
      if (!told.ok()) log_.Warn("not told", {{"reason", told.error().message()}});
    }
  }

  void Boot(const Json& message) {
    NodeView view;
    view.layout.folder = message.value("folder", "");
    view.host_name = message.value("hostName", "");
    for (const std::string path : message.value("keep", Json::array())) view.keep.push_back(path);
    view.global_sysctls = message.value("globalSysctls", view.global_sysctls);
    view.network_sysctls = message.value("networkSysctls", view.network_sysctls);
    folder_ = view.layout.folder;
    auto entered = EnterNodeView(view);
    if (entered.ok()) entered = volumes_.Watch(kHostPathVolumes);
    if (entered.ok()) return Tell({{"event", "booted"}});
    log_.Error("boot failed", {{"reason", entered.error().message()}});
    Tell({{"event", "failed"}, {"message", entered.error().message()}});
    ending_ = true;
  }

  void Add(Packet packet) {
    auto component = ComponentFromJson(packet.message.value("component", Json::object()));
    if (!component.ok())
      return log_.Error("bad request", {{"reason", component.error().message()}});
    Child child{.component = std::move(*component)};
    child.log = value::FindString(packet.message, {"component", "log"});
    for (const sys::Fd& fd : packet.fds)
      child.fds.emplace_back(fcntl(fd.get(), F_DUPFD_CLOEXEC, 20));
    children_.push_back(std::move(child));
    Start(children_.back());
  }

  void Tell(const Json& event) {
    if (handed_over_) return WriteComponents();
    if (control_.valid()) {
      // A reader that is gone is noticed by TakeMessage.
      if (const auto sent = SendPacket(control_.get(), event); !sent.ok())
        log_.Warn("not told", {{"reason", sent.error().message()}});
    }
  }

  void WriteComponents() {
    Json list = Json::array();
    for (const Child& child : children_)
      list.push_back({{"name", child.component.name},
                      {"pid", child.pid},
                      {"once", child.component.once},
                      {"restarts", child.restarts},
                      {"lastExit", child.last_exit}});
    const auto written =
        sys::WriteFileAtomically(Layout{folder_}.Components(), list.dump(2) + "\n", 0600);
    if (!written.ok()) log_.Warn("not written", {{"reason", written.error().message()}});
  }

  base::Clock& clock_;
  const base::Log& log_;
  sys::Fd control_{kControlFd};
  sys::Fd lock_{kLockFd};
  std::filesystem::path folder_;
  VolumeOpener volumes_;
  std::list<Child> children_;
  bool handed_over_ = false;
  bool tied_ = false;
  bool ending_ = false;
};

}  // namespace

int RunInit(base::Clock& clock, const base::Log& log) {
  Init init(clock, log);
  return init.Run();
}

}  // namespace cluster::native
