#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crew.h"
#include "base/log.h"
#include "vmafx/trainer/listener.h"

namespace vmafx::trainer {

// Takes the lines that have come in on a connection, in order and without their ends, and gives one
// reply for each. nullopt closes the connection without one: the client has to ask again. May
// block; ends with `until`.
using LineHandler = std::function<std::optional<std::vector<std::string>>(
    const std::vector<std::string_view>& lines, const base::Until& until)>;

struct LineServerOptions {
  size_t most_line = 64 * 1024;  // bytes with its end; longer ones are answered by `too_long`
  std::string too_long;
  std::function<void()> on_too_long;  // called for each such line, on its connection's thread; may
                                      // be empty
  size_t most_connections = 128;      // further ones are closed at once
  base::Duration idle = std::chrono::minutes(5);            // without a byte of the client
  base::Duration line_time = std::chrono::seconds(30);      // for a line that has begun
  base::Duration handling_time = std::chrono::seconds(60);  // for a handler, and for its replies
};

// Lines in, lines out, over stream sockets: each connection has a thread and a handler of its own,
// made by `make_handler`. Destruction closes all connections.
class LineServer {
 public:
  LineServer(Listener listener, std::function<LineHandler()> make_handler,
             LineServerOptions options, base::Clock& clock, base::Log log);
  ~LineServer();

  int port() const { return listener_.port(); }

 private:
  // A crew of its own, so that a thread that has ended can be joined while others go on.
  struct Connection {
    std::atomic<bool> done = false;
    base::Crew crew;
  };

  void AcceptLoop(std::stop_token stop);
  void Serve(const sys::Fd& socket, std::stop_token stop);

  Listener listener_;
  std::function<LineHandler()> make_handler_;
  LineServerOptions options_;
  base::Clock& clock_;
  base::Log log_;
  std::list<Connection> connections_;  // of the accepting thread
  base::Crew crew_;
};

}  // namespace vmafx::trainer
