#pragma once

// A path to fields of an object, as people write it:
// `.spec.containers[name=app].image`, `.status.conditions[*].status`, `.metadata.labels["a.b/c"]`.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expect/match.h"

namespace expect {

// Steps: `.key`; `["any key"]`; `[2]`; `[-1]`, the last; `[*]`, every element or value;
// `[key=value]`, every element whose key has that value (written as text; quotes are allowed). The
// first dot may be left out. A value type, any thread.
class FieldPath {
 public:
  // kInvalid says what is wrong and where.
  static base::Result<FieldPath> Parse(std::string_view text);

  struct Found {
    Path path;                    // as far as it goes
    const Json* value = nullptr;  // null: there is no such field
    std::string missing;          // what was not there: "no element with name=app"
  };
  // What the path leads to in `root`, in order; never empty: where nothing is there, one Found
  // without a value says so. The pointers live as long as `root`.
  std::vector<Found> Select(const Json& root) const;

  const std::string& text() const { return text_; }

  // The keys on the way; "" stands for an element of a list, or any value of a map.
  std::vector<std::string> Keys() const;

 private:
  struct Step {
    enum class Kind { kKey, kIndex, kEach, kWhere };
    Kind kind = Kind::kKey;
    std::string key;
    std::string wanted;  // of kWhere
    int index = 0;
  };
  class Reader;
  void Follow(size_t step, Path path, const Json& at, std::vector<Found>& found) const;

  std::string text_;
  std::vector<Step> steps_;
};

}  // namespace expect
