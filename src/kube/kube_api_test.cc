#include <atomic>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "kube/client.h"
#include "kube/testing/api_server.h"
#include "sys/files.h"
#include "sys/process.h"

namespace kube {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Until;
using ::testing::HasSubstr;
using testing::SharedApiServer;
using ::testing::StartsWith;
using testing::TestNamespace;

const Kind kConfigMap{"", "v1", "ConfigMap"};

Object ConfigMap(const std::string& ns, const std::string& name, const std::string& value) {
  return Object(Json{{"apiVersion", "v1"},
                     {"kind", "ConfigMap"},
                     {"metadata", {{"name", name}, {"namespace", ns}}},
                     {"data", {{"key", value}}}});
}

class ClientApiTest : public ::testing::Test {
 protected:
  Until Soon() { return Until::After(clock_, 60s); }

  // A non-forced apply, which Client does not offer: kubectl's default.
  net::Response ApplyWithoutForce(const Object& object, const std::string& manager) {
    const ClusterAccess access = SharedApiServer().Admin();
    const auto response =
        net::MakeCurlHttp({.identity = access.identity})
            ->Send({.method = "PATCH",
                    .url = access.server + "/api/v1/namespaces/" + ns_ + "/configmaps/" +
                           object.name() + "?fieldManager=" + manager,
                    .headers = {{"Content-Type", "application/apply-patch+yaml"}},
                    .body = object.json().dump()},
                   Soon());
    return response.ok() ? *response : net::Response{};
  }

  base::SystemClock clock_;
  std::unique_ptr<Client> client_ = MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  TestNamespace namespace_{*client_};
  const std::string ns_ = namespace_.name();
};

TEST_F(ClientApiTest, CreatesReadsUpdatesPatchesAndDeletes) {
  const Key key{ns_, "web"};

  const auto created = client_->Create(ConfigMap(ns_, "web", "1"), Soon());
  ASSERT_TRUE(created.ok()) << created.error().message();
  EXPECT_FALSE(created->uid().empty());

  Object changed = *created;
  changed.json()["data"]["key"] = "2";
  const auto updated = client_->Update(changed, Soon());
  ASSERT_TRUE(updated.ok()) << updated.error().message();

  const auto patched = client_->MergePatch(
      kConfigMap, key, {{"data", {{"key", nullptr}, {"other", "3"}}}}, "", Soon());
  ASSERT_TRUE(patched.ok()) << patched.error().message();

  const auto read = client_->Get(kConfigMap, key, Soon());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read->Find({"data"}), Json({{"other", "3"}}));

  EXPECT_TRUE(client_->Delete(kConfigMap, key, {}, Soon()).ok());
  EXPECT_TRUE(client_->Get(kConfigMap, key, Soon()).Is(Code::kNotFound));
}

TEST_F(ClientApiTest, RefusalsAreCodesWithTheServersWordsAndTheCallInFront) {
  const Object created = *client_->Create(ConfigMap(ns_, "web", "1"), Soon());
  ASSERT_TRUE(
      client_->MergePatch(kConfigMap, {ns_, "web"}, {{"data", {{"key", "2"}}}}, "", Soon()).ok());

  const auto twice = client_->Create(ConfigMap(ns_, "web", "1"), Soon());
  const auto stale = client_->Update(created, Soon());
  const auto absent = client_->Get(kConfigMap, {ns_, "none"}, Soon());
  const auto other = client_->Delete(kConfigMap, {ns_, "web"}, {.uid = "another"}, Soon());
  const auto invalid = client_->Create(ConfigMap(ns_, "Not_A_Name", "1"), Soon());

  EXPECT_TRUE(twice.Is(Code::kExists));
  EXPECT_TRUE(stale.Is(Code::kConflict));
  EXPECT_TRUE(other.Is(Code::kConflict));
  EXPECT_TRUE(invalid.Is(Code::kInvalid));
  ASSERT_TRUE(absent.Is(Code::kNotFound));
  EXPECT_EQ(absent.error().message(),
            "GET configmaps " + ns_ + "/none: configmaps \"none\" not found");
}

TEST_F(ClientApiTest, ApplyTakesFieldsOverFromAnotherManager) {
  const auto first = client_->Apply(ConfigMap(ns_, "web", "first"), "first", "", Soon());
  ASSERT_TRUE(first.ok()) << first.error().message();

  const net::Response conflict = ApplyWithoutForce(ConfigMap(ns_, "web", "second"), "second");
  const auto forced = client_->Apply(ConfigMap(ns_, "web", "second"), "second", "", Soon());

  EXPECT_EQ(conflict.status, 409);
  ASSERT_TRUE(forced.ok()) << forced.error().message();
  EXPECT_EQ(forced->String({"data", "key"}), "second");
}

TEST_F(ClientApiTest, ApplyRemovesWhatItsManagerNoLongerNames) {
  Object object = ConfigMap(ns_, "web", "1");
  object.json()["data"]["extra"] = "x";
  ASSERT_TRUE(client_->Apply(object, "seatrial", "", Soon()).ok());

  const auto less = client_->Apply(ConfigMap(ns_, "web", "1"), "seatrial", "", Soon());

  ASSERT_TRUE(less.ok()) << less.error().message();
  EXPECT_EQ(*less->Find({"data"}), Json({{"key", "1"}}));
}

TEST_F(ClientApiTest, ListReadsAllPagesAtOneVersion) {
  constexpr int kThreads = 4;
  constexpr int kEach = 260;  // three pages in all
  std::atomic<int> failed{0};
  base::Crew crew;
  for (int thread = 0; thread < kThreads; ++thread) {
    crew.Start("writer", [&, thread](const std::stop_token&) {
      for (int i = 0; i < kEach; ++i) {
        Object object = ConfigMap(ns_, fmt::format("cm-{}-{}", thread, i), "1");
        object.json()["metadata"]["labels"]["thread"] = fmt::format("{}", thread);
        if (!client_->Create(object, Soon()).ok()) ++failed;
      }
    });
  }
  crew.StopAndJoin();
  ASSERT_EQ(failed, 0);

  const auto all = client_->List(kConfigMap, {.ns = ns_}, Soon());
  const auto labelled = client_->List(kConfigMap, {.ns = ns_, .labels = {{"thread", "2"}}}, Soon());
  const auto one =
      client_->List(kConfigMap, {.ns = ns_, .field_selector = "metadata.name=cm-1-7"}, Soon());

  ASSERT_TRUE(all.ok()) << all.error().message();
  EXPECT_EQ(all->items.size(), size_t{kThreads * kEach});
  EXPECT_FALSE(all->resource_version.empty());
  EXPECT_EQ(all->items[0]->kind(), kConfigMap);
  EXPECT_EQ(labelled->items.size(), size_t{kEach});
  ASSERT_EQ(one->items.size(), 1u);
  EXPECT_EQ(one->items[0]->name(), "cm-1-7");
}

TEST_F(ClientApiTest, WatchDeliversChangesInOrderAndStopsWhenTold) {
  const std::string version = client_->List(kConfigMap, {.ns = ns_}, Soon())->resource_version;
  ASSERT_TRUE(client_->Create(ConfigMap(ns_, "web", "1"), Soon()).ok());
  ASSERT_TRUE(client_->Apply(ConfigMap(ns_, "web", "2"), "test", "", Soon()).ok());
  ASSERT_TRUE(client_->Delete(kConfigMap, {ns_, "web"}, {}, Soon()).ok());
  std::vector<std::string> seen;
  bool opened = false;

  const auto ended = client_->Watch(
      kConfigMap,
      {.ns = ns_, .resource_version = version, .on_open = [&] { opened = seen.empty(); }},
      [&](const Change& change) {
        seen.push_back(fmt::format("{} {}", static_cast<int>(change.type),
                                   change.object->String({"data", "key"})));
        return change.type != ChangeType::kDeleted;
      },
      Soon());

  ASSERT_TRUE(ended.ok()) << ended.error().message();
  EXPECT_TRUE(opened);
  EXPECT_THAT(seen, ::testing::ElementsAre("0 1", "1 2", "2 2"));
}

TEST_F(ClientApiTest, AWatchWithoutChangesOfItsOwnGetsBookmarksAndEndsInGoodOrder) {
  const std::string version = client_->List(kConfigMap, {.ns = ns_}, Soon())->resource_version;
  const TestNamespace elsewhere(*client_);
  int others = 0;
  std::string last;

  // The server sends one 2 s before it ends a watch, if time has moved on elsewhere: not where it
  // is later than that.
  for (int watch = 0; watch < 5 && last.empty(); ++watch) {
    const auto ended = client_->Watch(
        kConfigMap,
        {.ns = ns_,
         .resource_version = version,
         .at_most = 4s,
         .on_open =
             [&] {
               const std::string name = fmt::format("a-{}", watch);
               EXPECT_TRUE(client_->Create(ConfigMap(elsewhere.name(), name, "1"), Soon()).ok());
             }},
        [&](const Change& change) {
          if (change.type != ChangeType::kBookmark) ++others;
          last = change.object->resource_version();
          return true;
        },
        Soon());
    ASSERT_TRUE(ended.ok()) << ended.error().message();
  }

  EXPECT_EQ(others, 0);
  ASSERT_NE(last, "") << "no bookmark came";
  EXPECT_GT(std::stoull(last), std::stoull(version));
}

TEST_F(ClientApiTest, AWatchFromAVersionThatWasCompactedAwayIsGone) {
  SharedApiServer().Kill();  // it would answer from memory
  ASSERT_TRUE(SharedApiServer().CompactEtcd(Soon()).ok());
  ASSERT_TRUE(SharedApiServer().Resume(Soon()).ok());

  const auto ended = client_->Watch(
      kConfigMap, {.ns = ns_, .resource_version = "1"}, [](const Change&) { return true; }, Soon());

  ASSERT_TRUE(ended.Is(Code::kGone)) << (ended.ok() ? "ok" : ended.error().message());
  EXPECT_THAT(ended.error().message(), HasSubstr("too old resource version"));
}

TEST_F(ClientApiTest, StopEndsAWatchAtOnce) {
  const std::string version = client_->List(kConfigMap, {.ns = ns_}, Soon())->resource_version;
  std::stop_source stop;
  base::Instant stopped;

  const auto ended = client_->Watch(
      kConfigMap,
      {.ns = ns_,
       .resource_version = version,
       .on_open =
           [&] {
             stopped = clock_.Now();
             stop.request_stop();
           }},
      [](const Change&) { return true; }, Until::After(clock_, 10min, stop.get_token()));

  EXPECT_TRUE(ended.Is(Code::kCancelled));
  // A few ms when the machine is not busy; a minute at least where the stop wakes nobody.
  EXPECT_LT(clock_.Now() - stopped, 30s);
}

TEST_F(ClientApiTest, WithoutTheRightIsDeniedWithTheReason) {
  const auto nobody = MakeClient(*SharedApiServer().As("nobody"), base::Log::Nowhere());

  const auto read = nobody->Get(kConfigMap, {ns_, "web"}, Soon());
  const auto write = nobody->Create(ConfigMap(ns_, "web", "1"), Soon());

  ASSERT_TRUE(read.Is(Code::kDenied));
  EXPECT_THAT(read.error().message(), HasSubstr("User \"nobody\" cannot get resource"));
  EXPECT_TRUE(write.Is(Code::kDenied));
}

TEST_F(ClientApiTest, AServerThatIsNotThereIsUnavailableWithHostPortAndReason) {
  ClusterAccess access = SharedApiServer().Admin();
  access.server = "https://127.0.0.1:1";

  const auto read = MakeClient(access, base::Log::Nowhere())->Get(kConfigMap, {ns_, "a"}, Soon());

  ASSERT_TRUE(read.Is(Code::kUnavailable));
  EXPECT_EQ(read.error().message(), "GET /api/v1: 127.0.0.1:1: cannot connect: connection refused");
}

TEST_F(ClientApiTest, ATokenFileIsReadAgainWhenItChanges) {
  ASSERT_TRUE(client_
                  ->Create(Object(Json{{"apiVersion", "v1"},
                                       {"kind", "ServiceAccount"},
                                       {"metadata", {{"name", "robot"}, {"namespace", ns_}}}}),
                           Soon())
                  .ok());
  const auto answer = client_->Raw(
      "POST", "/api/v1/namespaces/" + ns_ + "/serviceaccounts/robot/token",
      R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}})", Soon());
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  const sys::TempDir folder = *sys::TempDir::Make();
  ClusterAccess access = SharedApiServer().Admin();
  access.identity.client_cert_pem.clear();
  access.identity.client_key_pem.clear();
  access.token_file = folder.path() / "token";
  const auto robot = MakeClient(access, base::Log::Nowhere());
  const auto review = [&] {
    return robot->Raw("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                      R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})",
                      Soon());
  };

  EXPECT_TRUE(review().Is(Code::kNotFound));
  ASSERT_TRUE(sys::WriteFileAtomically(access.token_file, "not a token\n").ok());
  EXPECT_TRUE(review().Is(Code::kDenied));
  const std::string token = value::FindString(*value::ParseJson(*answer), {"status", "token"});
  ASSERT_TRUE(sys::WriteFileAtomically(access.token_file, token + "\n").ok());
  const auto known = review();

  ASSERT_TRUE(known.ok()) << known.error().message();
  EXPECT_THAT(*known, HasSubstr("system:serviceaccount:" + ns_ + ":robot"));
}

TEST_F(ClientApiTest, KubectlReadsTheKubeconfigThatWeWriteAndSoDoWe) {
  const std::string text = WriteKubeconfig(SharedApiServer().Admin(), "trial");
  const sys::TempDir folder = *sys::TempDir::Make();
  const std::string path = folder.path() / "kubeconfig";
  ASSERT_TRUE(sys::WriteFileAtomically(path, text, 0600).ok());

  const auto access = LoadKubeconfig(path);
  ASSERT_TRUE(access.ok()) << access.error().message();
  const auto version =
      MakeClient(*access, base::Log::Nowhere())->Raw("GET", "/version", "", Soon());
  const std::string programs = *testing::KubernetesPrograms(Soon());
  const auto kubectl = sys::RunOrFail({.argv = {programs + "/kubectl", "--kubeconfig", path, "get",
                                                "namespace", ns_, "-o", "name"}},
                                      Soon());

  EXPECT_TRUE(version.ok());
  ASSERT_TRUE(kubectl.ok()) << kubectl.error().message();
  EXPECT_THAT(*kubectl, StartsWith("namespace/" + ns_));
}

TEST_F(ClientApiTest, HundredsOfSmallWritesASecond) {
  constexpr int kThreads = 4;
  constexpr int kEach = 150;
  std::atomic<int> failed{0};
  const base::Instant start = clock_.Now();

  base::Crew crew;
  for (int thread = 0; thread < kThreads; ++thread) {
    crew.Start("writer", [&, thread](const std::stop_token&) {
      for (int i = 0; i < kEach; ++i) {
        const Object object = ConfigMap(ns_, fmt::format("cm-{}", thread), fmt::format("{}", i));
        if (!client_->Apply(object, "test", "", Soon()).ok()) ++failed;
      }
    });
  }
  crew.StopAndJoin();

  const auto span = std::chrono::duration<double>(clock_.Now() - start).count();
  RecordProperty("applies_per_second", static_cast<int>(kThreads * kEach / span));
  EXPECT_EQ(failed, 0);
  EXPECT_LT(span, 60) << "kept connections are not kept";
}

}  // namespace
}  // namespace kube
