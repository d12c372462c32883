#include "vmafx/operator/node_changes.h"

namespace vmafx::operators {
namespace {

std::string Digest(const kube::Object& node) {
  kube::Json parts = kube::Json::array({node.uid()});
  for (const std::vector<std::string>& path : {std::vector<std::string>{"spec"},
                                               {"metadata", "labels"},
                                               {"status", "healthy"},
                                               {"status", "conditions"}}) {
    const kube::Json* part = node.Find(path);
    parts.push_back(part == nullptr ? kube::Json() : *part);
  }
  return parts.dump();
}

}  // namespace

bool NodeChanges::Matters(const kube::Change& change) {
  return seen_.With([&](std::map<kube::Key, std::string>& seen) {
    const kube::Key key = change.object->key();
    if (change.type == kube::ChangeType::kDeleted) {
      seen.erase(key);
      return true;
    }
    std::string digest = Digest(*change.object);
    if (seen[key] == digest) return false;
    seen[key] = std::move(digest);
    return true;
  });
}

std::vector<kube::Key> NodeChanges::Concerned(const kube::Change& change,
                                              const kube::Store& others) {
  std::vector<kube::Key> keys;
  if (!Matters(change)) return keys;
  for (const kube::ObjectPtr& other : others.List(change.object->ns())) {
    keys.push_back(other->key());
  }
  return keys;
}

}  // namespace vmafx::operators
