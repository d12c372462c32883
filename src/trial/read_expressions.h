#pragma once

// The part of a TestAssert that speaks CEL: resourceRefs, assertAny, assertAll.

#include "trial/fields.h"
#include "trial/suite.h"

namespace trial {

// Reads them into `check`. A reference without apiVersion, kind, name or ref is a problem, also
// where no expression uses it, as in kuttl. Expressions are not looked into: see Evaluation.
void ReadExpressions(Fields& fields, CheckSpec& check);

}  // namespace trial
