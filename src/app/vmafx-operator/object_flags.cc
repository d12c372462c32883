#include "app/vmafx-operator/object_flags.h"

#include "base/text.h"

namespace {

void AddTrainerFlags(CLI::App& cli, vmafx::operators::TrainerSettings& trainer) {
  cli.add_option("--trainer-image", trainer.image,
                 "image of trainers: vmafx-trainer; without it no VmafxModelTraining runs")
      ->envname("VMAFX_TRAINER_IMAGE");
  cli.add_option("--trainer-image-pull-policy", trainer.pull_policy, "of that image")
      ->envname("VMAFX_TRAINER_IMAGE_PULL_POLICY")
      ->check(CLI::IsMember({"Always", "IfNotPresent", "Never"}))
      ->capture_default_str();
  AddJsonOption(cli, "--trainer-resources", trainer.resources, "resources of trainers as JSON")
      ->envname("VMAFX_TRAINER_RESOURCES");
  cli.add_option("--trainer-storage-size", trainer.storage_size, "of a trainer's volume")
      ->envname("VMAFX_TRAINER_STORAGE_SIZE")
      ->capture_default_str();
  cli.add_option("--trainer-storage-class", trainer.storage_class,
                 "of a trainer's volume; empty is the cluster's default")
      ->envname("VMAFX_TRAINER_STORAGE_CLASS");
  cli.add_option("--trainer-plain-http-hosts", trainer.plain_http_hosts,
                 "registries that trainers may speak to without TLS: HOST or HOST:PORT, * for any "
                 "part, separated by commas")
      ->envname("VMAFX_TRAINER_PLAIN_HTTP_HOSTS");
}

}  // namespace

CLI::Option* AddJsonOption(CLI::App& cli, const std::string& name, value::Json& object,
                           const std::string& help) {
  return cli
      .add_option_function<std::string>(
          name,
          [name, &object](const std::string& text) {
            auto json = value::ParseJson(text);
            if (!json.ok() || !json->is_object()) {
              throw CLI::ValidationError(
                  name, json.ok() ? std::string("not a JSON object") : json.error().message());
            }
            object = *json;
          },
          help)
      ->type_name("JSON");
}

void AddObjectFlags(CLI::App& cli, vmafx::operators::OperatorOptions& options) {
  cli.add_option("--cluster-domain", options.nodes.cluster_domain,
                 "DNS domain of the cluster; healthz URLs may only name its Services")
      ->envname("VMAFX_CLUSTER_DOMAIN")
      ->capture_default_str();
  AddTrainerFlags(cli, options.trainings.trainer);
}
