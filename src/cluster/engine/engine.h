#pragma once

// A container engine of our own: dockerd in a capsule (native/capsule.h), for machines that have
// Docker's programs but no daemon, or may not run one. Its containers, bridges, firewall rules and
// mounts are all inside, so that killing the capsule's PID 1 is the clean-up; what it keeps on disk
// is in the state folder:
//
//   STATE/.engine/docker.lock   held by the capsule's init for as long as it lives
//   STATE/.engine/docker/       docker.sock, data, logs; mode 0700
//
// The socket is a file, so clients on the machine reach the daemon by it. Ports that containers
// publish are published inside: PublishPort brings one of them out.

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "sys/fd.h"

namespace cluster::engine {

struct Options {
  std::filesystem::path state_dir;
  std::filesystem::path program;     // seatrial: the capsule's init and the runtime wrapper
  std::filesystem::path docker_bin;  // holds dockerd, containerd, runc and what they start
};

struct Engine {
  std::filesystem::path folder;
  std::filesystem::path docker_bin;
  pid_t init_pid = 0;    // as the machine numbers it
  bool wrapped = false;  // containers start through the runtime wrapper (runtime_wrapper.h)
  std::string version;   // of dockerd

  std::filesystem::path Socket() const { return folder / "docker.sock"; }
  std::string Host() const { return "unix://" + Socket().string(); }  // for DOCKER_HOST
};

// Starts it and waits until it answers. kExists: it is up. kDenied: not root. kNotFound: a program
// is missing. On failure nothing is left behind, and the error has the last lines of its log.
base::Result<Engine> Up(const Options& options, const base::Until& until);

// The engine that runs; kNotFound says how to start it.
base::Result<Engine> Find(const std::filesystem::path& state_dir);

// Ends it with all its containers and removes its data. kNotFound when there is nothing.
base::Result<> Down(const std::filesystem::path& state_dir, const base::Until& until);

// Removes what an engine left that was killed; true when there was something.
base::Result<bool> Sweep(const std::filesystem::path& state_dir, const base::Until& until);

// Passes connections to `listener`, a socket of the machine, on to 127.0.0.1:`port` inside the
// engine's network, by a process that lives as long as the capsule or until it is ended; returns
// its pid. `log` gets what it says.
base::Result<pid_t> PublishPort(const Engine& engine, const std::filesystem::path& program,
                                int listener, int port, const std::filesystem::path& log);

// Ends the process that PublishPort started for `port`. Fine when it has ended already: a process
// that has taken its number since is left alone.
void Unpublish(pid_t pid, int port);

}  // namespace cluster::engine
