#pragma once

// Reports as files: JUnit XML and JSON.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "report/results.h"

namespace report {

// JUnit XML with kuttl's elements and attributes (testsuites, testsuite, testcase, failure), and
// what CI tools (Jenkins, GitLab, GitHub actions) know beyond them: <error> for "could not find
// out", <skipped> for steps that were not reached, the counts of both. Times are real.
std::string FormatJUnit(const SuiteResult& results);

// The same tree with kuttl's JSON keys; each case also has its verdict and its problems with
// file, line, differences and causes.
std::string FormatJson(const SuiteResult& results);

// Writes a report so that the file is either the old or the new one as a whole. Missing folders are
// made. kUnavailable: it could not be written; the message names the file.
base::Result<> WriteReport(const std::filesystem::path& file, const std::string& text);

}  // namespace report
