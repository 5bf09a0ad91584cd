// Enumerations of the engine and their public numbers, which records use as well: those are fixed,
// while the engine may arrange its own as it likes. Unspecified and unknown numbers are nullopt.
//
// Threads: pure functions.
#pragma once

#include <optional>

#include "firstline/v1/agent.pb.h"
#include "firstline/v1/assignment.pb.h"
#include "firstline/v1/classification.pb.h"
#include "firstline/v1/common.pb.h"
#include "firstline/v1/event.pb.h"
#include "firstline/v1/inquiry.pb.h"
#include "firstline/v1/workspace.pb.h"
#include "services/router/engine/types.h"

namespace firstline::store {

v1::AgentKind ToProto(engine::AgentKind value);
v1::AssignmentCause ToProto(engine::AssignCause value);
v1::AssignmentOverride ToProto(engine::Override value);
v1::LostAgentPolicy ToProto(engine::LostAgent value);
v1::WaitQuantile ToProto(engine::WaitQuantile value);
v1::ClassifierTurn ToProto(engine::ClassifierTurn value);
v1::ClassifierOutcome ToProto(engine::ClassifierOutcome value);
v1::Author ToProto(engine::Author value);
v1::CancelReason ToProto(engine::CancelReason value);
v1::ChannelKind ToProto(engine::ChannelKind value);
v1::Comparison ToProto(engine::Comparison value);
v1::Criterion ToProto(engine::Criterion value);
v1::EnqueueCause ToProto(engine::EnqueueCause value);
v1::InquiryState ToProto(engine::InquiryState value);
v1::OfferOutcome ToProto(engine::OfferOutcome value);
v1::Presence ToProto(engine::Presence value);
v1::QueueKind ToProto(engine::QueueKind value);
v1::Resolution ToProto(engine::Resolution value);
v1::Serving ToProto(engine::Serving value);
v1::SessionCloseCause ToProto(engine::SessionEnd value);

std::optional<engine::AgentKind> FromProto(v1::AgentKind value);
std::optional<engine::AssignCause> FromProto(v1::AssignmentCause value);
std::optional<engine::Override> FromProto(v1::AssignmentOverride value);
std::optional<engine::LostAgent> FromProto(v1::LostAgentPolicy value);
std::optional<engine::WaitQuantile> FromProto(v1::WaitQuantile value);
std::optional<engine::ClassifierTurn> FromProto(v1::ClassifierTurn value);
std::optional<engine::ClassifierOutcome> FromProto(v1::ClassifierOutcome value);
std::optional<engine::Author> FromProto(v1::Author value);
std::optional<engine::CancelReason> FromProto(v1::CancelReason value);
std::optional<engine::ChannelKind> FromProto(v1::ChannelKind value);
std::optional<engine::Comparison> FromProto(v1::Comparison value);
std::optional<engine::Criterion> FromProto(v1::Criterion value);
std::optional<engine::EnqueueCause> FromProto(v1::EnqueueCause value);
std::optional<engine::InquiryState> FromProto(v1::InquiryState value);
std::optional<engine::OfferOutcome> FromProto(v1::OfferOutcome value);
std::optional<engine::Presence> FromProto(v1::Presence value);
std::optional<engine::QueueKind> FromProto(v1::QueueKind value);
std::optional<engine::Resolution> FromProto(v1::Resolution value);
std::optional<engine::Serving> FromProto(v1::Serving value);
std::optional<engine::SessionEnd> FromProto(v1::SessionCloseCause value);

}  // namespace firstline::store
