#pragma once

// What the fields that an assert names have been while it waited, from the watch: states that come
// and go between two looks are in it too. Bounded.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "kube/client.h"
#include "trial/condition.h"

namespace trial {

// Of all conditions of one wait. Record is called on the threads of watches, Lines on the waiter's.
class FieldHistory {
 public:
  explicit FieldHistory(base::Instant started) : started_(started) {}

  // Records the objects that `condition` may mean from now on.
  void Follow(size_t condition, const Condition& what);
  void Record(const kube::Change& change, base::Instant at);

  // What the fields of `mismatches` of the object were, and whether the object was there; only of
  // what changed, one line each:
  // `.status.readyReplicas was nothing, then 1 (after 2.3 s), 0 (after 4.1 s)`.
  std::vector<std::string> Lines(size_t condition, const kube::Key& key,
                                 const std::vector<expect::Mismatch>& mismatches) const;

 private:
  struct Value {
    std::string text;
    base::Instant at{};
  };
  // The values of one field in order; of many the oldest and the newest.
  struct Track {
    std::vector<Value> first;
    std::deque<Value> last;
    size_t left_out = 0;
    void Add(Value value);
    std::string Text(base::Instant started) const;
  };
  struct Followed {
    kube::Kind kind;
    std::string ns, name;
    std::map<std::string, std::string> labels;
    value::Json expected;
    std::vector<expect::Path> paths;
    std::map<kube::Key, std::map<expect::Path, Track>> objects;  // {} is the object itself
  };

  static void RecordIn(Followed& followed, const kube::Change& change, base::Instant at);

  const base::Instant started_;
  base::Guarded<std::map<size_t, Followed>> followed_;
};

}  // namespace trial
