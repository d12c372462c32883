#include "trial/demand.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace trial {
namespace {

constexpr size_t kMostNeighbours = 10;

std::string MissText(const Demand::Field& field, const expect::FieldPath::Found& found,
                     const std::string& miss, const kube::Object& object) {
  if (found.value == nullptr)
    return fmt::format("{}: {} ({})", field.path.text(), miss, found.missing);
  const std::string path = value::FormatPath(found.path, object.json());
  // A mismatch inside of the field goes on with its own path.
  return miss[0] == '.' || miss[0] == '[' ? path + miss : fmt::format("{}: {}", path, miss);
}

struct Sorted {
  std::vector<kube::ObjectPtr> matching;
  kube::ObjectPtr nearest;  // of the others: the one with the fewest misses
  std::vector<FieldMiss> misses;
};

Sorted Sort(const Demand& demand, const std::vector<kube::ObjectPtr>& candidates) {
  Sorted sorted;
  for (const kube::ObjectPtr& candidate : candidates) {
    std::vector<FieldMiss> misses = Misses(demand, *candidate);
    if (misses.empty()) {
      sorted.matching.push_back(candidate);
    } else if (!sorted.nearest || misses.size() < sorted.misses.size()) {
      sorted.nearest = candidate;
      sorted.misses = std::move(misses);
    }
  }
  return sorted;
}

std::string FirstMiss(const std::vector<FieldMiss>& misses) {
  if (misses.size() == 1) return misses.front().text;
  return fmt::format("{} (and {} more)", misses.front().text, misses.size() - 1);
}

// What to say of the object that comes nearest, where the number of objects is what is wrong.
std::string Beside(const Sorted& sorted) {
  if (!sorted.nearest) return "";
  return fmt::format("; {}: {}", sorted.nearest->name(), FirstMiss(sorted.misses));
}

}  // namespace

Manifest ManifestOf(const Demand& demand) {
  value::Json metadata = value::Json::object();
  if (!demand.name.empty()) metadata["name"] = demand.name;
  if (!demand.ns.empty()) metadata["namespace"] = demand.ns;
  if (!demand.labels.empty()) metadata["labels"] = demand.labels;
  auto source = std::make_shared<value::Document>();
  source->file = demand.place.file;
  source->start = demand.place.mark;
  source->marks[""] = demand.place.mark;
  return {kube::Object({{"apiVersion", demand.kind.ApiVersion()},
                        {"kind", demand.kind.kind},
                        {"metadata", std::move(metadata)}}),
          std::move(source),
          {}};
}

Condition MakeCondition(const std::shared_ptr<const Demand>& demand, bool namespaced,
                        const std::string& test_ns) {
  Condition condition =
      MakeCondition(Condition::Want::kMatch, ManifestOf(*demand), namespaced, test_ns);
  condition.demand = demand;
  return condition;
}

std::vector<FieldMiss> Misses(const Demand& demand, const kube::Object& object) {
  std::vector<FieldMiss> misses;
  for (const Demand::Field& field : demand.fields) {
    for (const auto& found : field.path.Select(object.json())) {
      const std::string miss = field.matcher.Miss(found.value);
      if (!miss.empty()) misses.push_back({field.place, MissText(field, found, miss, object)});
    }
  }
  return misses;
}

Judgement JudgeDemand(const Condition& condition, const std::vector<kube::ObjectPtr>& candidates) {
  const Demand& demand = *condition.demand;
  const Sorted sorted = Sort(demand, candidates);
  const size_t matching = sorted.matching.size();
  Judgement judgement;
  judgement.candidates = candidates.size();
  judgement.nearest = sorted.nearest;
  if (demand.never) {
    judgement.holds = matching == 0;
    judgement.nearest = matching == 0 ? nullptr : sorted.matching.front();
    judgement.miss = judgement.holds ? "" : "is as it never may be";
    return judgement;
  }
  if (demand.all) {
    judgement.holds = matching > 0 && matching == candidates.size();
    judgement.misses = sorted.misses;
    if (!judgement.holds) {
      judgement.miss = candidates.empty() ? "there is none"
                                          : fmt::format("{} of {} are so{}", matching,
                                                        candidates.size(), Beside(sorted));
    }
  } else if (demand.count) {
    const value::Json number = matching;
    const std::string miss = demand.count->Miss(&number);
    judgement.holds = miss.empty();
    if (!judgement.holds)
      judgement.miss = fmt::format("number of objects: {}{}", miss, Beside(sorted));
  } else {
    judgement.holds = matching > 0;
    judgement.misses = sorted.misses;
    if (!judgement.holds) {
      judgement.miss = sorted.nearest        ? FirstMiss(sorted.misses)
                       : demand.name.empty() ? "there is none"
                                             : "not found";
    }
  }
  if (judgement.holds && matching > 0) judgement.nearest = sorted.matching.front();
  return judgement;
}

Failure ExplainDemand(const Condition& condition, const Judgement& judgement,
                      const std::vector<std::string>& neighbours) {
  const Demand& demand = *condition.demand;
  Failure failure;
  const Place& place = judgement.misses.empty() ? demand.place : judgement.misses.front().place;
  failure.file = place.file;
  failure.line = place.mark.line;
  failure.column = place.mark.column;
  const bool one = judgement.nearest && !demand.all && !demand.count;
  const std::string miss = judgement.error ? judgement.error->message() : judgement.miss;
  const bool sentence = demand.never || (!judgement.nearest && !demand.count && !judgement.error);
  failure.message = fmt::format("{}{}{}", one ? judgement.nearest->Text() : condition.Subject(),
                                sentence ? " " : ": ", miss);
  if (judgement.misses.size() > 1) {
    for (const FieldMiss& each : judgement.misses)
      failure.details.push_back(fmt::format("{}: {}", each.place.Text(), each.text));
  }
  if (!judgement.nearest && !judgement.error && !demand.never && !neighbours.empty()) {
    std::vector<std::string> shown(
        neighbours.begin(), neighbours.begin() + static_cast<std::ptrdiff_t>(
                                                     std::min(neighbours.size(), kMostNeighbours)));
    failure.details.push_back("there are: " + base::Join(shown, ", "));
  }
  return failure;
}

}  // namespace trial
