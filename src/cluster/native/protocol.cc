#include "cluster/native/protocol.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "sys/error.h"

namespace cluster::native {

using value::Json;

namespace {

constexpr size_t kMostBytes = 128 * 1024;  // below the socket's default buffer
constexpr size_t kMostFds = 4;

void TakeFds(msghdr& header, std::vector<sys::Fd>& fds) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

base::Result<Channel> MakeChannel() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
    return sys::SystemError(errno, "a socket pair");
  return Channel{sys::Fd(fds[0]), sys::Fd(fds[1])};
}

base::Result<> SendPacket(int socket, const Json& message, const std::vector<int>& fds) {
  std::string text = message.dump();
  iovec data{text.data(), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    CHECK(fds.size() <= kMostFds);
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size() * sizeof(int));
  }
  while (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return sys::SystemError(errno, "the node's control channel");
  }
  return base::Ok();
}

base::Result<Packet> ReceivePacket(int socket) {
  std::string buffer(kMostBytes, '\0');
  iovec data{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t count;
  while ((count = recvmsg(socket, &header, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (count < 0) return sys::SystemError(errno, "the node's control channel");
  if (count == 0) return base::Fail(base::Code::kUnavailable, "the node's control channel: closed");
  Packet packet;
  TakeFds(header, packet.fds);
  packet.message =
      Json::parse(buffer.begin(), buffer.begin() + count, nullptr, /*allow_exceptions=*/false);
  if (!packet.message.is_object())
    return base::Fail(base::Code::kInvalid, "the node's control channel: not a message");
  return packet;
}

Json ToJson(const Component& component, const std::string& log) {
  return {{"name", component.name},
          {"argv", component.argv},
          {"environment", component.environment},
          {"once", component.once},
          {"log", log}};
}

base::Result<Component> ComponentFromJson(const Json& json) {
  const auto is_text = [](const Json& value) { return value.is_string(); };
  const Json* argv = value::Find(json, {"argv"});
  const Json* environment = value::Find(json, {"environment"});
  const Json* once = value::Find(json, {"once"});
  if (argv == nullptr || !argv->is_array() || argv->empty() || environment == nullptr ||
      !environment->is_object() || once == nullptr || !once->is_boolean() ||
      !std::all_of(argv->begin(), argv->end(), is_text) ||
      !std::all_of(environment->begin(), environment->end(), is_text))
    return base::Fail(base::Code::kInvalid, "not the description of a component");
  Component component;
  component.name = value::FindString(json, {"name"});
  component.argv = argv->get<std::vector<std::string>>();
  component.environment = environment->get<std::map<std::string, std::string>>();
  component.once = once->get<bool>();
  return component;
}

}  // namespace cluster::native
