// Reading many rows, and removing old ones: what is not the life of one job.

#include "base/text.h"
#include "vmafx/controller/rows.h"
#include "vmafx/controller/store.h"

namespace vmafx::controller {

using base::Result;
using base::Until;

Result<std::vector<Series>> JobStore::Frames(const std::string& id, const Until& until) {
  return writer_->Do<std::vector<Series>>(
      [id](Transaction& transaction) -> Result<std::vector<Series>> {
        std::vector<Series> all;
        TRY(transaction.database.Run(
            "SELECT f.name, f.series FROM jobs JOIN job_frames AS f ON f.job = jobs.seq "
            "WHERE jobs.id = ?1 ORDER BY f.position",
            {id}, [&](const Row& row) {
              all.push_back({row.Text(0), row.Doubles(1)});
            }));
        return all;
      },
      until);
}

Result<JobPage> JobStore::List(const std::vector<Status>& statuses, int64_t after,
                               const Until& until) {
  return writer_->Do<JobPage>(
      [statuses, after](Transaction& transaction) -> Result<JobPage> {
        std::vector<std::string> marks;
        std::vector<SqlValue> values{after};
        for (Status status : statuses) {
          marks.emplace_back("?");
          values.emplace_back(std::string(ToString(status)));
        }
        const std::string filter =
            marks.empty() ? "" : fmt::format(" AND status IN ({})", base::Join(marks, ", "));
        JobPage page;
        TRY(transaction.database.Run(
            fmt::format("SELECT {} FROM jobs WHERE seq > ?{} ORDER BY seq LIMIT {}", kJobColumns,
                        filter, kPage),
            values, [&](const Row& row) { page.jobs.push_back(JobFromRow(row)); }));
        if (page.jobs.size() == kPage) page.next = page.jobs.back().number;
        return page;
      },
      until);
}

Result<QueueDepth> JobStore::Depth(const Until& until) {
  return writer_->Do<QueueDepth>(
      [](Transaction& transaction) -> Result<QueueDepth> {
        QueueDepth depth;
        TRY(transaction.database.Run(
            "SELECT status = 'running', count(*), min(created_at) FROM jobs "
            "WHERE status IN ('pending', 'running') GROUP BY 1",
            {}, [&](const Row& row) {
              (row.Int(0) != 0 ? depth.running : depth.pending) = row.Int(1);
              if (row.Int(0) == 0) depth.oldest_pending_at = row.Int(2);
            }));
        depth.feedback = TRY(CountFeedback(transaction.database));
        return depth;
      },
      until);
}

Result<int64_t> JobStore::Prune(int64_t before, int64_t most, const Until& until) {
  return writer_->Do<int64_t>(
      [before, most](Transaction& transaction) -> Result<int64_t> {
        // Frames and attempts go with their job (ON DELETE CASCADE).
        TRY(transaction.database.Run(
            "DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs INDEXED BY jobs_by_end "
            "WHERE finished_at IS NOT NULL AND "
            "finished_at < ?1 ORDER BY finished_at LIMIT ?2)",
            {before, most}));
        return transaction.database.Changes();
      },
      until);
}

Result<std::vector<std::string>> JobStore::FeedbackTrainers(const Until& until) {
  return writer_->Do<std::vector<std::string>>(
      [](Transaction& transaction) { return WaitingTrainers(transaction.database); }, until);
}

Result<std::vector<WaitingSample>> JobStore::FeedbackFor(const std::string& trainer, int64_t most,
                                                         const Until& until) {
  return writer_->Do<std::vector<WaitingSample>>(
      [trainer, most](Transaction& transaction) {
        return WaitingSamples(transaction.database, trainer, most);
      },
      until);
}

Result<> JobStore::SettleFeedback(const std::vector<int64_t>& ids, const Until& until) {
  return writer_->Do<base::Nothing>(
      [ids](Transaction& transaction) { return DeleteFeedback(transaction.database, ids); }, until);
}

Result<int64_t> JobStore::DropOldFeedback(int64_t before, int64_t most, const Until& until) {
  return writer_->Do<int64_t>(
      [before, most](Transaction& transaction) {
        return ExpireFeedback(transaction.database, before, most);
      },
      until);
}

}  // namespace vmafx::controller
