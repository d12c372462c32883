#include "vmafx/node/file_uri.h"

#include <gtest/gtest.h>

namespace vmafx::node {
namespace {

using base::Code;

TEST(FileUriTest, SpellsAPath) {
  EXPECT_EQ(*PathOfFileUri("/a/b%20.yuv"), "/a/b%20.yuv") << "a path is taken as it is";
  EXPECT_EQ(*PathOfFileUri("file:///a/b%20c%2F%c3%A9"), "/a/b c/\xC3\xA9");
  EXPECT_EQ(*PathOfFileUri("FILE://localhost/a"), "/a");
}

TEST(FileUriTest, RefusesWhatIsNone) {
  for (const char* uri :
       {"", "a", "file:/a", "file://", "file://host/a", "file://localhost", "s3://b/k", "file:///%",
        "file:///%4", "file:///%4g", "file:///%-1", "file:///%00"}) {
    EXPECT_TRUE(PathOfFileUri(uri).Is(Code::kInvalid)) << uri;
  }
  EXPECT_TRUE(PathOfFileUri(std::string("/a\0b", 4)).Is(Code::kInvalid));
}

}  // namespace
}  // namespace vmafx::node
