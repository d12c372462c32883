#include "vmafx/node/inputs.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"

namespace vmafx::node {
namespace {

using base::Code;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class InputsTest : public ::testing::Test {
 protected:
  InputsTest() {
    fs::create_directories(root_ / "sub dir");
    fs::create_directories(folder_.path() / "allowed-not");
    for (const fs::path& file : {root_ / "a.yuv", root_ / "sub dir" / "b.yuv",
                                 folder_.path() / "secret", folder_.path() / "allowed-not" / "c"}) {
      std::ofstream(file) << "x";
    }
  }
  base::Result<fs::path> Resolve(const std::string& uri) { return ResolveInput(uri, {root_}); }

  sys::TempDir folder_ = *sys::TempDir::Make("inputs");
  fs::path root_ = fs::canonical(folder_.path()) / "allowed";
};

TEST_F(InputsTest, FindsFilesBelowTheRoots) {
  EXPECT_EQ(*Resolve("file://" + root_.string() + "/a.yuv"), root_ / "a.yuv");
  EXPECT_EQ(*Resolve("file://localhost" + root_.string() + "/a.yuv"), root_ / "a.yuv");
  EXPECT_EQ(*Resolve(root_.string() + "/a.yuv"), root_ / "a.yuv");
  EXPECT_EQ(*Resolve("file://" + root_.string() + "/sub%20dir/b.yuv"), root_ / "sub dir/b.yuv");
}

TEST_F(InputsTest, FollowsLinksThatStayInside) {
  fs::create_symlink("a.yuv", root_ / "link");

  EXPECT_EQ(*Resolve((root_ / "link").string()), root_ / "a.yuv");
}

TEST_F(InputsTest, RefusesWhatLiesOutside) {
  fs::create_symlink(folder_.path() / "secret", root_ / "escape");

  for (const std::string& uri :
       {root_.string() + "/../secret", "file://" + root_.string() + "/%2e%2e/secret",
        (root_ / "escape").string(), std::string("file:///etc/passwd"),
        (folder_.path() / "allowed-not" / "c").string(), folder_.path().string() + "/missing"}) {
    const auto refused = Resolve(uri);
    EXPECT_TRUE(refused.Is(Code::kDenied)) << uri;
    EXPECT_THAT(refused.error().message(), HasSubstr("outside of the folders")) << uri;
  }
}

TEST_F(InputsTest, SaysWhatIsWrongWithAUri) {
  EXPECT_TRUE(Resolve("relative.yuv").Is(Code::kInvalid));
  EXPECT_TRUE(Resolve("").Is(Code::kInvalid));
  EXPECT_TRUE(Resolve("file://host/x").Is(Code::kInvalid));
  EXPECT_TRUE(Resolve("file:///x%0").Is(Code::kInvalid));
  EXPECT_TRUE(Resolve("file:///x%00").Is(Code::kInvalid));
  EXPECT_TRUE(Resolve((root_ / "missing.yuv").string()).Is(Code::kNotFound));
  EXPECT_TRUE(Resolve((root_ / "sub dir").string()).Is(Code::kInvalid));
}

TEST_F(InputsTest, ReadsNothingWithoutRoots) {
  const auto refused = ResolveInput((root_ / "a.yuv").string(), {});

  EXPECT_TRUE(refused.Is(Code::kDenied));
  EXPECT_THAT(refused.error().message(), HasSubstr("VMAFX_SCORING_ROOTS is empty"));
}

}  // namespace
}  // namespace vmafx::node
