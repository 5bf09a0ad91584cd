// Explanations of the engine as messages, with words for people.
// Threads: pure functions of an engine that does not change meanwhile.
#pragma once

#include <string>

#include "firstline/v1/explain_service.pb.h"
#include "services/router/api/access.h"
#include "services/router/engine/engine.h"

namespace firstline::api {

// Everything but the inquiry itself. A caller who is limited is not told of agents and inquiries that
// are not its own.
void WriteExplanation(const engine::Engine& engine, const engine::InquiryExplanation& explanation,
                      const Caller& caller, v1::InquiryExplanation* out);
void WriteExplanation(const engine::Engine& engine, engine::AgentIx agent,
                      const engine::AgentExplanation& explanation, const Caller& caller,
                      v1::ExplainAgentResponse* out);

}  // namespace firstline::api
