// How a queue was served lately, as a record: of queues that decide by it.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/router/engine/wait_history.h"

namespace firstline::store {

std::string EncodeWaits(const engine::WaitHistory& history);
// Numbers that no history can have are read as nothing known.
absl::StatusOr<engine::WaitHistory> DecodeWaits(std::string_view bytes);

}  // namespace firstline::store
