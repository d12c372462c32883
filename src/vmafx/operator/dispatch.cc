#include "vmafx/operator/dispatch.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "vmafx/api/names.h"

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

std::vector<const Pool*> Matching(const std::vector<Pool>& pools, const std::string& ns,
                                  const std::string& vendor) {
  std::vector<const Pool*> matching;
  for (const Pool& pool : pools) {
    if (pool.node.ns == ns && pool.vendor == vendor && pool.healthy) matching.push_back(&pool);
  }
  return matching;
}

// Says of those that would do why they do not, at most of three.
Grant NoMatch(const Waiting& job, const std::string& vendor, const std::vector<Pool>& pools) {
  std::string message = fmt::format("namespace {} has VmafxNodes, but no healthy one of vendor {}",
                                    job.job.ns, vendor);
  int told = 0;
  for (const Pool& pool : pools) {
    if (pool.node.ns != job.job.ns || pool.vendor != vendor || pool.trouble.empty()) continue;
    if (++told > 3) break;
    message += fmt::format("; {}: {}", pool.node.name, pool.trouble);
  }
  return {false, {}, "NoMatchingNode", message};
}

Grant OnNodes(const Waiting& job, const std::vector<Pool>& pools, Load& load) {
  std::string vendor = VendorOf(job.backend);
  std::string device = DeviceOf(job.backend);
  std::vector<const Pool*> matching = Matching(pools, job.job.ns, vendor);
  if (matching.empty() && job.falls_back) {
    std::vector<const Pool*> plain = Matching(pools, job.job.ns, "cpu");
    if (!plain.empty()) {
      matching = std::move(plain);
      vendor = "cpu";
      device.clear();
    }
  }
  if (matching.empty()) return NoMatch(job, vendor, pools);
  const Pool* pool = MostFree(matching, load);
  if (pool == nullptr) {
    return {false,
            {},
            "NoFreeSlot",
            fmt::format("all slots of {} VmafxNode(s) of vendor {} are taken", matching.size(),
                        vendor)};
  }
  ++load.nodes[pool->node];
  return {true, {pool->node.name, pool->image, device}, "", ""};
}

Grant UnderTheLimit(const Waiting& job, Load& load, int max_concurrent) {
  if (load.without_node >= max_concurrent) {
    return {false,
            {},
            "NoFreeSlot",
            fmt::format("all {} worker slots of the operator are taken", max_concurrent)};
  }
  ++load.without_node;
  return {true, {"", "", DeviceOf(job.backend)}, "", ""};
}

// Of its Ready condition.
std::string ReadyMessage(const kube::Object& vmafx_node) {
  const kube::Json* conditions = vmafx_node.Find({"status", "conditions"});
  if (conditions == nullptr) return "";
  for (const kube::Json& each : *conditions) {
    if (value::FindString(each, {"type"}) == api::kReadyCondition) {
      return value::FindString(each, {"message"});
    }
  }
  return "";
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
  if (!pool.healthy) pool.trouble = ReadyMessage(vmafx_node);
  return pool;
}

std::string VendorOf(const std::string& backend) {
  if (backend == "cuda") return "nvidia";
  if (backend == "hip") return "amd";
  if (backend == "sycl") return "intel";
  return "cpu";
}

std::string DeviceOf(const std::string& backend) {
  if (backend == "cuda") return "nvidia.com/gpu";
  if (backend == "hip") return "amd.com/gpu";
  if (backend == "sycl") return "gpu.intel.com/i915";
  return "";
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
                                                       : UnderTheLimit(job, load, max_concurrent);
  }
  return grants;
}

}  // namespace vmafx::operators
