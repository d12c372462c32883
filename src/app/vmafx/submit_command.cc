#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "app/vmafx/job_commands.h"
#include "app/vmafx/remote.h"
#include "vmafx/api/score_options.h"
#include "vmafx/api/source_uri.h"
#include "vmafx/client/render.h"
#include "vmafx/scoring/video.h"

namespace app {
namespace {

namespace client = vmafx::client;
namespace rpc = vmafx::controller::v1;
namespace scoring = vmafx::scoring;

constexpr char kExamples[] = R"(Examples:
  vmafx submit file:///videos/ref.y4m file:///videos/dist.y4m
  vmafx submit s3://videos/ref.yuv s3://videos/dist.yuv --size 1920x1080 --pixel-format yuv420p --wait
  id=$(vmafx submit file:///videos/ref.mp4 file:///videos/dist.mp4 --priority 10)

The videos are named as the platform's nodes see them: file:///PATH, s3://BUCKET/KEY, http(s)://..., and
rclone://REMOTE/BUCKET/KEY. Raw YUV needs --size and --pixel-format. A pool node does the job.

Exit codes: 0 submitted (with --wait: scored), 1 --wait: it failed or was cancelled, 2 bad usage, 3 not accepted or not
reached, 130 interrupted (the job goes on).)";

struct Flags {
  Remote remote;
  std::string reference;
  std::string distorted;
  std::string model;
  std::string backend;
  int priority = 0;
  std::string size;
  std::string pixel_format;
  int bit_depth = 0;
  unsigned threads = 0;
  std::string name;
  std::string ns;
  std::string key;
  bool wait = false;
};

constexpr const char* ChromaWord(scoring::Chroma chroma) {
  return chroma == scoring::Chroma::k420 ? "420" : chroma == scoring::Chroma::k422 ? "422" : "444";
}

// "yuv420p10le", or "420" with --bitdepth.
base::Result<scoring::PixelFormat> FormatOf(const Flags& flags) {
  std::string name = flags.pixel_format;
  if (name == "420" || name == "422" || name == "444") {
    const bool deep = flags.bit_depth != 0 && flags.bit_depth != 8;
    name = fmt::format("yuv{}p{}", name, deep ? std::to_string(flags.bit_depth) : "");
  }
  const auto format = TRY(scoring::ParsePixelFormat(name).During("--pixel-format"));
  if (flags.bit_depth != 0 && flags.bit_depth != format.bit_depth) {
    return base::Fail(base::Code::kInvalid, "--bitdepth {} and --pixel-format {} contradict",
                      flags.bit_depth, flags.pixel_format);
  }
  return format;
}

base::Result<> SetGeometry(const Flags& flags, vmafx::v1::ScoreOptions& options) {
  const bool raw =
      TRY(vmafx::api::ReadSourceUri(flags.reference).During("REFERENCE")).IsRawVideo() ||
      TRY(vmafx::api::ReadSourceUri(flags.distorted).During("DISTORTED")).IsRawVideo();
  if (flags.size.empty() && flags.pixel_format.empty() && flags.bit_depth == 0 && !raw) {
    return base::Ok();
  }
  if (flags.size.empty() || flags.pixel_format.empty()) {
    return base::Fail(base::Code::kInvalid,
                      "{} is missing: raw video needs --size WIDTHxHEIGHT and "
                      "--pixel-format FORMAT",
                      flags.size.empty() ? "--size" : "--pixel-format");
  }
  const auto size = TRY(scoring::ParseSize(flags.size).During("--size"));
  const auto format = TRY(FormatOf(flags));
  TRY(scoring::Validate({size.width, size.height, format}).During("--size"));
  options.set_width(size.width);
  options.set_height(size.height);
  options.set_pixel_format(ChromaWord(format.chroma));
  options.set_bitdepth(static_cast<uint32_t>(format.bit_depth));
  return base::Ok();
}

base::Result<rpc::SubmitJobRequest> ToRequest(const Flags& flags) {
  rpc::SubmitJobRequest request;
  auto& params = *request.mutable_scoring();
  params.set_reference(flags.reference);
  params.set_distorted(flags.distorted);
  params.set_model(flags.model);
  params.set_backend(flags.backend);
  TRY(SetGeometry(flags, *params.mutable_options()));
  params.mutable_options()->set_threads(flags.threads);
  request.set_priority(flags.priority);
  request.set_name(flags.name);
  request.set_namespace_(flags.ns);
  request.set_idempotency_key(flags.key);
  return request;
}

int Wait(const std::string& id, const Flags& flags, client::Controller& controller,
         const Context& context) {
  const auto job = controller.AwaitJob(
      id, Patiently(),
      [&](const rpc::Job& state) {
        fmt::print(stderr, "{}\n", client::JobLine(state, context.clock.WallNow()));
      },
      context.until());
  if (!job.ok()) return Explain(kErrored, job.error());
  const int printed =
      Print(flags.remote.json() ? client::JobJson(*job).dump(2) + "\n" : client::JobText(*job));
  if (printed != kPassed) return printed;
  return job->status() == rpc::COMPLETED ? kPassed : kFailed;
}

int Run(const Flags& flags, const Context& context) {
  const auto request = ToRequest(flags);
  if (!request.ok()) return Explain(request.error());
  const auto controller = Connect(flags.remote);
  if (!controller.ok()) return Explain(controller.error());
  const auto id = (*controller)->Submit(*request, context.until());
  if (!id.ok()) return Explain(id.error());
  if (flags.wait) return Wait(*id, flags, **controller, context);
  if (!flags.remote.json()) return Print(*id + "\n");
  return Print(value::Json{{"id", *id}}.dump(2) + "\n");
}

}  // namespace

void AddSubmitCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* submit = app.add_subcommand("submit", "Submits a job; prints its id.");
  submit->add_option("REFERENCE", flags->reference, "URI of the reference")->required();
  submit->add_option("DISTORTED", flags->distorted, "URI of the distorted video")->required();
  submit->add_option("--model", flags->model, "of libvmaf (default: the node's)");
  submit->add_option("--backend", flags->backend, "that must score it (default: any)")
      ->check(CLI::IsMember(vmafx::api::Backends()));
  submit->add_option("--priority", flags->priority, "higher is served first (default 0)")
      ->check(CLI::NonNegativeNumber);
  submit->add_option("--size", flags->size, "of raw YUV, in pixels: 1920x1080");
  submit->add_option("--pixel-format", flags->pixel_format,
                     "of raw YUV: yuv420p, yuv422p10le, ...; or 420, 422, 444 with --bitdepth");
  submit->add_option("--bitdepth", flags->bit_depth, "of raw YUV: 8, 10, 12, 16 (default 8)")
      ->check(CLI::IsMember({8, 10, 12, 16}));
  submit->add_option("--threads", flags->threads, "of libvmaf (default: the node's)")
      ->check(CLI::Range(1, 256));
  submit->add_option("--name", flags->name, "your own name for it");
  submit->add_option("--namespace", flags->ns, "whose trainers learn from it, whatever happens");
  submit->add_option("--idempotency-key", flags->key,
                     "submitting again with the same key gives the same job");
  submit->add_flag("--wait", flags->wait, "wait for its end and show it");
  AddRemoteFlags(*submit, flags->remote);
  submit->footer(kExamples);
  submit->callback([flags, &context] { context.exit_code = Run(*flags, context); });
}

}  // namespace app
