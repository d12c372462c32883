#pragma once

// expect: does an object look as a test says, and if not, how near did it come? Pure functions of
// values: no Kubernetes, no clock, no I/O, any thread. The rules are kuttl's (subset match); the
// explanations are ours.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "value/json.h"
#include "value/yaml.h"

namespace expect {

using value::Json;
using Path = std::vector<std::string>;  // object keys and list indexes, from the root

// One place where an object is not as expected.
struct Mismatch {
  enum class Kind {
    kMissing,  // the key is not there; `actual` is null
    kType,     // a list instead of a map, a string instead of a number ("1" is never 1)
    kValue,    // two scalars of one type that differ
    kLength,   // lists of different length; their elements are not compared
  };
  Path path;
  Kind kind = Kind::kValue;
  Json expected;
  Json actual;
  // For kMissing: a key of the same map that this may be a slip of; else "".
  std::string near_key;
};

// Every way in which `actual` fails to contain `expected`; empty means that it matches. kuttl's
// subset: maps may have more keys, lists have the same length and order, {} matches every map, []
// only the empty list, null only a null that is present. Numbers compare by value (both sides
// normalized, see value::NormalizeNumbers); nothing else converts. The order is that of the keys
// (sorted) and indexes, so equal inputs give equal reports.
std::vector<Mismatch> Match(const Json& expected, const Json& actual);

// The same question without the reasons: stops at the first difference and copies nothing.
bool Matches(const Json& expected, const Json& actual);

// The candidate that comes nearest to `expected`: fewest expected values that it does not have (a
// missing map counts for all that should be in it), then the longest common beginning of
// metadata.name with the expected name, then the first. nullopt without candidates.
std::optional<size_t> Nearest(const Json& expected, const std::vector<const Json*>& candidates);
std::optional<size_t> Nearest(const Json& expected, const std::vector<Json>& candidates);

// Where a path of the expected object was written: "web.yaml:12", or "" where that is unknown.
using Place = std::function<std::string(const Path& path)>;

// The places of a document read from a file. `document` must outlive the result. Paths that the
// document does not have (a namespace that was filled in) give their nearest parent's place.
Place PlacesIn(const value::Document& document);

// One line for a mismatch, without a line break:
// `web.yaml:12: .spec.replicas: expected 3, found 2`. `expected` is the whole expected object.
std::string FormatMismatch(const Mismatch& mismatch, const Json& expected, const Place& place);

// A unified diff (three lines of context) of `expected` against the part of `actual` that
// `expected` speaks about: what it does not mention is left out, long values that it did not expect
// are shortened. "" when there is no difference.
std::string Diff(const Json& expected, const Json& actual, const std::string& expected_label,
                 const std::string& actual_label);

// The explanation of a near miss for a person: a line for each mismatch, then the diff. Ends with a
// line break; "" when `actual` matches.
std::string Explain(const Json& expected, const Json& actual, const Place& place,
                    const std::string& expected_label, const std::string& actual_label);

// The same for an object just as it stands in `document`.
std::string Explain(const value::Document& document, const Json& actual);

// "Deployment default/web", "Node worker-1", "Pod (no name)": how messages name an object.
std::string NameOf(const Json& object);

}  // namespace expect
