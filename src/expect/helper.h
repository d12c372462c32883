#pragma once

// The process that answers for Go's libraries: seatrial-eval (tools/eval), JSON lines over a socket
// and a pipe.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "value/json.h"

namespace expect {

struct HelperOptions {
  // Finds the program, when it is first needed. Its error is what the user reads: it says what to
  // do about a program that is not there.
  std::function<base::Result<std::string>()> find;
  // Its whole environment, which templates can read.
  std::map<std::string, std::string> environment;
};

// Starts the program when it is first asked something, and again when it has gone. Thread-safe; one
// question at a time, the others wait. The process dies with this object, or with this process
// however that ends.
class Helper {
 public:
  Helper(HelperOptions options, base::Clock& clock);
  ~Helper();

  // The body of the answer. kInvalid: the helper refuses the question; kUnavailable: it ended in
  // the middle (with its last words); kTimeout, kCancelled: `until`, and then the helper is killed,
  // so that a question that takes for ever holds up nobody else; others: it cannot be started.
  base::Result<value::Json> Ask(const std::string& operation, value::Json body,
                                const base::Until& until);

 private:
  class Connection;
  struct State {
    bool busy = false;
    std::unique_ptr<Connection> connection;  // null: not running, or with whoever is busy
  };

  base::Result<value::Json> AskOn(std::unique_ptr<Connection>& connection,
                                  const std::string& operation, const value::Json& body,
                                  const base::Until& until);

  HelperOptions options_;
  base::Clock& clock_;
  base::Guarded<State> state_;
};

}  // namespace expect
