#include "vmafx/controller/registry.h"

#include "net/certificates.h"

namespace vmafx::controller {

namespace {

constexpr size_t kTokenBytes = 16;

// Looks at every byte whatever the first ones are, so that the time says nothing about the token.
bool SameToken(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace

Session Registry::Register(std::string node, Capability capability) {
  Session session{.id = net::RandomHex(kTokenBytes),
                  .token = net::RandomHex(kTokenBytes),
                  .node = std::move(node),
                  .capability = std::move(capability),
                  .last_seen = clock_.Now(),
                  .last_seen_at = clock_.WallNow()};
  sessions_.With([&](auto& sessions) { sessions[session.id] = session; });
  return session;
}

base::Result<Session> Registry::Check(const std::string& id, const std::string& token) {
  return sessions_.With([&](auto& sessions) -> base::Result<Session> {
    auto found = sessions.find(id);
    if (found == sessions.end() || !SameToken(found->second.token, token)) {
      return base::Error(base::Code::kDenied, "no such session, or a wrong token: register again");
    }
    found->second.last_seen = clock_.Now();
    found->second.last_seen_at = clock_.WallNow();
    return found->second;
  });
}

std::vector<Session> Registry::Evict() {
  return sessions_.With([&](auto& sessions) {
    std::vector<Session> evicted;
    for (auto at = sessions.begin(); at != sessions.end();) {
      if (at->second.last_seen + time_to_live_ > clock_.Now()) {
        ++at;
        continue;
      }
      evicted.push_back(std::move(at->second));
      at = sessions.erase(at);
    }
    return evicted;
  });
}

std::vector<Session> Registry::List() const {
  return sessions_.Read([](const auto& sessions) {
    std::vector<Session> all;
    for (const auto& [id, session] : sessions) all.push_back(session);
    return all;
  });
}

}  // namespace vmafx::controller
