#pragma once

// The fields of TestStep, TestAssert and their commands that are ours: kuttl ignores them. Named so
// that no field of a real suite, mistyped ones included, means something new here.

#include "trial/demand.h"
#include "trial/fields.h"
#include "trial/read.h"

namespace trial {

// `retry`, `output`, `outputJson`.
void ReadOwnFields(Fields& fields, CommandSpec& command);
// `stepTimeout`, `expand`, and of `test` the serial marker and the timeout. The commands (`catch`,
// `finally`, `test.catch`) are read by ReadStep.
void ReadOwnFields(Fields& fields, StepSpec& step);
// The fields of a TestStep's `test` but its commands.
void ReadTestRules(Fields& fields, TestRules& rules);
// `match`, `order`, `outputs`.
void ReadOwnFields(Fields& fields, CheckSpec& check);

// One entry of `match` or `order`.
std::shared_ptr<const Demand> ReadDemand(Fields& fields, bool in_order);
// The same from JSON that variables were put into; `like` tells where it was written. kInvalid with
// the first problem.
base::Result<std::shared_ptr<const Demand>> ReadDemandAgain(const Demand& like, value::Json json,
                                                            bool in_order);

// May a variable be called so? Letters, digits, underscores; no digit first.
bool IsVariableName(std::string_view name);

}  // namespace trial
