#include "trial/test_namespace.h"

#include <algorithm>

#include <fmt/format.h>

#include "trial/cleaner.h"
#include "trial/steps/context.h"

namespace trial {
namespace {

using base::Code;

const kube::Kind kNamespace{"", "v1", "Namespace"};

constexpr char kTestAnnotation[] = "seatrial.dev/test";
constexpr base::Duration kFirstPause = std::chrono::milliseconds(50);
constexpr base::Duration kLongestPause = std::chrono::seconds(1);

kube::Object NamespaceObject(const std::string& ns, const std::string& run, const TestId& id) {
  return kube::Object({{"apiVersion", "v1"},
                       {"kind", "Namespace"},
                       {"metadata",
                        {{"name", ns},
                         {"labels", {{kRunLabel, run}}},
                         {"annotations", {{kTestAnnotation, id.suite + "/" + id.test}}}}}});
}

// One that is there already: the suite's own, or ours after an answer that got lost.
base::Result<> UsePresent(kube::Client& client, const std::string& ns, const std::string& run,
                          const Story& story, TestNamespace& made, const base::Until& until) {
  const kube::Object present = TRY(client.Get(kNamespace, {"", ns}, until));
  if (present.deleting())
    return base::Fail(Code::kUnavailable, "it is being deleted: wait until it is gone");
  if (present.Label(kRunLabel) == run)
    made.uid = present.uid();
  else
    story.Line(fmt::format("namespace {} is there already: it will not be deleted", ns));
  return base::Ok();
}

// As kuttl: without the right to create one, one that is there (or may be) is used.
base::Result<> UseForbidden(kube::Client& client, const std::string& ns, const Story& story,
                            const base::Error& denied, const base::Until& until) {
  const auto present = client.Get(kNamespace, {"", ns}, until);
  if (present.Is(Code::kNotFound)) return denied;
  if (!present.ok() && !present.Is(Code::kDenied)) return present.error();
  story.Line(fmt::format("namespace {} may not be created by us: using it as it is", ns));
  return base::Ok();
}

}  // namespace

base::Result<> MakeTestNamespace(kube::Client& client, const std::string& ns,
                                 const std::string& run, const Story& story, TestNamespace& made,
                                 const base::Until& until) {
  const kube::Object wanted = NamespaceObject(ns, run, story.id().test);
  for (base::Duration pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    const auto created = client.Create(wanted, Shielded(until));
    if (created.ok()) {
      made.uid = created->uid();
      story.Line(fmt::format("namespace {} created", ns));
      return base::Ok();
    }
    if (created.Is(Code::kExists)) return UsePresent(client, ns, run, story, made, until);
    if (created.Is(Code::kDenied)) return UseForbidden(client, ns, story, created.error(), until);
    made.perhaps_made = true;
    if (!created.Is(Code::kUnavailable) || !until.Pause(pause)) return created.error();
  }
}

}  // namespace trial
