// A kubeconfig as somebody hands it over.

#include "kube/kubeconfig.h"

#include "base/check.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto access = kube::ReadKubeconfig(fuzz::Text(data, size), "no-such-folder");
  if (!access.ok()) {
    CHECK(!access.error().message().empty());
    return 0;
  }
  const auto again = kube::ReadKubeconfig(kube::WriteKubeconfig(*access, "copy"), "");
  CHECK(again.ok());
  CHECK(again->server == access->server);
  CHECK(again->token == access->token);
  CHECK(again->token_file == access->token_file);
  CHECK(again->ns == access->ns);
  CHECK(again->identity.ca_pem == access->identity.ca_pem);
  CHECK(again->identity.client_cert_pem == access->identity.client_cert_pem);
  CHECK(again->identity.client_key_pem == access->identity.client_key_pem);
  CHECK(again->identity.server_name == access->identity.server_name);
  CHECK(again->identity.insecure_skip_verify == access->identity.insecure_skip_verify);
  return 0;
}
