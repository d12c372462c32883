#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "vmafx/node/source.h"

namespace vmafx::node {

// What a server will send, as its headers say.
struct HttpAnswer {
  SourceInfo info;
  uint64_t first = 0;   // offset of the first byte that comes
  std::string version;  // ETag, else Last-Modified, else ""
};

// Of an answer with the status 200 or 206. kInvalid: a Content-Range that is none, or a coding that
// nobody asked for. A length or digest that is none counts as not given.
// RFC 9110, 8.6 and 14.4; RFC 9530, 3.
base::Result<HttpAnswer> ReadHttpAnswer(const net::Response& response);

}  // namespace vmafx::node
