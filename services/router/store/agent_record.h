// Agents as records: configuration and state in one, because a hash field is read and written
// whole.
//
// Threads: pure functions of an engine that does not change meanwhile; decoding interns names in
// it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/router/engine/engine.h"

namespace firstline::store {

struct StoredAgent {
  engine::AgentConfig config;
  engine::Agent state;  // what Engine::RestoreAgent takes from it; the rest is derived
};

std::string EncodeAgent(const engine::Engine& engine, engine::AgentIx agent);

// DATA_LOSS when a number is out of its range or the configuration is not one the engine would
// take. `engine` has its configuration restored.
absl::StatusOr<StoredAgent> DecodeAgent(std::string_view id, std::string_view bytes,
                                        engine::Engine& engine);

}  // namespace firstline::store
