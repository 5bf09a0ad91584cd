// What is shown of a workspace: inquiries, agents, receipts, figures.
// Threads: pure functions of an engine that does not change meanwhile.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "firstline/v1/agent.pb.h"
#include "firstline/v1/common.pb.h"
#include "firstline/v1/inquiry.pb.h"
#include "firstline/v1/stats_service.pb.h"
#include "services/router/engine/engine.h"
#include "services/router/runtime/call.h"
#include "services/router/telemetry/stats.h"

namespace firstline::api {

void WriteInquiry(const engine::Engine& engine, const engine::Inquiry& inquiry, v1::Inquiry* out);
// Its place and what it may expect, if it waits. O(inquiries before it), bounded.
void WriteProspect(const engine::Engine& engine, engine::InquiryIx ix, v1::Inquiry* out);
void WriteProspect(const engine::Place& place,
                   const std::optional<engine::WaitQuantiles>& expected, v1::Inquiry* out);

// With `inquiries`: each work item carries its inquiry.
void WriteAgentStatus(const engine::Engine& engine, engine::AgentIx agent, bool inquiries,
                      v1::AgentStatus* out);
// Everything an agent holds, and the inquiry it is about.
void WriteWork(const engine::Engine& engine, const engine::Inquiry& inquiry, bool with_inquiry,
               v1::AgentWork* out);

// `inquiry_id`: the inquiry the command was about; empty for none.
void WriteReceipt(const runtime::Done& done, std::string_view inquiry_id, v1::Receipt* out);

void WriteQueueStats(const telemetry::QueueFigures& figures, v1::QueueStats* out);
void WriteAgentStats(const telemetry::AgentFigures& figures, v1::AgentStats* out);

}  // namespace firstline::api
