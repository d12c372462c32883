#include "vmafx/operator/node_status.h"

#include <gtest/gtest.h>

#include "base/parse_time.h"

namespace vmafx::operators {
namespace {

using std::chrono::seconds;

base::WallTime At(const std::string& time) {
  return *base::ParseTime("2026-01-01T" + time + "Z");
}

NodeView View(NodeSource source, base::WallTime now) {
  NodeView view;
  view.node.key = {"films", "n"};
  view.node.generation = 4;
  view.node.healthz_url = "http://stub.films.svc/healthz";
  view.source = std::move(source);
  view.now = now;
  return view;
}

WorkerPod Running(const std::string& started) {
  WorkerPod pod;
  pod.started_at = "2026-01-01T" + started + "Z";
  return pod;
}

std::string Ready(const api::NodeStatus& status) {
  const api::Condition* ready = api::FindCondition(status.conditions, "Ready");
  return ready == nullptr ? "" : ready->status + " " + ready->reason;
}

// The view a moment later: with the status that came of it.
NodeView Next(NodeView view, base::WallTime now) {
  view.node.status = NextNodeStatus(view);
  view.now = now;
  return view;
}

TEST(NodeStatusTest, AnAnswerIsAHeartbeat) {
  const auto view =
      View(Probed{Probe{At("10:00:00"), true, "ProbeSucceeded", "answered 200", "stub"}},
           At("10:00:01"));

  const api::NodeStatus status = NextNodeStatus(view);

  EXPECT_EQ(status.healthy, true);
  EXPECT_EQ(status.last_heartbeat, "2026-01-01T10:00:00Z");
  EXPECT_EQ(status.detected_device, "stub");
  EXPECT_EQ(status.observed_generation, 4);
  EXPECT_EQ(Ready(status), "True ProbeSucceeded");
}

TEST(NodeStatusTest, AFailedProbeKeepsTheLastHeartbeatAndSaysWhy) {
  auto view =
      View(Probed{Probe{At("10:00:00"), true, "ProbeSucceeded", "", "stub"}}, At("10:00:01"));
  view = Next(view, At("10:00:06"));
  view.source = Probed{Probe{At("10:00:05"), false, "ConnectionRefused", "connection refused", ""}};

  const api::NodeStatus status = NextNodeStatus(view);

  EXPECT_EQ(status.healthy, false);
  EXPECT_EQ(status.last_heartbeat, "2026-01-01T10:00:00Z");
  EXPECT_EQ(status.detected_device, "stub");
  EXPECT_EQ(Ready(status), "False ConnectionRefused");
  const api::Condition* ready = api::FindCondition(status.conditions, "Ready");
  EXPECT_EQ(ready->message, "http://stub.films.svc/healthz: connection refused");
  EXPECT_EQ(ready->last_transition_time, "2026-01-01T10:00:06Z");
}

TEST(NodeStatusTest, SaysNothingBeforeTheFirstProbe) {
  const api::NodeStatus status = NextNodeStatus(View(Probed{}, At("10:00:00")));

  EXPECT_FALSE(status.healthy.has_value());
  EXPECT_EQ(status.last_heartbeat, "");
  EXPECT_EQ(Ready(status), "");
}

TEST(NodeStatusTest, ARefusedUrlIsNotReadyByName) {
  const api::NodeStatus status =
      NextNodeStatus(View(RefusedUrl{"\"http://example.com\" is not a Service"}, At("10:00:00")));

  EXPECT_EQ(status.healthy, false);
  EXPECT_EQ(Ready(status), "False InvalidHealthzUrl");
}

TEST(NodeStatusTest, CopiesTheControllersLastSeenAndNeverTheTimeItIs) {
  const auto view =
      View(Registered{At("09:00:00"), At("09:59:30"), "cpu: 2 threads"}, At("10:00:00"));

  const api::NodeStatus status = NextNodeStatus(view);

  EXPECT_EQ(status.last_heartbeat, "2026-01-01T09:59:30Z");
  EXPECT_EQ(status.detected_device, "cpu: 2 threads");
  EXPECT_EQ(Ready(status), "True Idle");
}

TEST(NodeStatusTest, ANodeWithoutWorkersStaysHealthyHoweverLongNothingWasHeard) {
  const api::NodeStatus status =
      NextNodeStatus(View(Registered{At("01:00:00"), At("02:00:00"), ""}, At("10:00:00")));

  EXPECT_EQ(status.healthy, true);
  EXPECT_EQ(status.last_heartbeat, "2026-01-01T02:00:00Z");
  EXPECT_FALSE(NextNodeStatus(View(Registered{}, At("10:00:00"))).last_heartbeat.size());
}

TEST(NodeStatusTest, SilenceOfAMinuteWithARunningWorkerIsStale) {
  auto view = View(Registered{At("01:00:00"), At("10:00:00"), ""}, At("10:00:59"));
  view.pods = {Running("09:00:00")};
  EXPECT_EQ(Ready(NextNodeStatus(view)), "True HeartbeatReceived");
  EXPECT_EQ(TimeToSilence(view), seconds(1));

  view = Next(view, At("10:01:00"));

  EXPECT_EQ(Ready(NextNodeStatus(view)), "False HeartbeatStale");
  EXPECT_EQ(NextNodeStatus(view).healthy, false);
  EXPECT_EQ(NextNodeStatus(view).last_heartbeat, "2026-01-01T10:00:00Z");
  EXPECT_EQ(TimeToSilence(view), std::nullopt);
}

TEST(NodeStatusTest, SilenceCountsFromTheWorkersStartAndWhileSomebodyListens) {
  auto view = View(Registered{At("01:00:00"), At("02:00:00"), ""}, At("10:00:30"));
  view.pods = {Running("10:00:00")};
  EXPECT_EQ(Ready(NextNodeStatus(view)), "True AwaitingHeartbeat");
  EXPECT_EQ(TimeToSilence(view), seconds(30));

  view.pods = {Running("09:00:00")};
  view.source = Registered{At("10:00:10"), At("02:00:00"), ""};
  EXPECT_EQ(TimeToSilence(view), seconds(40)) << "an operator or controller that just started";

  view.source = Registered{std::nullopt, At("02:00:00"), ""};
  EXPECT_EQ(TimeToSilence(view), std::nullopt) << "the controller cannot be asked";
  EXPECT_EQ(NextNodeStatus(view).healthy, true);
}

TEST(NodeStatusTest, AStaleNodeStaysSoWhileTheControllerIsAwayAndComesBackWhenHeard) {
  auto view = View(Registered{At("01:00:00"), At("10:00:00"), ""}, At("10:02:00"));
  view.pods = {Running("09:00:00")};
  view = Next(view, At("10:03:00"));
  view.source = Registered{std::nullopt, At("10:00:00"), ""};
  EXPECT_EQ(Ready(NextNodeStatus(view)), "False HeartbeatStale");

  view.source = Registered{At("10:02:55"), At("10:02:59"), ""};

  EXPECT_EQ(Ready(NextNodeStatus(view)), "True HeartbeatReceived");
}

TEST(NodeStatusTest, TheHeartbeatNeverGoesBack) {
  auto view = View(Registered{At("01:00:00"), At("10:00:00"), ""}, At("10:00:01"));
  view = Next(view, At("10:00:05"));
  view.source = Registered{At("10:00:04"), At("09:00:00"), ""};

  EXPECT_EQ(NextNodeStatus(view).last_heartbeat, "2026-01-01T10:00:00Z");
}

TEST(NodeStatusTest, AssignedJobsAreTheWorkersThatHoldASlot) {
  auto view = View(Probed{}, At("10:00:00"));
  WorkerPod pending, ended = Running("09:00:00"), going = Running("09:00:00"),
                     overdue = Running("09:00:00");
  ended.ended = true;
  going.deletes_at = "2026-01-01T10:00:30Z";
  overdue.deletes_at = "2026-01-01T09:59:59Z";
  view.pods = {Running("09:00:00"), pending, ended, going, overdue};

  EXPECT_EQ(NextNodeStatus(view).assigned_jobs, 3);
}

TEST(NodeStatusTest, WritesNothingNewWhenNothingIsNew) {
  auto view = View(Registered{At("01:00:00"), At("10:00:00"), "cpu"}, At("10:00:01"));
  view.pods = {Running("09:00:00")};

  const NodeView later = Next(view, At("10:00:30"));

  EXPECT_EQ(api::WriteStatus(NextNodeStatus(later)), api::WriteStatus(later.node.status));
}

}  // namespace
}  // namespace vmafx::operators
