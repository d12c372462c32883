#include "kube/rest.h"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing/tls_server.h"

// What a real API server does only in bad moments: refuses for now, breaks connections.

namespace kube {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Until;
using net::testing::Connection;
using net::testing::Received;
using net::testing::TlsServer;
using ::testing::HasSubstr;

class RestTest : public ::testing::Test {
 protected:
  Rest Reach(const TlsServer& server) {
    ClusterAccess access;
    access.server = server.url();
    access.identity.ca_pem = authority_.certificate_pem;
    access.token = "secret";
    return Rest(std::move(access), base::Log::Nowhere(), "test");
  }
  Until Soon() { return Until::After(clock_, 60s); }

  base::SystemClock clock_;
  const net::KeyPair authority_ = *net::MakeAuthority("test", clock_.WallNow());
  const net::KeyPair certificate_ =
      *net::IssueCertificate(authority_, {.common_name = "server", .ip_addresses = {"127.0.0.1"}},
                             base::SystemClock().WallNow());
};

TEST_F(RestTest, SendsTheTokenAndTheContentTypeOfTheBody) {
  TlsServer server(certificate_, [](const Received& received, Connection& connection) {
    connection.Answer(
        200, received.headers.at("authorization") + " " + received.headers.at("content-type"));
  });

  const auto answer = Reach(server).Send(
      {.method = "PATCH", .path = "/x", .what = "x", .body = "{}", .content_type = "a/b"}, Soon());

  EXPECT_EQ(*answer, "Bearer secret a/b");
}

TEST_F(RestTest, TriesAgainWhenTheServerAsksToComeBackLater) {
  for (const int refusal : {429, 503}) {
    std::atomic<int> calls{0};
    TlsServer server(certificate_, [&](const Received&, Connection& connection) {
      if (++calls < 3) {
        connection.Answer(refusal, "busy", "Retry-After: 0\r\n");
      } else {
        connection.Answer(200, "done");
      }
    });

    const auto answer =
        Reach(server).Send({.method = "POST", .path = "/x", .what = "x", .body = "{}"}, Soon());

    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(*answer, "done");
    EXPECT_EQ(calls, 3);
  }
}

TEST_F(RestTest, DoesNotWaitForWhatComesAfterTheDeadlineOrWhatWasNotPromised) {
  std::atomic<int> calls{0};
  TlsServer server(certificate_, [&](const Received& received, Connection& connection) {
    ++calls;
    connection.Answer(503, "busy", received.path == "/later" ? "Retry-After: 3000\r\n" : "");
  });
  Rest rest = Reach(server);

  const auto later = rest.Send({.path = "/later", .what = "later"}, Soon());
  const auto never = rest.Send({.path = "/never", .what = "never"}, Soon());

  ASSERT_TRUE(later.Is(Code::kUnavailable));
  EXPECT_EQ(later.error().message(), "GET later: HTTP status 503: busy");
  EXPECT_TRUE(never.Is(Code::kUnavailable));
  EXPECT_EQ(calls, 2);
}

TEST_F(RestTest, AReadThatIsNotAnsweredAfterARefusalSaysWhatTheServerSaid) {
  std::atomic<int> calls{0};
  TlsServer server(certificate_, [&](const Received&, Connection& connection) {
    if (++calls == 1) {
      connection.Answer(429, "busy", "Retry-After: 0\r\n");
    } else {
      connection.AwaitClient();
    }
  });
  const auto get = [&](base::Duration limit) {
    calls = 0;
    return Reach(server).Send({.path = "/x", .what = "x"}, Until::After(clock_, limit));
  };

  // Long enough for a refusal and another try, however late this machine is.
  base::Duration limit = 200ms;
  auto answer = get(limit);
  while (calls < 2 && limit < 60s) answer = get(limit *= 2);

  ASSERT_TRUE(answer.Is(Code::kUnavailable)) << answer.error().message();
  EXPECT_EQ(answer.error().message(), "GET x: HTTP status 429: busy");
}

TEST_F(RestTest, ADenialStandsUnlessTheServerHasJustComeBack) {
  std::atomic<int> calls{0};
  std::atomic<bool> drop{false};
  TlsServer server(certificate_, [&](const Received&, Connection& connection) {
    const int call = ++calls;
    if (drop.exchange(false)) {
      connection.Drop();
    } else {
      connection.Answer(call < 4 ? 403 : 200, "done");
    }
  });
  Rest rest = Reach(server);

  const auto denied = rest.Send({.path = "/x", .what = "x"}, Soon());
  EXPECT_EQ(calls, 1);
  drop = true;
  const auto broken =
      rest.Send({.method = "POST", .path = "/x", .what = "x", .body = "{}"}, Soon());
  EXPECT_EQ(calls, 2);
  const auto written =
      rest.Send({.method = "POST", .path = "/x", .what = "x", .body = "{}"}, Soon());

  EXPECT_TRUE(denied.Is(Code::kDenied));
  EXPECT_TRUE(broken.Is(Code::kUnavailable));
  ASSERT_TRUE(written.ok()) << written.error().message();
  EXPECT_EQ(calls, 4);
}

TEST_F(RestTest, AGetIsSentOnceMoreWhenTheConnectionBreaksAndAWriteIsNot) {
  std::atomic<int> calls{0};
  TlsServer server(certificate_, [&](const Received&, Connection& connection) {
    if (++calls == 1) {
      connection.Drop();
    } else {
      connection.Answer(200, "done");
    }
  });
  Rest rest = Reach(server);

  const auto read = rest.Send({.path = "/x", .what = "x"}, Soon());
  EXPECT_EQ(calls, 2);
  calls = 0;
  const auto written =
      rest.Send({.method = "POST", .path = "/x", .what = "pods a/b", .body = "{}"}, Soon());

  EXPECT_EQ(*read, "done");
  EXPECT_EQ(calls, 1);
  ASSERT_TRUE(written.Is(Code::kUnavailable));
  EXPECT_THAT(written.error().message(), HasSubstr("POST pods a/b: 127.0.0.1:"));
}

}  // namespace
}  // namespace kube
