#include "ctrl/late_part.h"

namespace ctrl {

base::Result<> LatePart::Start(const base::Until& until) {
  part_ = make_();
  auto started = part_->Start(until);
  if (!started.ok()) part_.reset();
  return started;
}

void LatePart::Stop() {
  part_->Stop();
  part_.reset();
}

}  // namespace ctrl
