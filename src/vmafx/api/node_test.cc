#include "vmafx/api/node.h"

#include <random>

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

using kube::Json;

TEST(NodeTest, ReadsItsOwnStatusBack) {
  kube::Object object(Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxNode",
      "metadata": {"name": "n", "namespace": "films", "uid": "u", "generation": 2,
                   "annotations": {"vmafx.dev/healthz-url": "http://a.films.svc/healthz"}},
      "spec": {"gpuVendor": "cpu"}})"));
  EXPECT_FALSE(ReadNode(object)->status.healthy.has_value()) << "not known is not unhealthy";
  NodeStatus status;
  status.healthy = false;
  status.last_heartbeat = "2026-01-01T00:00:00Z";
  status.assigned_jobs = 3;
  status.detected_device = "stub";
  status.observed_generation = 2;
  SetCondition(status.conditions, {"Ready", "False", "Timeout", "no answer", "", 2},
               "2026-01-01T00:00:00Z");
  object.json()["status"] = WriteStatus(status);

  auto node = ReadNode(object);

  ASSERT_TRUE(node.ok()) << node.error().message();
  EXPECT_EQ(node->healthz_url, "http://a.films.svc/healthz");
  EXPECT_EQ(node->generation, 2);
  EXPECT_EQ(WriteStatus(node->status), WriteStatus(status));
}

TEST(NodeTest, RefusesFieldsOfAnotherType) {
  for (const char* status : {R"({"healthy": "yes"})", R"({"assignedJobs": []})",
                             R"({"lastHeartbeat": 7})", R"({"conditions": [[]]})"}) {
    const kube::Object object(Json{{"metadata", {{"name", "n"}}}, {"status", Json::parse(status)}});
    EXPECT_TRUE(ReadNode(object).Is(base::Code::kInvalid)) << status;
  }
}

TEST(NodeTest, LetsOnlyServicesOfTheClusterBeAsked) {
  for (const char* url :
       {"http://stub.films.svc/healthz", "http://stub.films.svc:8080", "https://stub.films.svc/",
        "http://stub.films.svc.cluster.local:8080/healthz?deep=1",
        "http://stub-0.stub.films.svc:8080/healthz"}) {
    auto checked = CheckHealthzUrl(url, "cluster.local");
    EXPECT_TRUE(checked.ok()) << checked.error().message();
  }
  for (const char* url : {"",
                          "stub.films.svc",
                          "http://",
                          "http:///healthz",
                          "ftp://stub.films.svc/",
                          "file:///etc/passwd",
                          "HTTP://stub.films.svc/",
                          "http://169.254.169.254/latest",
                          "http://[::1]:8080/",
                          "http://10.0.0.1:8080/healthz",
                          "http://localhost:8080/",
                          "http://example.com/",
                          "http://stub",
                          "http://stub.films",
                          "http://films.svc/",
                          "http://.films.svc/",
                          "http://a..svc/",
                          "http://x.y.stub.films.svc/",
                          "http://stub.films.svc.example.com/",
                          "http://stub.films.svc.cluster.local.example.com/",
                          "http://stub.films.svc@example.com/",
                          "http://user:pass@stub.films.svc/",
                          "http://example.com\\@stub.films.svc/",
                          "http://example.com/stub.films.svc",
                          "http://example.com?stub.films.svc",
                          "http://example.com#stub.films.svc",
                          "http://stub.films.svc:0/",
                          "http://stub.films.svc:99999/",
                          "http://stub.films.svc:80:80/",
                          "http://stub.films.svc:/",
                          "http://stub.films.svc./",
                          "http://Stub.films.svc/",
                          "http://stub.films.svc/a b",
                          "http://stub.films.svc/\r\nX: y",
                          "http://stub.films.svc%2f/"}) {
    EXPECT_TRUE(CheckHealthzUrl(url, "cluster.local").Is(base::Code::kInvalid)) << url;
  }
  EXPECT_TRUE(CheckHealthzUrl("http://stub.films.svc.k8s.films/", "k8s.films").ok());
  EXPECT_FALSE(CheckHealthzUrl("http://stub.films.svc.cluster.local/", "k8s.films").ok());
  EXPECT_FALSE(
      CheckHealthzUrl("http://stub.films.svc/" + std::string(3000, 'a'), "cluster.local").ok());
}

TEST(NodeTest, SurvivesAnyUrl) {
  std::mt19937 random(11);
  const std::vector<std::string> pieces = {"http://", "a", ".svc", ".", "@", ":", "80",  "/",
                                           "\\",      "?", "#",    " ", "[", "]", "\xff"};
  for (int round = 0; round < 20000; ++round) {
    std::string url = "http://";
    for (auto length = random() % 8; length > 0; --length) url += pieces[random() % pieces.size()];
    if (CheckHealthzUrl(url, "cluster.local").ok()) {
      EXPECT_TRUE(url.substr(7, url.find_first_of(":/?#", 7) - 7).ends_with(".svc")) << url;
    }
  }
}

}  // namespace
}  // namespace vmafx::api
