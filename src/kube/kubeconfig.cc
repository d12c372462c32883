#include "kube/kubeconfig.h"

#include <array>

#include "base/text.h"
#include "kube/text_file.h"
#include "net/certificates.h"
#include "value/yaml.h"

namespace kube {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

std::string Text(const Json& object, const std::string& field) {
  return value::FindString(object, {field});
}

// The `entry` ("cluster", "user", "context") of the element of `list` that is called `name`.
Result<Json> Named(const Json& config, const std::string& list, const std::string& entry,
                   const std::string& name) {
  std::vector<std::string> names;
  const Json* elements = value::Find(config, {list});
  for (const Json& element : elements != nullptr && elements->is_array() ? *elements : Json()) {
    names.push_back(Text(element, "name"));
    if (names.back() != name) continue;
    const Json* found = value::Find(element, {entry});
    return found != nullptr && found->is_object() ? *found : Json::object();
  }
  return Fail(Code::kInvalid, "no {} \"{}\"{}; there is: {}", entry, name,
              base::DidYouMean(name, names), names.empty() ? "none" : base::Join(names, ", "));
}

// PEM text given inline as base64 (`field`-data) or as a file name (`field`); "" when neither is.
Result<std::string> Pem(const Json& object, const std::string& field,
                        const std::filesystem::path& folder) {
  const std::string data = Text(object, field + "-data");
  if (!data.empty()) return net::Base64Decode(data).During(field + "-data");
  const std::string file = Text(object, field);
  if (file.empty()) return std::string();
  return ReadTextFile(folder / file).During(field);  // an absolute name stays as it is
}

bool IsTrue(const Json& object, const std::string& field) {
  const Json* found = value::Find(object, {field});
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

// Ignoring one of these would reach another server, or the right one as somebody else.
Result<> RefuseUnsupported(const Json& entry, const std::string& where) {
  constexpr std::array kUnsupported = {"proxy-url", "exec",      "auth-provider", "username",
                                       "password",  "as-groups", "as-uid"};
  for (const char* field : kUnsupported) {
    const Json* found = value::Find(entry, {field});
    if (found != nullptr && !found->empty() && *found != "") {
      return Fail(Code::kInvalid, "{} uses {}, which is not supported", where, field);
    }
  }
  return base::Ok();
}

Result<> ReadCluster(const Json& cluster, const std::filesystem::path& folder,
                     ClusterAccess& access) {
  TRY(RefuseUnsupported(cluster, fmt::format("cluster \"{}\"", access.cluster)));
  access.server = Text(cluster, "server");
  while (access.server.ends_with('/')) access.server.pop_back();
  if (!access.server.starts_with("https://") && !access.server.starts_with("http://")) {
    return Fail(Code::kInvalid, "cluster \"{}\": server \"{}\" is not an http or https URL",
                access.cluster, access.server);
  }
  access.identity.ca_pem = TRY(Pem(cluster, "certificate-authority", folder));
  access.identity.server_name = Text(cluster, "tls-server-name");
  access.identity.insecure_skip_verify = IsTrue(cluster, "insecure-skip-tls-verify");
  return base::Ok();
}

Result<> ReadUser(const Json& user, const std::string& name, const std::filesystem::path& folder,
                  ClusterAccess& access) {
  const std::string where = fmt::format("user \"{}\"", name);
  TRY(RefuseUnsupported(user, where));
  access.identity.client_cert_pem = TRY(Pem(user, "client-certificate", folder).During(where));
  access.identity.client_key_pem = TRY(Pem(user, "client-key", folder).During(where));
  if (access.identity.client_cert_pem.empty() != access.identity.client_key_pem.empty()) {
    return Fail(Code::kInvalid, "{} has only one of client-certificate and client-key", where);
  }
  access.token = Text(user, "token");
  const std::string token_file = Text(user, "tokenFile");
  if (!token_file.empty()) access.token_file = (folder / token_file).string();
  access.impersonate = Text(user, "as");
  return base::Ok();
}

Json ListOfOne(const std::string& name, const std::string& entry, Json content) {
  Json element = Json::object();
  element["name"] = name;
  element[entry] = std::move(content);
  return Json::array({std::move(element)});
}

void PutPem(Json& object, const std::string& field, const std::string& pem) {
  if (!pem.empty()) object[field + "-data"] = net::Base64Encode(pem);
}

void PutText(Json& object, const std::string& field, const std::string& text) {
  if (!text.empty()) object[field] = text;
}

}  // namespace

Result<ClusterAccess> ReadKubeconfig(std::string_view text, const std::filesystem::path& folder,
                                     const std::string& context) {
  const value::ParsedYaml parsed = value::ParseYaml(text, "kubeconfig");
  if (!parsed.ok()) {
    for (const value::Problem& problem : parsed.problems) {
      if (!problem.warning) return Fail(Code::kInvalid, "{}", problem.Format());
    }
  }
  if (parsed.documents.size() != 1 || !parsed.documents[0].json.is_object()) {
    return Fail(Code::kInvalid, "a kubeconfig is one YAML document of kind Config");
  }
  const Json& config = parsed.documents[0].json;
  ClusterAccess access;
  access.context = context.empty() ? Text(config, "current-context") : context;
  if (access.context.empty()) return Fail(Code::kInvalid, "no current-context is set");
  const Json chosen = TRY(Named(config, "contexts", "context", access.context));
  access.cluster = Text(chosen, "cluster");
  access.ns = Text(chosen, "namespace");
  TRY(ReadCluster(TRY(Named(config, "clusters", "cluster", access.cluster)), folder, access));
  const std::string user = Text(chosen, "user");
  if (!user.empty()) {
    TRY(ReadUser(TRY(Named(config, "users", "user", user)), user, folder, access));
  }
  return access;
}

Result<ClusterAccess> LoadKubeconfig(const std::filesystem::path& path,
                                     const std::string& context) {
  const std::string text = TRY(ReadTextFile(path).During("kubeconfig"));
  return ReadKubeconfig(text, path.parent_path(), context).During(path.string());
}

Result<ClusterAccess> InClusterAccess(const std::string& host, const std::string& port,
                                      const std::filesystem::path& folder) {
  if (host.empty() || port.empty()) {
    return Fail(Code::kNotFound, "no API server address given: not in a Pod of a cluster");
  }
  const bool bare_ipv6 = host.find(':') != std::string::npos && host[0] != '[';
  ClusterAccess access;
  access.server = fmt::format("https://{}:{}", bare_ipv6 ? "[" + host + "]" : host, port);
  access.identity.ca_pem = TRY(ReadTextFile(folder / "ca.crt").During("service account"));
  access.token_file = (folder / "token").string();
  TRY(TokenFile(access.token_file).Get().During("service account"));
  const std::string ns = TRY(ReadTextFile(folder / "namespace").During("service account"));
  access.ns = base::Trim(ns);
  access.context = access.cluster = "in-cluster";
  return access;
}

std::string WriteKubeconfig(const ClusterAccess& access, const std::string& name) {
  Json cluster = Json::object();
  cluster["server"] = access.server;
  PutPem(cluster, "certificate-authority", access.identity.ca_pem);
  PutText(cluster, "tls-server-name", access.identity.server_name);
  if (access.identity.insecure_skip_verify) cluster["insecure-skip-tls-verify"] = true;

  Json user = Json::object();
  PutPem(user, "client-certificate", access.identity.client_cert_pem);
  PutPem(user, "client-key", access.identity.client_key_pem);
  PutText(user, "token", access.token);
  PutText(user, "tokenFile", access.token_file);
  PutText(user, "as", access.impersonate);

  Json context = {{"cluster", name}, {"user", name}};
  PutText(context, "namespace", access.ns);
  Json config = {{"apiVersion", "v1"}, {"kind", "Config"}, {"current-context", name}};
  config["clusters"] = ListOfOne(name, "cluster", std::move(cluster));
  config["contexts"] = ListOfOne(name, "context", std::move(context));
  config["users"] = ListOfOne(name, "user", std::move(user));
  return value::ToYaml(config);
}

}  // namespace kube
