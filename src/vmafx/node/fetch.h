#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/queue.h"
#include "vmafx/node/source.h"
#include "vmafx/scoring/byte_stream.h"

namespace vmafx::node {

struct FetchOptions {
  int most_retries = 3;  // of one object, in all
  base::Duration first_backoff = std::chrono::milliseconds(500);
};

// An object on its way here: a thread reads its Source into a few MiB that wait for the reader,
// starts again where it broke off, and at the end holds length and checksum against what the store
// says. One reader thread. Destruction stops it within milliseconds.
class Fetch final : public scoring::ByteStream {
 public:
  // Starts at once. `clock` must outlive it.
  Fetch(std::unique_ptr<Source> source, FetchOptions options, base::Clock& clock, base::Log log);

  // Up to `count` first bytes, left to be read; fewer where there are no more. Errors as of Read.
  base::Result<std::string> Peek(size_t count, const base::Until& until);

  // Known once Peek or Read has returned.
  std::optional<uint64_t> size() const override;

  // Errors begin with the source's name and end it: those of Source::Read, after the retries that
  // may help; kInvalid: more or fewer bytes than the store said, or other ones.
  base::Result<size_t> Read(uint8_t* into, size_t count, const base::Until& until) override;

  const std::string& name() const { return source_->name(); }

 private:
  class Intake;
  struct State {
    SourceInfo info;
    std::optional<base::Error> error;  // once the queue is closed
  };

  void Run(const base::Until& until);
  base::Result<> ReadAll(Intake& intake, const base::Until& until);
  // The next piece, unless there is one; false at the end.
  base::Result<bool> Fill(const base::Until& until);

  std::unique_ptr<Source> source_;
  const FetchOptions options_;
  base::Clock& clock_;
  base::Log log_;
  base::Guarded<State> state_;
  base::Queue<std::string> pieces_;
  std::string piece_;  // the reader's own: from position_ on not taken yet
  size_t position_ = 0;
  base::Crew crew_;
};

}  // namespace vmafx::node
