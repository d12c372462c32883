#include "vmafx/api/repository.h"

#include <random>

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

TEST(RepositoryTest, SplitsHostAndPath) {
  for (const auto& [text, host, path] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"registry.films.svc:5000/models/vmafx", "registry.films.svc:5000", "models/vmafx"},
           {"10.0.0.7:5000/a", "10.0.0.7:5000", "a"},
           {"localhost/a_b__c.d--e", "localhost", "a_b__c.d--e"}}) {
    auto repository = ReadRepository(text);

    ASSERT_TRUE(repository.ok()) << repository.error().message();
    EXPECT_EQ(repository->host, host);
    EXPECT_EQ(repository->path, path);
  }
}

TEST(RepositoryTest, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "models",
                           "/models",
                           "host/",
                           "host//a",
                           "host/a/",
                           "http://host/a",
                           "host:0/a",
                           "host:99999/a",
                           "host:x/a",
                           "host:/a",
                           "ho st/a",
                           "-host/a",
                           "host/A",
                           "host/a..b",
                           "host/a___b",
                           "host/a._b",
                           "host/.a",
                           "host/a-",
                           "host/a:tag",
                           "host/a@sha256:00",
                           "host/a b",
                           "host/../etc",
                           "[::1]:5000/a"}) {
    EXPECT_TRUE(ReadRepository(text).Is(base::Code::kInvalid)) << text;
  }
  EXPECT_TRUE(ReadRepository("host/" + std::string(300, 'a')).Is(base::Code::kInvalid));
}

TEST(RepositoryTest, ReadsATaggedArtifact) {
  auto artifact = ReadTaggedArtifact("registry.films.svc:5000/models/vmafx:v000003");

  ASSERT_TRUE(artifact.ok()) << artifact.error().message();
  EXPECT_EQ(artifact->repository.path, "models/vmafx");
  EXPECT_EQ(artifact->tag, "v000003");
  for (const char* text : {"vmaf_v0.6.1", "vmaf:v1", "host:5000/a", "host/a:", "host/a:-x",
                           "host/a:b/c", "host/a:b:c", "host/a@sha256:00"}) {
    EXPECT_TRUE(ReadTaggedArtifact(text).Is(base::Code::kInvalid)) << text;
  }
}

TEST(RepositoryTest, SurvivesAnyText) {
  std::mt19937 random(7);
  const std::string alphabet = "aA0.-_/:@ [\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto length = random() % 12; length > 0; --length) {
      text += alphabet[random() % alphabet.size()];
    }
    auto repository = ReadRepository(text);
    if (repository.ok()) {
      EXPECT_EQ(repository->host + "/" + repository->path, text);
    }
    static_cast<void>(ReadTaggedArtifact(text));
  }
}

}  // namespace
}  // namespace vmafx::api
