#include "vmafx/operator/dispatch.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace vmafx::operators {
namespace {

// The VmafxNode with the most free slots, among equals the first by name; null when there is none.
const Pool* MostFree(const std::vector<const Pool*>& pools, const Load& load) {
  const Pool* best = nullptr;
  int most = 0;
  for (const Pool* pool : pools) {
    auto used = load.nodes.find(pool->node);
    const int free = pool->capacity - (used == load.nodes.end() ? 0 : used->second);
    if (free > most) {
      best = pool;
      most = free;
    }
  }
  return best;
}

Grant OnNodes(const Waiting& job, const std::vector<Pool>& pools, Load& load) {
  std::vector<const Pool*> matching;
  for (const Pool& pool : pools) {
    if (pool.node.ns == job.job.ns && pool.vendor == job.vendor && pool.healthy) {
      matching.push_back(&pool);
    }
  }
  if (matching.empty()) {
    return {false,
            {},
            "NoMatchingNode",
            fmt::format("namespace {} has VmafxNodes, but no healthy one of vendor {}", job.job.ns,
                        job.vendor)};
  }
  const Pool* pool = MostFree(matching, load);
  if (pool == nullptr) {
    return {false,
            {},
            "NoFreeSlot",
            fmt::format("all slots of {} VmafxNode(s) of vendor {} are taken", matching.size(),
                        job.vendor)};
  }
  ++load.nodes[pool->node];
  return {true, {pool->node.name, pool->image}, "", ""};
}

Grant UnderTheLimit(Load& load, int max_concurrent) {
  if (load.without_node >= max_concurrent) {
    return {false,
            {},
            "NoFreeSlot",
            fmt::format("all {} worker slots of the operator are taken", max_concurrent)};
  }
  ++load.without_node;
  return {true, {}, "", ""};
}

}  // namespace

Pool ReadPool(const kube::Object& vmafx_node) {
  Pool pool;
  pool.node = vmafx_node.key();
  pool.vendor = vmafx_node.String({"spec", "gpuVendor"});
  pool.image = vmafx_node.String({"spec", "image"});
  const kube::Json* capacity = vmafx_node.Find({"spec", "capacity"});
  if (capacity != nullptr && capacity->is_number_integer()) pool.capacity = capacity->get<int>();
  const kube::Json* healthy = vmafx_node.Find({"status", "healthy"});
  // Not probed yet is not unhealthy.
  pool.healthy = healthy == nullptr || !healthy->is_boolean() || healthy->get<bool>();
  return pool;
}

std::string VendorOf(const std::string& backend) {
  if (backend == "cuda") return "nvidia";
  if (backend == "hip") return "amd";
  if (backend == "sycl") return "intel";
  return "cpu";
}

std::map<kube::Key, Grant> Assign(std::vector<Waiting> waiting, const std::vector<Pool>& pools,
                                  Load load, int max_concurrent) {
  std::sort(waiting.begin(), waiting.end(), [](const Waiting& a, const Waiting& b) {
    return std::tie(b.priority, a.created_at, a.job) < std::tie(a.priority, b.created_at, b.job);
  });
  std::set<std::string> with_nodes;
  for (const Pool& pool : pools) with_nodes.insert(pool.node.ns);
  std::map<kube::Key, Grant> grants;
  for (const Waiting& job : waiting) {
    grants[job.job] = with_nodes.count(job.job.ns) > 0 ? OnNodes(job, pools, load)
                                                       : UnderTheLimit(load, max_concurrent);
  }
  return grants;
}

}  // namespace vmafx::operators
