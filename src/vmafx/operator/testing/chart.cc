#include "vmafx/operator/testing/chart.h"

#include <algorithm>

#include "kube/testing/api_server.h"
#include "sys/files.h"
#include "sys/testing/places.h"
#include "value/yaml.h"

namespace vmafx::operators::testing {
namespace {

constexpr char kNamespace[] = "vmafx-system";

base::Result<> ApplyOne(kube::Client& client, const kube::Object& object,
                        const base::Until& until) {
  // A kind of a CRD that was just applied is served a moment later.
  while (true) {
    auto applied = client.Apply(object, "chart-test", "", until);
    if (applied.ok()) return base::Ok();
    if (!applied.Is(base::Code::kNotFound) || !until.Pause(std::chrono::milliseconds(50))) {
      return std::move(applied).error().During(object.Text());
    }
  }
}

}  // namespace

base::Result<sys::Exit> Helm(std::vector<std::string> arguments, const base::Until& until) {
  const auto home = TRY(sys::TempDir::Make("helm"));
  sys::Command command;
  command.argv = {(TRY(kube::testing::KubernetesPrograms(until)) / "helm").string()};
  for (std::string& argument : arguments) {
    command.argv.push_back(argument == kChart
                               ? (sys::testing::SourceFolder() / "deploy/helm/vmafx").string()
                               : std::move(argument));
  }
  command.environment = {{"HOME", home.path().string()}, {"PATH", "/usr/bin:/bin"}};
  return sys::Run(std::move(command), until);
}

base::Result<std::vector<kube::Object>> RenderChart(const std::vector<std::string>& more,
                                                    const base::Until& until) {
  std::vector<std::string> arguments = {"template",    "vmafx",    kChart,
                                        "--namespace", kNamespace, "--include-crds"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const sys::Exit rendered = TRY(Helm(std::move(arguments), until));
  if (!rendered.ok()) return base::Error(base::Code::kInvalid, rendered.output);
  const value::ParsedYaml yaml = value::ParseYaml(rendered.output, "chart");
  for (const value::Problem& problem : yaml.problems) {
    return base::Error(base::Code::kInvalid, problem.Format());
  }
  std::vector<kube::Object> objects;
  for (const value::Document& document : yaml.documents) objects.emplace_back(document.json);
  std::stable_partition(objects.begin(), objects.end(), [](const kube::Object& object) {
    return object.kind().kind == "CustomResourceDefinition";
  });
  return objects;
}

base::Result<> ApplyChart(kube::Client& client, const base::Until& until) {
  kube::Object ns(kube::Json{
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", kNamespace}}}});
  TRY(ApplyOne(client, ns, until));
  for (const kube::Object& object : TRY(RenderChart({}, until))) {
    // No operator's Pod answers here: the API server would refuse every object for want of it.
    if (object.kind().kind == "ValidatingWebhookConfiguration") continue;
    TRY(ApplyOne(client, object, until));
  }
  for (const char* kind : {"VmafxJob", "VmafxNode", "VmafxModelTraining"}) {
    while (true) {
      auto listed = client.List({"vmafx.dev", "v1", kind}, {}, until);
      if (listed.ok()) break;
      if (!until.Pause(std::chrono::milliseconds(50))) return std::move(listed).error();
    }
  }
  return base::Ok();
}

}  // namespace vmafx::operators::testing
