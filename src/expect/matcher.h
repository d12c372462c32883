#pragma once

// What a field may be asked for beyond equality: ranges and amounts, regular expressions, lists in
// any order, lengths, absence. The language of `fields` in doc/suite-format.md.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "expect/match.h"

namespace re2 {
class RE2;
}

namespace expect {

// One or more rules that all have to hold. Pure; a value type, copies share their patterns; any
// thread.
class Matcher {
 public:
  // A map is rules by name:
  //   is: VALUE        contains VALUE, as an assert file means it (a value that is no map may stand
  //                    alone: `Running` is `{is: Running}`)
  //   not: VALUE       is absent or does not contain VALUE
  //   oneOf: [VALUE]   contains one of them
  //   matches: REGEX   the text has a match of it somewhere (RE2); numbers and booleans as written
  //   absent: BOOL     is not there (false: is there)
  //   above, below, atLeast, atMost, equals: NUMBER or QUANTITY ("500m", "1Gi")
  //   has: [VALUE]     a list with an element of its own for each VALUE, in any order
  //   hasOnly: [VALUE] the same, and no more elements
  //   count: RULES     the number of elements of a list or of keys of a map
  // kInvalid for anything else, with a guess at what was meant.
  static base::Result<Matcher> Parse(const Json& written);

  // "" when all rules hold for `found` (null: the field is absent), else the first that does not:
  // `expected at least 2, found 1`.
  std::string Miss(const Json* found) const;

 private:
  enum class Rule {
    kIs,
    kNot,
    kOneOf,
    kMatches,
    kAbsent,
    kAbove,
    kBelow,
    kAtLeast,
    kAtMost,
    kEquals,
    kHas,
    kHasOnly,
    kCount
  };
  struct One {
    Rule rule = Rule::kIs;
    Json wanted;
    std::shared_ptr<const re2::RE2> pattern;  // of kMatches
    std::shared_ptr<const Matcher> inner;     // of kCount
  };
  static base::Result<Rule> RuleOf(const std::string& name);
  static base::Result<One> ParseRule(const std::string& name, const Json& wanted);
  static std::string MissOne(const One& one, const Json* found);
  static std::string MissAmount(const One& one, const Json& found);
  static std::string MissCount(const One& one, const Json& found);

  std::vector<One> rules_;
};

// Does `actual` have, for each of `wanted`, an element of its own that contains it? "" or which one
// is missing and the element that comes nearest. `only`: no further elements.
std::string MissInAnyOrder(const Json& wanted, const Json& actual, bool only);

}  // namespace expect
