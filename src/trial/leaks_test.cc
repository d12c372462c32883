#include "trial/leaks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trial {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

kube::ObjectPtr Thing(const std::string& kind, const std::string& ns, const std::string& name,
                      const std::string& run = "") {
  kube::Json metadata = {{"name", name},
                         {"uid", kind + ns + name},
                         {"creationTimestamp", "2026-11-23T12:00:05Z"},
                         {"managedFields", {{{"manager", "kubectl-create"}}}}};
  if (!ns.empty()) metadata["namespace"] = ns;
  if (!run.empty()) metadata["labels"]["seatrial.dev/run"] = run;
  return std::make_shared<const kube::Object>(
      kube::Object({{"apiVersion", "v1"}, {"kind", kind}, {"metadata", metadata}}));
}

ClusterContent Content(const std::vector<kube::ObjectPtr>& objects) {
  ClusterContent content;
  for (const auto& object : objects) content.objects[object->uid()] = object;
  return content;
}

std::vector<std::string> LeaksOf(const std::vector<kube::ObjectPtr>& after) {
  const ClusterContent before = Content({Thing("Namespace", "", "default")});
  std::vector<std::string> lines;
  for (const Failure& failure : Leaks(before, Content(after), "mine", {"kuttl-a"},
                                      {{"web", "2026-11-23T12:00:01Z", "2026-11-23T12:00:05Z"},
                                       {"db", "2026-11-23T12:00:06Z", "2026-11-23T12:00:09Z"}}))
    lines.push_back(failure.message);
  return lines;
}

TEST(LeaksTest, NamesWhatIsNewAndWhoRanWhenItWasMade) {
  EXPECT_THAT(LeaksOf({Thing("Namespace", "", "default"), Thing("ConfigMap", "default", "x")}),
              ElementsAre("ConfigMap default/x was left behind: made at 2026-11-23T12:00:05Z by "
                          "kubectl-create while web ran"));
}

TEST(LeaksTest, ANewNamespaceIsNamedWithoutWhatIsInIt) {
  EXPECT_THAT(LeaksOf({Thing("Namespace", "", "other"), Thing("ConfigMap", "other", "x")}),
              ElementsAre(::testing::StartsWith("Namespace other was left behind")));
}

TEST(LeaksTest, TheRunsOwnNamespacesAndOtherRunsDoNotCount) {
  EXPECT_THAT(
      LeaksOf({Thing("Namespace", "", "kuttl-a", "mine"), Thing("ConfigMap", "kuttl-a", "x"),
               Thing("ClusterRole", "", "theirs", "another")}),
      IsEmpty());
}

}  // namespace
}  // namespace trial
