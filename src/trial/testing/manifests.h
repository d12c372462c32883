#pragma once

#include <string>

#include "kube/object.h"
#include "trial/suite.h"

namespace trial::testing {

// The first document of `yaml` as it would be read from 00-assert.yaml. There must be one.
Manifest ParseManifest(const std::string& yaml);

// The same as the object that a server would have answered.
kube::ObjectPtr ParseObject(const std::string& yaml);

}  // namespace trial::testing
