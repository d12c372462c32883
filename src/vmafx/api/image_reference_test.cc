#include "vmafx/api/image_reference.h"

#include <random>

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

std::string WhyNot(const std::string& text) {
  auto checked = CheckImageReference(text);
  EXPECT_TRUE(checked.ok() || checked.Is(base::Code::kInvalid));
  return checked.ok() ? "" : checked.error().message();
}

TEST(ImageReferenceTest, TakesWhatContainersRun) {
  for (const char* image :
       {"vmafx-node", "vmafx-node:1", "localhost/vmafx/vmafx-node:dev", "ghcr.io/vmafx/vmafx-node",
        "registry:5000/team/node:v1.2_3-x", "REGISTRY.Example.com/a/b", "a__b/c.d--e:latest",
        "node:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}) {
    EXPECT_EQ(WhyNot(image), "") << image;
  }
}

TEST(ImageReferenceTest, SaysWhatIsWrong) {
  EXPECT_EQ(WhyNot("vmafx/Node:1"),
            "image \"vmafx/Node:1\" has upper case in \"Node\": names are lower case (write "
            "[HOST[:PORT]/]NAME[:TAG][@DIGEST])");
  EXPECT_NE(WhyNot("").find("has no name"), std::string::npos);
  EXPECT_NE(WhyNot(":1").find("has no name"), std::string::npos);
  EXPECT_NE(WhyNot("node:").find("has an invalid tag \"\""), std::string::npos);
  EXPECT_NE(WhyNot("node:a b").find("has an invalid tag"), std::string::npos);
  EXPECT_NE(WhyNot("node@sha256:12").find("has an invalid digest"), std::string::npos);
  EXPECT_NE(WhyNot("https://host/node").find("has no valid host: \"https:\""), std::string::npos);
  EXPECT_NE(WhyNot("host.:80/node").find("has no valid host"), std::string::npos);
  for (const char* part : {"a..b", "a___b", "-a", "a-", "a_-b", "a b", "a//b"}) {
    EXPECT_NE(WhyNot(part).find("has an invalid part"), std::string::npos) << part;
  }
  EXPECT_NE(WhyNot(std::string(300, 'a')).find("at most 255"), std::string::npos);
}

TEST(ImageReferenceTest, TakesNoHarmFromAnyText) {
  std::mt19937 random(7);
  const std::string pieces = "aZ0._-/:@\xff \n";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto left = random() % 16; left > 0; --left) text += pieces[random() % pieces.size()];

    auto checked = CheckImageReference(text);

    EXPECT_TRUE(checked.ok() || checked.Is(base::Code::kInvalid));
    if (checked.ok()) {
      EXPECT_EQ(text.find_first_of(" \n\xff"), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace vmafx::api
