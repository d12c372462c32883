#pragma once

// What --template-var says, as kuttl's flag library reads it.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace trial {

// Each argument is NAME=VALUE; one that holds more than one = is a line of CSV with such a pair in
// each field: `a=1,"b=x,y"`. A later pair replaces an earlier one of the same name. Values are the
// texts. kInvalid says what is wrong.
// https://pkg.go.dev/github.com/spf13/pflag#FlagSet.StringToStringVar
base::Result<std::map<std::string, std::string>> ParseTemplateVars(
    const std::vector<std::string>& arguments);

}  // namespace trial
