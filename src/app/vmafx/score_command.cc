#include "app/vmafx/score_command.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "app/vmafx/chart_page.h"
#include "sys/process.h"
#include "vmafx/client/render.h"
#include "vmafx/scoring/score.h"

namespace app {
namespace {

namespace scoring = vmafx::scoring;

constexpr char kExamples[] = R"(Examples:
  vmafx score ref.y4m dist.y4m
  vmafx score ref.mkv dist.mp4
  vmafx score ref.yuv dist.yuv --size 1920x1080 --pixel-format yuv420p
  vmafx score ref.y4m dist.y4m --html frames.html
  vmafx score ref.y4m dist.y4m --model vmaf_v0.6.1neg --threads 4 --json --frames

Inputs are Y4M or raw YUV (which needs --size and --pixel-format), files or pipes; or files of any other
kind that ffmpeg reads (MP4, Matroska, ...), which it decodes, shut in so that it can do nothing else. Both
must have the same size, pixel format and number of frames: there is no score for a pair that does not match.

Exit codes: 0 scored, 2 bad usage, 3 could not score, 130 interrupted.)";

struct Flags {
  std::string reference;
  std::string distorted;
  std::string size;
  std::string pixel_format;
  std::string ffmpeg;
  std::string model = scoring::kDefaultModel;
  unsigned threads = 0;  // as many as there are processors
  std::string html;
  Format format = Format::kText;
  bool json = false;
  bool frames = false;
};

// The absolute path of the ffmpeg that was asked for, else of the one in PATH, else nothing: most
// inputs need none.
base::Result<std::string> FindFfmpeg(const std::string& asked_for) {
  const char* path = std::getenv("PATH");
  auto found =
      sys::FindProgram(asked_for.empty() ? "ffmpeg" : asked_for, path == nullptr ? "" : path);
  if (found.ok()) return std::filesystem::absolute(*found).string();
  if (asked_for.empty()) return std::string();
  return std::move(found).error().During("--ffmpeg");
}

base::Result<scoring::ScoreRequest> ToRequest(const Flags& flags) {
  scoring::ScoreRequest request;
  request.reference.path = flags.reference;
  request.distorted.path = flags.distorted;
  request.ffmpeg = TRY(FindFfmpeg(flags.ffmpeg));
  request.ffmpeg_hint = "--ffmpeg PATH, or VMAFX_FFMPEG_BIN, or in PATH";
  request.model = flags.model;
  request.threads = flags.threads;
  request.geometry_hint = "--size WIDTHxHEIGHT --pixel-format FORMAT";
  if (flags.size.empty() != flags.pixel_format.empty()) {
    return base::Fail(base::Code::kInvalid, "{} is missing: --size and --pixel-format go together",
                      flags.size.empty() ? "--size" : "--pixel-format");
  }
  if (!flags.size.empty()) {
    scoring::Size size = TRY(scoring::ParseSize(flags.size).During("--size"));
    auto format = TRY(scoring::ParsePixelFormat(flags.pixel_format).During("--pixel-format"));
    request.geometry = scoring::Geometry{size.width, size.height, format};
    TRY(scoring::Validate(*request.geometry).During("--size"));
  }
  return request;
}

// One line on a terminal that is rewritten as frames are scored, and wiped at the end.
class ProgressLine {
 public:
  explicit ProgressLine(base::Clock& clock) : clock_(clock), next_(clock.Now()) {}
  ~ProgressLine() {
    if (shown_) fmt::print(stderr, "\r\033[K");
  }

  void Show(const scoring::Progress& progress) {
    if (clock_.Now() < next_) return;
    next_ = clock_.Now() + std::chrono::milliseconds(100);
    shown_ = true;
    fmt::print(
        stderr, "\r\033[Kscoring: {}",
        vmafx::client::ProgressText(progress.done, progress.total.value_or(0), progress.scores));
    std::fflush(stderr);
  }

 private:
  base::Clock& clock_;
  base::Instant next_;
  bool shown_ = false;
};

std::string RenderFrames(const scoring::ScoreReport& report) {
  std::string text = fmt::format("\n{:>8} {:>11}", "frame", "VMAF");
  for (const std::string& name : report.feature_names) text += fmt::format(" {:>11}", name);
  text += '\n';
  for (const scoring::FrameScore& frame : report.frames) {
    text += fmt::format("{:>8} {:>11.6f}", frame.index, frame.vmaf);
    for (double value : frame.features) text += fmt::format(" {:>11.6f}", value);
    text += '\n';
  }
  return text;
}

std::string RenderTable(const scoring::ScoreReport& report, bool frames) {
  const scoring::Provenance& provenance = report.provenance;
  double seconds = std::chrono::duration<double>(report.elapsed).count();
  std::string text = fmt::format("VMAF {:>15.6f}\n", report.vmaf.mean);
  const std::pair<const char*, double> pooled[] = {{"harmonic mean", report.vmaf.harmonic_mean},
                                                   {"lowest frame", report.vmaf.min},
                                                   {"1st percentile", report.vmaf.p1},
                                                   {"5th percentile", report.vmaf.p5}};
  for (const auto& [name, value] : pooled) text += fmt::format("  {:<14} {:>12.6f}\n", name, value);
  text += "Features, mean\n";
  for (size_t i = 0; i < report.feature_names.size(); ++i) {
    text += fmt::format("  {:<14} {:>12.6f}\n", report.feature_names[i], report.feature_means[i]);
  }
  text +=
      fmt::format("{} frames of {}, model {}, {} {} on {}, {:.2f} s ({:.1f} frames/s)\n",
                  provenance.frames_scored, scoring::ToString(report.geometry), provenance.model,
                  provenance.engine, provenance.engine_version, provenance.backend_used, seconds,
                  static_cast<double>(provenance.frames_scored) / seconds);
  return frames ? text + RenderFrames(report) : text;
}

int RunScore(Flags flags, Context& context) {
  if (flags.threads == 0) flags.threads = std::max(1U, std::thread::hardware_concurrency());
  auto request = ToRequest(flags);
  if (!request.ok()) return Explain(kUsage, request.error());

  base::Result<scoring::ScoreReport> report = [&] {
    ProgressLine line(context.clock);
    if (isatty(STDERR_FILENO) != 0) {
      request->on_progress = [&line](const scoring::Progress& progress) { line.Show(progress); };
    }
    return scoring::Score(*request, context.until());
  }();
  if (!report.ok()) return Explain(kErrored, report.error());

  if (!flags.html.empty()) {
    auto written = WritePage(flags.html, ChartOf(*report, flags.reference, flags.distorted));
    if (!written.ok()) return Explain(kErrored, written.error());
  }
  const auto frames = flags.frames ? scoring::Frames::kIncluded : scoring::Frames::kLeftOut;
  const bool json = flags.json || flags.format == Format::kJson;
  return Print(json ? scoring::RenderJson(*report, frames) + "\n"
                    : RenderTable(*report, flags.frames));
}

}  // namespace

void AddScoreCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* score = app.add_subcommand("score", "Scores a distorted video against its reference.");
  score->add_option("REF", flags->reference, "the reference")->required();
  score->add_option("DIST", flags->distorted, "the distorted video")->required();
  score->add_option("--size", flags->size, "of raw YUV, in pixels: 1920x1080");
  score->add_option("--pixel-format", flags->pixel_format,
                    "of raw YUV, as ffmpeg names it: yuv420p, yuv422p10le, yuv444p16le, ...");
  score
      ->add_option("--ffmpeg", flags->ffmpeg,
                   "decodes what is neither Y4M nor raw (default: of PATH)")
      ->envname("VMAFX_FFMPEG_BIN");
  score->add_option("--model", flags->model, "a built-in model of libvmaf")->capture_default_str();
  score->add_option("--threads", flags->threads, "1 to 256 (default: one a processor)")
      ->check(CLI::Range(1, 256));
  score->add_flag("--json", flags->json, "as -o json");
  AddFormat(*score, flags->format);
  score->add_option("--html", flags->html, "draw the frames into this file");
  score->add_flag("--frames", flags->frames, "the score and features of each frame too");
  score->footer(kExamples);
  score->callback([flags, &context] { context.exit_code = RunScore(*flags, context); });
}

}  // namespace app
