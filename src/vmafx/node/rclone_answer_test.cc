#include "vmafx/node/rclone_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::node {
namespace {

using ::testing::ElementsAre;

TEST(RcloneAnswerTest, ReadsSizeTimeAndTheFirstChecksum) {
  const auto object = ReadRcloneObject(
      R"({"Path":"a","Name":"a","Size":7,"ModTime":"2026-11-23T09:17:31Z","IsDir":false,)"
      R"("Hashes":{"md5":"D41D8CD98F00B204E9800998ECF8427E","sha1":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}})");

  ASSERT_TRUE(object.has_value());
  EXPECT_EQ(object->info.size, 7u);
  EXPECT_EQ(object->modified, "2026-11-23T09:17:31Z");
  EXPECT_EQ(object->info.checksum->algorithm, "md5");
  EXPECT_EQ(object->info.checksum->hex, "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(RcloneAnswerTest, WhatIsNoSizeOrChecksumCountsAsNotGiven) {
  const auto object = ReadRcloneObject(R"({"Size":-1,"Hashes":{"md5":"UNSUPPORTED","sha1":""}})");

  ASSERT_TRUE(object.has_value());
  EXPECT_FALSE(object->info.size.has_value());
  EXPECT_FALSE(object->info.checksum.has_value());
  EXPECT_FALSE(ReadRcloneObject(R"({"Size":1e300})")->info.size.has_value());
  EXPECT_FALSE(ReadRcloneObject("null").has_value());
  EXPECT_FALSE(ReadRcloneObject("").has_value());
}

TEST(RcloneAnswerTest, NamesOfAListingAreOneLineEach) {
  const auto names = ReadRcloneListing(R"([{"Name":"a.yuv"},{"Name":"b\n\u001b[31m"},{},7])");

  ASSERT_TRUE(names.has_value());
  EXPECT_THAT(*names, ElementsAre("a.yuv", "b??[31m"));
  EXPECT_TRUE(ReadRcloneListing("[]")->empty());
  EXPECT_FALSE(ReadRcloneListing(R"([{"Name":"a.yuv"},)").has_value()) << "cut off";
}

}  // namespace
}  // namespace vmafx::node
