#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sys/fd.h"

namespace sys {

struct Command {
  std::vector<std::string>
      argv;  // argv[0] without a slash is looked up in the PATH of `environment`
  // The child's whole environment; nullopt: this process's own.
  std::optional<std::map<std::string, std::string>> environment;
  std::string directory;    // empty: this process's own
  std::string input;        // written to stdin, which is then closed; empty: /dev/null
  std::string output_path;  // if set: stdout and stderr are appended to this file (0600) instead of
                            // being captured
  // If not -1: stdout goes there, and stderr alone is captured. Borrowed while Start runs.
  int output_fd = -1;
  // What the child has open as 3, 4, ... beside 0 to 2. Borrowed while Start runs.
  std::vector<int> descriptors;
  // The end is the end of the output: Wait goes on while anybody whom the child left running has it
  // open. Else they are not waited for.
  bool whole_output = false;
  // Whether the child also inherits whatever this process has open without close-on-exec.
  bool inherit_others = true;
  // If set, called in the child in place of execve(2), by which it must end; returns errno when it
  // cannot. It runs between fork and exec of a program with threads: system calls only, no memory
  // is to be had (signal-safety(7)).
  std::function<int(const char* program, char* const argv[], char* const envp[])> execute;
  // Called with each line of stdout and stderr (one pipe, in order, without line end) on the thread
  // of Wait or Run.
  std::function<void(std::string_view)> on_line;
};

// How a child ended.
struct Exit {
  int status = 0;      // exit status, or 128 + signal
  int signal = 0;      // 0: it exited by itself
  std::string output;  // captured stdout and stderr, in order, at most the last 1 MiB
  bool ok() const { return status == 0; }
  // "exit status 3" or "killed by signal 9 (Killed)".
  std::string Describe() const;
};

// A child in a process group of its own, dying with the *thread* that started it (PDEATHSIG counts
// threads, prctl(2)) and so with this process: start it from a thread that outlives it. One owner,
// one thread at a time. Its output is read in Wait only: until then it may block on a full pipe.
// Destruction kills the whole group (SIGKILL) and reaps the child.
class Process {
 public:
  // kNotFound when the program is not there, kDenied when it cannot be executed.
  static base::Result<Process> Start(Command command);
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  pid_t pid() const;
  // False once it has ended (does not block).
  bool Running();
  // Waits for the end of the child itself; grandchildren that hold the pipe do not delay it by more
  // than 0.1 s, unless whole_output. They live on until the destruction. When `until` is over:
  // terminates the group (SIGTERM, after `grace` SIGKILL), reaps, and returns kTimeout or
  // kCancelled with what was captured in the message's tail.
  base::Result<Exit> Wait(const base::Until& until, base::Duration grace = std::chrono::seconds(2));
  // To the whole group.
  void Signal(int signal);

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Start and Wait in one. A non-zero exit is not an error here: look at Exit.
base::Result<Exit> Run(Command command, const base::Until& until);

// Start and Wait; a non-zero exit is kInternal with the command line and the last lines of its
// output.
base::Result<std::string> RunOrFail(Command command, const base::Until& until);

// Becomes another program: this process is `argv` from now on, with default signals. Returns only
// when that fails, with the error.
base::Result<> Replace(std::vector<std::string> argv,
                       const std::map<std::string, std::string>& environment);

// The program that `name` means along `path` ("/a:/b"); kNotFound names both.
base::Result<std::string> FindProgram(const std::string& name, const std::string& path);

// This process's environment as a map.
std::map<std::string, std::string> Environment();

}  // namespace sys
