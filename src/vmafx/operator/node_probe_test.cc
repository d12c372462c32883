#include "vmafx/operator/node_probe.h"

#include <algorithm>
#include <latch>

#include <gtest/gtest.h>

#include "net/http_server.h"
#include "net/testing/reserved_port.h"

namespace vmafx::operators {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<net::HttpServer> Serve(std::vector<net::Route> routes) {
  auto server = net::HttpServer::Start(
      "127.0.0.1:0", std::move(routes),
      {.body_limit = 1024, .thread_per_connection = true, .most_connections = 64});
  EXPECT_TRUE(server.ok()) << server.error().message();
  return *std::move(server);
}

std::unique_ptr<net::HttpServer> Serve(int status, const std::string& body) {
  return Serve({{"GET", "/healthz", [=](const net::Call&) {
                   return net::Answer{status, body, "application/json"};
                 }}});
}

std::string UrlOf(const net::HttpServer& server) {
  return fmt::format("http://127.0.0.1:{}/healthz", server.port());
}

class NodeProbeTest : public ::testing::Test {
 protected:
  Probe Look(const std::string& url, base::Duration limit = seconds(60)) {
    return ProbeHealthz(*http_, url, base::Until::After(clock_, limit));
  }
  Probe LookAt(int status, const std::string& body) {
    const auto server = Serve(status, body);
    return Look(UrlOf(*server));
  }

  base::SystemClock clock_;
  std::unique_ptr<net::Http> http_ = net::MakeCurlHttp({.body_limit = 64 * 1024});
};

TEST_F(NodeProbeTest, TakesTwoHundredForHealthyAndTheDeviceFromTheBody) {
  const Probe probe = LookAt(200, R"({"status": "ok", "device": "GPU-7: spare"})");

  EXPECT_TRUE(probe.healthy);
  EXPECT_EQ(probe.reason, "ProbeSucceeded");
  EXPECT_EQ(probe.device, "GPU-7: spare");
}

TEST_F(NodeProbeTest, TakesNoDeviceFromABodyThatHasNone) {
  for (const std::string& body :
       {std::string(), std::string("ok"), std::string("[]"), std::string(R"({"device": 7})"),
        std::string(R"({"device": "a\nb"})"), std::string(R"({"device": "\u0000"})"),
        R"({"device": ")" + std::string(200, 'x') + "\"}", std::string(2000, '['),
        std::string("\xff\xfe{"), std::string(R"({"device": "a)")}) {
    const Probe probe = LookAt(200, body);
    EXPECT_TRUE(probe.healthy) << body;
    EXPECT_EQ(probe.device, "") << body;
  }
}

TEST_F(NodeProbeTest, NamesEveryWayToFail) {
  const Probe status = LookAt(503, R"({"device": "x", "secret": "y"})");
  EXPECT_FALSE(status.healthy);
  EXPECT_EQ(status.reason, "HTTPStatus");
  EXPECT_EQ(status.message, "answered 503, not 200") << "nothing of the body is told on";
  EXPECT_EQ(status.device, "");
  EXPECT_EQ(LookAt(302, "").reason, "HTTPStatus");
  EXPECT_EQ(LookAt(204, "").reason, "HTTPStatus");
  EXPECT_EQ(LookAt(200, std::string(70000, 'x')).reason, "InvalidAnswer");
  EXPECT_EQ(LookAt(500, std::string(70000, 'x')).reason, "InvalidAnswer");

  const net::testing::ReservedPort nobody;
  EXPECT_EQ(Look("http://" + nobody.address() + "/healthz").reason, "ConnectionRefused");
  EXPECT_EQ(Look("http://no_such_host.invalid./healthz").reason, "NameNotFound");
}

TEST_F(NodeProbeTest, GivesASilentNodeUpAtTheDeadline) {
  std::latch asked(1), done(1);
  const auto server = Serve({{"GET", "/healthz", [&](const net::Call&) {
                                asked.count_down();
                                done.wait();
                                return net::Answer{};
                              }}});
  base::FakeClock clock;
  Probe probe;
  base::Crew crew;
  crew.Start("look", [&](std::stop_token) {
    probe = ProbeHealthz(*http_, UrlOf(*server), base::Until::After(clock, milliseconds(200)));
    done.count_down();
  });
  asked.wait();
  clock.Advance(milliseconds(200));
  done.wait();
  crew.StopAndJoin();

  EXPECT_EQ(probe.reason, "Timeout");
}

class NodeProberTest : public NodeProbeTest {
 protected:
  // Waits until a node was looked at `times` times in all.
  void AwaitLooks(const kube::Key& node, int times) {
    auto waited = looks_.Await(base::Until::After(clock_, seconds(60)), [&](const auto& looks) {
      auto found = looks.find(node);
      return found != looks.end() && found->second >= times;
    });
    EXPECT_TRUE(waited.ok()) << node.Text() << " was not looked at " << times << " times";
  }
  std::unique_ptr<NodeProber> Start(NodeProberOptions options) {
    // Busy cores are no silent node.
    options.timeout = std::max<base::Duration>(options.timeout, std::chrono::hours(1));
    auto prober = std::make_unique<NodeProber>(
        options, clock_, base::Log::Nowhere(), [this](const kube::Key& node) {
          looks_.With([&](std::map<kube::Key, int>& looks) { ++looks[node]; });
        });
    prober->Start();
    return prober;
  }

  const kube::Key node_{"films", "n"};
  base::Guarded<std::map<kube::Key, int>> looks_;
};

TEST_F(NodeProberTest, LooksAtOnceAndThenEveryPeriod) {
  const auto server = Serve(200, R"({"device": "stub"})");
  const auto prober = Start({.period = milliseconds(5)});

  EXPECT_FALSE(prober->Follow(node_, "u", UrlOf(*server)).has_value());
  AwaitLooks(node_, 3);

  const auto last = prober->Follow(node_, "u", UrlOf(*server));
  ASSERT_TRUE(last.has_value());
  EXPECT_TRUE(last->healthy);
  EXPECT_EQ(last->device, "stub");
}

TEST_F(NodeProberTest, LooksAgainSoonAfterTheFirstFailures) {
  const auto bad = Serve(500, "");
  const auto prober = Start({.period = std::chrono::hours(1), .recheck = milliseconds(5)});

  prober->Follow(node_, "u", UrlOf(*bad));

  AwaitLooks(node_, 4);  // the fifth is an hour away
}

TEST_F(NodeProberTest, AnotherUrlOrAnotherNodeOfThatNameIsLookedAtAtOnce) {
  const auto good = Serve(200, "");
  const auto bad = Serve(500, "");
  const auto prober = Start({.period = std::chrono::hours(1)});
  prober->Follow(node_, "u", UrlOf(*good));
  AwaitLooks(node_, 1);

  EXPECT_FALSE(prober->Follow(node_, "u", UrlOf(*bad)).has_value()) << "known of the other URL";
  AwaitLooks(node_, 2);
  EXPECT_FALSE(prober->Follow(node_, "u", UrlOf(*bad))->healthy);
  EXPECT_FALSE(prober->Follow(node_, "v", UrlOf(*bad)).has_value());
  AwaitLooks(node_, 3);
}

TEST_F(NodeProberTest, ASilentNodeDoesNotHoldUpTheOthers) {
  std::latch done(1);
  const auto server =
      Serve({{"GET", "/silent", [&](const net::Call&) { return done.wait(), net::Answer{}; }},
             {"GET", "/healthz", [](const net::Call&) { return net::Answer{}; }}});
  const auto prober = Start({.period = milliseconds(5), .workers = 4});
  for (const char* name : {"a", "b", "c"}) {
    prober->Follow({"films", name}, "u", fmt::format("http://127.0.0.1:{}/silent", server->port()));
  }

  prober->Follow(node_, "u", UrlOf(*server));

  AwaitLooks(node_, 5);
  EXPECT_EQ(looks_.Read([](const auto& looks) { return looks.size(); }), 1u);
  done.count_down();
}

TEST_F(NodeProberTest, StopsAtOnceThoughANodeIsSilent) {
  std::latch asked(1), done(1);
  const auto server = Serve({{"GET", "/healthz", [&](const net::Call&) {
                                asked.count_down();
                                done.wait();
                                return net::Answer{};
                              }}});
  const auto prober = Start({});
  prober->Follow(node_, "u", UrlOf(*server));
  asked.wait();

  prober->Stop();

  EXPECT_FALSE(prober->Follow(node_, "u", UrlOf(*server)).has_value())
      << "a probe that was ended says nothing";
  done.count_down();
}

TEST_F(NodeProberTest, ForgetsANode) {
  const auto server = Serve(200, "");
  const auto prober = Start({.period = milliseconds(5)});
  prober->Follow(node_, "u", UrlOf(*server));
  AwaitLooks(node_, 1);

  prober->Forget(node_);

  EXPECT_FALSE(prober->Follow(node_, "u", UrlOf(*server)).has_value());
}

}  // namespace
}  // namespace vmafx::operators
