#include "vmafx/trainer/testing/real_registry.h"

#include "base/text.h"
#include "net/http.h"
#include "sys/testing/places.h"
#include "vmafx/trainer/listener.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr char kConfig[] = R"(version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {}}}}}
http: {{addr: "{}"}}
)";

Result<std::string> FindProgram(const Until& until) {
  const std::string output = TRY(
      sys::RunOrFail({.argv = {sys::testing::SourceFolder() / "tools/companions/build"}}, until));
  const auto lines = base::Split(base::Trim(output), '\n');
  return lines.back() + "/registry";
}

Result<std::string> FreeAddress() {
  const Listener listener = TRY(Listener::OnTcp("127.0.0.1:0"));
  return fmt::format("127.0.0.1:{}", listener.port());
}

}  // namespace

Result<RealRegistry> RealRegistry::Start(const Until& until) {
  const std::string program = TRY(FindProgram(until));
  const std::string host = TRY(FreeAddress());
  RealRegistry registry(TRY(sys::TempDir::Make("registry")), host);
  const std::filesystem::path folder = registry.folder_.path();
  const std::string config = fmt::format(kConfig, (folder / "data").string(), host);
  TRY(sys::WriteFileAtomically(folder / "config.yml", config));
  registry.process_ =
      TRY(sys::Process::Start({.argv = {program, "serve", (folder / "config.yml").string()},
                               .output_path = (folder / "log").string()}));
  const auto http = net::MakeCurlHttp({});
  while (!http->Send({.url = "http://" + host + "/v2/"}, until).ok()) {
    if (!registry.process_->Running() || !until.Pause(std::chrono::milliseconds(20))) {
      return Fail(Code::kUnavailable, "the registry does not answer: {}",
                  TRY(sys::ReadFile(folder / "log")));
    }
  }
  return registry;
}

}  // namespace vmafx::trainer
