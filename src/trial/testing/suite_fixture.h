#pragma once

// The fixture of tests that run suites from disk against a real API server. There is no
// controller-manager: namespaces that are deleted stay Terminating.

#include <memory>
#include <stop_token>
#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "kube/client.h"
#include "trial/testing/progress_log.h"
#include "trial/testing/suite_run.h"

namespace trial::testing {

class SuiteFixture : public ::testing::Test {
 protected:
  // `name` begins the ids of its runs.
  explicit SuiteFixture(std::string name);

  // Runs all tests in `suite/` of the files, as SettingsOf says where Adjust does not. Whatever
  // keeps it from running fails the calling test.
  RunResult RunSuite(const SuiteFiles& files, std::stop_token stop = {});
  virtual void Adjust(RunSettings&) {}

  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }
  std::string NamespaceOf(const std::string& test) { return events_.tests[test].ns; }
  // All failures of steps: "FILE:LINE: MESSAGE", and each detail on a line of its own.
  std::string Messages() const;

  base::SystemClock clock_;
  // The administrator of the API server that all tests of the program share.
  std::unique_ptr<kube::Client> client_;
  SuiteConfig config_;
  LoadOptions load_options_{{"README*"}, {}};
  std::string run_;       // the id of the last run; before the first that of the first
  EventLog events_;       // of the last run
  ProgressLog progress_;  // of all of them, also while they last

 private:
  std::string NewId() const { return name_ + "-" + std::to_string(++ids_); }

  const std::string name_;
  bool ran_ = false;
  static inline int ids_ = 0;
};

}  // namespace trial::testing
