#include "trial/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trial {
namespace {

using ::testing::ElementsAre;

TEST(WordsTest, ExpandsVariablesAsGoDoes) {
  const std::map<std::string, std::string> variables = {{"NAMESPACE", "ns"}, {"A", "a b"}};
  const std::pair<const char*, const char*> rows[] = {
      {"-n $NAMESPACE", "-n ns"},
      {"${NAMESPACE}x", "nsx"},
      {"$NAMESPACEx", ""},
      {"$$HOME", "$HOME"},
      {"$UNSET|", "|"},
      {"$1$*", ""},
      {"$(pwd)", "$(pwd)"},
      {"a$ b", "a$ b"},
      {"${A:-b}|", "|"},
      {"\\$A", "\\a b"},
      {"${}x", "x"},
      {"${x", "x"},
      {"'$A'", "'a b'"},
      {"end$", "end$"},
  };
  for (const auto& [text, expected] : rows)
    EXPECT_EQ(ExpandVariables(text, variables), expected) << text;
}

TEST(WordsTest, SplitsAsShlexDoes) {
  EXPECT_THAT(*SplitWords(R"(kubectl get "a b" 'c $d' e\ f "g\"h")"),
              ElementsAre("kubectl", "get", "a b", "c $d", "e f", "g\"h"));
  EXPECT_THAT(*SplitWords("a # a comment\nb c#d"), ElementsAre("a", "b", "c#d"));
  EXPECT_THAT(*SplitWords("a '' \t b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(*SplitWords("  \n"), ElementsAre());
  for (const char* bad : {"a 'b", "a \"b", "a\\"}) EXPECT_FALSE(SplitWords(bad).ok()) << bad;
}

TEST(WordsTest, AddsTheNamespaceAtTheEndUnlessOneIsNamed) {
  const auto add = [](const char* text) { return *AddNamespace(*SplitWords(text), "ns"); };
  EXPECT_THAT(add("kubectl get pods"), ElementsAre("kubectl", "get", "pods", "--namespace", "ns"));
  EXPECT_THAT(add("kubectl get pods -n x"), ElementsAre("kubectl", "get", "pods", "-n", "x"));
  EXPECT_EQ(add("kubectl get pods -nx").size(), 4u);
  EXPECT_EQ(add("kubectl get pods -n=x").size(), 4u);
  EXPECT_EQ(add("kubectl get pods --namespace=x").size(), 4u);
  EXPECT_EQ(add("kubectl get pods -o wide --namespace x").size(), 7u);
  EXPECT_EQ(add("kubectl get pods --unknown -n x").size(), 6u);
  // Also after "--", where it becomes an argument of the inner command: kuttl's trap, kept.
  EXPECT_THAT(add("kubectl exec p -- ls -n x"),
              ElementsAre("kubectl", "exec", "p", "--", "ls", "-n", "x", "--namespace", "ns"));
  EXPECT_FALSE(AddNamespace({"kubectl", "--help"}, "ns").ok());
  EXPECT_FALSE(AddNamespace({"kubectl", "-n"}, "ns").ok());
}

TEST(WordsTest, SummarizesAScriptInOneShortLine) {
  EXPECT_EQ(Summarize("set -eu\n\n# comment\necho one\n  echo two\n"), "echo one; echo two");
  EXPECT_EQ(Summarize(std::string(100, 'x')), std::string(70, 'x') + "...");
}

}  // namespace
}  // namespace trial
