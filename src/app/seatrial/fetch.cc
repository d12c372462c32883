#include "app/seatrial/fetch.h"

#include "base/clock.h"
#include "net/http.h"

namespace app {
namespace {

constexpr auto kLimit = std::chrono::seconds(60);
constexpr size_t kMostBytes = size_t{256} << 20;

class Fetcher {
 public:
  base::Result<std::string> Get(const std::string& url) {
    net::Request request;
    request.url = url;
    const auto until = base::Until::After(clock_, kLimit);
    net::Response response = TRY(http_->Send(request, until).During(url));
    if (response.status == 200) return std::move(response.body);
    return base::Fail(base::Code::kUnavailable, "{}: the server answered {}", url, response.status);
  }

 private:
  base::SystemClock clock_;
  std::unique_ptr<net::Http> http_ = net::MakeCurlHttp({.identity = {},
                                                        .user_agent = "seatrial",
                                                        .follow_redirects = true,
                                                        .body_limit = kMostBytes});
};

}  // namespace

std::shared_ptr<trial::RemoteFiles> MakeRemoteFiles() {
  return std::make_shared<trial::RemoteFiles>(
      [fetcher = std::make_shared<Fetcher>()](const std::string& url) {
        return fetcher->Get(url);
      });
}

}  // namespace app
