#include "vmafx/controller/feedback_table.h"

#include <set>

#include "vmafx/api/feedback.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;

Result<> CheckSamples(const std::string& job, const std::vector<Feedback>& feedback) {
  if (feedback.size() > kMostFeedback) {
    return Fail(Code::kInvalid, "feedback has {} samples, at most {} are taken", feedback.size(),
                kMostFeedback);
  }
  std::set<std::string> trainers;
  for (size_t i = 0; i < feedback.size(); ++i) {
    const std::string where = fmt::format("feedback[{}].sample", i);
    if (feedback[i].sample.size() >= api::kMostFeedbackLine) {
      return Fail(Code::kInvalid, "{} is longer than {} bytes", where, api::kMostFeedbackLine);
    }
    if (feedback[i].sample.find('\n') != std::string::npos) {
      return Fail(Code::kInvalid, "{} is more than one line", where);
    }
    const auto sample = TRY(api::ReadSample(feedback[i].sample).During(where));
    if (sample.job_id != job) {
      return Fail(Code::kInvalid, "{} is of job {}, not of {}", where, sample.job_id, job);
    }
    if (!trainers.insert(feedback[i].trainer).second) {
      return Fail(Code::kInvalid, "feedback has two samples for {}", feedback[i].trainer);
    }
  }
  return base::Ok();
}

Result<> CheckTrainers(const Job& job, const std::vector<Feedback>& feedback) {
  for (const Feedback& item : feedback) {
    if (api::IsTrainerAddress(item.trainer, job.name_space)) continue;
    return Fail(Code::kInvalid,
                "feedback for \"{}\": not a trainer of namespace \"{}\" "
                "(vmafx-trainer-NAME.NAMESPACE.svc:9092)",
                item.trainer, job.name_space);
  }
  return base::Ok();
}

Result<> InsertFeedback(Database& database, const std::string& job,
                        const std::vector<Feedback>& feedback, int64_t now) {
  for (const Feedback& item : feedback) {
    TRY(
        database.Run("INSERT OR IGNORE INTO feedback_outbox(job_id, trainer, sample, created_at) "
                     "VALUES(?1, ?2, ?3, ?4)",
                     {job, item.trainer, item.sample, now}));
  }
  return base::Ok();
}

Result<std::vector<std::string>> WaitingTrainers(Database& database) {
  std::vector<std::string> trainers;
  TRY(database.Run("SELECT DISTINCT trainer FROM feedback_outbox", {},
                   [&](const Row& row) { trainers.push_back(row.Text(0)); }));
  return trainers;
}

Result<std::vector<WaitingSample>> WaitingSamples(Database& database, const std::string& trainer,
                                                  int64_t most) {
  std::vector<WaitingSample> samples;
  TRY(database.Run(
      "SELECT id, job_id, sample FROM feedback_outbox WHERE trainer = ?1 ORDER BY id LIMIT ?2",
      {trainer, most}, [&](const Row& row) {
        samples.push_back({.id = row.Int(0), .job = row.Text(1), .sample = row.Text(2)});
      }));
  return samples;
}

Result<> DeleteFeedback(Database& database, const std::vector<int64_t>& ids) {
  for (int64_t id : ids) TRY(database.Run("DELETE FROM feedback_outbox WHERE id = ?1", {id}));
  return base::Ok();
}

Result<int64_t> ExpireFeedback(Database& database, int64_t before, int64_t most) {
  TRY(
      database.Run("DELETE FROM feedback_outbox WHERE created_at < ?1 OR id <= "
                   "(SELECT id FROM feedback_outbox ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                   {before, most}));
  return database.Changes();
}

Result<int64_t> CountFeedback(Database& database) {
  int64_t count = 0;
  TRY(database.Run("SELECT count(*) FROM feedback_outbox", {},
                   [&](const Row& row) { count = row.Int(0); }));
  return count;
}

}  // namespace vmafx::controller
