#pragma once

// Whole native clusters in tests, and what they could leave behind on this machine. Needs root, the
// Kubernetes programs, and the programs seatrial and pause in SEATRIAL_PROGRAM_DIR.

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "cluster/provider.h"
#include "sys/files.h"
#include "sys/process.h"

namespace cluster::testing {

// What a cluster could leave behind on this machine.
struct HostState {
  std::set<std::string> mounts;
  std::string links, addresses, routes, rules, firewall, sysctls;
  std::set<std::string> cgroups;
  bool operator==(const HostState&) const = default;
};

// The fixture: a native provider with a state folder of its own. What a test leaves up is taken
// down. Whatever fails here fails the test.
class NativeClusterTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  base::Until Within(base::Duration span) { return base::Until::After(clock_, span); }
  std::filesystem::path State() const { return temp_.path() / "state"; }
  // Begins the names of this test's clusters: others may run on this machine.
  static std::string Mark() { return "t" + std::to_string(getpid()); }

  ClusterSpec Spec(const std::string& name, Level level = Level::kFull);
  // Within two minutes; an empty Cluster when it fails.
  Cluster Up(const ClusterSpec& spec);

  // An image of bash and sleep for the cluster to load; its name.
  std::string AddBashImage(ClusterSpec& spec);
  // A Pod "web" of that image that says hello and sleeps, with a volume; ready on return.
  void StartPodWeb(const Cluster& cluster, const std::string& image);

  // A command in the cluster's network, with its kubeconfig and programs.
  sys::Command InNetwork(const Cluster& cluster, std::vector<std::string> argv);
  // What `kubectl ARGUMENTS...` writes.
  std::string Kubectl(const Cluster& cluster, std::vector<std::string> arguments,
                      const std::string& input = "");

  HostState Host();
  // Processes of this machine that have our state folder in their command lines.
  std::vector<std::string> Processes();
  // Waits until none of them is left.
  void AwaitNoProcesses();

  base::SystemClock clock_;
  sys::TempDir temp_ = *sys::TempDir::Make("seatrial-node-test");
  std::filesystem::path program_;  // seatrial
  std::filesystem::path bin_;      // of Kubernetes
  std::unique_ptr<Provider> provider_;

 private:
  std::string Output(std::vector<std::string> argv);
  // A process that ends loses its command line a moment before its lock.
  bool Locked();
};

}  // namespace cluster::testing
