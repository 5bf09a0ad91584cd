// What the engine knows, written as messages of the public API: configuration and inquiries, as
// events carry them. Total: every value of the engine can be written.
//
// Threads: pure functions of an engine that does not change meanwhile.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

#include "firstline/v1/agent.pb.h"
#include "firstline/v1/inquiry.pb.h"
#include "firstline/v1/workspace.pb.h"
#include "services/router/engine/engine.h"

namespace firstline::store {

void WriteMessage(engine::Time time, google::protobuf::Timestamp* out);
void WriteMessage(engine::Span span, google::protobuf::Duration* out);
void WriteMessage(const engine::ScoreConfig& score, v1::Score* out);
void WriteMessage(const engine::StepConfig& step, v1::Step* out);
void WriteMessage(const engine::Condition& condition, v1::Condition* out);
void WriteMessage(const engine::RequirementSpec& spec, v1::Requirement* out);
void WriteMessage(const engine::AgentConfig& agent, v1::Agent* out);

// What the caller said, with later updates and transfers applied.
void WriteSpec(const engine::Engine& engine, const engine::Inquiry& inquiry, v1::InquirySpec* out);
// The whole configuration but the agents, with id, etag and generation.
void WriteWorkspace(const engine::Engine& engine, v1::Workspace* out);

// "<inquiry id>/<n>"
std::string OfferId(std::string_view inquiry_id, uint32_t number);

}  // namespace firstline::store
