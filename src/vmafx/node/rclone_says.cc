#include "vmafx/node/rclone_says.h"

#include <algorithm>

#include "base/text.h"

namespace vmafx::node {
namespace {

using base::Code;
using base::Fail;

constexpr size_t kLongestQuote = 400;
constexpr int kFolderNotFound = 3;  // https://rclone.org/docs/#exit-code
constexpr int kFileNotFound = 4;

struct Meaning {
  std::string_view words;  // of rclone, or of a store
  Code code;
  const char* advice;  // {} is the remote
};

// The first that fits counts: the telling ones stand before those that follow from them.
constexpr Meaning kMeanings[] = {
    {"find section in config file", Code::kInvalid, "rclone.conf has no remote [{}]"},
    {"InvalidAccessKeyId", Code::kDenied,
     "the store does not know the access key of remote [{}]: correct access_key_id in rclone.conf"},
    {"SignatureDoesNotMatch", Code::kDenied,
     "the store refuses the secret key of remote [{}]: correct secret_access_key in rclone.conf"},
    {"ExpiredToken", Code::kDenied,
     "the credentials of remote [{}] have expired: renew rclone.conf"},
    {"RequestTimeTooSkewed", Code::kDenied,
     "the store refuses remote [{}] because the clock of this machine is wrong"},
    {"NoSuchBucket", Code::kNotFound, "remote [{}] has no such bucket"},
    {"NoSuchKey", Code::kNotFound, "remote [{}] has no such object"},
    {"AccessDenied", Code::kDenied,
     "the credentials of remote [{}] may not read this: allow them GetObject and ListBucket"},
    {"StatusCode: 403", Code::kDenied,
     "the store refuses remote [{}] (HTTP 403): check its keys in rclone.conf, and that they may "
     "read "
     "this bucket"},
    {"403 Forbidden", Code::kDenied,
     "the server refuses remote [{}] (HTTP 403): check its credentials in rclone.conf"},
    {"401 Unauthorized", Code::kDenied,
     "the server refuses remote [{}] (HTTP 401): check its credentials in rclone.conf"},
    {"unable to authenticate", Code::kDenied,
     "the server refuses to log remote [{}] in: check its credentials in rclone.conf"},
    {"x509:", Code::kDenied, "the certificate of remote [{}]'s server is not trusted"},
    {"no such host", Code::kUnavailable,
     "the host of remote [{}] is not found: check its endpoint in rclone.conf"},
    {"connection refused", Code::kUnavailable,
     "nobody answers at the host of remote [{}]: check its endpoint in rclone.conf, and that the "
     "store runs"},
    {"network is unreachable", Code::kUnavailable, "there is no way to the host of remote [{}]"},
    {"i/o timeout", Code::kUnavailable, "the host of remote [{}] does not answer"},
    {"connection reset", Code::kUnavailable, "the store of remote [{}] broke the connection"},
    {"unexpected EOF", Code::kUnavailable, "the store of remote [{}] broke off"},
    {"SlowDown", Code::kUnavailable, "the store of remote [{}] is overloaded"},
    {"StatusCode: 5", Code::kUnavailable, "the store of remote [{}] has a fault of its own"},
};

// "2026/11/23 09:17:31 ERROR : text" -> "text".
std::string_view WithoutPrefix(std::string_view line) {
  constexpr size_t kDate = 20;
  constexpr size_t kLongestLevel = 10;
  if (line.size() <= kDate || line[4] != '/' || line[7] != '/' || line[kDate - 1] != ' ')
    return line;
  line.remove_prefix(kDate);
  const size_t colon = line.find(':');
  return colon < kLongestLevel ? base::Trim(line.substr(colon + 1)) : line;
}

std::string LastLine(std::string_view log) {
  std::string last = "nothing";
  for (const std::string& line : base::Split(log, '\n')) {
    if (!base::Trim(line).empty()) last = WithoutPrefix(base::Trim(line));
  }
  last = last.substr(0, kLongestQuote);
  for (char& c : last) {
    if (c < ' ' || c > '~') c = '?';
  }
  return last;
}

}  // namespace

base::Error WhatRcloneMeans(int status, std::string_view log, const std::string& remote) {
  const std::string quote = LastLine(log);
  for (const Meaning& meaning : kMeanings) {
    if (log.find(meaning.words) == std::string_view::npos) continue;
    return Fail(meaning.code, "{} (rclone says: {})",
                fmt::format(fmt::runtime(meaning.advice), remote), quote);
  }
  if (status == kFolderNotFound || status == kFileNotFound) {
    return Fail(Code::kNotFound, "remote [{}] has no such bucket, folder or object", remote);
  }
  return Fail(Code::kUnavailable, "rclone could not read from remote [{}] (exit status {}): {}",
              remote, status, quote);
}

}  // namespace vmafx::node
