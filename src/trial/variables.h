#pragma once

// Values that a test learns on its way: from output of commands, from fields of objects.

#include <map>
#include <string>

#include "base/result.h"
#include "trial/suite.h"
#include "value/json.h"

namespace trial {

// By name. Strings are text; all else keeps the type that it has in its object.
using Variables = std::map<std::string, value::Json>;

// As commands see it: text as it is, anything else as JSON.
std::string VariableText(const value::Json& value);

// Puts variables into all texts of `json` (keys are left alone): ${NAME}. A text that is nothing
// but one ${NAME} becomes the value with its type. $${ stands for ${. kInvalid for a name that is
// not known, with a guess.
base::Result<> ExpandIn(value::Json& json, const Variables& variables);

// `step` with variables in its objects, conditions and outputs. kInvalid names the place.
base::Result<Step> Expanded(const Step& step, const Variables& variables);

}  // namespace trial
