#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "net/http.h"
#include "net/testing/https_fixture.h"
#include "net/testing/tls_server.h"

namespace net {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Until;
using testing::Connection;
using ::testing::ElementsAre;
using testing::Received;
using testing::TlsServer;

constexpr const char* kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

class HttpStreamTest : public testing::HttpsTest {};

TEST_F(HttpStreamTest, HandsOverEachPieceWhileTheServerGoesOn) {
  std::latch first_seen(1);
  TlsServer server(certificate_, [&](const Received&, Connection& connection) {
    connection.Write(kChunked);
    connection.Chunk("one");
    first_seen.wait();  // would never come if pieces were held back
    connection.Chunk("two");
    connection.Chunk("");
  });
  std::string text;

  const auto response = Client()->Stream(
      {.url = server.url()},
      [&](std::string_view piece) {
        if (text.empty() && !piece.empty()) first_seen.count_down();
        text += piece;
        return true;
      },
      Soon());

  ASSERT_TRUE(response.ok()) << response.error().message();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(text, "onetwo");
  EXPECT_EQ(response->body, "");
}

TEST_F(HttpStreamTest, TellsTheSinkThatTheServerAcceptedBeforeAnyBodyComes) {
  TlsServer server(certificate_, [](const Received&, Connection& connection) {
    connection.Write(kChunked);
    connection.AwaitClient();
  });
  std::vector<std::string> pieces;

  const auto response = Client()->Stream(
      {.url = server.url()},
      [&](std::string_view piece) {
        pieces.emplace_back(piece);
        return false;
      },
      Soon());

  EXPECT_TRUE(response.ok());
  EXPECT_THAT(pieces, ElementsAre(""));
}

TEST_F(HttpStreamTest, ShowsStatusAndHeadersBeforeTheFirstPieceAndNotThoseOfARefusal) {
  TlsServer server(certificate_, [](const Received& received, Connection& connection) {
    if (received.path == "/away") {
      connection.Answer(302, "", "Location: /here\r\nX-Kind: redirect\r\n");
    } else {
      connection.Answer(received.path == "/here" ? 206 : 403, "body", "X-Kind: Pod\r\n");
    }
  });
  const auto http =
      MakeCurlHttp({.identity = {.ca_pem = authority_.certificate_pem}, .follow_redirects = true});
  std::vector<std::string> seen;
  const auto stream = [&](const std::string& path) {
    return http->Stream(
        {.url = server.url() + path,
         .on_accepted =
             [&](const Response& response) {
               seen.push_back(fmt::format("{} {}", response.status, response.headers.at("x-kind")));
             }},
        [&](std::string_view piece) {
          seen.emplace_back(piece);
          return true;
        },
        Soon());
  };

  EXPECT_TRUE(stream("/away").ok());
  EXPECT_THAT(seen, ElementsAre("206 Pod", "", "body"));
  seen.clear();
  EXPECT_EQ(stream("/no")->status, 403);
  EXPECT_TRUE(seen.empty());
}

TEST_F(HttpStreamTest, EndsWithSuccessWhenTheSinkHasEnough) {
  TlsServer server(certificate_, [](const Received&, Connection& connection) {
    connection.Write(kChunked);
    connection.Chunk("enough");
    connection.AwaitClient();
  });

  const auto response = Client()->Stream(
      {.url = server.url()}, [](std::string_view piece) { return piece.empty(); }, Soon());

  EXPECT_TRUE(response.ok());
}

TEST_F(HttpStreamTest, KeepsTheBodyOfARefusalFromTheSink) {
  TlsServer server(certificate_, [](const Received&, Connection& connection) {
    connection.Answer(410, "too old");
  });

  const auto response = Client()->Stream(
      {.url = server.url()},
      [](std::string_view) {
        ADD_FAILURE() << "a 410 reached the sink";
        return true;
      },
      Soon());

  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 410);
  EXPECT_EQ(response->body, "too old");
}

TEST_F(HttpStreamTest, StopEndsAnIdleStreamAtOnce) {
  TlsServer server(certificate_, [](const Received&, Connection& connection) {
    connection.Write(kChunked);
    connection.Chunk("started");
    connection.AwaitClient();
  });
  std::latch streaming(1);
  std::stop_source stop;
  base::Instant stopped;
  base::Crew crew;
  crew.Start("stopper", [&](const std::stop_token&) {
    streaming.wait();
    stopped = clock_.Now();
    stop.request_stop();
  });

  const auto response = Client()->Stream(
      {.url = server.url()},
      [&](std::string_view piece) {
        if (!piece.empty()) streaming.count_down();
        return true;
      },
      Until::After(clock_, kLate, stop.get_token()));

  const base::Instant ended = clock_.Now();
  crew.StopAndJoin();
  EXPECT_TRUE(response.Is(Code::kCancelled));
  EXPECT_LT(ended - stopped, kSoon);
}

TEST_F(HttpStreamTest, AStreamThatBreaksInTheMiddleIsUnavailable) {
  TlsServer server(certificate_, [](const Received&, Connection& connection) {
    connection.Write(kChunked);
    connection.Chunk("half");
    connection.Drop();
  });

  const auto response = Client()->Stream(
      {.url = server.url()}, [](std::string_view) { return true; }, Soon());

  EXPECT_TRUE(response.Is(Code::kUnavailable));
}

}  // namespace
}  // namespace net
