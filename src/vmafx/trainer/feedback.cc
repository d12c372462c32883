#include "vmafx/trainer/feedback.h"

#include <algorithm>

#include "net/line_stream.h"

namespace vmafx::trainer {

using base::Result;
using base::Until;

namespace {

constexpr base::Duration kFirstPause = std::chrono::milliseconds(200);
constexpr base::Duration kMostPause = std::chrono::seconds(2);
constexpr base::Duration kForOneTry = std::chrono::seconds(10);

using Lines = std::vector<std::string_view>;
using Replies = std::vector<std::string>;

// Puts the trainer's replies where the lines stood that were samples.
void FillIn(const std::vector<api::FeedbackReply>& learnt, Replies& replies) {
  size_t next = 0;
  for (std::string& reply : replies) {
    if (reply.empty()) reply = api::WriteReply(learnt[next++]);
  }
}

// One connection to the trainer, made anew when it breaks.
class Forwarder {
 public:
  Forwarder(std::string address, base::Duration patience, base::Log log)
      : address_(std::move(address)), patience_(patience), log_(std::move(log)) {}

  std::optional<Replies> Forward(const Lines& lines, const Until& until) {
    const Until patient = until.Within(patience_);
    base::Duration pause = kFirstPause;
    while (true) {
      // The whole batch again: samples that were counted the first time are known by their job.
      auto replies = TryOnce(lines, patient.Within(kForOneTry));
      if (replies.ok()) return *std::move(replies);
      stream_.reset();
      if (!patient.Pause(pause)) {
        log_.Warn("samples were not forwarded",
                  {{"samples", lines.size()}, {"reason", replies.error().message()}});
        return std::nullopt;
      }
      pause = std::min(pause * 2, kMostPause);
    }
  }

 private:
  Result<Replies> TryOnce(const Lines& lines, const Until& until) {
    if (!stream_) stream_ = TRY(net::LineStream::Connect(address_, until));
    Replies replies;
    for (const std::string_view line : lines) {
      TRY(stream_->Write(line, until));
      replies.push_back(TRY(stream_->Read(api::kMostFeedbackLine, until)));
    }
    return replies;
  }

  std::string address_;
  base::Duration patience_;
  base::Log log_;
  std::optional<net::LineStream> stream_;
};

}  // namespace

LineHandler MakeFeedbackHandler(Trainer& trainer, Board& board, base::Log log) {
  return [&trainer, &board, log](const Lines& lines, const Until& until) -> std::optional<Replies> {
    std::vector<api::FeedbackSample> samples;
    Replies replies;
    for (const std::string_view line : lines) {
      auto sample = api::ReadSample(line);
      replies.push_back(sample.ok() ? "" : api::WriteReply({.error = sample.error().message()}));
      if (sample.ok()) samples.push_back(*std::move(sample));
    }
    if (samples.size() < lines.size()) {
      const auto bad = static_cast<int64_t>(lines.size() - samples.size());
      board.Update([&](View& view) { view.bad_lines += bad; });
    }
    if (samples.empty()) return replies;
    const auto learnt = trainer.Learn(std::move(samples), until);
    if (!learnt.ok()) {
      log.Warn("samples were not stored", {{"reason", learnt.error().message()}});
      return std::nullopt;
    }
    FillIn(*learnt, replies);
    return replies;
  };
}

LineServerOptions FeedbackServerOptions() {
  LineServerOptions options;
  options.most_line = api::kMostFeedbackLine;
  options.too_long = api::WriteReply(
      {.error = fmt::format("the line is longer than {} bytes", api::kMostFeedbackLine)});
  return options;
}

LineHandler MakeForwarder(std::string address, base::Duration patience, base::Log log) {
  auto forwarder = std::make_shared<Forwarder>(std::move(address), patience, std::move(log));
  return [forwarder](const Lines& lines, const Until& until) {
    return forwarder->Forward(lines, until);
  };
}

}  // namespace vmafx::trainer
