#pragma once

// The clusters that one test works on: the run's own, and those that its steps name (`kubeconfig`,
// `context`).

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kube/client.h"
#include "trial/cleaner.h"
#include "trial/steps/apply.h"
#include "trial/store_pool.h"
#include "trial/suite.h"
#include "trial/test_namespace.h"

namespace trial {

// One of them.
struct TestCluster {
  kube::Client* client = nullptr;
  StorePool* stores = nullptr;
  std::string kubeconfig;  // the file that commands get; "": the run's
  TestNamespace ns;
  bool has_ns = false;     // its namespace is made or found
  AppliedObjects applied;  // what the test has made there

  // Of those that a step names: read from the file, with the name and the content it had.
  ClusterRef ref;
  std::string text;
  std::unique_ptr<kube::Client> own_client;
  std::unique_ptr<StorePool> own_stores;  // ends before the client
};

struct TestClustersOptions {
  // What the run's own cluster was read from, for a step with a context alone.
  std::vector<std::filesystem::path> run_files;
  std::filesystem::path scratch;  // for the kubeconfigs of commands; names begin with `ns`
  std::string run, ns;
  base::Duration cleanup_limit{};
};

// Used by the one thread of its test.
class TestClusters {
 public:
  // `client` and `stores` are the run's and must outlive it.
  TestClusters(kube::Client& client, StorePool& stores, base::Clock& clock,
               TestClustersOptions options);

  TestCluster& own() { return *clusters_.front(); }

  // The one that a step names: read anew when the file has changed since (a step before may have
  // written it). kInvalid, kNotFound: it cannot be read.
  base::Result<TestCluster*> Find(const ClusterRef& ref);

  // Ends the watches of the test's namespaces.
  void Release();

  // What is to be removed on all but the run's own, each as a call that blocks until it is gone or
  // the limit has passed. Empty afterwards.
  std::vector<std::function<Outcome()>> TakeLeftovers(const TestId& id);

 private:
  base::Result<std::shared_ptr<TestCluster>> Open(const ClusterRef& ref, std::string text);

  base::Clock& clock_;
  TestClustersOptions options_;
  std::vector<std::shared_ptr<TestCluster>> clusters_;  // the run's own first
};

}  // namespace trial
