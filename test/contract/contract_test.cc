// Workflow, images, cases, chart and docs say the same things in different files: this holds them
// together. The files are read from $SEATRIAL_SOURCE_DIR.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "value/yaml.h"

namespace {

namespace fs = std::filesystem;
using value::Json;

constexpr const char* kCases[] = {"01-operator-installs", "02-vmafxjob-creates-pod",
                                  "03-node-heartbeat", "04-rclone-score", "05-sidecar-trainer"};

fs::path Root() {
  const char* root = std::getenv("SEATRIAL_SOURCE_DIR");
  return root == nullptr ? fs::current_path() : fs::path(root);
}

std::string ReadText(const fs::path& path) {
  std::ifstream file(Root() / path);
  EXPECT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json ReadYaml(const fs::path& path) {
  auto parsed = value::ParseYaml(ReadText(path), path.string());
  for (const auto& problem : parsed.problems) EXPECT_TRUE(problem.warning) << problem.Format();
  EXPECT_EQ(parsed.documents.size(), 1u) << path;
  return parsed.documents.empty() ? Json::object() : parsed.documents[0].json;
}

// Every match of the pattern's one group.
std::set<std::string> FindAll(const std::string& text, const std::string& pattern) {
  std::set<std::string> found;
  re2::StringPiece rest(text);
  const RE2 expression(pattern);
  for (std::string match; RE2::FindAndConsume(&rest, expression, &match);) found.insert(match);
  return found;
}

std::vector<Json> StepsOf(const Json& workflow) {
  std::vector<Json> steps;
  for (const Json& job : workflow.at("jobs")) {
    for (const Json& step : job.at("steps")) steps.push_back(step);
  }
  return steps;
}

const char* const kWorkflows[] = {".github/workflows/e2e-k8s.yml",
                                  ".github/workflows/required-aggregator.yml",
                                  ".github/workflows/ci.yml"};

TEST(WorkflowTest, RunsNightlyByLabelAndOnRequest) {
  const Json workflow = ReadYaml(kWorkflows[0]);
  const Json& on = workflow.at("true");  // "on" is a YAML 1.1 boolean
  EXPECT_EQ(on.at("schedule").at(0).at("cron"), "47 3 * * *");
  EXPECT_EQ(on.at("pull_request").at("types"),
            Json({"opened", "synchronize", "reopened", "labeled"}));
  EXPECT_TRUE(on.at("workflow_dispatch").at("inputs").contains("cluster_name"));
  EXPECT_TRUE(on.at("workflow_dispatch").at("inputs").contains("keep_cluster"));
  EXPECT_NE(ReadText(kWorkflows[0]).find("run-e2e-k8s"), std::string::npos);
}

TEST(WorkflowTest, PinsEveryActionByCommitAndGivesNoRightsByDefault) {
  for (const char* path : kWorkflows) {
    const Json workflow = ReadYaml(path);
    EXPECT_EQ(workflow.at("permissions"), Json::object()) << path;
    for (const Json& step : StepsOf(workflow)) {
      if (!step.contains("uses")) continue;
      const std::string uses = step.at("uses");
      EXPECT_TRUE(RE2::FullMatch(uses, R"([\w.-]+/[\w./-]+@[0-9a-f]{40})")) << path << ": " << uses;
    }
  }
}

TEST(WorkflowTest, NeverHidesAFailureAndAlwaysCleansUp) {
  const Json workflow = ReadYaml(kWorkflows[0]);
  bool tears_down = false, judges = false, publishes = false;
  for (const Json& step : StepsOf(workflow)) {
    EXPECT_FALSE(step.contains("continue-on-error")) << step.dump();
    const std::string name = step.value("name", ""), run = step.value("run", "");
    const bool always = step.value("if", "").find("always()") != std::string::npos;
    if (name == "Tear down") tears_down = always;
    if (run.find("--judge") != std::string::npos) judges = always;
    publishes = publishes ||
                step.value("uses", "").find("publish-unit-test-result-action") != std::string::npos;
    // A test is never retried.
    if (run.find("--test") != std::string::npos) {
      EXPECT_EQ(run.find("infra.sh"), std::string::npos) << run;
      EXPECT_EQ(run.find("||"), std::string::npos) << run;
    }
  }
  EXPECT_TRUE(tears_down);
  EXPECT_TRUE(judges);
  EXPECT_TRUE(publishes);
}

TEST(WorkflowTest, TheAggregatorDoesNotWaitForTheEndToEndChecks) {
  const Json aggregator = ReadYaml(kWorkflows[1]);
  std::istringstream lines(
      aggregator.at("jobs").at("required").at("env").at("NON_BLOCKING").get<std::string>());
  std::vector<std::string> prefixes;
  for (std::string line; std::getline(lines, line);) prefixes.push_back(line);
  const Json workflow = ReadYaml(kWorkflows[0]);
  std::set<std::string> names{"E2E k8s results"};
  for (const auto& [id, job] : workflow.at("jobs").items()) {
    if (!job.contains("strategy"))
      names.insert(job.at("name"));
    else
      for (const Json& lane : job.at("strategy").at("matrix").at("include"))
        names.insert(lane.at("title"));
  }
  EXPECT_TRUE(names.contains("E2E - Kubernetes Integration"));
  EXPECT_TRUE(names.contains("E2E — Kubernetes Integration (kind + kuttl)"));
  for (const std::string& name : names) {
    EXPECT_TRUE(std::ranges::any_of(prefixes, [&](const std::string& prefix) {
      return name.starts_with(prefix);
    })) << name;
  }
}

TEST(WorkflowTest, KeepsTheArtifactNames) {
  const std::string text = ReadText(kWorkflows[0]);
  for (const char* name : {"vmafx-e2e-images", "yuv-fixtures", "kuttl-e2e-results"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
}

TEST(CasesTest, AreTheFiveAndNoOther) {
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(Root() / "test/e2e/kuttl-tests")) {
    found.insert(entry.path().filename());
  }
  EXPECT_EQ(found, std::set<std::string>(std::begin(kCases), std::end(kCases)));
}

TEST(CasesTest, AreInTheGuide) {
  const std::string guide = ReadText("docs/k8s/integration-tests.md");
  for (const char* name : kCases) {
    EXPECT_NE(guide.find(std::string("`") + name + "`"), std::string::npos) << name;
  }
  EXPECT_EQ(guide.find("not there yet"), std::string::npos);
}

TEST(CasesTest, TheSuiteKeepsItsNames) {
  const Json suite = ReadYaml("test/e2e/kuttl-test.yaml");
  EXPECT_EQ(suite.at("metadata").at("name"), "vmafx-e2e");
  EXPECT_EQ(suite.at("reportName"), "vmafx-e2e-results");
  EXPECT_EQ(suite.at("reportFormat"), "xml");  // kuttl writes JSON for "XML"
}

std::set<std::string> ImageNames() {
  std::set<std::string> names;
  for (const char* path : {"deploy/images/images.yaml", "deploy/images/e2e.yaml"}) {
    const Json list = ReadYaml(path);
    for (const Json& image : list.at("images")) {
      const std::string repository = image.at("repository");
      names.insert(repository.substr(repository.rfind('/') + 1));
    }
  }
  return names;
}

TEST(ImagesTest, EveryImageThatTheSuitesNameIsMade) {
  std::set<std::string> variables;
  for (const std::string& name : ImageNames()) {
    std::string variable = name;
    for (char& c : variable) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    variables.insert(variable);
  }
  for (const auto& entry : fs::recursive_directory_iterator(Root() / "test/e2e")) {
    const fs::path path = entry.path();
    if (path.extension() != ".sh" && path.extension() != ".yaml") continue;
    // One also knows cert-manager's images, one replaces whatever is named.
    if (path.filename() == "kind-cluster.sh" || path.filename() == "apply.sh") continue;
    for (const std::string& name :
         FindAll(ReadText(fs::relative(path, Root())),
                 R"((?:SEATRIAL_|@)IMAGE_([A-Z0-9_]+?)(?:_REPOSITORY|_TAG|_NAME|@|\b))")) {
      EXPECT_TRUE(variables.contains(name)) << path << ": " << name;
    }
  }
}

TEST(ImagesTest, EveryImageOfTheChartIsMadeFromAProgramOfOurs) {
  const std::set<std::string> made = ImageNames();
  const std::string build = ReadText("CMakeLists.txt");
  const auto named =
      FindAll(ReadText("deploy/helm/vmafx/values.yaml"), R"(ghcr\.io/vmafx/([\w-]+))");
  EXPECT_GE(named.size(), 4u);
  for (const std::string& name : named) {
    EXPECT_TRUE(made.contains(name)) << name;
    EXPECT_NE(build.find("house_program(" + name + " "), std::string::npos) << name;
  }
}

TEST(DocsTest, NameOnlyMakeTargetsThatExist) {
  const std::set<std::string> targets = FindAll("\n" + ReadText("Makefile"), R"(\n([a-z0-9-]+):)");
  std::vector<fs::path> pages{"README.md", "CONTRIBUTING.md", "docs/k8s/integration-tests.md"};
  for (const auto& entry : fs::directory_iterator(Root() / "doc")) {
    if (entry.path().extension() == ".md") pages.push_back(fs::relative(entry.path(), Root()));
  }
  for (const fs::path& page : pages) {
    for (const std::string& target :
         FindAll(ReadText(page), R"((?:`|\n)(?:[A-Z]+=\S+ )*make ([a-z0-9][a-z0-9-]*))")) {
      EXPECT_TRUE(targets.contains(target)) << page << ": make " << target;
    }
  }
}

}  // namespace
