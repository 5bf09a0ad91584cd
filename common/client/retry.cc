#include "common/client/retry.h"

#include <algorithm>
#include <cmath>

namespace firstline::client {

bool IsRetryable(const Error& error) {
  switch (error.code) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
      return true;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return error.retry_after.has_value();
    default:
      return false;
  }
}

bool IsResumable(const Error& error) {
  if (IsRetryable(error) || error.reason == "LEASE_EXPIRED") return true;
  // The stream ended with its token; there may be another one by now.
  if (error.reason == "TOKEN_EXPIRED") return true;
  // A server that is killed resets its streams, which gRPC reports as INTERNAL or UNKNOWN.
  return error.reason.empty() &&
         (error.code == grpc::StatusCode::INTERNAL || error.code == grpc::StatusCode::UNKNOWN);
}

bool IsNotOwner(const Error& error) { return error.reason == "NOT_OWNER"; }

std::chrono::nanoseconds Backoff::Next(const Error& error, double draw) {
  const double first = static_cast<double>(policy_.first_wait.count());
  const double longest = static_cast<double>(policy_.wait_max.count());
  // 2^30 is beyond any sensible bound; the exponent must not grow for ever.
  const double span_ms = std::min(longest, first * std::exp2(std::min(failures_, 30)));
  ++failures_;
  const std::chrono::duration<double, std::milli> wait(span_ms * (0.5 + draw / 2));
  return std::max(
      std::chrono::duration_cast<std::chrono::nanoseconds>(wait),
      std::chrono::nanoseconds(error.retry_after.value_or(std::chrono::milliseconds(0))));
}

}  // namespace firstline::client
