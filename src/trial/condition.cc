#include "trial/condition.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/demand.h"

namespace trial {
namespace {

using value::Json;

constexpr size_t kMostNeighbours = 10;

std::string NoPlace(const expect::Path&) {
  return "";
}

// `.data.color: expected "red", found "blue"`.
std::string MismatchText(const expect::Mismatch& mismatch, const Json& expected) {
  return expect::FormatMismatch(mismatch, expected, NoPlace);
}

std::vector<const Json*> Values(const std::vector<kube::ObjectPtr>& objects) {
  std::vector<const Json*> values;
  for (const auto& object : objects) values.push_back(&object->json());
  return values;
}

Judgement JudgePresent(const Condition& condition, const std::vector<kube::ObjectPtr>& candidates) {
  const Json& expected = condition.manifest.object.json();
  Judgement judgement;
  judgement.candidates = candidates.size();
  for (const auto& candidate : candidates) {
    if (!expect::Matches(expected, candidate->json())) continue;
    judgement.holds = true;
    judgement.nearest = candidate;
    return judgement;
  }
  if (const auto nearest = expect::Nearest(expected, Values(candidates))) {
    judgement.nearest = candidates[*nearest];
    judgement.mismatches = expect::Match(expected, judgement.nearest->json());
  }
  return judgement;
}

Judgement JudgeAbsent(const Condition& condition, const std::vector<kube::ObjectPtr>& candidates) {
  Judgement judgement;
  judgement.holds = true;
  for (const auto& candidate : candidates) {
    if (!expect::Matches(condition.manifest.object.json(), candidate->json())) continue;
    judgement.holds = false;
    if (!judgement.nearest) judgement.nearest = candidate;
    ++judgement.candidates;
  }
  return judgement;
}

std::string NotFoundText(const Condition& condition) {
  return condition.name.empty() ? "there is none" : "not found";
}

std::string InTheWayText(const Condition& condition, const Judgement& judgement) {
  std::string text = "is there, but an errors file says that it must not be";
  const Json& expected = condition.manifest.object.json();
  if (expected.contains("spec") || expected.contains("status") || expected.contains("data"))
    text = "looks as an errors file says that it must not";
  if (judgement.candidates > 1) text += fmt::format(" ({} more do)", judgement.candidates - 1);
  if (judgement.nearest && judgement.nearest->deleting()) text += "; it is being deleted";
  return text;
}

}  // namespace

std::string Condition::Subject() const {
  if (!name.empty()) return fmt::format("{} {}", kind.kind, kube::Key{ns, name}.Text());
  std::string text = "any " + kind.kind;
  if (!ns.empty()) text += " in " + ns;
  if (!labels.empty()) text += " with " + kube::LabelSelector(labels);
  return text;
}

Condition MakeCondition(Condition::Want want, Manifest manifest, bool namespaced,
                        const std::string& test_ns) {
  Condition condition;
  condition.want = want;
  condition.kind = manifest.object.kind();
  if (namespaced && manifest.object.ns().empty())
    manifest.object.json()["metadata"]["namespace"] = test_ns;
  condition.ns = namespaced ? manifest.object.ns() : "";
  condition.name = manifest.object.name();
  const Json* labels = manifest.object.Find({"metadata", "labels"});
  if (condition.name.empty() && labels != nullptr && labels->is_object()) {
    for (const auto& [key, label] : labels->items())
      if (label.is_string()) condition.labels[key] = label.get<std::string>();
  }
  condition.manifest = std::move(manifest);
  return condition;
}

Judgement Judge(const Condition& condition, const std::vector<kube::ObjectPtr>& candidates) {
  if (condition.want == Condition::Want::kMatch) return JudgeDemand(condition, candidates);
  return condition.want == Condition::Want::kPresent ? JudgePresent(condition, candidates)
                                                     : JudgeAbsent(condition, candidates);
}

std::string NearestMiss(const Condition& condition, const Judgement& judgement) {
  if (judgement.error) return judgement.error->message();
  if (judgement.holds) return "";
  if (condition.want == Condition::Want::kMatch) return judgement.miss;
  if (condition.want == Condition::Want::kAbsent) return InTheWayText(condition, judgement);
  if (!judgement.nearest) return NotFoundText(condition);
  if (judgement.mismatches.empty()) return "";
  std::string text = MismatchText(judgement.mismatches.front(), condition.manifest.object.json());
  if (judgement.mismatches.size() > 1)
    text += fmt::format(" (and {} more)", judgement.mismatches.size() - 1);
  return text;
}

Failure Explain(const Condition& condition, const Judgement& judgement,
                const std::vector<std::string>& neighbours) {
  if (condition.want == Condition::Want::kMatch)
    return ExplainDemand(condition, judgement, neighbours);
  Failure failure;
  const Json& expected = condition.manifest.object.json();
  const bool near = judgement.nearest && !judgement.mismatches.empty();
  const Place place =
      condition.manifest.At(near ? judgement.mismatches.front().path : std::vector<std::string>{});
  failure.file = place.file;
  failure.line = place.mark.line;
  failure.column = place.mark.column;
  const std::string subject = judgement.nearest ? judgement.nearest->Text() : condition.Subject();
  const std::string miss = NearestMiss(condition, judgement);
  failure.message = fmt::format("{}{}{}", subject, near || judgement.error ? ": " : " ", miss);
  failure.expected = condition.want == Condition::Want::kPresent ? value::ToYaml(expected) : "";
  if (near) {
    // A single one is the message already.
    const bool several = judgement.mismatches.size() > 1;
    for (const auto& mismatch : judgement.mismatches) {
      if (!several) break;
      const Place at = condition.manifest.At(mismatch.path);
      failure.details.push_back(
          fmt::format("{}:{}: {}", at.file, at.mark.line, MismatchText(mismatch, expected)));
    }
    failure.found = value::ToYaml(judgement.nearest->json());
    failure.diff = expect::Diff(expected, judgement.nearest->json(), "expected " + place.Text(),
                                "found " + judgement.nearest->Text());
  } else if (condition.want == Condition::Want::kPresent && !judgement.error) {
    std::vector<std::string> shown(
        neighbours.begin(), neighbours.begin() + static_cast<std::ptrdiff_t>(
                                                     std::min(neighbours.size(), kMostNeighbours)));
    if (shown.size() < neighbours.size())
      shown.push_back(fmt::format("and {} more", neighbours.size() - shown.size()));
    failure.details.push_back(shown.empty()
                                  ? fmt::format("there is no {} there at all", condition.kind.kind)
                                  : fmt::format("there are: {}", base::Join(shown, ", ")));
  }
  return failure;
}

}  // namespace trial
