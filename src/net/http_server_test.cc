#include "net/http_server.h"

#include <future>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "net/certificates.h"
#include "net/http.h"

namespace net {
namespace {

Response Send(const HttpServer& server, const std::string& method, const std::string& path,
              const std::string& body = "", const Identity* tls = nullptr) {
  base::SystemClock clock;
  HttpOptions options;
  if (tls != nullptr) options.identity = *tls;
  auto http = MakeCurlHttp(options);
  Request request;
  request.method = method;
  request.url = fmt::format("{}://127.0.0.1:{}{}", tls ? "https" : "http", server.port(), path);
  request.headers["X-Asked"] = "yes";
  request.body = body;
  auto response = http->Send(request, base::Until::After(clock, std::chrono::seconds(60)));
  EXPECT_TRUE(response.ok()) << response.error().message();
  return std::move(response).ValueOr({});
}

TEST(HttpServerTest, ServesItsPathsAndNothingElse) {
  const auto server = HttpServer::Start("127.0.0.1:0", {{"/metrics", [] {
                                                           return Answer{200, "up 1\n", "text/x"};
                                                         }}});
  ASSERT_TRUE(server.ok()) << server.error().message();

  const Response metrics = Send(**server, "GET", "/metrics");
  EXPECT_EQ(metrics.body, "up 1\n");
  EXPECT_EQ(metrics.headers.at("content-type"), "text/x");
  EXPECT_EQ(Send(**server, "GET", "/other").status, 404);
  const Response posted = Send(**server, "POST", "/metrics");
  EXPECT_EQ(posted.status, 405);
  EXPECT_EQ(posted.headers.at("allow"), "GET, HEAD");
}

TEST(HttpServerTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "8080", ":x", ":70000", "nowhere.example:80"}) {
    const auto started = HttpServer::Start(address, {});
    ASSERT_TRUE(started.Is(base::Code::kInvalid)) << address;
    EXPECT_EQ(started.error().message(),
              fmt::format("listen address \"{}\": want \":PORT\" or \"IPV4:PORT\"", address));
  }
}

TEST(HttpServerTest, SaysWhyAnAddressCannotBeBound) {
  const auto nobodys = HttpServer::Start("192.0.2.1:8080", {});  // RFC 5737
  const auto first = HttpServer::Start("127.0.0.1:0", {});
  ASSERT_TRUE(first.ok()) << first.error().message();
  const std::string address = fmt::format("127.0.0.1:{}", (*first)->port());
  const auto second = HttpServer::Start(address, {});

  ASSERT_TRUE(nobodys.Is(base::Code::kUnavailable));
  EXPECT_EQ(nobodys.error().message(),
            "cannot listen on 192.0.2.1:8080: Cannot assign requested address");
  ASSERT_TRUE(second.Is(base::Code::kUnavailable));
  EXPECT_EQ(second.error().message(),
            fmt::format("cannot listen on {}: Address already in use", address));
}

std::vector<Route> EchoRoutes() {
  const auto echo = [](const Call& call) {
    return Answer{200, fmt::format("{} {} {} {} {}", call.method, call.path,
                                   call.query.contains("q") ? call.query.at("q") : "-",
                                   call.headers.at("x-asked"), call.body)};
  };
  return {{"POST", "/echo", echo}, {"GET", "/echo", echo}, {"GET", "/under/*", echo}};
}

TEST(HttpServerTest, GivesRoutesTheWholeCall) {
  const auto server = HttpServer::Start("127.0.0.1:0", EchoRoutes(), {});
  ASSERT_TRUE(server.ok()) << server.error().message();

  EXPECT_EQ(Send(**server, "POST", "/echo?q=a%20b", "text").body, "POST /echo a b yes text");
  EXPECT_EQ(Send(**server, "GET", "/under/one/two").body, "GET /under/one/two - yes ");
  EXPECT_EQ(Send(**server, "GET", "/under").status, 404);
  const Response deleted = Send(**server, "DELETE", "/echo");
  EXPECT_EQ(deleted.status, 405);
  EXPECT_EQ(deleted.headers.at("allow"), "GET, HEAD, POST");
}

TEST(HttpServerTest, RefusesABodyAboveItsLimit) {
  HttpServerOptions options;
  options.body_limit = 1000;
  const auto server = HttpServer::Start("127.0.0.1:0", EchoRoutes(), options);
  ASSERT_TRUE(server.ok()) << server.error().message();

  EXPECT_EQ(Send(**server, "POST", "/echo", std::string(1000, 'x')).status, 200);
  const Response refused = Send(**server, "POST", "/echo", std::string(1001, 'x'));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.body, "the body is larger than 1000 bytes\n");
}

TEST(HttpServerTest, RefusesALargeBodyThatIsSentAllTheSame) {
  HttpServerOptions options;
  options.body_limit = 1000;
  const auto server = HttpServer::Start("127.0.0.1:0", EchoRoutes(), options);
  ASSERT_TRUE(server.ok()) << server.error().message();

  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Send(**server, "POST", "/echo", std::string(9 << 20, 'x')).status, 413);
  }
}

TEST(HttpServerTest, LetsHandlersBlockWhereEachConnectionHasItsThread) {
  HttpServerOptions options;
  options.thread_per_connection = true;
  std::promise<void> second;
  std::vector<Route> routes;
  routes.push_back({"GET", "/first", [&](const Call&) {
                      const bool came = second.get_future().wait_for(std::chrono::seconds(30)) ==
                                        std::future_status::ready;
                      return Answer{200, came ? "came" : "alone"};
                    }});
  routes.push_back({"GET", "/second", [&](const Call&) {
                      second.set_value();
                      return Answer{200, ""};
                    }});
  const auto server = HttpServer::Start("127.0.0.1:0", routes, options);
  ASSERT_TRUE(server.ok()) << server.error().message();

  auto first = std::async(std::launch::async, [&] { return Send(**server, "GET", "/first").body; });
  EXPECT_EQ(Send(**server, "GET", "/second").status, 200);
  EXPECT_EQ(first.get(), "came");
}

TEST(HttpServerTest, SpeaksTls) {
  const auto now = base::SystemClock().WallNow();
  const auto authority = MakeAuthority("test", now);
  ASSERT_TRUE(authority.ok());
  CertificateRequest request;
  request.common_name = "server";
  request.ip_addresses = {"127.0.0.1"};
  const auto pair = IssueCertificate(*authority, request, now);
  ASSERT_TRUE(pair.ok());
  HttpServerOptions options;
  options.tls = ServerTls{pair->certificate_pem, pair->key_pem};
  const auto server = HttpServer::Start("127.0.0.1:0", EchoRoutes(), options);
  ASSERT_TRUE(server.ok()) << server.error().message();

  Identity trust;
  trust.ca_pem = authority->certificate_pem;
  EXPECT_EQ(Send(**server, "POST", "/echo", "secret", &trust).body, "POST /echo - yes secret");
}

TEST(HttpServerTest, RefusesTlsMaterialThatDoesNotFit) {
  const auto now = base::SystemClock().WallNow();
  const auto one = MakeAuthority("one", now);
  const auto other = MakeAuthority("other", now);
  const auto start = [](const std::string& certificate, const std::string& key) {
    HttpServerOptions options;
    options.tls = ServerTls{certificate, key};
    return HttpServer::Start("127.0.0.1:0", {}, options).error().message();
  };
  EXPECT_EQ(start("x", one->key_pem), "TLS: the certificate is not PEM");
  EXPECT_EQ(start(one->certificate_pem, "x"), "TLS: the key is not PEM, or is encrypted");
  EXPECT_EQ(start(one->certificate_pem, other->key_pem),
            "TLS: the key does not belong to the certificate");
}

TEST(HttpServerTest, SendsTheHeadersOfAnAnswer) {
  const std::vector<Route> routes = {{"GET", "/", [](const Call&) {
                                        return Answer{.headers = {{"location", "/there"}}};
                                      }}};
  const auto server = HttpServer::Start("127.0.0.1:0", routes, {});
  ASSERT_TRUE(server.ok()) << server.error().message();
  base::SystemClock clock;

  auto response =
      MakeCurlHttp({})->Send({.url = fmt::format("http://127.0.0.1:{}/", (*server)->port())},
                             base::Until::After(clock, std::chrono::seconds(60)));

  ASSERT_TRUE(response.ok()) << response.error().message();
  EXPECT_EQ(response->headers["location"], "/there");
}

TEST(HttpServerTest, BreaksAnAnswerOffWhereItIsTold) {
  Answer half{200, std::string(100'000, 'x')};
  half.broken_after = 50'000;
  const std::vector<Route> routes = {{"GET", "/half", [half](const Call&) { return half; }}};
  const auto server = HttpServer::Start("127.0.0.1:0", routes, {});
  ASSERT_TRUE(server.ok()) << server.error().message();
  base::SystemClock clock;
  Request request;
  request.url = fmt::format("http://127.0.0.1:{}/half", (*server)->port());
  size_t came = 0;

  const auto response = MakeCurlHttp({})->Stream(
      request,
      [&](std::string_view piece) {
        came += piece.size();
        return true;
      },
      base::Until::After(clock, std::chrono::seconds(60)));

  EXPECT_TRUE(response.Is(base::Code::kUnavailable));
  EXPECT_EQ(came, 50'000u);
}

}  // namespace
}  // namespace net
