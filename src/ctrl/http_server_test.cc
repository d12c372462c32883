#include "ctrl/http_server.h"

#include <gtest/gtest.h>

#include "net/http.h"

namespace ctrl {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(20)); }
  net::Response Send(const HttpServer& server, const std::string& method, const std::string& path) {
    auto http = net::MakeCurlHttp({});
    net::Request request;
    request.method = method;
    request.url = fmt::format("http://127.0.0.1:{}{}", server.port(), path);
    auto response = http->Send(request, Long());
    EXPECT_TRUE(response.ok()) << response.error().message();
    return std::move(response).ValueOr({});
  }

  base::SystemClock clock_;
};

TEST_F(HttpServerTest, ServesItsPathsAndNothingElse) {
  HttpServer server("127.0.0.1:0", {{"/metrics", [] { return Answer{200, "up 1\n"}; }}});
  ASSERT_TRUE(server.Start(Long()).ok());

  EXPECT_EQ(Send(server, "GET", "/metrics").body, "up 1\n");
  EXPECT_EQ(Send(server, "GET", "/other").status, 404);
  EXPECT_EQ(Send(server, "POST", "/metrics").status, 405);
}

TEST_F(HttpServerTest, ReportsTheManagersHealth) {
  class Broken final : public Part {
    base::Result<> Start(const base::Until&) override { return base::Ok(); }
    void Stop() override {}
  } part;
  Manager manager(base::Log::Nowhere());
  manager.Add("jobs", part);
  HttpServer server("127.0.0.1:0", HealthHandlers(manager));
  ASSERT_TRUE(server.Start(Long()).ok());

  EXPECT_EQ(Send(server, "GET", "/healthz").status, 200);
  const net::Response ready = Send(server, "GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, "[-]jobs not started\n");
}

TEST_F(HttpServerTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "8080", ":x", ":70000", "nowhere.example:80"}) {
    HttpServer server(address, {});
    auto started = server.Start(Long());
    ASSERT_TRUE(started.Is(base::Code::kInvalid)) << address;
    EXPECT_EQ(started.error().message(),
              fmt::format("listen address \"{}\": want \":PORT\" or \"IPV4:PORT\"", address));
  }
}

TEST_F(HttpServerTest, SaysWhyAnAddressCannotBeBound) {
  HttpServer server("192.0.2.1:8080", {});  // RFC 5737: nobody's address

  auto started = server.Start(Long());

  ASSERT_TRUE(started.Is(base::Code::kUnavailable));
  EXPECT_EQ(started.error().message(),
            "cannot listen on 192.0.2.1:8080: Cannot assign requested address");
}

}  // namespace
}  // namespace ctrl
