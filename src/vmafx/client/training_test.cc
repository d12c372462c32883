#include "vmafx/client/training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server.h"

namespace vmafx::client {
namespace {

using base::Code;
using ::testing::HasSubstr;

TEST(StatusUrlTest, UnderstandsNamesAddressesAndUrls) {
  const std::pair<const char*, const char*> cases[] = {
      {"online.videos", "http://vmafx-trainer-online.videos.svc:9091/status"},
      {"localhost:9091", "http://localhost:9091/status"},
      {"10.1.2.3:80", "http://10.1.2.3:80/status"},
      {"http://a.b:1/", "http://a.b:1/status"},
      {"https://a/x/status", "https://a/x/status"},
  };
  for (const auto& [trainer, url] : cases) {
    const auto found = StatusUrl(trainer);
    ASSERT_TRUE(found.ok()) << trainer;
    EXPECT_EQ(*found, url);
  }
  for (const char* bad : {"", "online", "a.b.c", ":9091", "host:", "A.b", "-a.b", "a/b.c", "..",
                          "ftp://x", "x y.z"}) {
    EXPECT_TRUE(StatusUrl(bad).Is(Code::kInvalid)) << bad;
  }
}

class TrainingStatusTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  base::SystemClock clock_;
  std::unique_ptr<net::Http> http_ = net::MakeCurlHttp({});
};

TEST_F(TrainingStatusTest, AsksATrainer) {
  const auto server = *net::HttpServer::Start(
      "127.0.0.1:0",
      net::HttpServer::Handlers{
          {"/status", [] { return net::Answer{.body = R"({"phase":"running"})"}; }}});

  const auto status = TrainingStatus(*http_, fmt::format("127.0.0.1:{}", server->port()), until());

  ASSERT_TRUE(status.ok()) << status.error().message();
  EXPECT_EQ((*status)["phase"], "running");
}

TEST_F(TrainingStatusTest, SaysWhenSomethingElseAnswers) {
  const auto server = *net::HttpServer::Start(
      "127.0.0.1:0",
      net::HttpServer::Handlers{{"/a/status", [] { return net::Answer{.body = "<html>"}; }}});
  const std::string address = fmt::format("http://127.0.0.1:{}", server->port());

  const auto missing = TrainingStatus(*http_, address, until());
  const auto page = TrainingStatus(*http_, address + "/a", until());

  ASSERT_TRUE(missing.Is(Code::kInvalid));
  EXPECT_THAT(missing.error().message(), HasSubstr("answers 404: is that a trainer?"));
  ASSERT_TRUE(page.Is(Code::kInvalid));
  EXPECT_THAT(page.error().message(), HasSubstr("/a/status"));
}

TEST_F(TrainingStatusTest, SaysHowToReachANameOfTheClusterFromOutside) {
  const auto status = TrainingStatus(*http_, "online.videos", until());

  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message(),
              HasSubstr("kubectl -n videos port-forward svc/vmafx-trainer-online 9091"));
}

}  // namespace
}  // namespace vmafx::client
