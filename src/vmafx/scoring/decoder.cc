#include "vmafx/scoring/decoder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/text.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/piped_process.h"
#include "vmafx/scoring/confine.h"
#include "vmafx/scoring/whole_file.h"

namespace vmafx::scoring {
namespace {

using base::Code;
using base::Fail;
using base::Result;

constexpr size_t kMostComplaints = 3;
constexpr size_t kLongestComplaint = 300;

// What follows from an earlier complaint, and lines that name the descriptor instead of the file.
constexpr std::string_view kConsequences[] = {
    "Task finished with error",  "Terminating thread",        "Error opening input",
    "Error sending frames",      "Nothing was written",       "Error muxing a packet",
    "Error opening output file", "Error parsing options for", "Conversion failed"};

// A new filter graph starts counting frames again, which stops ffmpeg with a message about DTS.
constexpr std::string_view kChanged = "Reconfiguring filter graph";

std::vector<std::string> Arguments(const DecodeRequest& request) {
  // setpts and the time base number the frames, because timestamps may repeat or jump and do not
  // matter here.
  return {request.program,
          "-nostdin",
          "-nostats",
          "-loglevel",
          "level+verbose",
          "-xerror",
          "-err_detect",
          "explode",
          "-protocol_whitelist",
          "file",
          "-noautorotate",
          "-threads",
          std::to_string(request.threads),
          "-i",
          "file:/dev/fd/3",
          "-map",
          "0:V:0",
          "-an",
          "-sn",
          "-dn",
          "-map_metadata",
          "-1",
          "-vf",
          "settb=1/25,setpts=N",
          "-fps_mode",
          "passthrough",
          "-enc_time_base",
          "1/25",
          "-noautoscale",
          "-strict",
          "-1",
          "-f",
          "yuv4mpegpipe",
          "pipe:1"};
}

std::string Printable(std::string_view text) {
  std::string printable(text.substr(0, kLongestComplaint));
  for (char& c : printable) {
    if (c < ' ' || c > '~') c = '?';
  }
  return printable;
}

struct LogLine {
  std::string_view level;
  std::string_view text;
};

// "[h264 @ 0x55bb] [error] missing picture" -> error, "missing picture".
LogLine ReadLogLine(std::string_view line) {
  LogLine read;
  while (line.starts_with('[')) {
    const size_t end = line.find("] ");
    if (end == std::string_view::npos) break;
    read.level = line.substr(1, end - 1);
    line.remove_prefix(end + 2);
  }
  read.text = base::Trim(line);
  return read;
}

bool IsConsequence(std::string_view text) {
  return std::ranges::any_of(kConsequences,
                             [&](std::string_view start) { return text.starts_with(start); });
}

std::string LastLines(std::string_view log) {
  std::vector<std::string> lines;
  for (const std::string& line : base::Split(log, '\n')) {
    if (!base::Trim(line).empty()) lines.push_back(Printable(ReadLogLine(line).text));
  }
  if (lines.size() > kMostComplaints) {
    lines.erase(lines.begin(), lines.end() - static_cast<ptrdiff_t>(kMostComplaints));
  }
  return lines.empty() ? "it said nothing" : base::Join(lines, "; ");
}

Result<> JudgeKilled(const sys::Exit& exit, const std::string& name) {
  std::string_view why = "report it";
  if (exit.signal == SIGSYS) why = "it tried what its confinement forbids";
  if (exit.signal == SIGKILL) why = "most likely for want of memory: give the worker more";
  if (exit.signal == SIGXCPU) why = "it took more processor time than any video needs";
  return Fail(Code::kInternal, "{}: its decoder ffmpeg was {}: {}; it said: {}", name,
              exit.Describe(), why, LastLines(exit.output));
}

class DecoderStream final : public ByteStream {
 public:
  DecoderStream(std::string name, std::unique_ptr<sys::PipedProcess> child)
      : name_(std::move(name)), child_(std::move(child)) {}

  std::optional<uint64_t> size() const override { return std::nullopt; }

  Result<size_t> Read(uint8_t* into, size_t count, const base::Until& until) override {
    if (!verdict_) {
      const size_t got = TRY(child_->Read(into, count, until).During("decoding " + name_));
      if (got > 0) return got;
      verdict_ = JudgeDecoder(TRY(child_->Wait(until).During("decoding " + name_)), name_);
    }
    if (!verdict_->ok()) return verdict_->error();
    return size_t{0};
  }

 private:
  std::string name_;
  std::unique_ptr<sys::PipedProcess> child_;
  std::optional<Result<>> verdict_;
};

Result<sys::Fd> OpenRegular(const DecodeRequest& request) {
  sys::Fd file(open(request.file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return sys::SystemError(errno, request.name);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return sys::SystemError(errno, request.name);
  if (S_ISREG(info.st_mode)) return file;
  return Fail(Code::kInvalid,
              "{}: only a regular file can be decoded; a pipe must carry Y4M or raw YUV",
              request.name);
}

}  // namespace

std::vector<std::string> Complaints(std::string_view log) {
  std::vector<std::string> complaints;
  std::vector<std::string> consequences;
  const auto add = [](std::vector<std::string>& to, std::string_view text) {
    std::string line = Printable(text);
    if (std::ranges::find(to, line) == to.end()) to.push_back(std::move(line));
  };
  for (const std::string& whole : base::Split(log, '\n')) {
    const auto [level, text] = ReadLogLine(whole);
    if (text.starts_with(kChanged)) {
      add(complaints, "size or format of the picture changes in the middle of the video");
    }
    if (level != "error" && level != "fatal" && level != "panic") continue;
    add(IsConsequence(text) ? consequences : complaints, text);
  }
  if (complaints.empty()) complaints = std::move(consequences);
  if (complaints.size() > kMostComplaints) complaints.resize(kMostComplaints);
  return complaints;
}

Result<> JudgeDecoder(const sys::Exit& exit, const std::string& name) {
  if (exit.signal != 0) return JudgeKilled(exit, name);
  const std::vector<std::string> complaints = Complaints(exit.output);
  if (exit.ok() && complaints.empty()) return base::Ok();
  return Fail(Code::kInvalid,
              "{}: cannot be decoded whole; ffmpeg says: {}; it is damaged, cut short or not what "
              "its name says: compare it with where it comes from, or encode it again",
              name, complaints.empty() ? LastLines(exit.output) : base::Join(complaints, "; "));
}

Result<std::shared_ptr<ByteStream>> OpenDecoder(const DecodeRequest& request,
                                                const base::Until& until) {
  const sys::Fd file = TRY(OpenRegular(request));
  TRY(CheckWholeFile(file.get()).During(request.name));
  const auto confinement = std::make_shared<const Confinement>(
      TRY(Confinement::Prepare({.program = request.program, .readable = {file.get()}})));

  sys::Command command;
  command.argv = Arguments(request);
  command.environment.emplace();
  command.directory = std::string("/");  // g++ 12 warns of the assignment of a literal
  command.descriptors = {file.get()};
  command.inherit_others = false;
  command.execute = [confinement](const char*, char* const argv[], char* const envp[]) {
    return confinement->Execute(argv, envp);
  };
  auto child = TRY(sys::PipedProcess::Start(std::move(command), until.clock())
                       .During("the decoder of " + request.name));
  return std::shared_ptr<ByteStream>(
      std::make_shared<DecoderStream>(request.name, std::move(child)));
}

}  // namespace vmafx::scoring
