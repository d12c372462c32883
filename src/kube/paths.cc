#include "kube/paths.h"

#include "base/text.h"

namespace kube {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string Query(const Pairs& pairs) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : pairs) {
    if (!value.empty()) parts.push_back(key + "=" + net::UrlEscape(value));
  }
  return "?" + base::Join(parts, "&");
}

}  // namespace

std::string GroupVersionPath(const Kind& kind) {
  return (kind.group.empty() ? "/api/" : "/apis/" + net::UrlEscape(kind.group) + "/") +
         net::UrlEscape(kind.version);
}

std::string CollectionPath(const Resource& resource, const std::string& ns) {
  std::string path = GroupVersionPath(resource.kind);
  if (resource.namespaced && !ns.empty()) path += "/namespaces/" + net::UrlEscape(ns);
  return path + "/" + net::UrlEscape(resource.plural);
}

base::Result<std::string> ObjectPath(const Resource& resource, const Key& key,
                                     const std::string& subresource) {
  if (key.name.empty()) return base::Fail(base::Code::kInvalid, "no metadata.name given");
  if (resource.namespaced && key.ns.empty()) {
    return base::Fail(base::Code::kInvalid, "no namespace given, and {} lives in one",
                      resource.kind.kind);
  }
  std::string path = CollectionPath(resource, key.ns) + "/" + net::UrlEscape(key.name);
  if (!subresource.empty()) path += "/" + subresource;
  return path;
}

std::string ListQuery(const ListOptions& options, int limit, const std::string& after) {
  return Query({{"limit", fmt::format("{}", limit)},
                {"labelSelector", LabelSelector(options.labels)},
                {"fieldSelector", options.field_selector},
                {"continue", after}});
}

std::string WatchQuery(const WatchOptions& options) {
  return Query({{"watch", "1"},
                {"allowWatchBookmarks", "true"},
                {"timeoutSeconds", fmt::format("{}", options.at_most.count())},
                {"resourceVersion", options.resource_version},
                {"labelSelector", LabelSelector(options.labels)},
                {"fieldSelector", options.field_selector}});
}

}  // namespace kube
