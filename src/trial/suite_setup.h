#pragma once

// What a suite wants done before its tests: CRDs, manifests, commands.

#include <filesystem>

#include "sys/process.h"
#include "trial/steps/context.h"
#include "trial/suite.h"

namespace trial {

// In kuttl's order: the CRDs, waited for until they are served (kuttl only says that it waits); the
// manifests, into "default" where they name no namespace; the commands, in the working directory,
// with NAMESPACE=default. None of it is removed afterwards. Background commands end with this
// object.
class SuiteSetup {
 public:
  // `context` is the run's: namespace "default"; `scratch` is for the output of background
  // commands.
  SuiteSetup(StepContext context, std::filesystem::path scratch);

  Outcome Run(const SuiteConfig& suite, const std::vector<Manifest>& crds,
              const std::vector<Manifest>& manifests, const base::Until& until);

 private:
  Outcome InstallCrds(const std::vector<Manifest>& crds, const base::Until& until);
  base::Result<> AwaitServed(const kube::Object& crd, const base::Until& until);
  Outcome RunCommands(const SuiteConfig& suite, const base::Until& until);

  StepContext context_;
  std::filesystem::path scratch_;
  std::vector<sys::Process> background_;
};

}  // namespace trial
