#include "trial/run_selector.h"

#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/text.h"

namespace trial {
namespace {

using base::Code;
using base::Fail;
using Requirement = RunSelector::Requirement;
using Operator = Requirement::Operator;

constexpr size_t kLongestName = 63;
constexpr size_t kLongestPrefix = 253;
constexpr char kNamePattern[] = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?";
constexpr char kPrefixPattern[] =
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

base::Result<> CheckKey(const std::string& key) {
  const size_t slash = key.find('/');
  const std::string prefix = slash == std::string::npos ? "" : key.substr(0, slash);
  const std::string name = slash == std::string::npos ? key : key.substr(slash + 1);
  const bool good_prefix = slash == std::string::npos || (prefix.size() <= kLongestPrefix &&
                                                          RE2::FullMatch(prefix, kPrefixPattern));
  if (good_prefix && name.size() <= kLongestName && RE2::FullMatch(name, kNamePattern))
    return base::Ok();
  return Fail(Code::kInvalid,
              "\"{}\" is no label key: at most 63 letters, digits, - _ and . with a letter or "
              "digit at both ends, if need be behind a DNS name and /",
              key);
}

base::Result<> CheckValue(const std::string& value) {
  if (value.empty() || (value.size() <= kLongestName && RE2::FullMatch(value, kNamePattern)))
    return base::Ok();
  return Fail(Code::kInvalid,
              "\"{}\" is no label value: at most 63 letters, digits, - _ and . with a letter or "
              "digit at both ends",
              value);
}

void Check(const base::Result<>& result, const Place& place, Problems& problems) {
  if (!result.ok()) problems.Error(place, result.error().message());
}

Requirement ReadRequirement(Fields& fields) {
  Requirement requirement;
  requirement.key = fields.String("key");
  const std::string name = fields.String("operator");
  requirement.values = fields.Strings("values");
  Problems& problems = fields.problems();
  Check(CheckKey(requirement.key), fields.At("key"), problems);
  for (const std::string& value : requirement.values)
    Check(CheckValue(value), fields.At("values"), problems);
  const std::map<std::string, Operator> operators = {{"In", Operator::kIn},
                                                     {"NotIn", Operator::kNotIn},
                                                     {"Exists", Operator::kExists},
                                                     {"DoesNotExist", Operator::kDoesNotExist}};
  const auto found = operators.find(name);
  if (found == operators.end()) {
    problems.Error(fields.At("operator"),
                   fmt::format("unknown operator \"{}\"{}: In, NotIn, Exists or DoesNotExist", name,
                               base::DidYouMean(name, {"In", "NotIn", "Exists", "DoesNotExist"})));
    return requirement;
  }
  requirement.op = found->second;
  const bool takes_values = requirement.op == Operator::kIn || requirement.op == Operator::kNotIn;
  if (takes_values == requirement.values.empty()) {
    problems.Error(fields.At("values"),
                   fmt::format("{} needs {}", name, takes_values ? "values" : "no values"));
  }
  return requirement;
}

bool Holds(const Requirement& requirement, const Labels& labels) {
  const auto label = labels.find(requirement.key);
  const bool there = label != labels.end();
  const bool among =
      there && std::count(requirement.values.begin(), requirement.values.end(), label->second) != 0;
  switch (requirement.op) {
    case Operator::kIn:
      return among;
    case Operator::kNotIn:
      return !among;
    case Operator::kExists:
      return there;
    case Operator::kDoesNotExist:
      return !there;
  }
  return false;
}

}  // namespace

bool RunSelector::Selects(const Labels& labels) const {
  return !nothing && std::all_of(requirements.begin(), requirements.end(),
                                 [&](const Requirement& one) { return Holds(one, labels); });
}

RunSelector ReadRunSelector(const value::Document& document, Problems& problems) {
  Fields fields(document, {}, "TestFile", problems);
  RunSelector selector;
  (void)fields.String("apiVersion");
  (void)fields.String("kind");
  fields.Ignore("metadata");
  selector.nothing = !fields.Has("testRunSelector");
  if (selector.nothing) {
    problems.Warn(fields.Here(),
                  "a TestFile without testRunSelector leaves its file out of every run, as in "
                  "kuttl: testRunSelector: {} takes it into every run");
  }
  fields.Inside("testRunSelector", "a testRunSelector", [&](Fields& inside) {
    for (const auto& [key, value] : inside.StringMap("matchLabels")) {
      Check(CheckKey(key), inside.At("matchLabels"), problems);
      Check(CheckValue(value), inside.At("matchLabels"), problems);
      selector.requirements.push_back({key, Operator::kIn, {value}});
    }
    inside.Each("matchExpressions", "an entry of matchExpressions", [&](Fields& element) {
      selector.requirements.push_back(ReadRequirement(element));
    });
  });
  fields.Finish();
  return selector;
}

base::Result<Labels> ParseLabels(std::string_view text) {
  Labels labels;
  if (text.empty()) return labels;
  for (const std::string& pair : base::Split(text, ',')) {
    const auto parts = base::Split(pair, '=');
    if (parts.size() != 2)
      return Fail(Code::kInvalid, "\"{}\" is no label: want KEY=VALUE[,KEY=VALUE...]", pair);
    const std::string key(base::Trim(parts[0]));
    const std::string value(base::Trim(parts[1]));
    TRY(CheckKey(key));
    TRY(CheckValue(value));
    labels[key] = value;
  }
  return labels;
}

}  // namespace trial
