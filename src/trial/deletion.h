#pragma once

// Why is an object still there? What blocks a deletion: finalizers and who should remove them, what
// depends on it, its owner, the conditions of a namespace. Pure.

#include "kube/object.h"
#include "trial/diagnose.h"

namespace trial {

// The kinds whose objects would say more about what blocks `object`.
std::vector<kube::Kind> KindsForDeletion(const kube::Object& object);

// One cause for each thing that blocks it. Of an object that nobody has asked to delete: that, and
// the owner that it goes with.
std::vector<Cause> WhatBlocks(const kube::Object& object, const World& world);

}  // namespace trial
