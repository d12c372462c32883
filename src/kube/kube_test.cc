#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/discovery.h"
#include "kube/object.h"
#include "kube/paths.h"
#include "kube/status.h"
#include "kube/watch_decoder.h"

namespace kube {
namespace {

using base::Code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json Parse(const char* text) {
  return *value::ParseJson(text);
}

// ---- Object

const char* kPod = R"({
  "apiVersion": "v1", "kind": "Pod",
  "metadata": {"name": "web", "namespace": "default", "uid": "u1", "resourceVersion": "7",
    "labels": {"app": "web", "tier": "front"}, "annotations": {"a.b/c": "d"},
    "ownerReferences": [
      {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "u2", "controller": true},
      {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u3"}]},
  "status": {"phase": "Running", "conditions": [
    {"type": "Ready", "status": "True"}, {"type": "Odd"}]}})";

TEST(ObjectTest, AccessorsReadWhatIsThere) {
  const Object pod(Parse(kPod));

  EXPECT_EQ(pod.kind(), (Kind{"", "v1", "Pod"}));
  EXPECT_EQ(pod.key(), (Key{"default", "web"}));
  EXPECT_EQ(pod.Text(), "Pod default/web");
  EXPECT_EQ(pod.uid(), "u1");
  EXPECT_EQ(pod.resource_version(), "7");
  EXPECT_EQ(pod.Label("tier"), "front");
  EXPECT_EQ(pod.Annotation("a.b/c"), "d");
  EXPECT_EQ(pod.Condition("Ready"), "True");
  EXPECT_EQ(pod.String({"status", "phase"}), "Running");
  EXPECT_FALSE(pod.deleting());
  ASSERT_EQ(pod.owners().size(), 2u);
  EXPECT_EQ(pod.owners()[0].name, "rs");
  EXPECT_TRUE(pod.owners()[0].controller);
  EXPECT_FALSE(pod.owners()[1].controller);
}

TEST(ObjectTest, AccessorsOfAbsentOrOddFieldsGiveEmpty) {
  for (const char* text :
       {"null", "[]", "3", "{}", R"({"metadata": []})", R"({"metadata": {"name": 3}})",
        R"({"metadata": {"ownerReferences": {}, "labels": 1}, "status": {"conditions": {}}})"}) {
    const Object object(Parse(text));
    EXPECT_EQ(object.name() + object.ns() + object.uid() + object.kind().kind, "") << text;
    EXPECT_EQ(object.Label("a") + object.Annotation("b") + object.Condition("Ready"), "") << text;
    EXPECT_TRUE(object.owners().empty()) << text;
    EXPECT_EQ(object.Find({"spec"}), nullptr) << text;
  }
}

TEST(ObjectTest, LabelsMatchWhenEveryPairIsThere) {
  const Object pod(Parse(kPod));

  EXPECT_TRUE(MatchesLabels(pod, {}));
  EXPECT_TRUE(MatchesLabels(pod, {{"app", "web"}, {"tier", "front"}}));
  EXPECT_FALSE(MatchesLabels(pod, {{"app", "web"}, {"tier", "back"}}));
  EXPECT_FALSE(MatchesLabels(Object(Json::object()), {{"app", "web"}}));
  EXPECT_EQ(LabelSelector({{"a", "1"}, {"b", "2"}}), "a=1,b=2");
}

TEST(KindTest, ReadsAndWritesApiVersions) {
  EXPECT_EQ(Kind::Of("apps/v1", "Deployment"), (Kind{"apps", "v1", "Deployment"}));
  EXPECT_EQ(Kind::Of("v1", "Pod").ApiVersion(), "v1");
  EXPECT_EQ(Kind::Of("apps/v1", "Deployment").ApiVersion(), "apps/v1");
}

// ---- Paths

const Resource kPods{{"", "v1", "Pod"}, "pods", true, {}};
const Resource kNodes{{"", "v1", "Node"}, "nodes", false, {}};
const Resource kDeployments{{"apps", "v1", "Deployment"}, "deployments", true, {}};

TEST(PathsTest, CollectionsAndObjectsAreWhereKubernetesHasThem) {
  EXPECT_EQ(CollectionPath(kPods, ""), "/api/v1/pods");
  EXPECT_EQ(CollectionPath(kPods, "ns"), "/api/v1/namespaces/ns/pods");
  EXPECT_EQ(CollectionPath(kNodes, "ns"), "/api/v1/nodes");
  EXPECT_EQ(CollectionPath(kDeployments, "ns"), "/apis/apps/v1/namespaces/ns/deployments");
  EXPECT_EQ(*ObjectPath(kPods, {"ns", "web"}, "status"), "/api/v1/namespaces/ns/pods/web/status");
  EXPECT_EQ(*ObjectPath(kNodes, {"", "a/../b"}), "/api/v1/nodes/a%2F..%2Fb");
}

TEST(PathsTest, AnObjectWithoutNameOrNamespaceHasNoPath) {
  EXPECT_EQ(ObjectPath(kPods, {"ns", ""}).error().message(), "no metadata.name given");
  EXPECT_EQ(ObjectPath(kPods, {"", "web"}).error().message(),
            "no namespace given, and Pod lives in one");
}

TEST(PathsTest, QueriesLeaveOutWhatIsEmptyAndEscapeTheRest) {
  EXPECT_EQ(ListQuery({}, 500, ""), "?limit=500");
  EXPECT_EQ(ListQuery({.labels = {{"a", "b"}}, .field_selector = "metadata.name=x"}, 5, "t=="),
            "?limit=5&labelSelector=a%3Db&fieldSelector=metadata.name%3Dx&continue=t%3D%3D");
  EXPECT_EQ(WatchQuery({.resource_version = "7"}),
            "?watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=7");
}

// ---- Status

TEST(StatusTest, EachHttpStatusIsTheCodeThatTellsWhatACallerMayDo) {
  const auto code = [](int status, const char* reason) {
    return StatusError(status,
                       fmt::format(R"({{"kind":"Status","reason":"{}","message":"m"}})", reason))
        .code();
  };
  EXPECT_EQ(code(404, "NotFound"), Code::kNotFound);
  EXPECT_EQ(code(409, "AlreadyExists"), Code::kExists);
  EXPECT_EQ(code(409, "Conflict"), Code::kConflict);
  EXPECT_EQ(code(410, "Expired"), Code::kGone);
  EXPECT_EQ(code(401, ""), Code::kDenied);
  EXPECT_EQ(code(403, "Forbidden"), Code::kDenied);
  EXPECT_EQ(code(400, ""), Code::kInvalid);
  EXPECT_EQ(code(422, "Invalid"), Code::kInvalid);
  EXPECT_EQ(code(429, ""), Code::kUnavailable);
  EXPECT_EQ(code(500, ""), Code::kUnavailable);
  EXPECT_EQ(code(503, ""), Code::kUnavailable);
  EXPECT_EQ(code(302, ""), Code::kInternal);
}

TEST(StatusTest, MessagesAreTheServersOwnOrTheTextThatCame) {
  EXPECT_EQ(StatusError(404, R"({"kind":"Status","message":"pods \"x\" not found"})").message(),
            "pods \"x\" not found");
  EXPECT_EQ(StatusError(502, "bad gateway\n").message(), "HTTP status 502: bad gateway");
  EXPECT_EQ(StatusError(502, "").message(), "HTTP status 502");
  EXPECT_EQ(StatusError(403, R"({"kind":"Status"})").message(), "HTTP status 403");
}

// ---- Discovery

TEST(DiscoveryTest, ReadsKindsAndLeavesOutSubresourcesAndJunk) {
  const std::vector<Resource> resources = ParseResources(Parse(R"({"resources": [
      {"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["get", "list"]},
      {"name": "pods/log", "kind": "Pod", "namespaced": true},
      {"name": "nodes", "kind": "Node"}, {"kind": "X"}, 3]})"),
                                                         {"", "v1", ""});

  ASSERT_EQ(resources.size(), 2u);
  EXPECT_EQ(resources[0].plural, "pods");
  EXPECT_TRUE(resources[0].namespaced);
  EXPECT_THAT(resources[0].verbs, ElementsAre("get", "list"));
  EXPECT_FALSE(resources[1].namespaced);
  EXPECT_TRUE(ParseResources(Parse("[]"), {}).empty());
}

TEST(DiscoveryTest, TheCacheKnowsWhatWasPutUntilItIsForgotten) {
  DiscoveryCache cache;
  EXPECT_FALSE(cache.Find(kPods.kind).has_value());

  cache.Put(kPods.kind, {kPods, kNodes});
  EXPECT_EQ(cache.Find(kNodes.kind)->plural, "nodes");
  EXPECT_FALSE(cache.Find({"", "v1", "Foo"}).has_value());
  EXPECT_FALSE(cache.Find({"apps", "v1", "Pod"}).has_value());

  cache.Forget(kNodes.kind);
  EXPECT_FALSE(cache.Find(kPods.kind).has_value());
}

// ---- WatchDecoder

const std::string kLines =
    R"({"type":"ADDED","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a\nü"}}})"
    "\n"
    R"({"type":"MODIFIED","object":{"metadata":{"name":"b"}}})"
    "\n"
    R"({"type":"DELETED","object":{"metadata":{"name":"c"}}})"
    "\n"
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})"
    "\n";

std::string Render(const Change& change) {
  return fmt::format("{} {}{}", static_cast<int>(change.type), change.object->name(),
                     change.object->resource_version());
}

TEST(WatchDecoderTest, GivesTheSameChangesHoweverTheTextIsCut) {
  for (size_t size = 1; size <= kLines.size(); ++size) {
    WatchDecoder decoder({"", "v1", "Pod"});
    std::vector<std::string> seen;
    const auto note = [&](const Change& change) {
      EXPECT_EQ(change.object->kind(), (Kind{"", "v1", "Pod"}));
      seen.push_back(Render(change));
      return true;
    };
    for (size_t at = 0; at < kLines.size(); at += size) {
      const auto fed = decoder.Feed(std::string_view(kLines).substr(at, size), note);
      ASSERT_TRUE(fed.ok() && *fed) << size;
    }
    ASSERT_THAT(seen, ElementsAre("0 a\nü", "1 b", "2 c", "3 9")) << size;
  }
}

TEST(WatchDecoderTest, StopsWhereTheCallerHasEnough) {
  WatchDecoder decoder({"", "v1", "Pod"});
  int seen = 0;

  const auto fed = decoder.Feed(kLines, [&](const Change&) { return ++seen < 2; });

  ASSERT_TRUE(fed.ok());
  EXPECT_FALSE(*fed);
  EXPECT_EQ(seen, 2);
}

TEST(WatchDecoderTest, AnErrorEventIsTheErrorOfItsStatus) {
  WatchDecoder decoder({"", "v1", "Pod"});

  const auto fed = decoder.Feed(
      R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"old"}})"
      "\n",
      [](const Change&) { return true; });

  ASSERT_TRUE(fed.Is(Code::kGone));
  EXPECT_EQ(fed.error().message(), "old");
}

TEST(WatchDecoderTest, WhatIsNoEventIsAnInternalErrorThatShowsIt) {
  for (const char* line : {"junk\n", "\n", "[]\n", "{}\n", "{\"type\":\"ADDED\"}\n",
                           "{\"type\":\"ADDED\",\"object\":3}\n",
                           "{\"type\":\"NEW\",\"object\":{}}\n", "{\"object\":{}}\n"}) {
    WatchDecoder decoder({"", "v1", "Pod"});
    const auto fed = decoder.Feed(line, [](const Change&) { return true; });
    ASSERT_TRUE(fed.Is(Code::kInternal)) << line;
    EXPECT_THAT(fed.error().message(), HasSubstr("watch event"));
  }
}

}  // namespace
}  // namespace kube
