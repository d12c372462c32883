#include "trial/observed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/demand.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

kube::ObjectPtr Map(const std::string& name, const std::string& color, int version,
                    const std::string& label = "yes") {
  return std::make_shared<const kube::Object>(
      kube::Object({{"apiVersion", "v1"},
                    {"kind", "ConfigMap"},
                    {"metadata",
                     {{"name", name},
                      {"namespace", "ns"},
                      {"resourceVersion", std::to_string(version)},
                      {"labels", {{"app", label}}}}},
                    {"data", {{"color", color}}}}));
}

// Red maps with app=yes.
Observed RedMaps(bool never = false) {
  Demand demand;
  demand.kind = {"", "v1", "ConfigMap"};
  demand.labels = {{"app", "yes"}};
  demand.fields.push_back(
      {{}, *expect::FieldPath::Parse(".data.color"), *expect::Matcher::Parse("red")});
  demand.never = never;
  return Observed(MakeCondition(std::make_shared<const Demand>(demand), true, "ns"));
}

const base::Instant kStart{1000s};
constexpr auto kModified = kube::ChangeType::kModified;
constexpr auto kDeleted = kube::ChangeType::kDeleted;

TEST(ObservedTest, CountsFromTheMomentItBeganToHoldAndAnewAfterABreak) {
  Observed seen = RedMaps();
  seen.Begin(kStart);
  EXPECT_FALSE(seen.holds());

  seen.See({kModified, Map("a", "red", 7)}, kStart + 1s);
  EXPECT_TRUE(seen.holds());
  EXPECT_EQ(seen.since(), kStart + 1s);
  seen.See({kModified, Map("a", "red", 8)}, kStart + 2s);
  EXPECT_EQ(seen.since(), kStart + 1s) << "a change that does not break it";

  seen.See({kModified, Map("a", "blue", 9)}, kStart + 4s);
  EXPECT_FALSE(seen.holds());
  EXPECT_EQ(seen.held_before_break(), 3s);
  EXPECT_THAT(seen.broken(), HasSubstr("expected \"red\", found \"blue\""));

  seen.See({kModified, Map("a", "red", 10)}, kStart + 5s);
  EXPECT_EQ(seen.since(), kStart + 5s);
  EXPECT_EQ(seen.first()->from, 7u);
  EXPECT_EQ(seen.first()->to, 7u);
}

TEST(ObservedTest, AShortMomentIsSeenAlthoughItIsOver) {
  Observed seen = RedMaps(true);
  seen.Begin(kStart);
  seen.See({kModified, Map("a", "red", 7)}, kStart);
  seen.See({kModified, Map("a", "blue", 8)}, kStart);
  EXPECT_TRUE(seen.holds());
  ASSERT_TRUE(seen.seen_although_never());
  EXPECT_EQ(seen.seen_although_never()->resource_version(), "7");
}

TEST(ObservedTest, WhatHeldAtTheBeginningDidSoFromAnUnknownTimeOn) {
  Observed seen = RedMaps();
  seen.Present(Map("a", "red", 7));
  seen.Begin(kStart);
  EXPECT_TRUE(seen.holds());
  EXPECT_EQ(seen.first()->from, 0u);
  EXPECT_EQ(seen.first()->to, 7u);
}

TEST(ObservedTest, DeletionAndALostLabelBreakItAndOthersDoNotCount) {
  Observed seen = RedMaps();
  seen.Begin(kStart);
  seen.See({kModified, Map("other", "red", 6, "no")}, kStart);
  EXPECT_FALSE(seen.holds());
  seen.See({kModified, Map("a", "red", 7)}, kStart);
  seen.See({kModified, Map("a", "red", 8, "no")}, kStart + 1s);
  EXPECT_FALSE(seen.holds()) << "it has left the selection";
  seen.See({kModified, Map("a", "red", 9)}, kStart + 2s);
  EXPECT_TRUE(seen.holds());
  seen.See({kDeleted, Map("a", "red", 10)}, kStart + 3s);
  EXPECT_FALSE(seen.holds());
  EXPECT_EQ(seen.broken(), "there is none");
}

}  // namespace
}  // namespace trial
