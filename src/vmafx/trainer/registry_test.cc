#include "vmafx/trainer/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/certificates.h"
#include "sys/files.h"
#include "vmafx/trainer/testing/real_registry.h"
#include "vmafx/trainer/testing/test_registry.h"

namespace vmafx::trainer {
namespace {

using base::Code;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr char kRepository[] = "models/vmafx";

class RegistryTest : public testing::Test {
 protected:
  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  RegistryAccess Access(const std::string& host, const std::string& config = "") {
    RegistryOptions options;
    options.plain_http_hosts = {"127.0.0.1"};
    if (!config.empty()) {
      if (!folder_) folder_ = *sys::TempDir::Make("registry-test");
      options.credentials = folder_->path() / "config.json";
      EXPECT_TRUE(sys::WriteFileAtomically(options.credentials, config).ok());
    }
    return RegistryAccess(*http_, options, {host, kRepository});
  }

  static ModelArtifact Artifact(const std::string& onnx = "the model") {
    return {onnx, R"({"name":"student"})", {{"dev.vmafx.samples", "12"}}};
  }

  static std::string Config(const std::string& host, const std::string& password = "secret") {
    return value::Json{{"auths", {{host, {{"auth", net::Base64Encode("user:" + password)}}}}}}
        .dump();
  }

  base::SystemClock clock_;
  std::unique_ptr<net::Http> http_ = net::MakeCurlHttp({});
  std::optional<sys::TempDir> folder_;
};

TEST_F(RegistryTest, PushesAModelThatCanBePulled) {
  TestRegistry registry;
  RegistryAccess access = Access(registry.host());

  const auto digest = PushModel(access, Artifact(), {"v000001", "latest-stable"}, Soon());

  ASSERT_TRUE(digest.ok()) << digest.error().message();
  EXPECT_EQ(registry.content().protests, 0);
  for (const char* tag : {"v000001", "latest-stable"}) {
    EXPECT_EQ(Digest(registry.Manifest(kRepository, tag)), *digest);
    const auto pulled = PullModel(access, tag, Soon());
    ASSERT_TRUE(pulled.ok()) << pulled.error().message();
    EXPECT_EQ(pulled->onnx, "the model");
    EXPECT_EQ(pulled->digest, *digest);
  }
}

TEST_F(RegistryTest, WritesAManifestAsTheImageSpecificationWantsIt) {
  const auto manifest = value::ParseJson(MakeManifest(Artifact()));

  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ((*manifest)["schemaVersion"], 2);
  EXPECT_EQ((*manifest)["mediaType"], "application/vnd.oci.image.manifest.v1+json");
  EXPECT_EQ((*manifest)["artifactType"], "application/vnd.vmafx.model.v1+json");
  EXPECT_EQ((*manifest)["config"]["mediaType"], "application/vnd.vmafx.model.v1+json");
  EXPECT_EQ((*manifest)["layers"][0]["mediaType"], "application/vnd.vmafx.model.onnx");
  EXPECT_EQ((*manifest)["layers"][0]["digest"], Digest("the model"));
  EXPECT_EQ((*manifest)["layers"][0]["size"], 9);
  EXPECT_EQ((*manifest)["annotations"]["dev.vmafx.samples"], "12");
}

TEST_F(RegistryTest, SendsABlobThatIsThereNoSecondTime) {
  TestRegistry registry;
  RegistryAccess access = Access(registry.host());
  ASSERT_TRUE(PushModel(access, Artifact(), {"v000001"}, Soon()).ok());
  const size_t before = registry.content().requests.size();

  ASSERT_TRUE(PushModel(access, Artifact(), {"v000002"}, Soon()).ok());

  const auto requests = registry.content().requests;
  for (size_t i = before; i < requests.size(); ++i) {
    EXPECT_THAT(requests[i], Not(HasSubstr("POST")));
  }
}

TEST_F(RegistryTest, TriesAgainWhenTheRegistryIsBusyButNotForEver) {
  TestRegistry registry;
  RegistryAccess access = Access(registry.host());
  registry.Set({.fail_next = 2});
  EXPECT_TRUE(PushModel(access, Artifact(), {"v000001"}, Soon()).ok());
  registry.Set({.fail_next = 100});

  const auto pushed = PushModel(access, Artifact("other"), {"v000002"}, Soon());

  EXPECT_TRUE(pushed.Is(Code::kUnavailable));
  EXPECT_THAT(pushed.error().message(), HasSubstr("the registry answers 503"));
}

TEST_F(RegistryTest, DoesNotTryAgainWhatWasRefused) {
  TestRegistry registry;
  RegistryAccess access = Access(registry.host());
  registry.Set({.fail_next = 1, .fail_status = 400});

  const auto pushed = PushModel(access, Artifact(), {"v000001"}, Soon());

  EXPECT_TRUE(pushed.Is(Code::kInvalid)) << pushed.error().message();
  EXPECT_EQ(registry.content().requests.size(), 1u);
}

TEST_F(RegistryTest, NoticesARegistryThatStoresSomethingElse) {
  TestRegistry registry;
  RegistryAccess access = Access(registry.host());
  registry.Set({.wrong_digest = true});

  const auto pushed = PushModel(access, Artifact(), {"v000001"}, Soon());

  EXPECT_TRUE(pushed.Is(Code::kInternal));
  EXPECT_THAT(pushed.error().message(), HasSubstr("the registry stored sha256:"));
}

TEST_F(RegistryTest, RefusesABlobThatIsNotWhatItsDigestSays) {
  TestRegistry registry;
  RegistryAccess access = Access(registry.host());
  ASSERT_TRUE(PushModel(access, Artifact(), {"v000001"}, Soon()).ok());
  registry.Set({.corrupt_blobs = true});

  EXPECT_TRUE(PullModel(access, "v000001", Soon()).Is(Code::kInvalid));
}

TEST_F(RegistryTest, PullsNothingThatIsNoModelOfOurs) {
  TestRegistry registry;
  RegistryAccess access = Access(registry.host());
  const std::string digest = Digest("x");
  const auto layer = [&](const std::string& type, const std::string& blob,
                         const std::string& size) {
    return R"({"layers":[{"mediaType":")" + type + R"(","digest":")" + blob + R"(","size":)" +
           size + "}]}";
  };
  const std::vector<std::string> manifests = {
      "no JSON",
      "[]",
      R"({"layers":{}})",
      R"({"layers":[7,null,"x"]})",
      layer("text/plain", digest, "1"),
      layer(kModelLayerType, "md5:1", "1"),
      layer(kModelLayerType, "sha256:../../../../etc/passwd" + std::string(44, '0'), "1"),
      layer(kModelLayerType, digest, "-1"),
      layer(kModelLayerType, digest, "99999999999"),
      layer(kModelLayerType, digest, "\"1\""),
      layer(kModelLayerType, digest, "2"),
  };
  for (const std::string& manifest : manifests) {
    registry.Put(kRepository, "v1", manifest, {"x"});
    EXPECT_TRUE(PullModel(access, "v1", Soon()).Is(Code::kInvalid)) << manifest;
  }
  EXPECT_TRUE(PullModel(access, "gone", Soon()).Is(Code::kNotFound));
}

TEST_F(RegistryTest, FollowsARedirectOfABlobWithoutShowingItsCredentials) {
  TestRegistry registry(TestRegistry::Login::kBasic);
  std::string shown = "not asked";
  const auto elsewhere = net::HttpServer::Start(
      "127.0.0.1:0",
      {{"GET", "/there",
        [&](const net::Call& call) {
          shown = call.headers.count("authorization") == 0 ? "" : "something";
          return net::Answer{200, "the model"};
        }}},
      {});
  ASSERT_TRUE(elsewhere.ok());
  RegistryAccess access = Access(registry.host(), Config(registry.host()));
  ASSERT_TRUE(PushModel(access, Artifact(), {"v000001"}, Soon()).ok());
  registry.Set(
      {.redirect_blobs_to = fmt::format("http://127.0.0.1:{}/there", (*elsewhere)->port())});

  const auto pulled = PullModel(access, "v000001", Soon());

  ASSERT_TRUE(pulled.ok()) << pulled.error().message();
  EXPECT_EQ(shown, "");
}

TEST_F(RegistryTest, DoesNotFollowToPlainHttpWhereThatIsNotAllowed) {
  TestRegistry registry;
  RegistryAccess access = Access(registry.host());
  registry.Set({.upload_location = "http://metadata.example/upload"});

  const auto pushed = PushModel(access, Artifact(), {"v000001"}, Soon());

  EXPECT_TRUE(pushed.Is(Code::kInvalid));
  EXPECT_THAT(pushed.error().message(), HasSubstr("not on the list of hosts without TLS"));
}

TEST_F(RegistryTest, LogsInWithNameAndPassword) {
  TestRegistry registry(TestRegistry::Login::kBasic);
  RegistryAccess access = Access(registry.host(), Config(registry.host()));

  EXPECT_TRUE(PushModel(access, Artifact(), {"v000001"}, Soon()).ok());
}

TEST_F(RegistryTest, ExchangesNameAndPasswordForAToken) {
  TestRegistry registry(TestRegistry::Login::kBearer);
  RegistryAccess access = Access(registry.host(), Config(registry.host()));

  const auto pushed = PushModel(access, Artifact(), {"v000001"}, Soon());

  ASSERT_TRUE(pushed.ok()) << pushed.error().message();
  EXPECT_THAT(registry.content().requests, Contains("GET /token"));
}

TEST_F(RegistryTest, SaysWhatItNeedsWhenItIsNotLetIn) {
  TestRegistry registry(TestRegistry::Login::kBasic);
  RegistryAccess none = Access(registry.host());
  RegistryAccess wrong = Access(registry.host(), Config(registry.host(), "guess"));

  const auto without = PushModel(none, Artifact(), {"v000001"}, Soon());
  const auto with = PushModel(wrong, Artifact(), {"v000001"}, Soon());

  EXPECT_TRUE(without.Is(Code::kDenied));
  EXPECT_THAT(without.error().message(), HasSubstr("kubernetes.io/dockerconfigjson"));
  EXPECT_TRUE(with.Is(Code::kDenied));
  EXPECT_THAT(with.error().message(), Not(HasSubstr("guess")));
}

TEST_F(RegistryTest, SpeaksTlsToEverybodyWhoIsNotOnTheList) {
  TestRegistry registry;  // without TLS
  RegistryAccess access(*http_, {}, {registry.host(), kRepository});

  EXPECT_TRUE(PullModel(access, "v000001", Soon()).Is(Code::kUnavailable));
  EXPECT_TRUE(registry.content().requests.empty());
}

TEST(PlainHttpTest, IsAllowedForListedHostsOnly) {
  const std::vector<std::string> list = {"registry.films.svc:5000", "*.lab.svc", "10.0.0.7", "*"};
  EXPECT_TRUE(AllowsPlainHttp(list, "registry.films.svc:5000"));
  EXPECT_FALSE(AllowsPlainHttp(list, "registry.films.svc:5001"));
  EXPECT_TRUE(AllowsPlainHttp(list, "models.lab.svc:80"));
  EXPECT_FALSE(AllowsPlainHttp(list, "lab.svc.example"));
  EXPECT_FALSE(AllowsPlainHttp(list, ".lab.svc"));
  EXPECT_TRUE(AllowsPlainHttp(list, "10.0.0.7:5000"));
  EXPECT_FALSE(AllowsPlainHttp(list, "example.com"));
  EXPECT_FALSE(AllowsPlainHttp({}, "localhost:5000"));
}

TEST(CredentialsTest, AreFoundByHost) {
  const std::string config = R"({"auths": {
      "https://registry.example/v1/": {"auth": "bWU6cGFzczp3b3Jk"},
      "other.example:5000": {"username": "you", "password": "there"}}})";

  const auto first = FindCredentials(config, "registry.example");
  ASSERT_TRUE(first.ok() && *first);
  EXPECT_EQ((*first)->user, "me");
  EXPECT_EQ((*first)->password, "pass:word");
  EXPECT_EQ((**FindCredentials(config, "other.example:5000")).password, "there");
  EXPECT_FALSE(*FindCredentials(config, "third.example"));
}

TEST(CredentialsTest, RefuseWhatIsNoConfig) {
  for (const char* config :
       {"", "{", "[]", "{}", R"({"auths": 1})", R"({"auths": {"a": {"auth": "%%%"}}})",
        R"({"auths": {"a": {"auth": "bm9jb2xvbg=="}}})"}) {
    EXPECT_FALSE(FindCredentials(config, "a").ok()) << config;
  }
}

TEST(ChallengeTest, IsReadAsItIsWritten) {
  const Challenge bearer =
      ReadChallenge(R"(Bearer realm="https://a/token?x=1,2", service="s" ,scope="r:x:pull,push")");
  EXPECT_EQ(bearer.scheme, "bearer");
  EXPECT_EQ(bearer.parameters.at("realm"), "https://a/token?x=1,2");
  EXPECT_EQ(bearer.parameters.at("service"), "s");
  EXPECT_EQ(bearer.parameters.at("scope"), "r:x:pull,push");
  EXPECT_EQ(ReadChallenge("Basic").scheme, "basic");
  EXPECT_EQ(ReadChallenge("Basic realm=plain").parameters.at("realm"), "plain");
}

TEST(ChallengeTest, ReadsQuotesAndTheFirstOfSeveral) {
  const Challenge quoted = ReadChallenge(R"(Bearer realm = "a\"b\\c" junk, Service=s , scope=)");
  EXPECT_EQ(quoted.parameters.at("realm"), R"(a"b\c)");
  EXPECT_EQ(quoted.parameters.at("service"), "s");
  EXPECT_EQ(quoted.parameters.at("scope"), "");

  const Challenge two = ReadChallenge(R"(Basic realm="a", Bearer realm="b")");
  EXPECT_EQ(two.scheme, "basic");
  EXPECT_EQ(two.parameters, (std::map<std::string, std::string>{{"realm", "a"}}));
}

TEST(TokenTest, IsOneThatAHeaderMayHold) {
  EXPECT_EQ(*ReadToken(R"({"token": "a.b-c=="})"), "a.b-c==");
  EXPECT_EQ(*ReadToken(R"({"token": "", "access_token": "x"})"), "x");
  for (const char* answer : {R"({"token": "a\r\nHost: evil"})", R"({"token": "a b"})",
                             R"({"token": "\u00e9"})", R"({"token": 7})", "{}", "[]"}) {
    EXPECT_TRUE(ReadToken(answer).Is(Code::kDenied)) << answer;
  }
  EXPECT_TRUE(ReadToken("<html>").Is(Code::kInvalid));
}

TEST(ChallengeTest, SurvivesWhatIsNone) {
  for (const char* text : {"", " ", "=", "Bearer =", "Bearer ,,,,", "Bearer a=\"", "B a=\"b",
                           "x y z", "Bearer a=b=c,,d=\"\"\"\"", "Bearer \t"}) {
    (void)ReadChallenge(text);
  }
  EXPECT_LE(ReadChallenge("Bearer " + std::string(10000, '=')).parameters.size(), 32u);
}

// The distribution project's own registry, built by tools/companions.
TEST_F(RegistryTest, PushesToTheRealRegistryAndPullsFromIt) {
  const auto until = base::Until::After(clock_, std::chrono::minutes(4));
  const auto registry = RealRegistry::Start(until);
  ASSERT_TRUE(registry.ok()) << registry.error().message();
  RegistryAccess access = Access(registry->host());

  const auto first = PushModel(access, Artifact(), {"v000001", "unstable"}, until);
  const auto second = PushModel(access, Artifact("another"), {"v000002", "latest-stable"}, until);

  ASSERT_TRUE(first.ok()) << first.error().message();
  ASSERT_TRUE(second.ok()) << second.error().message();
  EXPECT_EQ(PullModel(access, "unstable", until)->digest, *first);
  EXPECT_EQ(PullModel(access, "latest-stable", until)->onnx, "another");
  EXPECT_TRUE(PullModel(access, "v000003", until).Is(Code::kNotFound));
}

}  // namespace
}  // namespace vmafx::trainer
