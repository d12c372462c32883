#include "trial/announcer.h"

namespace trial {
namespace {

constexpr size_t kWaitingEvents = 4096;
constexpr size_t kKeptLines = 20000;
// The queue is emptied by a thread that only listeners can hold up.
constexpr auto kPatience = std::chrono::hours(24);
constexpr auto kQuiet = std::chrono::milliseconds(500);

}  // namespace

Announcer::Announcer(std::vector<Listener*> listeners, base::Clock& clock)
    : listeners_(std::move(listeners)), clock_(clock), queue_(kWaitingEvents) {
  crew_.Start("events", [this](std::stop_token) {
    for (;;) {
      // Not the crew's stop token: what was told is delivered before the thread ends.
      auto delivery = queue_.Pop(base::Until::After(clock_, kQuiet));
      if (delivery.Is(base::Code::kTimeout)) {
        const Moment now{clock_.Now(), clock_.WallNow()};
        for (Listener* listener : listeners_) listener->OnQuiet(now);
        continue;
      }
      if (!delivery.ok() || !delivery->has_value()) return;
      for (Listener* listener : listeners_) (**delivery)(*listener);
    }
  });
}

Announcer::~Announcer() {
  Finish();
}

void Announcer::Finish() {
  queue_.Close();
  crew_.StopAndJoin();
}

void Announcer::Push(Delivery delivery) {
  // Fails only when the queue is closed: nobody is listening any more.
  (void)queue_.Push(std::move(delivery), base::Until::After(clock_, kPatience));
}

void Story::Line(std::string text) const {
  Keep(text);
  announcer_->Tell(LogLine{id_, Severity::kInfo, "", 0, 0, std::move(text)});
}

void Story::Warn(const Place& place, std::string text) const {
  Keep("warning: " + (place.file.empty() ? text : place.Text() + ": " + text));
  announcer_->Tell(LogLine{id_, Severity::kWarning, place.file, place.mark.line, place.mark.column,
                           std::move(text)});
}

std::string Story::Transcript() const {
  std::string text;
  kept_->Read([&](const Lines& lines) {
    for (const std::string& line : lines) text += line + "\n";
  });
  return text;
}

void Story::Keep(std::string line) const {
  kept_->With([&](Lines& lines) {
    lines.push_back(std::move(line));
    if (lines.size() > kKeptLines) lines.pop_front();
  });
}

}  // namespace trial
