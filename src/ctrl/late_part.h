#pragma once

#include <functional>
#include <memory>

#include "ctrl/manager.h"

namespace ctrl {

// A part that exists between Start and Stop only: a standby, which waits for its turn in an earlier
// part, has none of its threads, streams and copies.
class LatePart final : public Part {
 public:
  // `make` is called by each Start. What it gives must end with its destruction at the latest, also
  // when its own Start has failed. What `make` refers to must outlive this.
  explicit LatePart(std::function<std::unique_ptr<Part>()> make) : make_(std::move(make)) {}

  base::Result<> Start(const base::Until& until) override;
  base::Result<> Ready() override { return part_->Ready(); }
  void Stop() override;

 private:
  std::function<std::unique_ptr<Part>()> make_;
  std::unique_ptr<Part> part_;
};

}  // namespace ctrl
