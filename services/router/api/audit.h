// Who did what. What changed something is told by events, each with its caller (v1::Event.caller):
// the stream is the audit, and nobody can change it. Here is what has no event that stays: calls
// that were refused, a workspace that was deleted with its events, a clock that was moved. Those are
// lines of the log:
//
//   {"level":"warning","msg":"refused","rpc":"/firstline.v1.ConfigService/DeleteWorkspace",
//    "workspace":"shop","role":"agent","subject":"ann@example.com","reason":"ROLE_NOT_ALLOWED"}
//   {"level":"info","msg":"audit","rpc":"/firstline.v1.ConfigService/DeleteWorkspace",
//    "workspace":"shop","role":"operator","subject":"kay@example.com","on_behalf_of":""}
//
// Lines about refused calls are bounded (limits::kRefusalLinesPerSecond); what is left out is counted
// in the next one.
//
// Threads: any.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <grpcpp/support/string_ref.h>

#include "absl/status/status.h"
#include "services/router/api/access.h"

namespace firstline::api {

// Metadata of a call, or of a stream for all that is asked on it: for whom the caller acts.
inline constexpr char kOnBehalfOfHeader[] = "firstline-on-behalf-of";
// "" without one; of several the first counts.
std::string_view OnBehalfOf(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

// Makes `caller` one that acts for `whom`, as it says; "" changes nothing. INVALID_ARGUMENT for what
// is no id; PERMISSION_DENIED / ON_BEHALF_NOT_ALLOWED for agents and vendors.
absl::Status ActOnBehalf(std::string_view whom, CallerRef& caller);

// A call that ended with `status`; a line if that is PERMISSION_DENIED. `workspace` may be empty, or
// anything: it is what the caller sent.
void TellIfRefused(std::string_view rpc, std::string_view workspace, const Caller& caller,
                   const absl::Status& status);
// A call without an event that stays was done.
void TellDone(std::string_view rpc, std::string_view workspace, const Caller& caller);

}  // namespace firstline::api
