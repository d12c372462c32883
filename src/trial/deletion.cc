#include "trial/deletion.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/pod_trouble.h"

namespace trial {
namespace {

using kube::Object;
using kube::ObjectPtr;
using value::FindString;
using value::Json;
using Weight = Cause::Weight;

constexpr size_t kMostNamed = 5;

std::string Some(std::vector<std::string> names) {
  if (names.size() > kMostNamed) {
    const size_t more = names.size() - kMostNamed;
    names.resize(kMostNamed);
    names.push_back(fmt::format("{} more", more));
  }
  return base::Join(names, ", ");
}

// Who wrote the finalizer, by the object's managed fields; "" where they do not say.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
std::string SetBy(const Object& object, const std::string& finalizer) {
  const Json* fields = object.Find({"metadata", "managedFields"});
  if (fields == nullptr || !fields->is_array()) return "";
  for (const Json& entry : *fields) {
    const Json* set = value::Find(entry, {"fieldsV1", "f:metadata", "f:finalizers"});
    if (set != nullptr && set->contains("v:\"" + finalizer + "\""))
      return FindString(entry, {"manager"});
  }
  return "";
}

// Pods that use the claim `name`.
std::vector<std::string> UsersOf(const Object& claim, const World& world) {
  std::vector<std::string> users;
  for (const ObjectPtr& object : world.objects) {
    const Json* volumes = object->Find({"spec", "volumes"});
    if (object->kind().kind != "Pod" || object->ns() != claim.ns() || volumes == nullptr) continue;
    const bool uses = std::any_of(volumes->begin(), volumes->end(), [&](const Json& volume) {
      return FindString(volume, {"persistentVolumeClaim", "claimName"}) == claim.name();
    });
    if (uses) users.push_back(object->Text());
  }
  return users;
}

// What is owned by `object` and has to go before it.
std::vector<std::string> DependentsOf(const Object& object, const World& world) {
  std::vector<std::string> dependents;
  for (const ObjectPtr& other : world.objects) {
    const auto owners = other->owners();
    const bool owned = std::any_of(owners.begin(), owners.end(), [&](const Object::Owner& owner) {
      return owner.uid == object.uid();
    });
    if (owned) dependents.push_back(other->Text());
  }
  return dependents;
}

std::string FinalizerText(const Object& object, const std::string& finalizer, const World& world) {
  if (finalizer == "kubernetes.io/pvc-protection") {
    const auto users = UsersOf(object, world);
    if (!users.empty())
      return fmt::format("finalizer {}: it is still used by {}", finalizer, Some(users));
  }
  if (finalizer == "foregroundDeletion") {
    const auto dependents = DependentsOf(object, world);
    return dependents.empty()
               ? "finalizer foregroundDeletion: it waits for what it owns"
               : fmt::format("finalizer foregroundDeletion: it waits for what it owns: {}",
                             Some(dependents));
  }
  const std::string manager = SetBy(object, finalizer);
  return fmt::format("finalizer {}{} is not removed: does the controller that handles it run?",
                     finalizer, manager.empty() ? "" : fmt::format(" (set by {})", manager));
}

void AddFinalizers(const Object& object, const World& world, std::vector<Cause>& causes) {
  const Json* list = object.Find({"metadata", "finalizers"});
  if (list == nullptr || !list->is_array()) return;
  for (const Json& one : *list) {
    if (!one.is_string()) continue;
    const auto finalizer = one.get<std::string>();
    causes.push_back({fmt::format("{}: {}", object.Text(), FinalizerText(object, finalizer, world)),
                      "Finalizer", object.Text(), Weight::kRoot});
  }
}

// "NamespaceContentRemaining: Some resources are remaining: pods. has 1 resource instances".
void AddNamespaceConditions(const Object& ns, std::vector<Cause>& causes) {
  const Json* conditions = ns.Find({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return;
  for (const Json& condition : *conditions) {
    if (FindString(condition, {"status"}) != "True") continue;
    const std::string type = FindString(condition, {"type"});
    causes.push_back(
        {fmt::format("{}: {}", ns.Text(), Reasoned(type, FindString(condition, {"message"}))), type,
         ns.Text(), Weight::kRoot});
  }
}

std::string OwnersText(const Object& object) {
  std::vector<std::string> owners;
  for (const Object::Owner& owner : object.owners())
    owners.push_back(owner.kind + " " + owner.name);
  return Some(owners);
}

Cause Grace(const Object& object) {
  const Json* seconds = object.Find({"metadata", "deletionGracePeriodSeconds"});
  const std::string until = object.String({"metadata", "deletionTimestamp"});
  return {
      fmt::format(
          "{}: it is being deleted; its containers have {} s to end, until {}", object.Text(),
          seconds != nullptr && seconds->is_number_integer() ? seconds->get<int64_t>() : 0, until),
      "Terminating", object.Text(), Weight::kTrouble};
}

}  // namespace

std::vector<kube::Kind> KindsForDeletion(const Object& object) {
  if (object.kind().kind == "Namespace") return {};
  if (object.kind() == kube::Kind{"", "v1", "Pod"}) return {{"", "v1", "Node"}};
  if (object.kind().kind == "PersistentVolumeClaim") return {{"", "v1", "Pod"}};
  const Json* finalizers = object.Find({"metadata", "finalizers"});
  const bool foreground =
      finalizers != nullptr && finalizers->is_array() &&
      std::find(finalizers->begin(), finalizers->end(), "foregroundDeletion") != finalizers->end();
  return foreground ? DiagnosedKinds() : std::vector<kube::Kind>{};
}

std::vector<Cause> WhatBlocks(const Object& object, const World& world) {
  std::vector<Cause> causes;
  if (!object.deleting()) {
    const std::string owners = OwnersText(object);
    causes.push_back({fmt::format("{}: nobody has asked to delete it{}", object.Text(),
                                  owners.empty() ? "" : "; it goes with its owner " + owners),
                      "NotDeleted", object.Text(), Weight::kTrouble});
    return InOneLine(std::move(causes));
  }
  if (object.kind().kind == "Namespace") AddNamespaceConditions(object, causes);
  AddFinalizers(object, world, causes);
  if (object.kind() == kube::Kind{"", "v1", "Pod"}) {
    causes.push_back(Grace(object));
    for (const ObjectPtr& node : world.objects) {
      if (node->kind().kind != "Node" || node->name() != object.String({"spec", "nodeName"}))
        continue;
      for (Cause& cause : NodeTrouble(*node)) causes.push_back(std::move(cause));
    }
  }
  if (causes.empty()) {
    causes.push_back(
        {object.Text() + ": it is being deleted", "Terminating", object.Text(), Weight::kStarting});
  }
  return InOneLine(std::move(causes));
}

}  // namespace trial
