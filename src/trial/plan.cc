#include "trial/plan.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <re2/re2.h>

namespace trial {
namespace {

// "./tests/e2e/" as a folder name: "tests_e2e".
std::string FolderName(const std::string& suite) {
  std::string name;
  for (const auto& part : std::filesystem::path(suite).lexically_normal()) {
    const std::string text = part.string();
    if (text.empty() || text == "/" || text == "." || text == "..") continue;
    name += (name.empty() ? "" : "_") + text;
  }
  return name.empty() ? "suite" : name;
}

}  // namespace

base::Result<Plan> MakePlan(std::vector<Test> tests, const std::string& only) {
  RE2::Options quiet;
  quiet.set_log_errors(false);
  const RE2 pattern(only, quiet);
  if (!pattern.ok())
    return base::Fail(base::Code::kInvalid, "--test {}: {}", only, pattern.error());
  Plan plan;
  std::set<std::pair<std::string, std::string>> seen;
  std::map<std::string, std::set<std::string>> suites_with;
  for (const Test& test : tests) suites_with[test.name].insert(test.suite);
  for (Test& test : tests) {
    if (!seen.emplace(test.suite, test.name).second) continue;
    if (!RE2::PartialMatch(test.name, pattern)) {
      ++plan.left_out;
      continue;
    }
    if (std::find(plan.suites.begin(), plan.suites.end(), test.suite) == plan.suites.end())
      plan.suites.push_back(test.suite);
    const bool unique = suites_with[test.name].size() == 1;
    std::string folder = unique ? test.name : FolderName(test.suite) + "/" + test.name;
    TestId id{test.suite, test.name};
    plan.tests.push_back({std::move(test), std::move(id), std::move(folder)});
  }
  return plan;
}

}  // namespace trial
