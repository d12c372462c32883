#include "trial/fields.h"

#include <algorithm>

#include <climits>
#include <fmt/format.h>

#include "base/text.h"

namespace trial {

using value::Json;

void Problems::Error(const Place& place, std::string message) {
  all_.push_back({place.file, place.mark, std::move(message), false});
}

void Problems::Warn(const Place& place, std::string message) {
  all_.push_back({place.file, place.mark, std::move(message), !strict_});
}

void Problems::Add(std::vector<value::Problem> problems) {
  for (value::Problem& problem : problems) {
    if (strict_) problem.warning = false;
    all_.push_back(std::move(problem));
  }
}

Fields::Fields(const value::Document& document, std::vector<std::string> path, std::string what,
               Problems& problems)
    : document_(document),
      path_(std::move(path)),
      what_(std::move(what)),
      problems_(problems),
      object_(value::Find(document.json, path_)) {}

const Json* Fields::Find(const std::string& name) {
  known_.push_back(name);
  if (object_ == nullptr || !object_->is_object()) return nullptr;
  const auto found = object_->find(name);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

void Fields::WrongType(const std::string& name, const std::string& wanted, const Json& found) {
  problems_.Error(At(name),
                  fmt::format("{}.{} must be {}, found {}", what_, name, wanted, found.dump()));
}

std::string Fields::String(const std::string& name) {
  const Json* value = Find(name);
  if (value == nullptr) return "";
  if (value->is_string()) return value->get<std::string>();
  WrongType(name, "a string", *value);
  return "";
}

int Fields::Int(const std::string& name, int fallback) {
  const Json* value = Find(name);
  if (value == nullptr) return fallback;
  if (value->is_number_integer()) {
    const auto number = value->get<int64_t>();
    if (number >= INT_MIN && number <= INT_MAX) return static_cast<int>(number);
  }
  WrongType(name, "a whole number", *value);
  return fallback;
}

bool Fields::Bool(const std::string& name, bool fallback) {
  const Json* value = Find(name);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  WrongType(name, "true or false", *value);
  return fallback;
}

std::optional<bool> Fields::OptionalBool(const std::string& name) {
  if (!Has(name)) return std::nullopt;
  return Bool(name);
}

std::vector<std::string> Fields::Strings(const std::string& name) {
  std::vector<std::string> strings;
  const Json* value = Find(name);
  if (value == nullptr) return strings;
  const bool good =
      value->is_array() &&
      std::all_of(value->begin(), value->end(), [](const Json& one) { return one.is_string(); });
  if (!good) {
    WrongType(name, "a list of strings", *value);
    return strings;
  }
  for (const Json& one : *value) strings.push_back(one.get<std::string>());
  return strings;
}

std::map<std::string, std::string> Fields::StringMap(const std::string& name) {
  std::map<std::string, std::string> map;
  const Json* value = Find(name);
  if (value == nullptr) return map;
  const bool good =
      value->is_object() &&
      std::all_of(value->begin(), value->end(), [](const Json& one) { return one.is_string(); });
  if (!good) {
    WrongType(name, "a map of strings", *value);
    return map;
  }
  for (const auto& [key, one] : value->items()) map[key] = one.get<std::string>();
  return map;
}

void Fields::Each(const std::string& name, const std::string& element_name,
                  const std::function<void(Fields&)>& read) {
  const Json* value = Find(name);
  if (value == nullptr) return;
  if (!value->is_array()) return WrongType(name, "a list", *value);
  for (size_t i = 0; i < value->size(); ++i) {
    std::vector<std::string> path = path_;
    path.push_back(name);
    path.push_back(std::to_string(i));
    if (!(*value)[i].is_object()) {
      problems_.Error({document_.file, document_.At(path)},
                      fmt::format("{} must be a map, found {}", element_name, (*value)[i].dump()));
      continue;
    }
    Fields element(document_, std::move(path), element_name, problems_);
    read(element);
    element.Finish();
  }
}

void Fields::Inside(const std::string& name, const std::string& object_name,
                    const std::function<void(Fields&)>& read) {
  const Json* value = Find(name);
  if (value == nullptr) return;
  if (!value->is_object()) return WrongType(name, "a map", *value);
  std::vector<std::string> path = path_;
  path.push_back(name);
  Fields inside(document_, std::move(path), object_name, problems_);
  read(inside);
  inside.Finish();
}

std::vector<std::string> Fields::Names() const {
  std::vector<std::string> names;
  if (object_ == nullptr || !object_->is_object()) return names;
  for (const auto& [name, unused] : object_->items()) names.push_back(name);
  return names;
}

base::Duration Fields::Span(const std::string& name) {
  const Json* value = Find(name);
  if (value == nullptr) return {};
  if (value->is_number_integer()) {
    const auto seconds = value->get<int64_t>();
    if (seconds > 0 && seconds <= INT_MAX) return std::chrono::seconds(seconds);
  } else if (value->is_string()) {
    const auto span = base::ParseDuration(value->get<std::string>());
    if (span.ok() && *span > base::Duration{}) return *span;
  }
  WrongType(name, "a time above zero, in seconds or as \"1m30s\"", *value);
  return {};
}

const Json& Fields::object() const {
  static const Json kNone;
  return object_ == nullptr ? kNone : *object_;
}

bool Fields::Has(const std::string& name) {
  const Json* value = Find(name);
  known_.pop_back();
  return value != nullptr;
}

void Fields::Ignore(const std::string& name) {
  silent_.push_back(name);
}

void Fields::Refuse(const std::string& name, const std::string& why) {
  silent_.push_back(name);
  if (Has(name)) problems_.Error(At(name), fmt::format("{}.{} {}", what_, name, why));
}

void Fields::Misplaced(const std::string& name, const std::string& advice) {
  silent_.push_back(name);
  if (Has(name)) {
    problems_.Warn(At(name),
                   fmt::format("unknown field \"{}\" in {} is ignored: {}", name, what_, advice));
  }
}

void Fields::Finish() {
  if (object_ == nullptr || !object_->is_object()) return;
  for (const auto& [name, unused] : object_->items()) {
    if (std::count(known_.begin(), known_.end(), name) != 0) continue;
    if (std::count(silent_.begin(), silent_.end(), name) != 0) continue;
    problems_.Warn(At(name), fmt::format("unknown field \"{}\" in {} is ignored{}", name, what_,
                                         base::DidYouMean(name, known_)));
  }
}

Place Fields::Here() const {
  return {document_.file, document_.At(path_)};
}

Place Fields::At(const std::string& name) const {
  std::vector<std::string> path = path_;
  path.push_back(name);
  return {document_.file, document_.At(path)};
}

}  // namespace trial
