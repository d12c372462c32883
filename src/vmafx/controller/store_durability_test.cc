// What the store has answered is on disk, however its process ends.

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

#include "sys/files.h"
#include "vmafx/controller/store.h"

namespace vmafx::controller {
namespace {

// A child submits and prints each answered id; it is killed in the middle. What it printed must be
// there.
TEST(StoreDurabilityTest, HasEveryAnsweredJobAfterKillNine) {
  const sys::TempDir folder = *sys::TempDir::Make("store");
  const auto path = folder.path() / "jobs.db";
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    base::SystemClock clock;
    auto store = *JobStore::Open(
        path, {}, [](const auto&) {}, clock, base::Log::Nowhere());
    for (;;) {
      const std::string id = *store->Submit({.scoring = {.reference = "/r", .distorted = "/d"}},
                                            base::Until::After(clock, std::chrono::seconds(60)));
      if (write(pipe_ends[1], id.data(), id.size()) < 0) _exit(1);
    }
  }
  close(pipe_ends[1]);
  std::string answered;
  char piece[36 * 8];
  while (answered.size() < 36 * 50) {
    const ssize_t got = read(pipe_ends[0], piece, sizeof piece);
    ASSERT_GT(got, 0);
    answered.append(piece, static_cast<size_t>(got));
  }

  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);

  for (ssize_t got; (got = read(pipe_ends[0], piece, sizeof piece)) > 0;) {
    answered.append(piece, static_cast<size_t>(got));
  }
  close(pipe_ends[0]);
  base::SystemClock clock;
  auto store = *JobStore::Open(
      path, {}, [](const auto&) {}, clock, base::Log::Nowhere());
  for (size_t at = 0; at + 36 <= answered.size(); at += 36) {
    const std::string id = answered.substr(at, 36);
    EXPECT_TRUE(store->Get(id, base::Until::After(clock, std::chrono::seconds(60))).ok()) << id;
  }
}

}  // namespace
}  // namespace vmafx::controller
