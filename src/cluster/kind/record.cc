#include "cluster/kind/record.h"

#include "cluster/description.h"
#include "sys/files.h"

namespace cluster::kind {

using value::Json;

namespace {

constexpr char kFile[] = "record.json";
constexpr size_t kLargest = size_t{1} << 20;

}  // namespace

std::string RecordText(const Record& record) {
  const Cluster& cluster = record.cluster;
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
                  {"startTable", StartTableJson(cluster.start_table)}};
  return json.dump(2) + "\n";
}

base::Result<> WriteRecord(const std::filesystem::path& folder, const Record& record) {
  return sys::WriteFileAtomically(folder / kFile, RecordText(record), 0600);
}

base::Result<Record> ReadRecord(const std::filesystem::path& folder) {
  return ParseRecord(TRY(sys::ReadFile(folder / kFile, kLargest)), folder);
}

base::Result<Record> ParseRecord(std::string_view text, const std::filesystem::path& folder) {
  const Json json = TRY(ParseDescription(text).During((folder / kFile).string()));
  Record record;
  Cluster& cluster = record.cluster;
  const auto word = [&](const char* name) { return value::FindString(json, {name}); };
  cluster.kind = true;
  cluster.name = word("name");
  cluster.folder = folder;
  cluster.kubeconfig = cluster.inside_kubeconfig = folder / "kubeconfig";
  cluster.logs = folder / "logs";
  cluster.kubernetes_bin = word("kubernetesBin");
  cluster.kubernetes_version = word("kubernetesVersion");
  if (const Json* nodes = value::Find(json, {"nodes"}); nodes != nullptr && nodes->is_array())
    for (const Json& node : *nodes)
      if (node.is_string()) cluster.nodes.push_back(node.get<std::string>());
  cluster.node_name = cluster.nodes.empty() ? "" : cluster.nodes.front();
  cluster.api_port = NumberOr0(json, "apiPort");
  record.engine = word("engine");
  if (record.engine.empty()) record.engine = "docker";
  record.engine_ours = IsTrue(json, "engineOurs");
  record.engine_init = NumberOr0(json, "engineInit");
  record.relay = NumberOr0(json, "relay");
  record.making = NumberOr0(json, "making");
  record.tied = IsTrue(json, "tied");
  cluster.start_table = ReadStartTable(json);
  return record;
}

}  // namespace cluster::kind
