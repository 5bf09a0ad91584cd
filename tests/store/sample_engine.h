// An engine with one of everything, built by hand, so that bytes and texts can be written down.
#pragma once

#include <memory>

#include "services/router/engine/engine.h"

namespace firstline::store {

inline constexpr engine::Time kSampleTime{1'700'000'000'000'000};

engine::WorkspaceConfig SampleConfig();
// The same with everything that format version 1 cannot say.
engine::WorkspaceConfig SamplePolicies();
engine::AgentConfig SampleAgentConfig();
// In the handles of `engine`, as the next one.
engine::Agent SampleAgent(engine::Engine& engine);
// Every field differs from its default.
engine::Inquiry SampleInquiry(engine::Engine& engine);

// Configuration, agent and inquiry restored.
std::unique_ptr<engine::Engine> SampleEngine();

}  // namespace firstline::store
