#pragma once

#include <string_view>

#include <grpcpp/support/status.h>

#include "base/result.h"

namespace vmafx::api {

// The gRPC status of an error, and back. A status that went through both keeps its meaning:
// kConflict travels as FAILED_PRECONDITION.
// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
grpc::Status ToGrpc(const base::Error& error);

// Ok for an OK status; else the message is "`doing`: text of the status".
base::Result<> FromGrpc(const grpc::Status& status, std::string_view doing);

}  // namespace vmafx::api
