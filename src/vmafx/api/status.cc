#include "vmafx/api/status.h"

namespace vmafx::api {

using base::Code;
using grpc::StatusCode;

namespace {

StatusCode ToStatusCode(Code code) {
  switch (code) {
    case Code::kInvalid:
      return StatusCode::INVALID_ARGUMENT;
    case Code::kNotFound:
      return StatusCode::NOT_FOUND;
    case Code::kExists:
      return StatusCode::ALREADY_EXISTS;
    case Code::kConflict:
      return StatusCode::FAILED_PRECONDITION;
    case Code::kGone:
      return StatusCode::OUT_OF_RANGE;
    case Code::kDenied:
      return StatusCode::PERMISSION_DENIED;
    case Code::kTimeout:
      return StatusCode::DEADLINE_EXCEEDED;
    case Code::kCancelled:
      return StatusCode::CANCELLED;
    case Code::kUnavailable:
      return StatusCode::UNAVAILABLE;
    case Code::kInternal:
      return StatusCode::INTERNAL;
  }
  return StatusCode::UNKNOWN;
}

Code FromStatusCode(StatusCode code) {
  switch (code) {
    case StatusCode::INVALID_ARGUMENT:
    case StatusCode::UNIMPLEMENTED:
      return Code::kInvalid;
    case StatusCode::NOT_FOUND:
      return Code::kNotFound;
    case StatusCode::ALREADY_EXISTS:
      return Code::kExists;
    case StatusCode::FAILED_PRECONDITION:
      return Code::kConflict;
    case StatusCode::OUT_OF_RANGE:
      return Code::kGone;
    case StatusCode::PERMISSION_DENIED:
    case StatusCode::UNAUTHENTICATED:
      return Code::kDenied;
    case StatusCode::DEADLINE_EXCEEDED:
      return Code::kTimeout;
    case StatusCode::CANCELLED:
      return Code::kCancelled;
    case StatusCode::UNAVAILABLE:
    case StatusCode::RESOURCE_EXHAUSTED:
    case StatusCode::ABORTED:
      return Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

}  // namespace

grpc::Status ToGrpc(const base::Error& error) {
  return grpc::Status(ToStatusCode(error.code()), error.message());
}

base::Result<> FromGrpc(const grpc::Status& status, std::string_view doing) {
  if (status.ok()) return base::Ok();
  return base::Fail(FromStatusCode(status.error_code()), "{}: {}", doing, status.error_message());
}

}  // namespace vmafx::api
