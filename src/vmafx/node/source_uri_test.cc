#include "vmafx/node/source_uri.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::node {
namespace {

using base::Code;
using Kind = SourceUri::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string WhyNot(const std::string& uri) {
  const auto read = ReadSourceUri(uri);
  return read.Is(Code::kInvalid) ? read.error().message() : "it was read";
}

TEST(SourceUriTest, KnowsLocalFiles) {
  EXPECT_EQ(ReadSourceUri("/videos/a.yuv")->kind, Kind::kFile);
  EXPECT_EQ(ReadSourceUri("file:///videos/a.yuv")->kind, Kind::kFile);
}

TEST(SourceUriTest, KeepsWhatMayBeSecretInAUrlOutOfMessages) {
  const auto read = ReadSourceUri("HTTPS://host/a%20b.mp4?X-Amz-Signature=secret#x");

  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->kind, Kind::kHttp);
  EXPECT_EQ(read->url, "HTTPS://host/a%20b.mp4?X-Amz-Signature=secret#x");
  EXPECT_EQ(read->name, "HTTPS://host/a%20b.mp4");
  const std::string refused = WhyNot("https://user:secret@host/a.mp4");
  EXPECT_THAT(refused, HasSubstr("must not hold credentials"));
  EXPECT_EQ(refused.find("secret"), std::string::npos);
}

TEST(SourceUriTest, ReadsEveryWayToNameARemote) {
  const struct {
    const char* uri;
    const char* remote;
    const char* path;
  } cases[] = {{"rclone://films/bucket/a/b.yuv", "films", "bucket/a/b.yuv"},
               {"rclone://films:bucket/b.yuv", "films", "bucket/b.yuv"},
               {"rclone://films:/bucket/b.yuv", "films", "bucket/b.yuv"},
               {"rclone://films:b.yuv", "films", "b.yuv"},
               {"s3://bucket/b:c.yuv", "s3", "bucket/b:c.yuv"},
               {"gcs://bucket/b.yuv", "gcs", "bucket/b.yuv"},
               {"rclone://my-films_2.x/b/c d.mp4", "my-films_2.x", "b/c d.mp4"}};
  for (const auto& [uri, remote, path] : cases) {
    const auto read = ReadSourceUri(uri);
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(read->kind, Kind::kRclone) << uri;
    EXPECT_EQ(read->remote, remote) << uri;
    EXPECT_EQ(read->path, path) << uri;
    EXPECT_EQ(read->name, uri);
  }
}

TEST(SourceUriTest, RefusesRemotesThatAreNoneOfTheConfiguration) {
  for (const char* uri : {"rclone://:local:/etc/passwd", "rclone://films,env_auth=true:b/k",
                          ":local:/etc/passwd", "rclone://-x/b/k", "films=x:b", "rclone:///b/k"}) {
    EXPECT_TRUE(ReadSourceUri(uri).Is(Code::kInvalid)) << uri;
  }
}

TEST(SourceUriTest, SaysWhatIsWrong) {
  EXPECT_THAT(WhyNot("relative.yuv"), HasSubstr("is no URI"));
  EXPECT_THAT(WhyNot(""), HasSubstr("is empty"));
  EXPECT_THAT(WhyNot("films:bucket/b.yuv"), HasSubstr("is no URI"));
  EXPECT_THAT(WhyNot("rclone://films"), HasSubstr("names a remote only"));
  EXPECT_THAT(WhyNot("rclone://films:"), HasSubstr("names a remote only"));
  EXPECT_THAT(WhyNot("rclone://films//"), HasSubstr("names a folder"));
  for (const char* uri : {"rclone://films/b/../../etc/passwd", "rclone://films:../etc/passwd",
                          "rclone://films:b/../../etc/passwd", "s3://../etc/passwd"}) {
    EXPECT_THAT(WhyNot(uri), HasSubstr("must not hold \"..\""));
  }
}

TEST(SourceUriTest, HostileUrisEndWithAVerdict) {
  std::mt19937 random(3);
  const std::string alphabet = "s3rclone:/.@?#%,=[]- \xff~";
  for (int round = 0; round < 20000; ++round) {
    std::string uri;
    for (size_t i = random() % 24; i > 0; --i) uri += alphabet[random() % alphabet.size()];
    const auto read = ReadSourceUri(uri);
    if (!read.ok() || read->kind != Kind::kRclone) continue;
    EXPECT_EQ(read->remote.find_first_of(",=:/"), std::string::npos) << uri;
    EXPECT_FALSE(read->remote.starts_with('-')) << uri;
  }
}

TEST(RemotesTest, AreTheSectionsOfTheConfiguration) {
  EXPECT_THAT(*ReadRemotes("# comment\n[films]\ntype = s3\nendpoint = http://[::1]:9000\n\n"
                           " [ more films ] \r\ntype=local\n"),
              ElementsAre("films", "more films"));
  EXPECT_TRUE(ReadRemotes("")->empty());
  EXPECT_TRUE(ReadRemotes("# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabc\n")
                  .Is(Code::kInvalid));
}

}  // namespace
}  // namespace vmafx::node
