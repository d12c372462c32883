#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "kube/kubeconfig.h"
#include "kube/object.h"

namespace kube {

struct ListOptions {
  std::string ns;                             // "": all namespaces
  std::map<std::string, std::string> labels;  // equality selector
  std::string field_selector;                 // e.g. "metadata.name=web"
};

struct ObjectList {
  std::vector<ObjectPtr> items;
  std::string resource_version;
};

enum class Propagation { kDefault, kBackground, kForeground, kOrphan };

struct DeleteOptions {
  Propagation propagation = Propagation::kDefault;
  std::optional<int> grace_seconds;
  std::string uid;  // precondition: only this very object
};

// Errors of all calls: kNotFound (404), kExists (409 AlreadyExists), kConflict (409 Conflict),
// kGone (410), kDenied (401, 403), kInvalid (400, 405, 415, 422), kUnavailable (429, 5xx, no
// connection), kTimeout, kCancelled. Messages are the server's Status message with "GET pods
// default/web: " in front. 429 and 503 with Retry-After are retried within `until`, and so is a
// denial within 10 s after there was no connection (an API server that comes up denies everything
// for a moment); a GET once more after a broken connection; nothing else is. Thread-safe.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual base::Result<Object> Get(const Kind& kind, const Key& key, const base::Until& until) = 0;
  // Reads in pages of 500; one consistent resource version.
  virtual base::Result<ObjectList> List(const Kind& kind, const ListOptions& options,
                                        const base::Until& until) = 0;
};

class Writer {
 public:
  virtual ~Writer() = default;
  // Each returns the object as stored. Kind, namespace and name are the object's own.
  virtual base::Result<Object> Create(const Object& object, const base::Until& until) = 0;
  // PUT; carries the object's resourceVersion.
  virtual base::Result<Object> Update(const Object& object, const base::Until& until) = 0;
  virtual base::Result<Object> UpdateStatus(const Object& object, const base::Until& until) = 0;
  // RFC 7386 merge patch; `subresource` is "" or "status".
  virtual base::Result<Object> MergePatch(const Kind& kind, const Key& key, const Json& patch,
                                          const std::string& subresource,
                                          const base::Until& until) = 0;
  // Server-side apply as `manager`, with force.
  // https://kubernetes.io/docs/reference/using-api/server-side-apply/
  virtual base::Result<Object> Apply(const Object& object, const std::string& manager,
                                     const std::string& subresource, const base::Until& until) = 0;
  virtual base::Result<> Delete(const Kind& kind, const Key& key, const DeleteOptions& options,
                                const base::Until& until) = 0;
};

enum class ChangeType { kAdded, kModified, kDeleted, kBookmark };

struct Change {
  ChangeType type;
  ObjectPtr object;
};

// One watch request. The callback runs on the calling thread; false ends the watch.
struct WatchOptions {
  std::string ns;
  std::map<std::string, std::string> labels;
  std::string field_selector;
  std::string resource_version;
  // The server ends it after this long; one that hangs is left a little later.
  std::chrono::seconds at_most = std::chrono::minutes(5);
  // Told on the calling thread that the server has accepted; from then on no change is missed.
  std::function<void()> on_open = {};
  // Told on the calling thread that the server has refused for now (429, 503 with Retry-After); it
  // is asked again when it said.
  std::function<void(const base::Error&)> on_refused = {};
};

class Client : public Reader, public Writer {
 public:
  // Blocks while the watch lasts. Ok: the server ended it normally (watch again from the last
  // resource version). kGone: that version is too old, list again. Bookmarks are asked for and
  // delivered.
  virtual base::Result<> Watch(const Kind& kind, const WatchOptions& options,
                               const std::function<bool(const Change&)>& on_change,
                               const base::Until& until) = 0;

  // How the server serves `kind`. Discovery is cached; an unknown kind makes one fresh look (a CRD
  // may be new) before kNotFound: `no kind "Foo" in example.com/v1 on this cluster`.
  virtual base::Result<Resource> Discover(const Kind& kind, const base::Until& until) = 0;

  // Any other path: version, healthz, logs, token and access reviews. `body` is sent as JSON. The
  // answer's body; non-2xx is an error as above.
  virtual base::Result<std::string> Raw(const std::string& method, const std::string& path,
                                        const std::string& body, const base::Until& until) = 0;

  virtual const ClusterAccess& access() const = 0;
};

// A client over its own HTTP connections. Does not connect yet.
std::unique_ptr<Client> MakeClient(ClusterAccess access, base::Log log,
                                   const std::string& user_agent = "seatrial");

}  // namespace kube
