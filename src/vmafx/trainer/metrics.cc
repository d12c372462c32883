#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "vmafx/trainer/web.h"

namespace vmafx::trainer {

namespace {

class Exposition {
 public:
  void Gauge(const char* name, const char* help, double value,
             const prometheus::Labels& labels = {}) {
    prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels).Set(value);
  }

  void Counter(const char* name, const char* help, int64_t value,
               const prometheus::Labels& labels = {}) {
    prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels).Increment(
        static_cast<double>(value));
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

 private:
  prometheus::Registry registry_;
};

}  // namespace

// The board has the numbers; nothing is counted twice. Names of upstream where it had one.
std::string RenderMetrics(const View& view, const std::string& version) {
  Exposition out;
  const CheckpointRecord& record = view.record;
  out.Gauge("vmafx_build_info", "1, with the version as label", 1, {{"version", version}});
  out.Gauge("vmafx_training_running", "1 while samples are taken", view.phase == "running" ? 1 : 0);
  out.Counter("vmafx_training_samples_total", "Jobs whose sample was counted", view.samples);
  out.Counter("vmafx_training_duplicates_total", "Samples of jobs that were counted before",
              view.duplicates);
  out.Counter("vmafx_training_triples_dropped_total",
              "Lines that were no sample, and samples that could not be taken",
              view.refused + view.bad_lines);
  out.Counter("vmafx_training_replay_evictions_total", "Samples that made room for newer ones",
              view.evictions);
  out.Counter("vmafx_training_samples_quarantined_total",
              "Samples taken out of learning after a rejected checkpoint", record.quarantined);
  out.Counter("vmafx_training_steps_total", "Steps of the learner", view.steps);
  out.Gauge("vmafx_training_loss", "Mean square error of the last step's batch, standardised",
            view.loss);
  out.Gauge("vmafx_training_replay_samples", "Samples that are trained on",
            static_cast<double>(view.replay));
  out.Gauge("vmafx_training_held_out_samples", "Samples that models are judged by",
            static_cast<double>(view.held_out));
  constexpr char kCheckpoints[] = "vmafx_training_checkpoints_total";
  constexpr char kCheckpointsHelp[] = "Checkpoints by what the stability gate said";
  out.Counter(kCheckpoints, kCheckpointsHelp, record.passed, {{"result", "Passed"}});
  out.Counter(kCheckpoints, kCheckpointsHelp, record.not_enough, {{"result", "NotEnoughSamples"}});
  out.Counter(kCheckpoints, kCheckpointsHelp, record.rejected, {{"result", "Rejected"}});
  out.Counter("vmafx_training_checkpoint_failures_total",
              "Attempts to write a checkpoint that failed", view.push_failures);
  out.Counter("vmafx_model_checkpoint_swaps_total", "Times that latest-stable moved on",
              record.passed);
  out.Gauge("vmafx_model_checkpoint_version", "Number of the last checkpoint that was pushed",
            static_cast<double>(record.version));
  return out.Text();
}

}  // namespace vmafx::trainer
