#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace net::testing {

// A small real server that speaks in lines, to test clients with. One thread for each connection;
// destruction ends all. Starts at once or ends the test program.
class LineServer {
 public:
  struct Reply {
    enum class Kind { kLine, kSilence, kClose } kind = Kind::kLine;
    std::string line;  // without its end
  };
  // Called with each line, from several threads.
  using Handler = std::function<Reply(const std::string& line)>;

  // On a free loopback port, or on `address` ("127.0.0.1:PORT", "unix:/path").
  explicit LineServer(Handler handler, const std::string& address = "127.0.0.1:0");
  ~LineServer();

  // As net::LineStream::Connect takes it.
  std::string address() const;
  // Received so far, in order.
  std::vector<std::string> lines() const;
  int accepted() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace net::testing
