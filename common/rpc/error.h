// Errors on the wire: absl::Status with an ErrorInfo (common/status/reason.h) to and from
// google.rpc.Status and grpc::Status.
//
//   return rpc::ToGrpc(status::Error(absl::StatusCode::kNotFound, "no such queue",
//                                    {.reason = "UNKNOWN_QUEUE", .metadata = {{"queue", id}}}));
//
// On the way out every error carries google.rpc.ErrorInfo in the domain below, BadRequest when
// fields are named and RetryInfo when a repeat may help; an error without a reason gets INTERNAL.
// Thread rule: pure functions.
#pragma once

#include <string_view>

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace firstline::rpc {

inline constexpr std::string_view kErrorDomain = "firstline.dev";
// Further violations of one request are left out: the first few tell what is wrong.
inline constexpr int kViolationsMax = 16;

google::rpc::Status ToProto(const absl::Status& status);
// Unknown details are skipped; an ErrorInfo of another domain is too.
absl::Status FromProto(const google::rpc::Status& proto);

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace firstline::rpc
