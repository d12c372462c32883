// bench-trainer: shows that the trainer learns. Makes clip pairs, scores them with libvmaf, takes
// their cheap features as a worker does, and feeds a vmafx-trainer that runs: the real program,
// over TCP. bench/trainer/run starts that and a registry, and draws the conclusion.

#include <cmath>
#include <cstdio>

#include "app/bench-trainer/clips.h"
#include "app/bench-trainer/curve.h"
#include "app/platform_flags.h"
#include "net/http.h"
#include "net/line_stream.h"
#include "sys/files.h"
#include "sys/signals.h"
#include "value/json.h"
#include "vmafx/api/feedback.h"
#include "vmafx/features/features.h"
#include "vmafx/scoring/score.h"
#include "vmafx/trainer/gate.h"

namespace {

using base::Result;
using base::Until;
using value::Json;

struct Flags {
  std::string feedback;
  std::string http;
  std::string ffmpeg;
  std::string picture;
  uint64_t seed = 1;
  int samples = 200;
  int unseen = 40;
  int poisoned = 60;
  int checkpoint_every = 20;
};

struct Pair {
  std::string name;
  std::vector<double> features;
  double score = 0;
  double feature_seconds = 0;
};

double Seconds(base::Duration span) {
  return std::chrono::duration<double>(span).count();
}

vmafx::features::Plane ToPlane(const vmafx::scoring::Luma& luma) {
  return {luma.data, luma.stride, luma.width, luma.height, static_cast<unsigned>(luma.bit_depth)};
}

Result<Pair> ScorePair(const bench::ClipPair& clips, const sys::TempDir& folder,
                       const Until& until) {
  vmafx::scoring::ScoreRequest request;
  request.reference.path = folder.path() / "reference.yuv";
  request.distorted.path = folder.path() / "distorted.yuv";
  TRY(sys::WriteFileAtomically(request.reference.path, bench::RawVideo(clips.reference)));
  TRY(sys::WriteFileAtomically(request.distorted.path, bench::RawVideo(clips.distorted)));
  request.geometry = vmafx::scoring::Geometry{clips.reference.width, clips.reference.height, {}};
  vmafx::features::Extractor extractor;
  Pair pair{.name = clips.name};
  request.on_frame = [&](uint64_t index, const auto& reference, const auto& distorted) {
    const base::Instant begin = until.clock().Now();
    extractor.Add(index, ToPlane(reference), ToPlane(distorted));
    pair.feature_seconds += Seconds(until.clock().Now() - begin);
  };
  const auto report = TRY(vmafx::scoring::Score(request, until));
  pair.score = report.vmaf.mean;
  pair.features = extractor.Clip();
  return pair;
}

class Trainer {
 public:
  Trainer(const Flags& flags, net::LineStream stream)
      : flags_(flags), stream_(std::move(stream)), http_(net::MakeCurlHttp({})) {}

  Result<> Tell(const Pair& pair, const std::string& job, const Until& until) {
    TRY(stream_.Write(vmafx::api::WriteSample({job, pair.features, pair.score, "bench"}), until));
    const auto reply =
        TRY(vmafx::api::ReadReply(TRY(stream_.Read(vmafx::api::kMostFeedbackLine, until))));
    if (!reply.ok) return base::Fail(base::Code::kInvalid, "{}", reply.error);
    return base::Ok();
  }

  // What the model says of `pairs` now; `field`: "scores" or "base_scores".
  Result<std::vector<double>> Predict(const std::vector<Pair>& pairs, const char* field,
                                      const Until& until) {
    Json rows = Json::array();
    for (const Pair& pair : pairs) rows.push_back(pair.features);
    const auto response = TRY(http_->Send({.method = "POST",
                                           .url = "http://" + flags_.http + "/predict",
                                           .body = Json{{"features", rows}}.dump()},
                                          until));
    const Json json = TRY(value::ParseJson(response.body));
    if (response.status != 200) return base::Fail(base::Code::kInvalid, "{}", response.body);
    return json[field].get<std::vector<double>>();
  }

  Result<Json> Status(const std::string& query, const Until& until) {
    return value::ParseJson(
        TRY(http_->Send({.url = "http://" + flags_.http + "/status" + query}, until)).body);
  }

  // Follows the status until a checkpoint beyond `before` is there; its gate's result.
  Result<Json> AwaitCheckpoint(const std::string& before, const Until& until) {
    Json status = TRY(Status("", until));
    while (Signature(status) == before) {
      const auto revision = status["revision"].get<int64_t>();
      status = TRY(Status(fmt::format("?revision={}&wait=10s", revision), until));
      if (until.Over()) return base::Fail(base::Code::kTimeout, "no checkpoint");
    }
    return status;
  }

  // Differs from checkpoint to checkpoint.
  static std::string Signature(const Json& status) { return status["checkpoints"].dump(); }

 private:
  Flags flags_;
  net::LineStream stream_;
  std::unique_ptr<net::Http> http_;
};

Result<bench::Point> Measure(Trainer& trainer, const std::vector<Pair>& unseen, const char* field,
                             int64_t samples, const Until& until) {
  const auto predicted = TRY(trainer.Predict(unseen, field, until));
  std::vector<double> truth;
  double squares = 0;
  for (size_t i = 0; i < unseen.size(); ++i) {
    truth.push_back(unseen[i].score);
    squares += std::pow(predicted[i] - truth[i], 2);
  }
  return bench::Point{samples, vmafx::trainer::Plcc(predicted, truth),
                      std::sqrt(squares / static_cast<double>(unseen.size())), ""};
}

void Print(const bench::Point& point) {
  fmt::print("  {:>7}  {:>8.4f}  {:>6.2f}  {}\n", point.samples, point.plcc, point.error,
             point.gate);
  std::fflush(stdout);
}

Result<std::vector<Pair>> MakePairs(const Flags& flags, const Until& until) {
  const sys::TempDir folder = TRY(sys::TempDir::Make("bench-trainer"));
  const int count = flags.samples + flags.unseen + flags.poisoned;
  std::vector<Pair> pairs;
  double all = 0, features = 0;
  for (int i = 0; i < count; ++i) {
    const auto clips =
        TRY(bench::MakeClipPair(flags.seed, static_cast<uint64_t>(i), flags.ffmpeg, until));
    const base::Instant begin = until.clock().Now();
    pairs.push_back(TRY(ScorePair(clips, folder, until).During(clips.name)));
    all += Seconds(until.clock().Now() - begin);
    features += pairs.back().feature_seconds;
  }
  fmt::print("{} clip pairs made and scored; libvmaf {:.1f} s, features {:.2f} s ({:.1f} %)\n",
             count, all - features, features, 100 * features / (all - features));
  return pairs;
}

struct Series {
  std::vector<Pair> unseen, good, poisoned;
};

Series Divide(std::vector<Pair> pairs, const Flags& flags) {
  Series series;
  const auto take = [&](int count) {
    std::vector<Pair> part(pairs.end() - count, pairs.end());
    pairs.resize(pairs.size() - static_cast<size_t>(count));
    return part;
  };
  series.poisoned = take(flags.poisoned);
  series.unseen = take(flags.unseen);
  series.good = std::move(pairs);
  for (Pair& pair : series.poisoned) pair.score = 100 - pair.score;
  return series;
}

// What the evidence has to say, and whether it does.
class Conclusion {
 public:
  void Expect(bool holds, const std::string& what) {
    fmt::print("{} {}\n", holds ? "yes:" : "NO: ", what);
    good_ = good_ && holds;
  }
  bool good() const { return good_; }

 private:
  bool good_ = true;
};

// Tells `pairs` in groups, each of which makes a checkpoint.
Result<Json> Teach(Trainer& trainer, const std::vector<Pair>& pairs,
                   const std::vector<Pair>& unseen, int every, std::vector<bench::Point>& points,
                   const Until& until) {
  Json status = TRY(trainer.Status("", until));
  for (size_t i = 0; i < pairs.size(); ++i) {
    const int64_t samples = points.back().samples + 1;
    const std::string before = Trainer::Signature(status);
    TRY(trainer.Tell(pairs[i], fmt::format("job-{}", samples), until));
    const bool checkpoint = (i + 1) % static_cast<size_t>(every) == 0 || i + 1 == pairs.size();
    points.push_back(TRY(Measure(trainer, unseen, "scores", samples, until)));
    if (checkpoint) {
      status = TRY(trainer.AwaitCheckpoint(before, until));
      points.back().gate = status["last_stability_gate_result"].get<std::string>();
    }
    if (checkpoint || samples == 1 || samples == 5 || samples == 10) Print(points.back());
  }
  return status;
}

Result<bool> Run(const Flags& flags, const Until& until) {
  const Series series = Divide(TRY(MakePairs(flags, until)), flags);
  Trainer trainer(flags, TRY(net::LineStream::Connect(flags.feedback, until)));
  fmt::print(
      "{} pairs are never shown. PLCC of the student with libvmaf on them:\n\n"
      "  samples      PLCC    RMSE  checkpoint's gate\n",
      series.unseen.size());
  std::vector<bench::Point> points;
  points.push_back(TRY(Measure(trainer, series.unseen, "base_scores", 0, until)));
  Print(points.back());
  const std::vector<Pair> first = {series.good.front()};
  const double base = TRY(trainer.Predict(first, "base_scores", until))[0];
  TRY(trainer.Tell(first[0], "job-1", until));
  const double after_one = TRY(trainer.Predict(first, "scores", until))[0];

  const Json learnt =
      TRY(Teach(trainer, series.good, series.unseen, flags.checkpoint_every, points, until));
  const double plcc = points.back().plcc;
  const int64_t poisoned_from = points.back().samples;
  fmt::print("  ... from here on {} samples with 100 minus the score:\n", series.poisoned.size());
  const Json poisoned =
      TRY(Teach(trainer, series.poisoned, series.unseen, flags.checkpoint_every, points, until));
  double worst = plcc;
  for (const bench::Point& point : points) {
    if (point.samples > poisoned_from) worst = std::min(worst, point.plcc);
  }
  const auto after = TRY(Measure(trainer, series.unseen, "scores", points.back().samples, until));
  points.push_back(after);
  fmt::print("\n");

  Conclusion conclusion;
  conclusion.Expect(
      std::abs(after_one - first[0].score) < std::abs(base - first[0].score),
      fmt::format("after one sample the model says {:.2f} of it, nearer to {:.2f} than "
                  "the base model's {:.2f}",
                  after_one, first[0].score, base));
  conclusion.Expect(plcc > 0.9 && plcc > points.front().plcc,
                    fmt::format("PLCC on unseen pairs rises from {:.4f} to {:.4f} after {} samples",
                                points.front().plcc, plcc, series.good.size()));
  conclusion.Expect(learnt["last_stability_gate_result"] == "Passed",
                    "the model is stable: " + learnt["message"].get<std::string>());
  conclusion.Expect(poisoned["last_stability_gate_result"] == "Rejected" &&
                        poisoned["model_version"] == learnt["model_version"],
                    "the gate stops the poisoned batch: " + poisoned["message"].get<std::string>());
  conclusion.Expect(after.plcc > plcc - 0.01,
                    fmt::format("the learner is back at PLCC {:.4f}, from {:.4f} when poisoned",
                                after.plcc, worst));
  if (!flags.picture.empty()) {
    TRY(sys::WriteFileAtomically(flags.picture, bench::DrawCurve(points, poisoned_from)));
    fmt::print("curve: {}\n", flags.picture);
  }
  return conclusion.good();
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  Flags flags;
  CLI::App cli("Shows that a vmafx-trainer learns; bench/trainer/run starts one.", "bench-trainer");
  cli.add_option("--feedback", flags.feedback, "HOST:PORT of its feedback port")->required();
  cli.add_option("--http", flags.http, "HOST:PORT of its status port")->required();
  cli.add_option("--ffmpeg", flags.ffmpeg, "for x264; without it that distortion is left out");
  cli.add_option("--picture", flags.picture, "SVG file of the learning curve");
  cli.add_option("--seed", flags.seed, "of the clips");
  cli.add_option("--samples", flags.samples, "pairs to learn from")->check(CLI::Range(1, 5000));
  cli.add_option("--unseen", flags.unseen, "pairs to judge by")->check(CLI::Range(8, 1000));
  cli.add_option("--poisoned", flags.poisoned, "wrong samples after that")
      ->check(CLI::Range(1, 1000));
  cli.add_option("--checkpoint-every", flags.checkpoint_every, "the trainer's least samples")
      ->check(CLI::Range(1, 1000));
  if (const auto end = app::Parse(cli, argc, argv)) return *end;
  const auto good = Run(flags, Until::After(clock, std::chrono::minutes(30), signals.stop()));
  if (!good.ok()) {
    fmt::print(stderr, "bench-trainer: {}\n", good.error().message());
    return app::kErrored;
  }
  return *good ? 0 : 1;
}
