#include "kube/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/text_file.h"
#include "net/certificates.h"
#include "sys/files.h"

namespace kube {
namespace {

using base::Code;
using ::testing::HasSubstr;

// A kubeconfig with two contexts; what the test is about is put in its place.
std::string Config(const std::string& cluster = "", const std::string& user = "token: secret") {
  return "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
         "clusters:\n- name: c\n  cluster:\n    server: https://127.0.0.1:6443/\n    " +
         cluster + "\nusers:\n- name: u\n  user:\n    " + user +
         "\ncontexts:\n"
         "- {name: main, context: {cluster: c, user: u, namespace: team}}\n"
         "- {name: other, context: {cluster: missing, user: u}}\n";
}

std::string Refusal(const std::string& text, const std::string& context = "") {
  const auto access = ReadKubeconfig(text, ".", context);
  EXPECT_TRUE(access.Is(Code::kInvalid));
  return access.ok() ? "accepted" : access.error().message();
}

TEST(KubeconfigTest, ReadsTheCurrentContext) {
  const auto access = ReadKubeconfig(Config("tls-server-name: kubernetes"), ".");

  ASSERT_TRUE(access.ok()) << access.error().message();
  EXPECT_EQ(access->server, "https://127.0.0.1:6443");
  EXPECT_EQ(access->identity.server_name, "kubernetes");
  EXPECT_EQ(access->token, "secret");
  EXPECT_EQ(access->context, "main");
  EXPECT_EQ(access->cluster, "c");
  EXPECT_EQ(access->ns, "team");
  EXPECT_FALSE(access->identity.insecure_skip_verify);
}

TEST(KubeconfigTest, ReadsCertificatesInlineAndFromFilesBesideIt) {
  const sys::TempDir folder = *sys::TempDir::Make();
  ASSERT_TRUE(sys::WriteFileAtomically(folder.path() / "u.crt", "CERT").ok());
  ASSERT_TRUE(sys::WriteFileAtomically(folder.path() / "u.key", "KEY").ok());
  const std::string text =
      Config("certificate-authority-data: " + net::Base64Encode("CA"),
             "{client-certificate: u.crt, client-key: " + (folder.path() / "u.key").string() +
                 ", tokenFile: token}");
  ASSERT_TRUE(sys::WriteFileAtomically(folder.path() / "config", text).ok());

  const auto access = LoadKubeconfig(folder.path() / "config");

  ASSERT_TRUE(access.ok()) << access.error().message();
  EXPECT_EQ(access->identity.ca_pem, "CA");
  EXPECT_EQ(access->identity.client_cert_pem, "CERT");
  EXPECT_EQ(access->identity.client_key_pem, "KEY");
  EXPECT_EQ(access->token_file, (folder.path() / "token").string());
}

TEST(KubeconfigTest, WhatItCannotUseIsRefusedByName) {
  EXPECT_EQ(Refusal(Config(), "mai"),
            "no context \"mai\" (did you mean \"main\"?); there is: main, other");
  EXPECT_EQ(Refusal(Config(), "other"), "no cluster \"missing\"; there is: c");
  EXPECT_EQ(Refusal(Config("", "exec: {command: aws}")),
            "user \"u\" uses exec, which is not supported");
  EXPECT_EQ(Refusal(Config("proxy-url: http://proxy")),
            "cluster \"c\" uses proxy-url, which is not supported");
  EXPECT_EQ(Refusal(Config("", "client-certificate-data: Q0VSVA==")),
            "user \"u\" has only one of client-certificate and client-key");
  EXPECT_EQ(Refusal(Config("certificate-authority-data: '!'")),
            "certificate-authority-data: not base64");
  EXPECT_EQ(Refusal("apiVersion: v1\nkind: Config\n"), "no current-context is set");
  EXPECT_EQ(Refusal(""), "a kubeconfig is one YAML document of kind Config");
  EXPECT_EQ(Refusal("- a"), "a kubeconfig is one YAML document of kind Config");
  EXPECT_THAT(Refusal("a: [\n"), HasSubstr("kubeconfig:"));
  EXPECT_EQ(Refusal("current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
                    "clusters: [{name: b, cluster: {server: nowhere}}]\n"),
            "cluster \"b\": server \"nowhere\" is not an http or https URL");
}

TEST(KubeconfigTest, AMissingFileIsNamed) {
  EXPECT_EQ(LoadKubeconfig("/nowhere/config").error().message(),
            "kubeconfig: /nowhere/config: no such file or directory");
  const auto access = ReadKubeconfig(Config("certificate-authority: gone.crt"), "/nowhere");
  ASSERT_TRUE(access.Is(Code::kNotFound));
  EXPECT_EQ(access.error().message(),
            "certificate-authority: /nowhere/gone.crt: no such file or directory");
}

TEST(KubeconfigTest, WhatWeWriteIsReadBackTheSame) {
  ClusterAccess access;
  access.server = "https://10.0.0.1:6443";
  access.identity = {.ca_pem = "CA",
                     .client_cert_pem = "CERT\n",
                     .client_key_pem = "KEY\n",
                     .server_name = "kubernetes"};
  access.token = "yes";  // a boolean if it were not quoted
  access.ns = "0644";

  const auto read = ReadKubeconfig(WriteKubeconfig(access, "trial"), ".");

  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->server, access.server);
  EXPECT_EQ(read->identity.ca_pem, "CA");
  EXPECT_EQ(read->identity.client_cert_pem, "CERT\n");
  EXPECT_EQ(read->identity.client_key_pem, "KEY\n");
  EXPECT_EQ(read->identity.server_name, "kubernetes");
  EXPECT_EQ(read->token, "yes");
  EXPECT_EQ(read->ns, "0644");
  EXPECT_EQ(read->context, "trial");
}

TEST(InClusterTest, ReadsTheServiceAccountOfAPod) {
  const sys::TempDir folder = *sys::TempDir::Make();
  ASSERT_TRUE(InClusterAccess("10.96.0.1", "443", folder.path()).Is(Code::kNotFound));
  ASSERT_TRUE(sys::WriteFileAtomically(folder.path() / "ca.crt", "CA").ok());
  ASSERT_TRUE(sys::WriteFileAtomically(folder.path() / "namespace", "team\n").ok());
  ASSERT_TRUE(sys::WriteFileAtomically(folder.path() / "token", "secret").ok());

  const auto access = InClusterAccess("10.96.0.1", "443", folder.path());

  ASSERT_TRUE(access.ok()) << access.error().message();
  EXPECT_EQ(access->server, "https://10.96.0.1:443");
  EXPECT_EQ(access->identity.ca_pem, "CA");
  EXPECT_EQ(access->ns, "team");
  EXPECT_EQ(access->token_file, (folder.path() / "token").string());
  EXPECT_EQ(InClusterAccess("fd00::1", "443", folder.path())->server, "https://[fd00::1]:443");
  EXPECT_TRUE(InClusterAccess("", "", folder.path()).Is(Code::kNotFound));
}

TEST(TokenFileTest, IsReadAgainWhenItWasReplacedOrRewritten) {
  const sys::TempDir folder = *sys::TempDir::Make();
  const std::filesystem::path path = folder.path() / "token";
  TokenFile token(path);

  EXPECT_TRUE(token.Get().Is(Code::kNotFound));
  ASSERT_TRUE(sys::WriteFileAtomically(path, "one\n").ok());
  EXPECT_EQ(*token.Get(), "one");
  EXPECT_EQ(*token.Get(), "one");
  ASSERT_TRUE(sys::WriteFileAtomically(path, "two\n").ok());
  EXPECT_EQ(*token.Get(), "two");
  ASSERT_TRUE(sys::WriteFileAtomically(path, "  \n").ok());
  EXPECT_TRUE(token.Get().Is(Code::kInvalid));
}

TEST(ReadTextFileTest, ADirectoryIsInvalid) {
  const sys::TempDir folder = *sys::TempDir::Make();

  EXPECT_TRUE(ReadTextFile(folder.path()).Is(Code::kInvalid));
}

}  // namespace
}  // namespace kube
