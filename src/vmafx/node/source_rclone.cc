#include "vmafx/node/source_rclone.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "sys/piped_process.h"
#include "vmafx/node/rclone_answer.h"
#include "vmafx/node/rclone_says.h"

namespace vmafx::node {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

constexpr size_t kPiece = 256 << 10;
constexpr size_t kMostNames = 5;
constexpr auto kMostStatTime = std::chrono::minutes(5);  // some stores compute checksums then

// Without retries of its own, because ours start again where it broke off.
const std::vector<std::string> kFlags = {
    "--retries", "1",   "--low-level-retries", "1",  "--contimeout", "10s",
    "--timeout", "30s", "--buffer-size",       "1M", "--stats",      "0"};

class RcloneSource final : public Source {
 public:
  RcloneSource(RcloneSourceOptions options, base::Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  const std::string& name() const override { return options_.name; }

  Result<> Read(uint64_t offset, Receiver& receiver, const Until& until) override {
    const RcloneObject object = TRY(Stat(until));
    if (offset > 0 && (object.modified != modified_ || object.info.size != size_)) {
      return Fail(Code::kInvalid, "it changed in the store while it was read: start the job again");
    }
    modified_ = object.modified;
    size_ = object.info.size;
    TRY(receiver.Begin(object.info));
    return Cat(offset, receiver, until);
  }

 private:
  sys::Command Command(std::vector<std::string> words, const std::string& path) const {
    sys::Command command;
    command.argv = {options_.program};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.argv.insert(command.argv.end(), kFlags.begin(), kFlags.end());
    command.argv.push_back("--");
    command.argv.push_back(options_.remote + ":" + path);
    command.environment = {{"RCLONE_CONFIG", options_.config}};
    command.directory = std::string("/");  // g++ 12 warns of the assignment of a literal
    command.inherit_others = false;
    return command;
  }

  struct Answer {
    sys::Exit exit;
    std::string output;
  };
  Result<Answer> Ask(std::vector<std::string> words, const std::string& path,
                     const Until& until) const {
    auto child = TRY(sys::PipedProcess::Start(Command(std::move(words), path), clock_));
    Answer answer;
    std::vector<uint8_t> piece(kPiece);
    const Until within = until.Within(kMostStatTime);
    constexpr size_t kMostAnswer = 4 << 20;
    while (answer.output.size() < kMostAnswer) {
      const size_t got = TRY(child->Read(piece.data(), piece.size(), within));
      if (got == 0) {
        answer.exit = TRY(child->Wait(within));
        break;
      }
      answer.output.append(reinterpret_cast<const char*>(piece.data()), got);
    }
    return answer;  // of one that is too long, what there is: its child dies here
  }

  Result<RcloneObject> Stat(const Until& until) const {
    const Answer answer = TRY(Ask({"lsjson", "--stat", "--files-only", "--no-mimetype",
                                   "--hash-type", "md5", "--hash-type", "sha1"},
                                  options_.path, until));
    if (!answer.exit.ok()) return WhyNot(answer, until);
    if (auto object = ReadRcloneObject(answer.output)) return *std::move(object);
    return NotThere(until);
  }

  std::string Folder() const {
    const size_t slash = options_.path.rfind('/');
    return slash == std::string::npos ? "" : options_.path.substr(0, slash);
  }

  // HEAD, by which a store is asked for one object, has no body that says why it refuses; a listing
  // has.
  base::Error WhyNot(const Answer& stat, const Until& until) const {
    const base::Error meant = WhatRcloneMeans(stat.exit.status, stat.exit.output, options_.remote);
    if (meant.code() != Code::kDenied) return meant;
    auto listed = Ask({"lsjson", "--no-modtime", "--no-mimetype"}, Folder(), until);
    if (!listed.ok()) return std::move(listed).error();
    if (listed->exit.ok()) return meant;
    base::Error better = WhatRcloneMeans(listed->exit.status, listed->exit.output, options_.remote);
    return better.code() == Code::kDenied ? better : meant;
  }

  // The bucket, or what is in it.
  base::Error NotThere(const Until& until) const {
    const std::string folder = Folder();
    const std::string wanted = options_.path.substr(folder.empty() ? 0 : folder.size() + 1);
    auto listed = Ask({"lsjson", "--no-modtime", "--no-mimetype"}, folder, until);
    if (!listed.ok()) return std::move(listed).error();
    if (!listed->exit.ok()) {
      const base::Error why =
          WhatRcloneMeans(listed->exit.status, listed->exit.output, options_.remote);
      if (why.code() != Code::kNotFound) return why;
      return Fail(
          Code::kNotFound,
          "remote [{}] has no such object, nor a bucket or folder \"{}\": correct the URI, or "
          "upload it",
          options_.remote, folder);
    }
    auto names = ReadRcloneListing(listed->output);
    if (!names) {
      return Fail(Code::kNotFound,
                  "remote [{}] has no object \"{}\" (what else \"{}\" holds is too much to list): "
                  "correct the URI, or upload it",
                  options_.remote, wanted, folder);
    }
    const std::string similar = base::DidYouMean(wanted, *names);
    if (names->size() > kMostNames) {
      names->resize(kMostNames);
      names->emplace_back("...");
    }
    return Fail(Code::kNotFound,
                "remote [{}] has no object \"{}\"{}; \"{}\" holds {}: correct the URI, "
                "or upload it",
                options_.remote, wanted, similar, folder,
                names->empty() ? "nothing" : base::Join(*names, ", "));
  }

  Result<> Cat(uint64_t offset, Receiver& receiver, const Until& until) const {
    std::vector<std::string> words = {"cat"};
    if (offset > 0) words.insert(words.end(), {"--offset", std::to_string(offset)});
    auto child = TRY(sys::PipedProcess::Start(Command(std::move(words), options_.path), clock_));
    std::vector<uint8_t> piece(kPiece);
    while (true) {
      const Until patience = until.Within(options_.idle_limit);
      auto got = child->Read(piece.data(), piece.size(), patience);
      if (got.Is(Code::kTimeout) && !until.Over()) {
        return Fail(Code::kUnavailable, "remote [{}] has sent nothing for {}", options_.remote,
                    base::FormatSpan(options_.idle_limit));
      }
      if (!got.ok()) return std::move(got).error();
      if (*got == 0) break;
      TRY(receiver.Take({reinterpret_cast<const char*>(piece.data()), *got}));
    }
    const sys::Exit exit = TRY(child->Wait(until));
    if (exit.ok()) return base::Ok();
    return WhatRcloneMeans(exit.status, exit.output, options_.remote);
  }

  const RcloneSourceOptions options_;
  base::Clock& clock_;
  std::string modified_;  // as of the last Read
  std::optional<uint64_t> size_;
};

}  // namespace

std::unique_ptr<Source> MakeRcloneSource(RcloneSourceOptions options, base::Clock& clock) {
  return std::make_unique<RcloneSource>(std::move(options), clock);
}

}  // namespace vmafx::node
