#include "vmafx/node/session.h"

#include <gtest/gtest.h>

#include "vmafx/controller/testing/local_controller.h"

namespace vmafx::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SessionTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, seconds(60)); }
  SessionOptions Options() {
    return {.identity = {.name = "pod-1"}, .heartbeat_interval = milliseconds(20)};
  }

  base::SystemClock clock_;
  controller::testing::LocalController controller_{clock_};
  std::unique_ptr<ControllerClient> client_ =
      *ControllerClient::Make({.address = controller_.address()});
  Session session_{*client_, Options(), clock_, base::Log::Nowhere()};
};

TEST_F(SessionTest, StopsAllButTheNewestAttemptOfAJobInWhateverOrderTheyStart) {
  std::stop_source first, second, third, other;
  session_.StartJob({"a", 1}, first);
  session_.StartJob({"b", 1}, other);
  session_.StartJob({"a", 3}, third);
  session_.StartJob({"a", 2}, second);

  EXPECT_TRUE(first.stop_requested());
  EXPECT_TRUE(second.stop_requested());
  EXPECT_FALSE(third.stop_requested());
  EXPECT_FALSE(other.stop_requested());
  EXPECT_EQ(session_.jobs(), 2U);
  session_.EndJob({"a", 1});
  session_.EndJob({"a", 2});
  EXPECT_EQ(session_.jobs(), 2U) << "they were not counted any more";
}

TEST_F(SessionTest, AHeartbeatStopsAJobThatTheControllerDoesNotKnowAsOurs) {
  ASSERT_TRUE(session_.Open(until()).ok());
  std::stop_source cancelled;
  base::Guarded<bool> stopped(false);
  std::stop_callback tell(cancelled.get_token(),
                          [&] { stopped.With([](bool& value) { value = true; }); });

  session_.StartJob({"nobody's", 1}, cancelled);

  EXPECT_TRUE(stopped.Await(until(), [](bool value) { return value; }).ok());
}

TEST_F(SessionTest, SeveralWhoWereDeniedAtOnceRegisterOnce) {
  ASSERT_TRUE(session_.Open(until()).ok());
  const Credentials stale = session_.credentials();
  base::Guarded<std::vector<std::string>> ids;
  {
    base::Crew crew;
    for (int i = 0; i < 16; ++i) {
      crew.Start("renew", [&](std::stop_token) {
        const auto renewed = session_.Renew(stale, until());
        ASSERT_TRUE(renewed.ok());
        ids.With([&](auto& all) { all.push_back(renewed->node_id); });
      });
    }
  }

  EXPECT_EQ(ids.Read([](const auto& all) { return all; }),
            std::vector<std::string>(16, session_.credentials().node_id));
  EXPECT_NE(session_.credentials(), stale);
}

TEST_F(SessionTest, RegistersAgainWithAControllerThatHasForgottenIt) {
  ASSERT_TRUE(session_.Open(until()).ok());
  const Credentials before = session_.credentials();

  controller_.Restart();

  const auto limit = until();
  while (session_.credentials() == before && limit.Pause(milliseconds(5))) continue;
  EXPECT_NE(session_.credentials(), before);
  EXPECT_TRUE(session_.last_heard().has_value());
}

}  // namespace
}  // namespace vmafx::node
