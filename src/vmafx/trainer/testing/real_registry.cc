#include "vmafx/trainer/testing/real_registry.h"

#include "base/text.h"
#include "net/http.h"
#include "sys/testing/places.h"

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

}  // namespace

Result<RealRegistry> RealRegistry::Start(const Until& until) {
  const std::string program = TRY(FindProgram(until));
  RealRegistry registry(TRY(sys::TempDir::Make("registry")));
  const std::filesystem::path folder = registry.folder_.path();
  const std::string config = fmt::format(kConfig, (folder / "data").string(), registry.host());
  TRY(sys::WriteFileAtomically(folder / "config.yml", config));
  registry.process_ =
      TRY(sys::Process::Start({.argv = {program, "serve", (folder / "config.yml").string()},
                               .output_path = (folder / "log").string()}));
  const auto http = net::MakeCurlHttp({});
  while (!http->Send({.url = "http://" + registry.host() + "/v2/"}, until).ok()) {
    if (!registry.process_->Running() || !until.Pause(std::chrono::milliseconds(20))) {
      return Fail(Code::kUnavailable, "the registry does not answer: {}",
                  TRY(sys::ReadFile(folder / "log")));
    }
  }
  return registry;
}

}  // namespace vmafx::trainer
