#include "tests/simulation/sight.h"

#include "absl/strings/numbers.h"

namespace firstline::simulation {
namespace {

// By engine::InquiryState.
constexpr Stage kStages[] = {Stage::kWaiting, Stage::kOffered, Stage::kAssigned,
                             Stage::kParked,  Stage::kClosed,  Stage::kCancelled};

}  // namespace

bool NumberOf(const std::string& inquiry, size_t& number) {
  return inquiry.starts_with('i') && absl::SimpleAtoi(inquiry.substr(1), &number);
}

Sight SightOf(const engine::Engine& engine, const engine::Inquiry& inquiry) {
  Sight sight;
  sight.stage = kStages[static_cast<size_t>(inquiry.state)];
  sight.offer = inquiry.offer_number;
  if (!engine::IsEnded(inquiry.state) && inquiry.agent.IsSet()) {
    sight.agent = engine.AgentId(inquiry.agent);
  }
  return sight;
}

OpResult ResultOf(const engine::Outcome& outcome) {
  OpResult result;
  switch (outcome.rejection) {
    case engine::Rejection::kNone: break;
    case engine::Rejection::kInquiryEnded: result.how = OpResult::How::kEnded; return result;
    case engine::Rejection::kUnknownInquiry: result.how = OpResult::How::kUnknown; return result;
    default: result.how = OpResult::How::kRejected; return result;
  }
  const engine::Receipt& receipt = outcome.receipt;
  result.seen = {kStages[static_cast<size_t>(receipt.state)], receipt.agent_id,
                 receipt.offer_number};
  return result;
}

}  // namespace firstline::simulation
