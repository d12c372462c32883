#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kube/client.h"

namespace kube {

// Turns the body of a watch (one JSON object a line) into changes, however the network cut it into
// pieces. One thread.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
class WatchDecoder {
 public:
  // `kind` is put into objects that do not name theirs.
  explicit WatchDecoder(Kind kind) : kind_(std::move(kind)) {}

  // Calls `on_change` for each whole line; true: go on, false: `on_change` wants no more. An ERROR
  // event is the error that its Status means (410: kGone); a line that is no event is kInternal.
  base::Result<bool> Feed(std::string_view piece,
                          const std::function<bool(const Change&)>& on_change);

 private:
  base::Result<Change> Decode(std::string_view line) const;

  Kind kind_;
  std::string partial_;  // the line whose end has not come yet
};

// The object in `json`, with the kind filled in: items of lists and some events leave it out.
ObjectPtr MakeObject(value::Json json, const Kind& kind);

}  // namespace kube
