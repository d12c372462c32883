#include "kube/watch_decoder.h"

#include "kube/status.h"

namespace kube {

using base::Code;
using base::Fail;

ObjectPtr MakeObject(value::Json json, const Kind& kind) {
  if (json.is_object() && !json.contains("kind")) {
    json["apiVersion"] = kind.ApiVersion();
    json["kind"] = kind.kind;
  }
  return std::make_shared<const Object>(std::move(json));
}

base::Result<bool> WatchDecoder::Feed(std::string_view piece,
                                      const std::function<bool(const Change&)>& on_change) {
  for (size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    std::string_view line = piece.substr(0, end);
    if (!partial_.empty()) line = partial_.append(line);
    const base::Result<Change> change = Decode(line);
    partial_.clear();
    piece.remove_prefix(end + 1);
    if (!change.ok()) return change.error();
    if (!on_change(*change)) return false;
  }
  partial_ += piece;
  return true;
}

base::Result<Change> WatchDecoder::Decode(std::string_view line) const {
  base::Result<Json> parsed = value::ParseJson(line);
  if (!parsed.ok()) return Fail(Code::kInternal, "watch event: {}", parsed.error().message());
  Json& event = *parsed;
  const std::string type = value::FindString(event, {"type"});
  const auto object = event.is_object() ? event.find("object") : event.end();
  if (object == event.end() || !object->is_object()) {
    return Fail(Code::kInternal, "watch event without an object: {}", line.substr(0, 200));
  }
  if (type == "ERROR") return StatusError(*object);
  Change change{ChangeType::kBookmark, MakeObject(std::move(*object), kind_)};
  if (type == "BOOKMARK") return change;
  if (type == "ADDED") {
    change.type = ChangeType::kAdded;
  } else if (type == "MODIFIED") {
    change.type = ChangeType::kModified;
  } else if (type == "DELETED") {
    change.type = ChangeType::kDeleted;
  } else {
    return Fail(Code::kInternal, "watch event of unknown type \"{}\"", type);
  }
  return change;
}

}  // namespace kube
