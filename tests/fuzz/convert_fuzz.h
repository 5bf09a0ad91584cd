// What the conversion fuzzer does with one input: a tape of requests in wire form. Each is read,
// converted, and what it becomes is applied to one small workspace of its own: a request is refused
// with fields, or becomes a command that the engine applies or rejects without harm. A classifier's
// answer becomes the advice of a submission that names no queue, which is applied whatever it says.
//
// A request on the tape: a byte whose low five bits say which of `ConvertedRequests` it is, from the
// first again beyond the last, and whose high three say how long after the one before it comes (their
// cube, in seconds); two bytes of length, the lower first; the message. A length beyond the tape's end
// means its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "firstline/v1/agent_service.pb.h"
#include "firstline/v1/assignment.pb.h"
#include "firstline/v1/classifier.pb.h"
#include "firstline/v1/config_service.pb.h"
#include "firstline/v1/routing_service.pb.h"

namespace firstline::api {

using ConvertedRequests =
    std::tuple<v1::SubmitInquiryRequest, v1::UpdateInquiryRequest, v1::CancelInquiryRequest,
               v1::TransferInquiryRequest, v1::RecordMessageRequest, v1::ParkInquiryRequest,
               v1::ResumeInquiryRequest, v1::CloseInquiryRequest, v1::RecordFeedbackRequest,
               v1::SetPresenceRequest, v1::AcceptOfferRequest, v1::DeclineOfferRequest,
               v1::FinishWrapUpRequest, v1::ApplyWorkspaceRequest, v1::UpsertAgentsRequest,
               v1::DeleteAgentsRequest, v1::ClaimInquiryRequest, v1::AssignInquiryRequest,
               v1::ReopenInquiryRequest, v1::ExtendWrapUpRequest, v1::ClassifyResponse>;
inline constexpr size_t kConvertedRequests = std::tuple_size_v<ConvertedRequests>;
static_assert(kConvertedRequests <= 32, "five bits choose one");

// How the requests of a tape ended.
struct ConvertTally {
  int unreadable = 0;  // not such a message: what the transport refuses
  int refused = 0;     // by the conversion
  int rejected = 0;    // by the engine
  int applied = 0;
  friend bool operator==(const ConvertTally&, const ConvertTally&) = default;
};

// Aborts, with a line on standard error, when a rule is broken. The workspace "acme" has the sample
// configuration with the classifier "intents" before a default rule, the offline agent "ann" and
// "bob", who is available for the queue "support".
ConvertTally CheckConvertInput(const uint8_t* data, size_t size);

}  // namespace firstline::api
