// Objects of a cluster, as any controller may have written them. YAML: the subject, then the world;
// what is an Event is one of its events.

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz/input.h"
#include "kube/discovery.h"
#include "kube/status.h"
#include "trial/deletion.h"
#include "trial/diagnose.h"
#include "trial/pod_trouble.h"
#include "value/yaml.h"

namespace {

void CheckCauses(const std::vector<trial::Cause>& causes) {
  for (const trial::Cause& cause : causes) {
    CHECK(!cause.text.empty());
    CHECK(cause.text.find('\n') == std::string::npos);
  }
  CHECK((trial::RootOf(causes) == nullptr) == causes.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<kube::ObjectPtr> all;
  trial::World world;
  for (value::Document& document :
       value::ParseYaml(fuzz::Text(data, size), "objects.yaml").documents) {
    if (!document.json.is_object()) continue;
    all.push_back(std::make_shared<const kube::Object>(std::move(document.json)));
    const bool event = all.back()->kind().kind == "Event";
    (event ? world.events : world.objects).push_back(all.back());
  }
  for (const kube::ObjectPtr& subject : all) {
    // The logs of what failed, so that their last lines are told too.
    for (const trial::LogOf& log : trial::LogsFor(subject.get(), world))
      world.last_lines[log.Id()] = "the last line";
    CheckCauses(trial::Diagnose(*subject, world));
    CheckCauses(trial::WhatBlocks(*subject, world));
    trial::NodeTrouble(*subject);
    trial::KindsFor(subject.get(), world);
    trial::KindsForDeletion(*subject);
    kube::ParseResources(subject->json(), subject->kind());
    CHECK(!kube::StatusError(subject->json()).message().empty());
  }
  CheckCauses(trial::DiagnoseAbsence(world));
  return 0;
}
