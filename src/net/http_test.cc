#include "net/http.h"

#include <atomic>
#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "net/testing/https_fixture.h"
#include "net/testing/reserved_port.h"
#include "net/testing/tls_server.h"

namespace net {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Until;
using testing::Connection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Received;
using testing::TlsServer;

class HttpTest : public testing::HttpsTest {};

TEST_F(HttpTest, SendsMethodPathHeadersAndBodyAndReturnsTheAnswer) {
  base::Guarded<Received> seen;
  TlsServer server(certificate_, [&](const Received& received, Connection& connection) {
    seen.With([&](Received& last) { last = received; });
    connection.Answer(201, "made", "X-Kind: Pod\r\nX-Kind: Job\r\n");
  });

  const auto response = Client()->Send({.method = "PATCH",
                                        .url = server.url() + "/api/v1/pods?a=b%2Cc",
                                        .headers = {{"Content-Type", "application/json"}},
                                        .body = "{}"},
                                       Soon());

  ASSERT_TRUE(response.ok()) << response.error().message();
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(response->headers.at("x-kind"), "Job");
  const Received received = seen.Read([](const Received& last) { return last; });
  EXPECT_EQ(received.method, "PATCH");
  EXPECT_EQ(received.path, "/api/v1/pods?a=b%2Cc");
  EXPECT_EQ(received.headers.at("content-type"), "application/json");
  EXPECT_EQ(received.headers.at("user-agent"), "seatrial");
  EXPECT_EQ(received.body, "{}");
}

TEST_F(HttpTest, EveryMethodArrivesAsItselfOnOneConnection) {
  TlsServer server(certificate_, [](const Received& received, Connection& connection) {
    connection.Answer(200, received.method + received.body);
  });
  const auto http = Client();

  std::vector<std::string> answers;
  for (const char* method : {"POST", "GET", "DELETE", "PUT", "PATCH", "GET"}) {
    const bool with_body = std::string_view(method) != "GET";
    answers.push_back(
        http->Send({.method = method, .url = server.url(), .body = with_body ? "!" : ""}, Soon())
            ->body);
  }
  answers.push_back(http->Send({.method = "DELETE", .url = server.url()}, Soon())->body);
  answers.push_back(http->Send({.method = "POST", .url = server.url()}, Soon())->body);

  EXPECT_THAT(answers,
              ElementsAre("POST!", "GET", "DELETE!", "PUT!", "PATCH!", "GET", "DELETE", "POST"));
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(HttpTest, ParallelCallsUseAtMostOneConnectionEach) {
  TlsServer server(certificate_, [](const Received& received, Connection& connection) {
    connection.Answer(200, received.path);
  });
  const auto http = Client();
  std::atomic<int> wrong{0};

  base::Crew crew;
  for (int thread = 0; thread < 4; ++thread) {
    crew.Start("caller", [&, thread](const std::stop_token&) {
      for (int call = 0; call < 50; ++call) {
        const std::string path = fmt::format("/{}/{}", thread, call);
        const auto response = http->Send({.url = server.url() + path}, Soon());
        if (!response.ok() || response->body != path) ++wrong;
      }
    });
  }
  crew.StopAndJoin();

  EXPECT_EQ(wrong, 0);
  EXPECT_LE(server.accepted(), 4);
}

TEST_F(HttpTest, LargeBodiesTravelBothWays) {
  TlsServer server(certificate_, [](const Received& received, Connection& connection) {
    connection.Answer(200, received.body);
  });
  const std::string body(3 << 20, 'x');

  const auto response =
      Client()->Send({.method = "POST", .url = server.url(), .body = body}, Soon());

  ASSERT_TRUE(response.ok()) << response.error().message();
  EXPECT_TRUE(response->body == body);
}

TEST_F(HttpTest, ABodyAboveTheLimitIsRefusedWhateverItsStatus) {
  TlsServer server(certificate_, [](const Received& received, Connection& connection) {
    connection.Answer(received.body == "fail" ? 500 : 200, std::string(2000, 'x'));
  });
  const auto client = [&](size_t limit) {
    return MakeCurlHttp({.identity = {.ca_pem = authority_.certificate_pem}, .body_limit = limit});
  };

  for (const char* body : {"", "fail"}) {
    const Request request{.method = "POST", .url = server.url(), .body = body};
    EXPECT_TRUE(client(2000)->Send(request, Soon()).ok());
    const auto refused = client(1999)->Send(request, Soon());
    ASSERT_TRUE(refused.Is(Code::kInvalid));
    EXPECT_THAT(refused.error().message(), HasSubstr("the answer is longer than 1999 bytes"));
  }
}

TEST_F(HttpTest, NobodyListeningIsUnavailableWithHostPortAndReason) {
  const testing::ReservedPort port;

  const auto response =
      Client()->Send({.url = fmt::format("https://127.0.0.1:{}/", port.number())}, Soon());

  ASSERT_TRUE(response.Is(Code::kUnavailable));
  EXPECT_EQ(response.error().message(),
            fmt::format("127.0.0.1:{}: cannot connect: connection refused", port.number()));
}

TEST_F(HttpTest, AServerOfAnotherAuthorityIsUnavailableAndSaysWhy) {
  TlsServer server(certificate_, [](const Received&, Connection& connection) {
    connection.Answer(200, "secret");
  });
  const KeyPair other = *MakeAuthority("other", clock_.WallNow());

  const auto refused =
      Client({.ca_pem = other.certificate_pem})->Send({.url = server.url()}, Soon());
  const auto skipped = Client({.ca_pem = other.certificate_pem, .insecure_skip_verify = true})
                           ->Send({.url = server.url()}, Soon());

  ASSERT_TRUE(refused.Is(Code::kUnavailable));
  EXPECT_THAT(refused.error().message(), HasSubstr(fmt::format("127.0.0.1:{}", server.port())));
  EXPECT_THAT(refused.error().message(), HasSubstr("unable to get local issuer certificate"));
  EXPECT_TRUE(skipped.ok());
}

TEST_F(HttpTest, TheServerNameReplacesTheHostInTheCertificateCheckOnly) {
  const KeyPair named = Issue({.common_name = "x", .dns_names = {"kubernetes.default"}});
  TlsServer server(named, [](const Received& received, Connection& connection) {
    connection.Answer(200, received.headers.at("host"));
  });

  const auto by_address = Client()->Send({.url = server.url()}, Soon());
  const auto by_name =
      Client({.ca_pem = authority_.certificate_pem, .server_name = "kubernetes.default"})
          ->Send({.url = server.url()}, Soon());

  EXPECT_TRUE(by_address.Is(Code::kUnavailable));
  ASSERT_TRUE(by_name.ok()) << by_name.error().message();
  EXPECT_EQ(by_name->body, fmt::format("127.0.0.1:{}", server.port()));
}

TEST_F(HttpTest, ShowsItsClientCertificateAndIsUnavailableWithoutOne) {
  TlsServer server(
      certificate_,
      [](const Received& received, Connection& connection) {
        connection.Answer(200, received.client);
      },
      authority_.certificate_pem);
  const KeyPair admin = Issue({.common_name = "admin", .client = true});

  const auto with = Client({.ca_pem = authority_.certificate_pem,
                            .client_cert_pem = admin.certificate_pem,
                            .client_key_pem = admin.key_pem})
                        ->Send({.url = server.url()}, Soon());
  const auto without = Client()->Send({.url = server.url()}, Soon());

  ASSERT_TRUE(with.ok()) << with.error().message();
  EXPECT_EQ(with->body, "admin");
  EXPECT_TRUE(without.Is(Code::kUnavailable));
}

TEST_F(HttpTest, ACertificateThatIsNoneAndAUrlThatIsNoneAreInvalid) {
  const auto certificate = Client({.client_cert_pem = "junk", .client_key_pem = "junk"})
                               ->Send({.url = "https://127.0.0.1:1/"}, Soon());
  TlsServer server(certificate_, nullptr);
  const auto usable = Client({.ca_pem = authority_.certificate_pem,
                              .client_cert_pem = "junk",
                              .client_key_pem = "junk"})
                          ->Send({.url = server.url()}, Soon());

  EXPECT_TRUE(certificate.Is(Code::kUnavailable));  // it never came to using it
  EXPECT_TRUE(usable.Is(Code::kInvalid));
  EXPECT_TRUE(Client()->Send({.url = "https://"}, Soon()).Is(Code::kInvalid));
  EXPECT_TRUE(Client()->Send({.url = "ftp://127.0.0.1/"}, Soon()).Is(Code::kInvalid));
}

TEST_F(HttpTest, TheDeadlineEndsASilentCall) {
  TlsServer server(certificate_,
                   [](const Received&, Connection& connection) { connection.AwaitClient(); });

  const auto response = Client()->Send({.url = server.url()}, Until::After(clock_, 50ms));

  ASSERT_TRUE(response.Is(Code::kTimeout));
  EXPECT_EQ(
      response.error().message(),
      fmt::format("127.0.0.1:{}: the deadline passed while waiting for an answer", server.port()));
}

TEST_F(HttpTest, StopEndsASilentCallAtOnceAndTheNextCallWorks) {
  std::latch asked(1);
  TlsServer server(certificate_, [&](const Received& received, Connection& connection) {
    if (received.path == "/fast") {
      connection.Answer(200, "fast");
      return;
    }
    asked.count_down();
    connection.AwaitClient();
  });
  const auto http = Client();
  std::stop_source stop;
  base::Instant stopped;
  base::Crew crew;
  crew.Start("stopper", [&](const std::stop_token&) {
    asked.wait();
    stopped = clock_.Now();
    stop.request_stop();
  });

  const auto response =
      http->Send({.url = server.url() + "/slow"}, Until::After(clock_, kLate, stop.get_token()));

  const base::Instant ended = clock_.Now();
  crew.StopAndJoin();
  EXPECT_TRUE(response.Is(Code::kCancelled));
  EXPECT_LT(ended - stopped, kSoon);
  EXPECT_EQ(http->Send({.url = server.url() + "/fast"}, Soon())->body, "fast");
}

TEST_F(HttpTest, ABrokenConnectionIsUnavailableAndAPostIsNotSentAgain) {
  std::atomic<int> requests{0};
  TlsServer server(certificate_, [&](const Received&, Connection& connection) {
    if (++requests == 1) {
      connection.Answer(200, "");
    } else {
      connection.Drop();
    }
  });
  const auto http = Client();
  const Request request{.method = "POST", .url = server.url(), .body = "pay"};

  ASSERT_TRUE(http->Send(request, Soon()).ok());
  const auto second = http->Send(request, Soon());

  ASSERT_TRUE(second.Is(Code::kUnavailable));
  EXPECT_THAT(second.error().message(), HasSubstr("the connection broke"));
  EXPECT_EQ(requests, 2);
}

TEST_F(HttpTest, ARedirectToItselfIsAnErrorThatKeepsTheQueryToItself) {
  TlsServer server(certificate_, [](const Received&, Connection& connection) {
    connection.Answer(302, "", "Location: /loop\r\n");
  });
  const auto http =
      MakeCurlHttp({.identity = {.ca_pem = authority_.certificate_pem}, .follow_redirects = true});

  const auto response = http->Send({.url = server.url() + "/loop?signature=secret"}, Soon());

  ASSERT_TRUE(response.Is(Code::kInvalid));
  EXPECT_THAT(response.error().message(), HasSubstr("/loop: Maximum (10) redirects followed"));
}

TEST(UrlEscapeTest, KeepsUnreservedCharactersOnly) {
  EXPECT_EQ(UrlEscape("app=web,tier!=db"), "app%3Dweb%2Ctier%21%3Ddb");
  EXPECT_EQ(UrlEscape("a-b._~9/ü"), "a-b._~9%2F%C3%BC");
}

}  // namespace
}  // namespace net
