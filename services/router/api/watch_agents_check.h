// What can be wrong with the messages of WatchAgents, and how it is said.
//
// Threads: pure functions.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "firstline/v1/agent_service.pb.h"

namespace firstline::api {

absl::Status CheckOpen(const v1::WatchAgentsRequest::Open& open);
absl::Status CheckAdd(const v1::WatchAgentsRequest::Add& add);
absl::Status CheckRemove(const v1::WatchAgentsRequest::Remove& remove);

// INVALID_ARGUMENT / UNEXPECTED_MESSAGE: not what is due at this point.
absl::Status Unexpected(std::string_view message, std::string_view field);
absl::Status TooManyAgents();
absl::Status LeaseExpired();

}  // namespace firstline::api
