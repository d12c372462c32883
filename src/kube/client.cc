#include "kube/client.h"

#include "kube/discovery.h"
#include "kube/paths.h"
#include "kube/rest.h"
#include "kube/watch_decoder.h"

namespace kube {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

constexpr int kPageSize = 500;
// A server that has not ended a watch so long after its time hangs.
constexpr std::chrono::seconds kWatchGrace{20};

constexpr const char* kMergePatch = "application/merge-patch+json";
constexpr const char* kApplyPatch = "application/apply-patch+yaml";

Result<std::string> Dump(const Json& json) {
  try {
    return json.dump();
  } catch (const Json::exception&) {
    return Fail(Code::kInvalid, "the object holds text that is not UTF-8");
  }
}

std::string What(const Resource& resource, const Key& key, const std::string& subresource = "") {
  return resource.plural + " " + key.Text() + (subresource.empty() ? "" : " " + subresource);
}

// The server's word for "this path is not served (any more)", as opposed to a missing object.
bool PathIsGone(const base::Error& error) {
  const std::string& message = error.message();
  return error.code() == Code::kNotFound &&
         (message.find("could not find the requested resource") != std::string::npos ||
          message.find("404 page not found") != std::string::npos);
}

// What one request is about, before it has a path.
struct Ask {
  const char* method;
  Kind kind;
  Key key;
  std::string subresource = "";
  std::string query = "";
  std::string body = "";
  const char* content_type = "application/json";
};

class RestClient final : public Client {
 public:
  RestClient(ClusterAccess access, base::Log log, const std::string& user_agent)
      : rest_(std::move(access), std::move(log), user_agent) {}

  Result<Object> Get(const Kind& kind, const Key& key, const Until& until) override {
    return Single({.method = "GET", .kind = kind, .key = key}, until);
  }

  Result<ObjectList> List(const Kind& kind, const ListOptions& options,
                          const Until& until) override;

  Result<Object> Create(const Object& object, const Until& until) override;

  Result<Object> Update(const Object& object, const Until& until) override {
    return Put(object, "", until);
  }
  Result<Object> UpdateStatus(const Object& object, const Until& until) override {
    return Put(object, "status", until);
  }

  Result<Object> MergePatch(const Kind& kind, const Key& key, const Json& patch,
                            const std::string& subresource, const Until& until) override {
    return Single({.method = "PATCH",
                   .kind = kind,
                   .key = key,
                   .subresource = subresource,
                   .body = TRY(Dump(patch)),
                   .content_type = kMergePatch},
                  until);
  }

  Result<Object> Apply(const Object& object, const std::string& manager,
                       const std::string& subresource, const Until& until) override {
    return Single({.method = "PATCH",
                   .kind = object.kind(),
                   .key = object.key(),
                   .subresource = subresource,
                   .query = "?force=true&fieldManager=" + net::UrlEscape(manager),
                   .body = TRY(Dump(object.json())),
                   .content_type = kApplyPatch},
                  until);
  }

  Result<> Delete(const Kind& kind, const Key& key, const DeleteOptions& options,
                  const Until& until) override;

  Result<> Watch(const Kind& kind, const WatchOptions& options,
                 const std::function<bool(const Change&)>& on_change, const Until& until) override;

  Result<Resource> Discover(const Kind& kind, const Until& until) override;

  Result<std::string> Raw(const std::string& method, const std::string& path,
                          const std::string& body, const Until& until) override {
    return rest_.Send({.method = method, .path = path, .what = path, .body = body}, until);
  }

  const ClusterAccess& access() const override { return rest_.access(); }

 private:
  // Discover for an object in `ns`. When that does not fit the kind's scope as we know it, looks
  // again before the caller is told that it is wrong: a CRD may have been defined anew.
  Result<Resource> Locate(const Kind& kind, const std::string& ns, const Until& until);
  // Sends a request about one object; its answer is returned as text.
  Result<std::string> Send(const Ask& ask, const Until& until);
  // The same, and the answer is the object.
  Result<Object> Single(const Ask& ask, const Until& until);
  Result<Object> Put(const Object& object, const std::string& subresource, const Until& until);
  Result<ObjectList> ReadPages(const Resource& resource, const ListOptions& options,
                               const Until& until);
  // `result`, after forgetting discovery that it shows to be out of date.
  template <typename Value>
  Result<Value> Checked(const Kind& kind, Result<Value> result) {
    if (!result.ok() && PathIsGone(result.error())) discovery_.Forget(kind);
    return result;
  }

  Rest rest_;
  DiscoveryCache discovery_;
};

Result<Resource> RestClient::Locate(const Kind& kind, const std::string& ns, const Until& until) {
  const Resource resource = TRY(Discover(kind, until));
  if (!resource.namespaced || !ns.empty()) return resource;
  discovery_.Forget(kind);
  return Discover(kind, until);
}

Result<std::string> RestClient::Send(const Ask& ask, const Until& until) {
  const Resource resource = TRY(Locate(ask.kind, ask.key.ns, until));
  const std::string what = What(resource, ask.key, ask.subresource);
  const std::string path = TRY(ObjectPath(resource, ask.key, ask.subresource)
                                   .During(fmt::format("{} {}", ask.method, what)));
  return Checked(ask.kind, rest_.Send({.method = ask.method,
                                       .path = path + ask.query,
                                       .what = what,
                                       .body = ask.body,
                                       .content_type = ask.content_type},
                                      until));
}

Result<Object> RestClient::Single(const Ask& ask, const Until& until) {
  const std::string text = TRY(Send(ask, until));
  return Object(TRY(value::ParseJson(text).During("answer of the API server")));
}

Result<Object> RestClient::Create(const Object& object, const Until& until) {
  const Resource resource = TRY(Locate(object.kind(), object.ns(), until));
  const std::string what = What(resource, object.key());
  if (resource.namespaced && object.ns().empty()) {
    return Fail(Code::kInvalid, "POST {}: no namespace given, and {} lives in one", what,
                object.kind().kind);
  }
  const std::string text = TRY(
      Checked(object.kind(), rest_.Send({.method = "POST",
                                         .path = CollectionPath(resource, object.ns()),
                                         .what = what,
                                         .body = TRY(Dump(object.json()).During("POST " + what))},
                                        until)));
  return Object(TRY(value::ParseJson(text).During("answer of the API server")));
}

Result<Object> RestClient::Put(const Object& object, const std::string& subresource,
                               const Until& until) {
  return Single({.method = "PUT",
                 .kind = object.kind(),
                 .key = object.key(),
                 .subresource = subresource,
                 .body = TRY(Dump(object.json()).During("PUT " + object.Text()))},
                until);
}

Result<> RestClient::Delete(const Kind& kind, const Key& key, const DeleteOptions& options,
                            const Until& until) {
  Json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  switch (options.propagation) {
    case Propagation::kDefault:
      break;
    case Propagation::kBackground:
      body["propagationPolicy"] = "Background";
      break;
    case Propagation::kForeground:
      body["propagationPolicy"] = "Foreground";
      break;
    case Propagation::kOrphan:
      body["propagationPolicy"] = "Orphan";
      break;
  }
  if (options.grace_seconds.has_value()) body["gracePeriodSeconds"] = *options.grace_seconds;
  if (!options.uid.empty()) body["preconditions"]["uid"] = options.uid;
  TRY(Send({.method = "DELETE", .kind = kind, .key = key, .body = TRY(Dump(body))}, until));
  return base::Ok();
}

Result<ObjectList> RestClient::List(const Kind& kind, const ListOptions& options,
                                    const Until& until) {
  const Resource resource = TRY(Discover(kind, until));
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    auto list = Checked(kind, ReadPages(resource, options, until));
    // The version that the pages are read at can be compacted away between two of them.
    if (!list.Is(Code::kGone) || attempt == kAttempts) return list;
  }
}

Result<ObjectList> RestClient::ReadPages(const Resource& resource, const ListOptions& options,
                                         const Until& until) {
  ObjectList list;
  std::string after;
  do {
    const std::string text = TRY(rest_.Send(
        {.path = CollectionPath(resource, options.ns) + ListQuery(options, kPageSize, after),
         .what = options.ns.empty() ? resource.plural : resource.plural + " in " + options.ns},
        until));
    Json page = TRY(value::ParseJson(text).During("list of " + resource.plural));
    list.resource_version = value::FindString(page, {"metadata", "resourceVersion"});
    after = value::FindString(page, {"metadata", "continue"});
    const auto items = page.find("items");
    if (items == page.end() || !items->is_array()) continue;
    list.items.reserve(list.items.size() + items->size());
    for (Json& item : *items) {
      list.items.push_back(MakeObject(std::move(item), resource.kind));
    }
  } while (!after.empty());
  return list;
}

Result<> RestClient::Watch(const Kind& kind, const WatchOptions& options,
                           const std::function<bool(const Change&)>& on_change,
                           const Until& until) {
  const Resource resource = TRY(Discover(kind, until));
  WatchDecoder decoder(kind);
  Result<bool> fed = true;
  bool open = false;
  const auto sink = [&](std::string_view piece) {
    if (!std::exchange(open, true) && options.on_open) options.on_open();
    fed = decoder.Feed(piece, on_change);
    return fed.ok() && *fed;
  };
  const std::string what = resource.plural + " (watch)";
  const Call call{.path = CollectionPath(resource, options.ns) + WatchQuery(options),
                  .what = what,
                  .on_refused = options.on_refused};
  auto ended = Checked(kind, rest_.Stream(call, sink, until.Within(options.at_most + kWatchGrace)));
  if (!fed.ok()) return std::move(fed).error().During("GET " + what);
  // A server that did not keep its own limit: the caller watches again, on a new connection.
  if (ended.Is(Code::kTimeout) && !until.Expired()) return base::Ok();
  return ended;
}

Result<Resource> RestClient::Discover(const Kind& kind, const Until& until) {
  if (kind.version.empty() || kind.kind.empty()) {
    return Fail(Code::kInvalid, "an object without apiVersion or kind");
  }
  if (auto known = discovery_.Find(kind)) return *std::move(known);
  const std::string path = GroupVersionPath(kind);
  const Result<std::string> text = rest_.Send({.path = path, .what = path}, until);
  if (!text.ok() && !text.Is(Code::kNotFound)) return text.error();
  if (text.ok()) {
    discovery_.Put(kind, ParseResources(TRY(value::ParseJson(*text).During(path)), kind));
  }
  if (auto known = discovery_.Find(kind)) return *std::move(known);
  return Fail(Code::kNotFound, "no kind \"{}\" in {} on this cluster", kind.kind,
              kind.ApiVersion());
}

}  // namespace

std::unique_ptr<Client> MakeClient(ClusterAccess access, base::Log log,
                                   const std::string& user_agent) {
  return std::make_unique<RestClient>(std::move(access), std::move(log), user_agent);
}

}  // namespace kube
