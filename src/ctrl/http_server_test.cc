#include "ctrl/http_server.h"

#include <gtest/gtest.h>

#include "net/http.h"

namespace ctrl {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(60)); }
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

TEST_F(HttpServerTest, PassesOnWhyItCannotStart) {
  HttpServer server("8080", {});

  EXPECT_TRUE(server.Start(Long()).Is(base::Code::kInvalid));
  server.Stop();
}

}  // namespace
}  // namespace ctrl
