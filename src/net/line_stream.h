#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace net {

// kInvalid unless `address` is "HOST:PORT" ("[::1]:9092" for IPv6), or "unix:/path" for a Unix
// socket.
base::Result<> CheckAddress(const std::string& address);

// The client's end of a connection on which both sides speak in lines. One thread at a time.
class LineStream {
 public:
  // To an address as CheckAddress takes it. kInvalid: it is none; kUnavailable: not found or not
  // reached (the message has the address and the reason); kTimeout, kCancelled: `until`. Looking a
  // name up ends with the C library's own limits, which may be later than `until` (resolv.conf(5),
  // options timeout and attempts).
  static base::Result<LineStream> Connect(const std::string& address, const base::Until& until);
  LineStream(LineStream&&) noexcept;
  LineStream& operator=(LineStream&&) noexcept;
  ~LineStream();

  // Sends `line` and a line end. kUnavailable: the connection is broken.
  base::Result<> Write(std::string_view line, const base::Until& until);

  // The next line without its end ("\n" or "\r\n"). kUnavailable: the other side has closed;
  // kInvalid: the line is longer than `most` bytes. After any error the stream is of no more use.
  base::Result<std::string> Read(size_t most, const base::Until& until);

 private:
  struct State;
  explicit LineStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace net
