#include "cluster/kind/record.h"

#include "sys/files.h"
#include "value/json.h"

namespace cluster::kind {

using value::Json;

base::Result<> WriteRecord(const std::filesystem::path& folder, const Record& record) {
  const Cluster& cluster = record.cluster;
  Json table = Json::array();
  for (const StartRow& row : cluster.start_table) {
    Json json{{"component", row.component}, {"startedNs", row.started.count()}};
    if (row.ready) json["readyNs"] = row.ready->count();
    table.push_back(std::move(json));
  }
  const Json json{{"name", cluster.name},
                  {"kubernetesBin", cluster.kubernetes_bin.string()},
                  {"kubernetesVersion", cluster.kubernetes_version},
                  {"nodes", cluster.nodes},
                  {"apiPort", cluster.api_port},
                  {"engine", record.engine},
                  {"engineOurs", record.engine_ours},
                  {"engineInit", record.engine_init},
                  {"relay", record.relay},
                  {"making", record.making},
                  {"tied", record.tied},
                  {"startTable", table}};
  return sys::WriteFileAtomically(folder / "record.json", json.dump(2) + "\n", 0600);
}

base::Result<Record> ReadRecord(const std::filesystem::path& folder) {
  const auto path = folder / "record.json";
  const Json json = Json::parse(TRY(sys::ReadFile(path)), nullptr, false);
  if (!json.is_object())
    return base::Fail(base::Code::kInvalid, "{}: not the description of a cluster", path.string());
  Record record;
  Cluster& cluster = record.cluster;
  cluster.kind = true;
  cluster.name = json.value("name", "");
  cluster.folder = folder;
  cluster.kubeconfig = cluster.inside_kubeconfig = folder / "kubeconfig";
  cluster.logs = folder / "logs";
  cluster.kubernetes_bin = json.value("kubernetesBin", "");
  cluster.kubernetes_version = json.value("kubernetesVersion", "");
  cluster.nodes = json.value("nodes", cluster.nodes);
  cluster.node_name = cluster.nodes.empty() ? "" : cluster.nodes.front();
  cluster.api_port = json.value("apiPort", 0);
  record.engine = json.value("engine", "docker");
  record.engine_ours = json.value("engineOurs", false);
  record.engine_init = json.value("engineInit", 0);
  record.relay = json.value("relay", 0);
  record.making = json.value("making", 0);
  record.tied = json.value("tied", false);
  for (const Json& row : json.value("startTable", Json::array())) {
    StartRow entry{row.value("component", ""), base::Duration(row.value("startedNs", int64_t{0})),
                   std::nullopt};
    if (row.contains("readyNs")) entry.ready = base::Duration(row.value("readyNs", int64_t{0}));
    cluster.start_table.push_back(std::move(entry));
  }
  return record;
}

}  // namespace cluster::kind
