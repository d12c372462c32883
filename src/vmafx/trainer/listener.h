#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "sys/fd.h"

namespace vmafx::trainer {

// A socket that waits for connections. One thread takes them.
class Listener {
 public:
  // "IPV4:PORT" or ":PORT"; port 0 is any free one. kInvalid, kUnavailable.
  static base::Result<Listener> OnTcp(const std::string& address);
  // A Unix socket of mode 0600, in a folder that exists. What is there already is removed only when
  // it is a socket on which nobody answers; else kExists. Removed again by destruction.
  static base::Result<Listener> OnUnix(const std::filesystem::path& path);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  // The next connection, which does not block. kTimeout, kCancelled: `until` (woken by its stop
  // token within some ms).
  base::Result<sys::Fd> Accept(const base::Until& until) const;

  int port() const { return port_; }  // of TCP

 private:
  explicit Listener(sys::Fd socket) : socket_(std::move(socket)) {}

  sys::Fd socket_;
  std::filesystem::path path_;
  int port_ = 0;
};

// Waits until `fd` can be read (POLLIN) or written (POLLOUT), or has failed. kTimeout, kCancelled:
// `until`.
base::Result<> AwaitEvent(int fd, short events, const base::Until& until);

}  // namespace vmafx::trainer
