#include "trial/test_clusters.h"

#include <fmt/format.h>

#include "kube/kubeconfig_files.h"
#include "sys/files.h"

namespace trial {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Result;

// Deletes what a test left on a cluster that only it knew, and waits until it is gone.
Outcome Remove(TestCluster& cluster, Leftovers leftovers, const CleanerOptions& options,
               base::Clock& clock) {
  Announcer nobody({}, clock);
  Cleaner cleaner(*cluster.client, *cluster.stores, nobody, options, base::Log::Nowhere());
  cleaner.Add(std::move(leftovers));
  Outcome outcome;
  for (const auto& [id, failed] : cleaner.Finish().failed) {
    for (Failure failure : failed.failures) {
      failure.message += fmt::format(" (on {})", cluster.client->access().server);
      outcome.Add(failed.verdict, std::move(failure));
    }
  }
  return outcome;
}

}  // namespace

TestClusters::TestClusters(kube::Client& client, StorePool& stores, base::Clock& clock,
                           TestClustersOptions options)
    : clock_(clock), options_(std::move(options)) {
  clusters_.push_back(std::make_shared<TestCluster>());
  own().client = &client;
  own().stores = &stores;
}

Result<TestCluster*> TestClusters::Find(const ClusterRef& ref) {
  if (!ref.named()) return &own();
  const std::vector<fs::path> files =
      ref.kubeconfig.empty() ? options_.run_files : std::vector<fs::path>{ref.kubeconfig};
  if (files.empty()) {
    return base::Fail(
        Code::kInvalid,
        "context \"{}\" without a kubeconfig: the run's cluster was not read from one",
        ref.context);
  }
  std::string text = TRY(kube::MergeKubeconfigs(files, ref.context));
  for (const auto& cluster : clusters_)
    if (cluster->ref == ref && cluster->text == text) return cluster.get();
  clusters_.push_back(TRY(Open(ref, std::move(text))));
  return clusters_.back().get();
}

Result<std::shared_ptr<TestCluster>> TestClusters::Open(const ClusterRef& ref, std::string text) {
  auto cluster = std::make_shared<TestCluster>();
  const std::string what = ref.kubeconfig.empty() ? "context " + ref.context : ref.kubeconfig;
  kube::ClusterAccess access = TRY(kube::ReadKubeconfig(text, ".", ref.context).During(what));
  cluster->own_client = kube::MakeClient(std::move(access), base::Log::Nowhere());
  cluster->client = cluster->own_client.get();
  // Somebody's cluster: no wider than this test.
  cluster->own_stores = std::make_unique<StorePool>(*cluster->client, WatchScope::kNamespace,
                                                    clock_, base::Log::Nowhere());
  cluster->stores = cluster->own_stores.get();
  cluster->kubeconfig = ref.kubeconfig;
  if (!ref.context.empty()) {
    // Commands get the file with that context as its current one, and all others still in it.
    const fs::path path =
        options_.scratch / fmt::format("kubeconfig-{}-{}", options_.ns, clusters_.size());
    TRY(sys::WriteFileAtomically(path, text, 0600));
    cluster->kubeconfig = path.string();
  }
  cluster->ref = ref;
  cluster->text = std::move(text);
  return cluster;
}

void TestClusters::Release() {
  for (const auto& cluster : clusters_) cluster->stores->Release(options_.ns);
}

std::vector<std::function<Outcome()>> TestClusters::TakeLeftovers(const TestId& id) {
  std::vector<std::function<Outcome()>> tasks;
  for (size_t i = 1; i < clusters_.size(); ++i) {
    Leftovers leftovers;
    leftovers.id = id;
    leftovers.ns = options_.ns;
    leftovers.ns_uid = clusters_[i]->ns.uid;
    leftovers.perhaps_made = clusters_[i]->ns.perhaps_made;
    leftovers.created = std::move(clusters_[i]->applied.created);
    tasks.push_back(
        [cluster = clusters_[i], leftovers = std::move(leftovers),
         options = CleanerOptions{options_.run, options_.cleanup_limit},
         &clock = clock_]() -> Outcome { return Remove(*cluster, leftovers, options, clock); });
  }
  clusters_.resize(1);
  return tasks;
}

}  // namespace trial
