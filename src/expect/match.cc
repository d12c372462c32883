#include "expect/match.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace expect {
namespace {

using Kind = Mismatch::Kind;

// Maps with more keys are not searched for a slip: it would take longer than the match.
constexpr size_t kMostKeysSearched = 200;

bool SameType(const Json& one, const Json& other) {
  return one.type() == other.type() || (one.is_number() && other.is_number());
}

// A key of `actual` that `expected` does not ask for and that looks like `key`.
std::string NearKey(const std::string& key, const Json& expected, const Json& actual) {
  if (actual.size() > kMostKeysSearched) return "";
  std::vector<std::string> others;
  for (const auto& [other, value] : actual.items()) {
    if (!expected.contains(other)) others.push_back(other);
  }
  return base::Nearest(key, others).value_or("");
}

class Comparison {
 public:
  std::vector<Mismatch> Run(const Json& expected, const Json& actual) {
    Compare(expected, actual);
    return std::move(found_);
  }

 private:
  void Compare(const Json& expected, const Json& actual) {
    if (!SameType(expected, actual)) {
      Add(Kind::kType, expected, actual);
    } else if (expected.is_object()) {
      CompareMaps(expected, actual);
    } else if (expected.is_array()) {
      CompareLists(expected, actual);
    } else if (expected != actual) {
      Add(Kind::kValue, expected, actual);
    }
  }

  void CompareMaps(const Json& expected, const Json& actual) {
    for (const auto& [key, value] : expected.items()) {
      path_.push_back(key);
      const auto there = actual.find(key);
      if (there != actual.end()) {
        Compare(value, *there);
      } else {
        Add(Kind::kMissing, value, nullptr);
        found_.back().near_key = NearKey(key, expected, actual);
      }
      path_.pop_back();
    }
  }

  void CompareLists(const Json& expected, const Json& actual) {
    if (expected.size() != actual.size()) return Add(Kind::kLength, expected, actual);
    for (size_t i = 0; i < expected.size(); ++i) {
      path_.push_back(std::to_string(i));
      Compare(expected[i], actual[i]);
      path_.pop_back();
    }
  }

  void Add(Kind kind, const Json& expected, const Json& actual) {
    found_.push_back({path_, kind, expected, actual, ""});
  }

  Path path_;
  std::vector<Mismatch> found_;
};

size_t CountLeaves(const Json& json) {
  if (!json.is_structured()) return 1;
  size_t leaves = 0;
  for (const Json& child : json) leaves += CountLeaves(child);
  return std::max<size_t>(leaves, 1);
}

// How many expected values `actual` does not have: a missing map counts for all that was to be in
// it, or an object without a status would be "nearer" than one whose status is almost right.
size_t Distance(const Json& expected, const Json& actual) {
  if (!SameType(expected, actual)) return CountLeaves(expected);
  if (!expected.is_structured()) return expected == actual ? 0 : 1;
  size_t distance = 0;
  if (expected.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      const auto there = actual.find(key);
      distance += there == actual.end() ? CountLeaves(value) : Distance(value, *there);
    }
    return distance;
  }
  const size_t common = std::min(expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    distance += i < common ? Distance(expected[i], actual[i]) : CountLeaves(expected[i]);
  }
  return distance + (actual.size() > expected.size() ? 1 : 0);
}

size_t CommonBeginning(const std::string& one, const std::string& other) {
  const auto end = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return static_cast<size_t>(end.first - one.begin());
}

}  // namespace

std::vector<Mismatch> Match(const Json& expected, const Json& actual) {
  return Comparison().Run(expected, actual);
}

bool Matches(const Json& expected, const Json& actual) {
  if (!SameType(expected, actual)) return false;
  if (expected.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      const auto there = actual.find(key);
      if (there == actual.end() || !Matches(value, *there)) return false;
    }
    return true;
  }
  if (!expected.is_array()) return expected == actual;
  return expected.size() == actual.size() &&
         std::equal(expected.begin(), expected.end(), actual.begin(), Matches);
}

std::optional<size_t> Nearest(const Json& expected, const std::vector<const Json*>& candidates) {
  const std::string name = value::FindString(expected, {"metadata", "name"});
  std::optional<size_t> nearest;
  size_t least = 0;
  size_t longest = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const size_t distance = Distance(expected, *candidates[i]);
    const size_t common =
        CommonBeginning(name, value::FindString(*candidates[i], {"metadata", "name"}));
    if (nearest && (distance > least || (distance == least && common <= longest))) continue;
    nearest = i;
    least = distance;
    longest = common;
  }
  return nearest;
}

std::optional<size_t> Nearest(const Json& expected, const std::vector<Json>& candidates) {
  std::vector<const Json*> pointers;
  for (const Json& candidate : candidates) pointers.push_back(&candidate);
  return Nearest(expected, pointers);
}

std::string NameOf(const Json& object) {
  const std::string kind = value::FindString(object, {"kind"});
  const std::string space = value::FindString(object, {"metadata", "namespace"});
  const std::string name = value::FindString(object, {"metadata", "name"});
  std::string text = kind.empty() ? "object " : kind + " ";
  if (name.empty()) return text + (space.empty() ? "(no name)" : "in " + space + " (no name)");
  return text + (space.empty() ? "" : space + "/") + name;
}

}  // namespace expect
