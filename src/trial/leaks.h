#pragma once

// What tests left in a cluster outside of their namespaces, whoever made it.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kube/client.h"
#include "trial/verdict.h"

namespace trial {

// All objects that somebody made on purpose, by kind: cluster-scoped ones, and those in namespaces.
// Those with an owner go with it and do not count; nor do kinds that come and go by themselves
// (Events, Leases, CertificateSigningRequests, ...).
struct ClusterContent {
  std::map<std::string, kube::ObjectPtr> objects;  // by uid
  std::vector<std::string> unseen;                 // kinds that may not be listed
};

// One LIST a kind. Errors but denials are returned.
base::Result<ClusterContent> ReadContent(kube::Client& client, const base::Until& until);

// When a test ran, in Kubernetes' form of times ("2026-11-23T12:00:00Z").
struct RanAt {
  std::string test;
  std::string from, to;
};

// One failure for each object of `after` that is not in `before`: what it is, when it was made, by
// whom, and which tests ran then. Left out: what carries another run's label, and what is inside a
// namespace that is new itself or one of `namespaces` (the run's own).
std::vector<Failure> Leaks(const ClusterContent& before, const ClusterContent& after,
                           const std::string& run, const std::set<std::string>& namespaces,
                           const std::vector<RanAt>& tests);

}  // namespace trial
