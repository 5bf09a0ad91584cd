// From requests that change something to the engine's commands.
//
// Each checks every field of the request by itself (not against the workspace: that is the
// engine's) and returns INVALID_ARGUMENT with the paths of what is wrong. The unary calls and the
// batched stream share them. Threads: pure functions.
#pragma once

#include "absl/status/statusor.h"
#include "firstline/v1/agent_service.pb.h"
#include "firstline/v1/config_service.pb.h"
#include "firstline/v1/routing_service.pb.h"
#include "services/router/engine/command.h"

namespace firstline::api {

absl::StatusOr<engine::Command> ToCommand(const v1::SubmitInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::UpdateInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::CancelInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::TransferInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::RecordMessageRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::ParkInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::ResumeInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::CloseInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::RecordFeedbackRequest& request);

absl::StatusOr<engine::Command> ToCommand(const v1::SetPresenceRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::AcceptOfferRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::DeclineOfferRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::FinishWrapUpRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::ExtendWrapUpRequest& request);

absl::StatusOr<engine::Command> ToCommand(const v1::ClaimInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::AssignInquiryRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::ReopenInquiryRequest& request);

// The engine's CheckConfig has the rules of configurations; this one only what is lost on the way:
// enumerations, spans and characters of names.
absl::StatusOr<engine::Command> ToCommand(const v1::ApplyWorkspaceRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::UpsertAgentsRequest& request);
absl::StatusOr<engine::Command> ToCommand(const v1::DeleteAgentsRequest& request);

}  // namespace firstline::api
