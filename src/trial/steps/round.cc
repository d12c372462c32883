#include "trial/steps/round.h"

#include <fmt/format.h>

namespace trial {

std::string SubjectOf(const Wanted& wanted) {
  return wanted.condition ? wanted.condition->Subject() : wanted.manifest.object.Text();
}

std::string MissOf(const Wanted& wanted, const Judgement& judgement) {
  if (wanted.condition) return NearestMiss(*wanted.condition, judgement);
  if (judgement.error) return judgement.error->message();
  return fmt::format("the cluster does not serve {} {}", wanted.manifest.object.kind().ApiVersion(),
                     wanted.manifest.object.kind().kind);
}

}  // namespace trial
