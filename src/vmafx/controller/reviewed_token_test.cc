#include "vmafx/controller/reviewed_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::controller {
namespace {

using base::Code;
using ::testing::HasSubstr;

std::string Review(const std::string& username, const std::string& more = "") {
  return R"({"status": {"authenticated": true, "audiences": ["other", "vmafx-controller"],
             "user": {"username": ")" +
         username + "\"" + more + "}}}";
}

TEST(ReviewedTokenTest, TellsNamespaceAccountAndPod) {
  const auto token =
      ReadTokenReview(Review("system:serviceaccount:team-a:default",
                             R"(, "extra": {"authentication.kubernetes.io/pod-name": ["job-1"]})"));

  ASSERT_TRUE(token.ok()) << token.error().message();
  EXPECT_EQ(token->name_space, "team-a");
  EXPECT_EQ(token->account, "default");
  EXPECT_EQ(token->pod, "job-1");
  EXPECT_EQ(token->Username(), "system:serviceaccount:team-a:default");
  EXPECT_EQ(ReadTokenReview(Review("system:serviceaccount:a:b"))->pod, "");
}

TEST(ReviewedTokenTest, DeniesWhatIsNoServiceAccountOfOurAudience) {
  for (const char* name :
       {"", "admin", "system:serviceaccount", "system:serviceaccount:a", "system:serviceaccount::b",
        "system:serviceaccount:a:", "system:serviceaccount:a:b:c", "system:node:a:b"}) {
    EXPECT_TRUE(ReadTokenReview(Review(name)).Is(Code::kDenied)) << name;
  }
  for (
      const char* status :
      {"{}", R"({"authenticated": "true"})", R"({"authenticated": false})",
       R"({"authenticated": true, "audiences": "vmafx-controller"})",
       R"({"authenticated": true, "audiences": ["x"], "user": {"username": "system:serviceaccount:a:b"}})"}) {
    EXPECT_TRUE(ReadTokenReview(std::string(R"({"status": )") + status + "}").Is(Code::kDenied))
        << status;
  }
}

TEST(ReviewedTokenTest, AnAnswerThatIsNoneSaysNothingAboutTheCaller) {
  for (const char* answer :
       {"", "<html>", "[]", "{}", R"({"status": []})", R"({"status": null})"}) {
    const auto token = ReadTokenReview(answer);
    ASSERT_TRUE(token.Is(Code::kUnavailable)) << answer;
    EXPECT_THAT(token.error().message(), HasSubstr("without a token review status"));
  }
}

}  // namespace
}  // namespace vmafx::controller
