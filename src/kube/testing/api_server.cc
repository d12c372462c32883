#include "kube/testing/api_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#include "base/text.h"
#include "net/certificates.h"
#include "net/http.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "sys/process.h"

namespace kube::testing {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Fail;
using base::Result;
using base::Until;

// A port that was free a moment ago. Somebody else may take it before we do: Start tries again.
int FreePort() {
  const sys::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(fd.get(), generic, size) == 0 && getsockname(fd.get(), generic, &size) == 0);
  return ntohs(address.sin_port);
}

std::string Loopback(const char* scheme, int port) {
  return fmt::format("{}://127.0.0.1:{}", scheme, port);
}

std::string EnvironmentOr(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

}  // namespace

Result<std::filesystem::path> KubernetesPrograms(const Until& until) {
  const std::string given = EnvironmentOr("SEATRIAL_KUBERNETES_BIN", "");
  if (!given.empty()) return std::filesystem::path(given);
  const std::string build = EnvironmentOr("SEATRIAL_SOURCE_DIR", ".") + "/tools/kubernetes/build";
  const sys::Exit exit = TRY(sys::Run({.argv = {build, "--path"}}, until));
  if (!exit.ok()) {
    return Fail(Code::kNotFound,
                "the Kubernetes programs are not built; run tools/kubernetes/build");
  }
  return std::filesystem::path(std::string(base::Trim(exit.output)));
}

struct ApiServer::State {
  State(std::filesystem::path the_programs, sys::TempDir the_folder)
      : programs(std::move(the_programs)), temp(std::move(the_folder)) {}

  const std::filesystem::path programs;
  sys::TempDir temp;
  base::SystemClock clock;
  net::KeyPair authority;
  ClusterAccess admin;
  int port = FreePort();
  int etcd_port = FreePort();
  int etcd_peer_port = FreePort();
  std::optional<sys::Process> etcd;
  std::optional<sys::Process> api_server;

  std::string File(const char* name) const { return (temp.path() / name).string(); }
  Result<> WriteFiles();
  Result<sys::Process> Launch(const char* program, std::vector<std::string> arguments) const;
  Result<> LaunchEtcd();
  Result<> LaunchApiServer();
  Result<> AwaitReady(const Until& until);
  Result<ClusterAccess> Access(const std::string& user,
                               const std::vector<std::string>& groups) const;
  Result<std::string> AskEtcd(const std::string& path, const Json& body, const Until& until) const;
  std::string LogTail(const char* name) const;
};

Result<ClusterAccess> ApiServer::State::Access(const std::string& user,
                                               const std::vector<std::string>& groups) const {
  const net::KeyPair pair = TRY(net::IssueCertificate(
      authority, {.common_name = user, .organizations = groups, .client = true}, clock.WallNow()));
  ClusterAccess access;
  access.server = Loopback("https", port);
  access.identity = {.ca_pem = authority.certificate_pem,
                     .client_cert_pem = pair.certificate_pem,
                     .client_key_pem = pair.key_pem,
                     .server_name = ""};
  access.context = access.cluster = "test";
  return access;
}

Result<> ApiServer::State::WriteFiles() {
  const base::WallTime now = clock.WallNow();
  authority = TRY(net::MakeAuthority("kubernetes", now));
  const net::KeyPair serving = TRY(net::IssueCertificate(authority,
                                                         {.common_name = "kube-apiserver",
                                                          .dns_names = {"kubernetes", "localhost"},
                                                          .ip_addresses = {"127.0.0.1"}},
                                                         now));
  const net::SigningKey signing = TRY(net::MakeSigningKey());
  TRY(sys::WriteFileAtomically(File("ca.crt"), authority.certificate_pem));
  TRY(sys::WriteFileAtomically(File("serving.crt"), serving.certificate_pem));
  TRY(sys::WriteFileAtomically(File("serving.key"), serving.key_pem, 0600));
  TRY(sys::WriteFileAtomically(File("sa.key"), signing.private_pem, 0600));
  TRY(sys::WriteFileAtomically(File("sa.pub"), signing.public_pem));
  admin = TRY(Access("admin", {"system:masters"}));
  return base::Ok();
}

Result<sys::Process> ApiServer::State::Launch(const char* program,
                                              std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), (programs / program).string());
  return sys::Process::Start({.argv = std::move(arguments),
                              .environment = {{{"HOME", temp.path().string()}}},
                              .output_path = File(program) + ".log"});
}

// https://etcd.io/docs/v3.6/op-guide/configuration/
Result<> ApiServer::State::LaunchEtcd() {
  const std::string client = Loopback("http", etcd_port);
  const std::string peer = Loopback("http", etcd_peer_port);
  etcd = TRY(
      Launch("etcd", {"--name=n0", "--data-dir=" + File("etcd"), "--listen-client-urls=" + client,
                      "--advertise-client-urls=" + client, "--listen-peer-urls=" + peer,
                      "--initial-advertise-peer-urls=" + peer, "--initial-cluster=n0=" + peer,
                      "--unsafe-no-fsync", "--log-level=warn"}));
  return base::Ok();
}

// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
Result<> ApiServer::State::LaunchApiServer() {
  api_server = TRY(Launch(
      "kube-apiserver",
      {"--etcd-servers=" + Loopback("http", etcd_port), "--bind-address=127.0.0.1",
       fmt::format("--secure-port={}", port), "--service-cluster-ip-range=10.96.0.0/16",
       "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
       "--service-account-key-file=" + File("sa.pub"),
       "--service-account-signing-key-file=" + File("sa.key"),
       "--tls-cert-file=" + File("serving.crt"), "--tls-private-key-file=" + File("serving.key"),
       "--client-ca-file=" + File("ca.crt"), "--authorization-mode=Node,RBAC",
       "--allow-privileged=true", "--endpoint-reconciler-type=none", "--profiling=false",
       "--disable-admission-plugins=ServiceAccount",
       // Else SIGTERM waits 60 s for open HTTP/1.1 watches to end by themselves.
       "--shutdown-watch-termination-grace-period=1s"}));
  return base::Ok();
}

Result<> ApiServer::State::AwaitReady(const Until& until) {
  const auto client = MakeClient(admin, base::Log::Nowhere());
  while (true) {
    const auto ready = client->Raw("GET", "/readyz", "", until);
    if (ready.ok()) return base::Ok();
    for (auto* process : {&etcd, &api_server}) {
      if ((*process)->Running()) continue;
      return Fail(Code::kUnavailable, "{} ended:\n{}", process == &etcd ? "etcd" : "kube-apiserver",
                  LogTail(process == &etcd ? "etcd.log" : "kube-apiserver.log"));
    }
    if (!until.Pause(20ms)) {  // nothing to watch yet
      return Fail(Code::kTimeout, "the API server is not ready: {}\n{}", ready.error().message(),
                  LogTail("kube-apiserver.log"));
    }
  }
}

std::string ApiServer::State::LogTail(const char* name) const {
  constexpr size_t kEnough = 4000;
  const std::string text = sys::ReadFile(temp.path() / name).ValueOr("no log");
  return text.substr(text.size() - std::min(text.size(), kEnough));
}

// etcd's gRPC gateway. https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
Result<std::string> ApiServer::State::AskEtcd(const std::string& path, const Json& body,
                                              const Until& until) const {
  const auto http = net::MakeCurlHttp({});
  const auto response = TRY(http->Send(
      {.method = "POST", .url = Loopback("http", etcd_port) + path, .body = body.dump()}, until));
  if (response.status != 200) return Fail(Code::kInternal, "etcd {}: {}", path, response.body);
  return response.body;
}

ApiServer::ApiServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

ApiServer::~ApiServer() {
  // The API server first: it would only complain about a lost etcd.
  state_->api_server.reset();
  state_->etcd.reset();
}

Result<std::unique_ptr<ApiServer>> ApiServer::Start(const std::filesystem::path& programs,
                                                    const Until& until) {
  constexpr int kAttempts = 3;  // a free port can be taken between our look and our use
  for (int attempt = 1;; ++attempt) {
    auto state = std::make_unique<State>(programs, TRY(sys::TempDir::Make("seatrial-api")));
    TRY(state->WriteFiles());
    TRY(state->LaunchEtcd());
    TRY(state->LaunchApiServer());
    const Result<> ready = state->AwaitReady(until);
    if (ready.ok()) return std::unique_ptr<ApiServer>(new ApiServer(std::move(state)));
    if (!ready.Is(Code::kUnavailable) || attempt == kAttempts) return ready.error();
  }
}

ClusterAccess ApiServer::Admin() const {
  return state_->admin;
}

Result<ClusterAccess> ApiServer::As(const std::string& user,
                                    const std::vector<std::string>& groups) const {
  return state_->Access(user, groups);
}

Result<> ApiServer::Restart(const Until& until) {
  state_->api_server->Signal(SIGTERM);
  TRY(state_->api_server->Wait(until));
  return Resume(until);
}

void ApiServer::Kill() {
  state_->api_server->Signal(SIGKILL);
  // A killed child ends at once; the wait only reaps it.
  const auto exit = state_->api_server->Wait(Until::After(state_->clock, 60s));
  CHECK(exit.ok());
}

Result<> ApiServer::Resume(const Until& until) {
  TRY(state_->LaunchApiServer());
  return state_->AwaitReady(until);
}

Result<> ApiServer::RemoveFromEtcd(const std::string& path, const Until& until) {
  const Json body = {{"key", net::Base64Encode(path)}};
  const std::string text = TRY(state_->AskEtcd("/v3/kv/deleterange", body, until));
  if (text.find("\"deleted\":\"1\"") == std::string::npos) {
    return Fail(Code::kNotFound, "etcd has no {}: {}", path, text);
  }
  return base::Ok();
}

Result<> ApiServer::CompactEtcd(const Until& until) {
  const Json any_key = {{"key", net::Base64Encode("/registry")}};
  const std::string text = TRY(state_->AskEtcd("/v3/kv/range", any_key, until));
  const Json range = TRY(value::ParseJson(text));
  const Json body = {{"revision", value::FindString(range, {"header", "revision"})}};
  TRY(state_->AskEtcd("/v3/kv/compaction", body, until));
  return base::Ok();
}

const std::filesystem::path& ApiServer::folder() const {
  return state_->temp.path();
}

namespace {

// googletest ends it after the last test; a plain static would be destroyed after main.
class SharedEnvironment : public ::testing::Environment {
 public:
  void TearDown() override { server_.reset(); }

  ApiServer& Get() {
    if (server_ == nullptr) {
      base::SystemClock clock;
      auto started = Start(Until::After(clock, 90s));
      if (!started.ok()) {
        std::fprintf(stderr, "cannot start the API server for tests: %s\n",
                     started.error().message().c_str());
        std::_Exit(1);
      }
      server_ = *std::move(started);
    }
    return *server_;
  }

 private:
  static Result<std::unique_ptr<ApiServer>> Start(const Until& until) {
    return ApiServer::Start(TRY(KubernetesPrograms(until)), until);
  }

  std::unique_ptr<ApiServer> server_;
};

// googletest owns it.
SharedEnvironment* const shared_environment = [] {
  auto* environment = new SharedEnvironment;
  ::testing::AddGlobalTestEnvironment(environment);
  return environment;
}();

}  // namespace

ApiServer& SharedApiServer() {
  return shared_environment->Get();
}

void AwaitRightToRead(Client& user, const Kind& kind, const std::string& ns) {
  base::SystemClock clock;
  const Until until = Until::After(clock, 60s);
  auto read = user.Get(kind, {ns, "whatever"}, until);
  while (!read.ok() && !read.Is(Code::kNotFound) && until.Pause(20ms))
    read = user.Get(kind, {ns, "whatever"}, until);
  if (!read.ok() && !read.Is(Code::kNotFound)) ADD_FAILURE() << read.error().message();
}

TestNamespace::TestNamespace(Client& client) : client_(client) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string label = base::Lower(test != nullptr ? test->name() : "test").substr(0, 40);
  name_ = label + "-" + net::RandomHex(3);
  base::SystemClock clock;
  const Json json = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name_}}}};
  const auto made = client_.Create(Object(json), Until::After(clock, 60s));
  if (!made.ok()) ADD_FAILURE() << made.error().message();
}

TestNamespace::~TestNamespace() {
  base::SystemClock clock;
  const auto deleted =
      client_.Delete({"", "v1", "Namespace"}, {"", name_}, {}, Until::After(clock, 60s));
  if (!deleted.ok()) ADD_FAILURE() << deleted.error().message();
}

}  // namespace kube::testing
