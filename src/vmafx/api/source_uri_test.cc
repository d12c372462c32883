#include "vmafx/api/source_uri.h"

#include <random>

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

std::string WhyNot(const std::string& text) {
  auto uri = ReadSourceUri(text);
  EXPECT_TRUE(uri.ok() || uri.Is(base::Code::kInvalid));
  return uri.ok() ? "" : uri.error().message();
}

TEST(SourceUriTest, ReadsEachForm) {
  auto s3 = ReadSourceUri("s3://films/2026/ref.y4m");
  ASSERT_TRUE(s3.ok()) << s3.error().message();
  EXPECT_EQ(s3->scheme, "s3");
  EXPECT_EQ(s3->authority, "films");
  EXPECT_EQ(s3->path, "/2026/ref.y4m");
  EXPECT_TRUE(ReadSourceUri("/fixtures/ref.yuv")->IsFile());
  EXPECT_EQ(ReadSourceUri("FILE:///fixtures/ref.yuv")->path, "/fixtures/ref.yuv");
  EXPECT_EQ(ReadSourceUri("rclone://minio:films/ref.y4m")->authority, "minio:films");
  EXPECT_EQ(WhyNot("https://host:8443/a%20b.mp4?x=1"), "");
  EXPECT_EQ(WhyNot("s3://films/100%/a b.mp4"), "") << "keys may hold anything";
  EXPECT_EQ(WhyNot("gs://films/ref.y4m"), "") << "a scheme is the worker's business";
}

TEST(SourceUriTest, TellsRawVideoByItsName) {
  EXPECT_TRUE(ReadSourceUri("file:///a/ref.YUV")->IsRawVideo());
  EXPECT_TRUE(ReadSourceUri("https://host/ref.yuv?sig=1")->IsRawVideo());
  EXPECT_FALSE(ReadSourceUri("https://host/ref.mp4?from=a.yuv")->IsRawVideo());
  EXPECT_FALSE(ReadSourceUri("file:///a.yuv/ref.y4m")->IsRawVideo());
}

TEST(SourceUriTest, NamesTheRemoteThatAWorkerReadsItBy) {
  EXPECT_EQ(ReadSourceUri("rclone://minio/films/a")->Remote(), "minio");
  EXPECT_EQ(ReadSourceUri("rclone://minio:films/a")->Remote(), "minio");
  EXPECT_EQ(ReadSourceUri("s3://films/a")->Remote(), "s3");
  EXPECT_EQ(ReadSourceUri("https://host/a")->Remote(), "");
  EXPECT_EQ(ReadSourceUri("/films/a")->Remote(), "");
}

TEST(SourceUriTest, SaysWhatWouldBeRight) {
  EXPECT_EQ(WhyNot(""),
            "is empty: write file:///PATH, s3://BUCKET/KEY, https://HOST/PATH or "
            "rclone://REMOTE/BUCKET/KEY");
  EXPECT_EQ(WhyNot("ref.yuv"),
            "\"ref.yuv\" is no URI: write file:///PATH, s3://BUCKET/KEY, https://HOST/PATH or "
            "rclone://REMOTE/BUCKET/KEY");
  EXPECT_EQ(WhyNot("file://fixtures/ref.yuv"),
            "\"file://fixtures/ref.yuv\" is no local file: write file:///PATH, with three slashes");
  EXPECT_EQ(WhyNot("s3://films"), "\"s3://films\" names a bucket only: write s3://BUCKET/KEY");
  EXPECT_EQ(WhyNot("rclone://minio/films/"),
            "\"rclone://minio/films/\" names a folder: name the object in it");
  EXPECT_EQ(WhyNot("s3://films/../other/a"), "\"s3://films/../other/a\" must not hold \"..\"");
  EXPECT_EQ(WhyNot("https://me:secret@host/a.mp4"),
            "https://host must not hold credentials: use a signed URL or rclone://")
      << "the message must not tell them";
  EXPECT_EQ(WhyNot("rclone://minio"),
            "\"rclone://minio\" names a remote only: write rclone://REMOTE/BUCKET/KEY or "
            "rclone://REMOTE:BUCKET/KEY");
  EXPECT_EQ(WhyNot("https:///a.mp4").rfind("\"https:///a.mp4\" names nothing after https://", 0),
            0u);
  EXPECT_EQ(WhyNot("https://h/a%zz"),
            "\"https://h/a%zz\" has a % without two hexadecimal digits: write %25 for it");
  EXPECT_EQ(WhyNot("file:///a%zz"),
            "\"file:///a%zz\" has a % without two hexadecimal digits: write %25 for it");
  EXPECT_EQ(WhyNot("file:///a%00"), "\"file:///a%00\" has a %00, which no name may hold");
  EXPECT_TRUE(ReadSourceUri("/a%zz").ok()) << "a path is taken as it is";
  EXPECT_EQ(WhyNot("file://?a"),
            "\"file://?a\" is no local file: write file:///PATH, with three slashes");
  EXPECT_EQ(WhyNot("s3://a/b\nc"), "has a control character (number 10) at position 9");
  EXPECT_EQ(WhyNot(" s3://a/b"), "\" s3://a/b\" begins or ends with a space");
}

TEST(SourceUriTest, TakesNoHarmFromAnyText) {
  std::mt19937 random(4);
  const std::string pieces = "://s3filhtprcone%/?#@.\x01\xff \0A9-+";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto left = random() % 24; left > 0; --left) text += pieces[random() % pieces.size()];

    auto uri = ReadSourceUri(text);

    if (!uri.ok()) {
      EXPECT_TRUE(uri.Is(base::Code::kInvalid));
      EXPECT_FALSE(uri.error().message().empty());
    } else {
      EXPECT_FALSE(uri->scheme.empty());
      EXPECT_TRUE(uri->IsFile() ? uri->path.front() == '/' : !uri->authority.empty()) << text;
    }
  }
  EXPECT_NE(WhyNot(std::string(100000, 'a')).find("at most 4096"), std::string::npos);
}

}  // namespace
}  // namespace vmafx::api
