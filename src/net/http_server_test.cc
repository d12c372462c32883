#include "net/http_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "net/http.h"

namespace net {
namespace {

Response Send(const HttpServer& server, const std::string& method, const std::string& path) {
  base::SystemClock clock;
  auto http = MakeCurlHttp({});
  Request request;
  request.method = method;
  request.url = fmt::format("http://127.0.0.1:{}{}", server.port(), path);
  auto response = http->Send(request, base::Until::After(clock, std::chrono::seconds(20)));
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

}  // namespace
}  // namespace net
