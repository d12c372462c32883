#include "vmafx/node/backoff.h"

#include <gtest/gtest.h>

namespace vmafx::node {
namespace {

using std::chrono::seconds;

TEST(BackoffTest, DoublesUpToItsMostAndShortensByUpToAQuarter) {
  Backoff backoff(seconds(1), seconds(5), "pod-1");

  for (int base : {1, 2, 4, 5, 5}) {
    const base::Duration wait = backoff.Next();
    EXPECT_LE(wait, seconds(base));
    EXPECT_GE(wait, seconds(base) * 3 / 4);
  }
}

TEST(BackoffTest, BeginsAnewWhenReset) {
  Backoff backoff(seconds(1), seconds(30), "pod-1");
  for (int i = 0; i < 5; ++i) backoff.Next();

  backoff.Reset();

  EXPECT_LE(backoff.Next(), seconds(1));
}

TEST(BackoffTest, DiffersBetweenWorkers) {
  EXPECT_NE(Backoff(seconds(1), seconds(5), "pod-1").Next(),
            Backoff(seconds(1), seconds(5), "pod-2").Next());
}

}  // namespace
}  // namespace vmafx::node
