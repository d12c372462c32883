#include "cluster/native/node_probe.h"

#include <gtest/gtest.h>

namespace cluster::native {
namespace {

// A response of CoreDNS for kubernetes.default.svc.cluster.local, id 7, with one A record.
std::string Answer(char code, const std::string& address) {
  std::string answer = DnsQuery(7, "kubernetes.default.svc.cluster.local");
  answer[2] = '\x85';
  answer[3] = code;
  answer[7] = 1;
  answer += std::string("\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04", 12) + address;
  return answer;
}

const std::string kAddress("\x0a\x60\0\x01", 4);

TEST(DnsTest, WritesLabelsWithTheirLengths) {
  EXPECT_EQ(DnsQuery(0x1234, "ab.c"), std::string("\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x02"
                                                  "ab\x01"
                                                  "c\0\0\x01\0\x01",
                                                  22));
}

TEST(DnsTest, FindsTheAddressInAnAnswer) {
  EXPECT_TRUE(DnsAnswerHas(Answer(0, kAddress), 7, "10.96.0.1"));
  EXPECT_FALSE(DnsAnswerHas(Answer(0, kAddress), 7, "10.96.0.2"));
}

TEST(DnsTest, RefusesErrorsForeignAnswersQueriesAndScraps) {
  EXPECT_FALSE(DnsAnswerHas(Answer(3, kAddress), 7, "10.96.0.1"));
  EXPECT_FALSE(DnsAnswerHas(Answer(0, kAddress), 8, "10.96.0.1"));
  EXPECT_FALSE(DnsAnswerHas(DnsQuery(7, "a"), 7, "10.96.0.1"));
  EXPECT_FALSE(DnsAnswerHas("", 7, "10.96.0.1"));
  EXPECT_FALSE(DnsAnswerHas(std::string("\0\7\x80\0", 4), 7, "10.96.0.1"));
}

}  // namespace
}  // namespace cluster::native
