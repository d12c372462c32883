#pragma once

// Problems of files, as `seatrial check` and `seatrial test` print them.

#include <functional>
#include <string>
#include <vector>

#include "value/json.h"
#include "value/yaml.h"

namespace report {

// By file and place, each once (a file that two steps name is read twice).
std::vector<value::Problem> SortProblems(std::vector<value::Problem> problems);

// "error: web.yaml:12:3: must be a string, found 1", then the line of the file with a mark below
// the column. `read` gives the text of a file, or "" to leave that out.
std::string FormatProblems(const std::vector<value::Problem>& problems,
                           const std::function<std::string(const std::string& file)>& read);

// {"problems": [{"severity": "error", "file": "web.yaml", "line": 12, "column": 3, "message":
// "..."}], "errors": 1, "warnings": 0}. Line and column are left out where the problem is that of
// the file as a whole.
value::Json ProblemsAsJson(const std::vector<value::Problem>& problems);

// Workflow commands, a line each, that GitHub shows as annotations of the files.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
std::string ProblemsAsGithubAnnotations(const std::vector<value::Problem>& problems);

}  // namespace report
