#include "trial/history.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace trial {
namespace {

using value::Json;

constexpr size_t kMostPaths = 40;    // of one condition
constexpr size_t kMostObjects = 20;  // of one condition
constexpr size_t kFirst = 4;         // values of one field that are kept from the beginning
constexpr size_t kLast = 12;         // and from the end
constexpr size_t kLongest = 60;      // characters of a value
constexpr base::Duration kAtOnce = std::chrono::milliseconds(50);

// The paths of all that `expected` says in the end: scalars, empty maps, and lists as such.
void Leaves(const Json& expected, expect::Path& path, std::vector<expect::Path>& leaves) {
  if (leaves.size() == kMostPaths) return;
  const bool inner = expected.is_structured() && !expected.empty();
  if (!inner || expected.is_array()) leaves.push_back(path);
  if (!inner) return;
  size_t index = 0;
  for (const auto& [key, child] : expected.items()) {
    path.push_back(expected.is_array() ? std::to_string(index++) : key);
    Leaves(child, path, leaves);
    path.pop_back();
  }
}

std::vector<expect::Path> FieldsOf(const Json& expected) {
  std::vector<expect::Path> leaves;
  for (const auto& [key, child] : expected.items()) {
    // What selects the object does not change.
    if (key == "apiVersion" || key == "kind") continue;
    expect::Path path = {key};
    Leaves(child, path, leaves);
  }
  const auto selects = [](const expect::Path& path) {
    return path.size() == 2 && path[0] == "metadata" &&
           (path[1] == "name" || path[1] == "namespace");
  };
  leaves.erase(std::remove_if(leaves.begin(), leaves.end(), selects), leaves.end());
  return leaves;
}

std::string ValueText(const Json* found) {
  if (found == nullptr) return "nothing";
  if (found->is_array()) return fmt::format("a list of {}", found->size());
  std::string text = found->dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kLongest) return text;
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

// Does one of the paths lead to the other, or are they the same?
bool Related(const expect::Path& one, const expect::Path& other) {
  const size_t common = std::min(one.size(), other.size());
  return std::equal(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(common), other.begin());
}

}  // namespace

void FieldHistory::Track::Add(Value value) {
  const std::string* before =
      !last.empty() ? &last.back().text : (first.empty() ? nullptr : &first.back().text);
  if (before != nullptr && *before == value.text) return;
  if (first.size() < kFirst && last.empty()) {
    first.push_back(std::move(value));
    return;
  }
  last.push_back(std::move(value));
  if (last.size() <= kLast) return;
  last.pop_front();
  ++left_out;
}

std::string FieldHistory::Track::Text(base::Instant started) const {
  const auto text = [&](const Value& value) {
    const base::Duration after = value.at - started;
    if (after < kAtOnce) return value.text;
    return fmt::format("{} (after {})", value.text, base::FormatSpan(after));
  };
  std::vector<std::string> parts;
  for (const Value& value : first) parts.push_back(text(value));
  if (left_out > 0) parts.push_back(fmt::format("{} more values", left_out));
  for (const Value& value : last) parts.push_back(text(value));
  const std::string begin = parts.front();
  parts.erase(parts.begin());
  return fmt::format("{}, then {}", begin, base::Join(parts, ", "));
}

void FieldHistory::Follow(size_t condition, const Condition& what) {
  Followed followed{what.kind,
                    what.ns,
                    what.name,
                    what.labels,
                    what.manifest.object.json(),
                    FieldsOf(what.manifest.object.json()),
                    {}};
  followed_.With([&](auto& all) { all.emplace(condition, std::move(followed)); });
}

void FieldHistory::Record(const kube::Change& change, base::Instant at) {
  followed_.With([&](auto& all) {
    for (auto& [condition, followed] : all) RecordIn(followed, change, at);
  });
}

void FieldHistory::RecordIn(Followed& followed, const kube::Change& change, base::Instant at) {
  const kube::Object& object = *change.object;
  if (!followed.name.empty() && object.name() != followed.name) return;
  if (!followed.ns.empty() && object.ns() != followed.ns) return;
  if (object.kind() != followed.kind) return;
  const auto known = followed.objects.find(object.key());
  if (known == followed.objects.end()) {
    if (followed.objects.size() == kMostObjects) return;
    if (!kube::MatchesLabels(object, followed.labels)) return;
  }
  const bool gone = change.type == kube::ChangeType::kDeleted;
  auto& tracks = followed.objects[object.key()];
  const std::string there = gone ? "gone" : object.deleting() ? "being deleted" : "there";
  tracks[{}].Add({there, at});
  if (gone) return;
  for (const expect::Path& path : followed.paths)
    tracks[path].Add({ValueText(object.Find(path)), at});
}

std::vector<std::string> FieldHistory::Lines(
    size_t condition, const kube::Key& key, const std::vector<expect::Mismatch>& mismatches) const {
  return followed_.Read([&](const auto& all) {
    std::vector<std::string> lines;
    const auto followed = all.find(condition);
    if (followed == all.end()) return lines;
    const auto object = followed->second.objects.find(key);
    if (object == followed->second.objects.end()) return lines;
    for (const auto& [place, track] : object->second) {
      if (track.first.size() < 2) continue;
      const expect::Path& path = place;  // clang 14 captures no structured bindings
      const bool itself = path.empty();
      const bool asked = std::any_of(mismatches.begin(), mismatches.end(),
                                     [&](const auto& one) { return Related(one.path, path); });
      if (!itself && !asked) continue;
      lines.push_back(fmt::format(
          "{} was {}", itself ? "the object" : value::FormatPath(path, followed->second.expected),
          track.Text(started_)));
    }
    return lines;
  });
}

}  // namespace trial
