// The conversion fuzzer's rule on a small corpus of its own, for builds without libFuzzer: tapes on
// which every request is applied, each damaged in many ways from a fixed seed.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "tests/fuzz/convert_fuzz.h"

namespace firstline::api {
namespace {

template <class Request, size_t I = 0>
constexpr size_t KindOfRequest() {
  if constexpr (std::is_same_v<std::tuple_element_t<I, ConvertedRequests>, Request>) {
    return I;
  } else {
    return KindOfRequest<Request, I + 1>();
  }
}

// Writes tapes. `pause`: 0 to 7.
class Tape {
 public:
  template <class Request>
  Tape& Add(const std::string& text, unsigned pause = 0) {
    Request request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
    const std::string message = request.SerializeAsString();
    bytes_ += static_cast<char>(KindOfRequest<Request>() | pause << 5);
    bytes_ += static_cast<char>(message.size() & 255);
    bytes_ += static_cast<char>(message.size() >> 8);
    bytes_ += message;
    ++requests_;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }
  int requests() const { return requests_; }

 private:
  std::string bytes_;
  int requests_ = 0;
};

constexpr char kSubmit[] = R"(workspace: "acme" inquiry { id: "i" channel: "chat" queue: "support"
    priority: 1 customer: "c" attributes { key: "k" value: "v" } preferred_agents: "bob" })";
constexpr char kPark[] = R"(workspace: "acme" inquiry_id: "i")";
constexpr char kAccept[] = R"(workspace: "acme" offer_id: "i/1" agent_id: "bob")";

// From the offer to the feedback.
Tape Conversation() {
  Tape tape;
  tape.Add<v1::SubmitInquiryRequest>(kSubmit)
      .Add<v1::AcceptOfferRequest>(kAccept, 1)
      .Add<v1::RecordMessageRequest>(
          R"(workspace: "acme" inquiry_id: "i" message_id: "m" author: AUTHOR_AGENT
             agent_id: "bob" when { seconds: 1700000004 nanos: 5000 })")
      .Add<v1::ParkInquiryRequest>(kPark, 2)
      .Add<v1::ResumeInquiryRequest>(kPark, 2)
      .Add<v1::CloseInquiryRequest>(
          R"(workspace: "acme" request_id: "r" inquiry_id: "i" agent_id: "bob"
             resolution: RESOLUTION_RESOLVED)")
      .Add<v1::FinishWrapUpRequest>(R"(workspace: "acme" agent_id: "bob" inquiry_id: "i")", 1)
      .Add<v1::RecordFeedbackRequest>(
          R"(workspace: "acme" inquiry_id: "i" feedback { csat: 4 resolved: true })", 6);
  return tape;
}

// Through two queues to a cancellation.
Tape Detour() {
  Tape tape;
  tape.Add<v1::SubmitInquiryRequest>(kSubmit)
      .Add<v1::DeclineOfferRequest>(
          R"(workspace: "acme" offer_id: "i/1" agent_id: "bob" retry_after { seconds: 9 })")
      .Add<v1::UpdateInquiryRequest>(
          R"(workspace: "acme" inquiry { id: "i" priority: 9
             requirement { skills { skill: "selling" min_level: 8 } languages { language: "de" } } }
             update_mask { paths: "priority" paths: "requirement" })")
      .Add<v1::TransferInquiryRequest>(
          R"(workspace: "acme" inquiry_id: "i" queue: "sales" preferred_agent: "ann")", 1)
      .Add<v1::SetPresenceRequest>(
          R"(workspace: "acme" agent_id: "ann" presence: PRESENCE_AVAILABLE session_id: "s"
             sequence: 1)", 4)
      .Add<v1::SetPresenceRequest>(
          R"(workspace: "acme" agent_id: "ann" presence: PRESENCE_AWAY reason: "lunch"
             session_id: "s" sequence: 2)", 2)
      .Add<v1::CancelInquiryRequest>(
          R"(workspace: "acme" inquiry_id: "i" reason: CANCEL_REASON_ABANDONED)", 2);
  return tape;
}

// Configuration under an open inquiry.
Tape Reorganisation() {
  Tape tape;
  tape.Add<v1::SubmitInquiryRequest>(kSubmit)
      .Add<v1::ApplyWorkspaceRequest>(
          R"(workspace { id: "acme" settings { back_off { after_misses: 2 duration { seconds: 5 } }
               away_reasons: "tea" closed_max: 3 }
             queues { id: "support" serving: SERVING_CREDIT
               credits { key: 1 value { seconds: 30 } } selection: CRITERION_LOAD
               steps { after { seconds: 4 } tier: 2 overflow_to: "sales" } auto_accept: true } }
             mode: APPLY_MODE_PATCH)")
      .Add<v1::UpsertAgentsRequest>(
          R"(workspace: "acme" agents { id: "bob" team: "north" skills { skill: "selling" level: 3 }
             languages { language: "de" level: 4 } labels: "senior"
             capacity { units: 3 per_channel { key: "chat" value: 2 } }
             memberships { queue: "sales" tier: 2 wrap_up { seconds: 1 } } })", 3)
      .Add<v1::DeleteAgentsRequest>(R"(workspace: "acme" agent_ids: "bob" force: true)", 1);
  return tape;
}

// Taken, given and opened again by hand.
Tape ByHand() {
  Tape tape;
  tape.Add<v1::ApplyWorkspaceRequest>(
          R"(workspace { id: "acme" channels { id: "chat" kind: CHANNEL_KIND_MESSAGING units: 2
               interrupted_by: "voice" }
             queues { id: "support" allow_claim: true reopen_within { seconds: 600 }
               wrap_up_extension_max { seconds: 60 } max_expected_wait { seconds: 90 }
               expected_wait_quantile: WAIT_QUANTILE_P90
               steps { after { seconds: 50 } tier: 3
                 when { expected_wait_above { seconds: 30 } expected_wait_below { seconds: 99 } } } } }
             mode: APPLY_MODE_PATCH)")
      .Add<v1::SubmitInquiryRequest>(kSubmit)
      .Add<v1::DeclineOfferRequest>(R"(workspace: "acme" offer_id: "i/1" agent_id: "bob")")
      .Add<v1::ClaimInquiryRequest>(R"(workspace: "acme" inquiry_id: "i" agent_id: "bob")", 1)
      .Add<v1::CloseInquiryRequest>(
          R"(workspace: "acme" inquiry_id: "i" agent_id: "bob" resolution: RESOLUTION_RESOLVED)", 2)
      .Add<v1::ExtendWrapUpRequest>(
          R"(workspace: "acme" agent_id: "bob" inquiry_id: "i" by { seconds: 20 })")
      .Add<v1::ReopenInquiryRequest>(R"(workspace: "acme" inquiry_id: "i")", 3)
      .Add<v1::AssignInquiryRequest>(
          R"(workspace: "acme" inquiry_id: "i" agent_id: "bob" reason: "asked for"
             overrides: ASSIGNMENT_OVERRIDE_CAPACITY)");
  return tape;
}

// By what a classifier says: all of it, nothing, and nonsense.
Tape Advised() {
  Tape tape;
  tape.Add<v1::ClassifyResponse>(
          R"(label: "offer" verdict { queue: "sales" priority: 4 requirement {
             skills { skill: "selling" min_level: 3 max_level: 9 } languages { language: "de" } } })")
      .Add<v1::ClassifyResponse>(R"(label: "unsure")", 1)
      .Add<v1::ClassifyResponse>(R"(verdict { queue: "nowhere" priority: 11 })", 1)
      .Add<v1::ApplyWorkspaceRequest>(
          R"(workspace { id: "acme" classification { rules { id: "rest" queue: "support" }
               external { classifier: "other" deadline { nanos: 10000000 }
                          ask: CLASSIFIER_TURN_BEFORE_RULES } } } mode: APPLY_MODE_PATCH)")
      .Add<v1::ClassifyResponse>(R"(verdict { queue: "sales" })", 2);
  return tape;
}

std::vector<Tape> Tapes() {
  return {Conversation(), Detour(), Reorganisation(), ByHand(), Advised()};
}

ConvertTally Check(const std::string& tape) {
  return CheckConvertInput(reinterpret_cast<const uint8_t*>(tape.data()), tape.size());
}

// Flips, inserts, removes or repeats a few bytes.
std::string Damage(std::string input, std::mt19937& random) {
  for (unsigned n = 1 + random() % 4; n > 0 && !input.empty(); --n) {
    const size_t at = random() % input.size();
    switch (random() % 4) {
      case 0:
        input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
        break;
      case 1:
        input.insert(at, 1, static_cast<char>(random()));
        break;
      case 2:
        input.erase(at, 1 + random() % 3);
        break;
      default:
        input.insert(at, input.substr(at, random() % 32));
    }
  }
  return input;
}

TEST(ConvertFuzzReplayTest, GoodRequestsAreApplied) {
  for (const Tape& tape : Tapes()) {
    EXPECT_EQ(Check(tape.bytes()), (ConvertTally{.applied = tape.requests()}));
  }
  EXPECT_EQ(Check(""), ConvertTally{});
}

TEST(ConvertFuzzReplayTest, DamagedRequests) {
  std::mt19937 random(1);
  ConvertTally sum;
  for (const Tape& tape : Tapes()) {
    for (int round = 0; round < 10'000; ++round) {
      const ConvertTally one = Check(Damage(tape.bytes(), random));
      sum.unreadable += one.unreadable;
      sum.refused += one.refused;
      sum.rejected += one.rejected;
      sum.applied += one.applied;
    }
    for (size_t size = 0; size < tape.bytes().size(); ++size) Check(tape.bytes().substr(0, size));
  }
  // Every way out was taken often enough to mean something.
  EXPECT_GT(sum.unreadable, 1000);
  EXPECT_GT(sum.refused, 1000);
  EXPECT_GT(sum.rejected, 1000);
  EXPECT_GT(sum.applied, 1000);
}

}  // namespace
}  // namespace firstline::api
