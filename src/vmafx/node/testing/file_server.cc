#include "vmafx/node/testing/file_server.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace vmafx::node::testing {

FileServer::FileServer(bool ranges) : ranges_(ranges) {}

FileServer::~FileServer() {
  Release();
}

void FileServer::Release() {
  released_.With([](bool& released) { released = true; });
}

void FileServer::Add(const std::string& path, std::string bytes, Fault fault) {
  files_.With([&](auto& files) { files[path] = {std::move(bytes), fault, "", {}}; });
}

void FileServer::AddHeader(const std::string& path, const std::string& line) {
  files_.With([&](auto& files) { files[path].headers += line; });
}

std::vector<std::string> FileServer::Ranges(const std::string& path) const {
  return files_.Read([&](const auto& files) { return files.at(path).ranges; });
}

void FileServer::Serve(const net::testing::Received& received,
                       net::testing::Connection& connection) {
  const std::string path = received.path.substr(0, received.path.find('?'));
  if (path == "/loop" || path == "/away" || path.starts_with("/moved/")) {
    const std::string to = path == "/loop"   ? "/loop"
                           : path == "/away" ? "ftp://127.0.0.1/file"
                                             : path.substr(6);
    connection.Answer(302, "over there", "Location: " + to + "\r\n");
    return;
  }
  const auto range = received.headers.find("range");
  const auto file = files_.With([&](auto& files) -> std::optional<File> {
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    found->second.ranges.push_back(range == received.headers.end() ? "" : range->second);
    File copy = found->second;
    if (found->second.fault.times > 0) --found->second.fault.times;
    return copy;
  });
  if (!file) {
    connection.Answer(404, "no such file");
    return;
  }
  const Fault fault = file->fault.times > 0 ? file->fault : Fault{};
  if (fault.status != 0) {
    connection.Answer(fault.status, "a fault");
    return;
  }
  const size_t request = file->ranges.size();
  const std::string tag = fault.changes ? fmt::format("\"{}\"", request) : "\"one\"";
  std::string bytes = file->bytes + std::string(fault.changes ? request : 0, 'x');
  const size_t whole = bytes.size();
  const auto condition = received.headers.find("if-range");
  const bool same = condition == received.headers.end() || condition->second == tag;
  size_t first = 0;
  if (ranges_ && same && range != received.headers.end()) {
    first = std::strtoul(range->second.c_str() + std::string("bytes=").size(), nullptr, 10);
    bytes.erase(0, first);
  }
  const std::string status = first > 0 ? fmt::format("206 Partial\r\nContent-Range: bytes {}-{}/{}",
                                                     first, whole - 1, whole)
                                       : "200 Whole";
  connection.Write(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nETag: {}\r\n{}\r\n", status,
                               bytes.size(), tag, file->headers));
  connection.Write(std::string_view(bytes).substr(0, fault.cut_after));
  if (fault.cut_after == std::string::npos) return;
  if (fault.held) {
    const base::Until forever(clock_, base::Instant::max());  // or until this object ends
    (void)released_.Await(forever, [](bool released) { return released; }).ok();
    connection.Write(std::string_view(bytes).substr(std::min(fault.cut_after, bytes.size())));
    return;
  }
  if (fault.silent) connection.AwaitClient();
  connection.Drop();
}

}  // namespace vmafx::node::testing
