#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kube/object.h"

namespace vmafx::operators {

// Whom a worker tells about its job: the feedback ports ("HOST:PORT", by name) of the trainers of
// `ns` whose dataSource.nodeSelector is empty or matches `node_labels`, those of the VmafxNode that
// gives the slot (nullopt: none does). `trainings` are VmafxModelTrainings of any namespace; those
// that are being deleted, or can never run as they are written, are left out. Pure.
std::vector<std::string> TrainersFor(
    const std::string& ns, const std::optional<std::map<std::string, std::string>>& node_labels,
    const std::vector<kube::ObjectPtr>& trainings);

// All labels of an object, for TrainersFor.
std::map<std::string, std::string> LabelsOf(const kube::Object& object);

// Whether `labels` have all that `selector` asks for.
bool Selects(const std::map<std::string, std::string>& selector,
             const std::map<std::string, std::string>& labels);

}  // namespace vmafx::operators
