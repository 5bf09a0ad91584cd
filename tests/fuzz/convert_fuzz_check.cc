#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/status/reason.h"
#include "services/router/api/convert_classifier.h"
#include "services/router/api/convert_command.h"
#include "services/router/api/rejection_status.h"
#include "services/router/engine/engine.h"
#include "tests/fuzz/convert_fuzz.h"
#include "tests/store/sample_engine.h"

namespace firstline::api {
namespace {

// Parsing a damaged message is no news on standard error.
const auto kQuiet = google::protobuf::SetLogHandler(nullptr);

// Each request is followed by a full check of the workspace: long tapes would be slow tapes.
constexpr int kTapeRequestsMax = 64;

constexpr char kClassifier[] = "intents";

void Must(bool holds, std::string_view what, std::string_view detail = "") {
  if (holds) return;
  std::cerr << "broken rule: " << what << ": " << detail << "\n";
  std::abort();
}

void MustExplain(const absl::Status& status) {
  Must(!status.ok(), "a rejection is an error", "it is OK");
  Must(status::IsReason(status::ReasonOf(status)), "an error has a reason", status.ToString());
}

void MustNameFields(const absl::Status& status) {
  MustExplain(status);
  Must(absl::IsInvalidArgument(status), "a request is refused as invalid", status.ToString());
  const auto info = status::GetErrorInfo(status);
  Must(info && !info->violations.empty(), "a refusal names a field", status.ToString());
}

engine::AgentConfig Bob() {
  engine::AgentConfig bob;
  bob.id = "bob";
  bob.units = 20;
  bob.memberships = {{.queue = "support", .wrap_up = engine::Seconds(30)}};
  return bob;
}

using Converted = absl::StatusOr<engine::Command>;
using Convert = std::pair<bool, Converted> (*)(const std::string& bytes);

engine::Command Advised(const v1::ClassifyResponse& response, const std::string& bytes) {
  engine::Submit submit;
  submit.inquiry_id = "advised-" + std::to_string(std::hash<std::string>()(bytes));
  submit.channel = "chat";
  engine::Command command{std::move(submit), "", {}};
  command.advice = std::make_shared<const engine::Advice>(
      ToAdvice(kClassifier, response));
  return command;
}

// False: the bytes are no such message.
template <class Request>
std::pair<bool, Converted> ReadAndConvert(const std::string& bytes) {
  Request request;
  if (!request.ParseFromString(bytes)) return {false, engine::Command{}};
  if constexpr (std::is_same_v<Request, v1::ClassifyResponse>) {
    return {true, Advised(request, bytes)};
  } else {
    return {true, ToCommand(request)};
  }
}

template <size_t... I>
constexpr std::array<Convert, sizeof...(I)> MakeConverts(std::index_sequence<I...>) {
  return {&ReadAndConvert<std::tuple_element_t<I, ConvertedRequests>>...};
}
constexpr auto kConverts = MakeConverts(std::make_index_sequence<kConvertedRequests>());

// The workspace that the tape's requests come to.
class Desk {
 public:
  Desk();
  void Handle(size_t kind, const std::string& bytes, engine::Span after);
  const ConvertTally& tally() const { return tally_; }

 private:
  // Applies the command and checks that the engine bore it. Whether it was accepted.
  bool Apply(const engine::Command& command);
  void MustFollow(const engine::Command& advised);

  engine::Engine engine_{"acme"};
  engine::Time now_ = store::kSampleTime;
  ConvertTally tally_;
};

Desk::Desk() {
  engine::ApplyConfig config;
  config.config = store::SampleConfig();
  config.config.external = engine::ExternalConfig{.classifier = kClassifier};
  config.config.rules = {{.id = "rest", .queue = "support"}};
  config.agents = {store::SampleAgentConfig(), Bob()};
  Must(Apply({std::move(config), "", {}}), "the sample configuration is good");
  Must(Apply({engine::SetPresence{.agent_id = "bob"}, "", {}}), "bob is available");
}

bool Desk::Apply(const engine::Command& command) {
  engine_.Tick(now_);
  engine_.ClearEvents();
  const engine::Outcome outcome = engine_.Apply(now_, command);
  const std::string violation = engine_.CheckInvariants(false);
  Must(violation.empty(), "the engine's invariants hold", violation);
  if (outcome.ok() && command.advice != nullptr) MustFollow(command);
  if (!outcome.ok()) {
    MustExplain(ToStatus(outcome.rejection, outcome.subject, command.body.index()));
    Must(engine_.events().empty(), "a rejected command changes nothing", outcome.subject);
  }
  engine_.ClearEvents();
  engine_.TakeChanges();
  return outcome.ok();
}

// A verdict decides, or the event says why it did not.
void Desk::MustFollow(const engine::Command& advised) {
  for (const engine::Event& event : engine_.events()) {
    const auto* submitted = std::get_if<engine::InquirySubmitted>(&event.body);
    if (submitted == nullptr) continue;
    const engine::ClassifierTrace* trace = submitted->classifier.get();
    // The configuration of the tape may have none any more.
    if (trace == nullptr) continue;
    Must(trace->label.size() <= engine::limits::kClassifierLabelBytesMax, "a label is bounded");
    Must(trace->subject.size() <= engine::limits::kNameBytesMax, "a subject is bounded");
    if (trace->outcome != engine::ClassifierOutcome::kVerdict) continue;
    Must(advised.advice->outcome == engine::ClassifierOutcome::kVerdict, "no verdict is made up");
    Must(submitted->hit.get() == nullptr || submitted->hit.get()->rule.empty(),
         "a verdict leaves no rule to decide");
  }
}

void Desk::Handle(size_t kind, const std::string& bytes, engine::Span after) {
  now_.us += after.us;
  const auto [read, command] = kConverts[kind](bytes);
  if (!read) {
    ++tally_.unreadable;
  } else if (!command.ok()) {
    MustNameFields(command.status());
    ++tally_.refused;
  } else {
    ++(Apply(*command) ? tally_.applied : tally_.rejected);
  }
}

}  // namespace

ConvertTally CheckConvertInput(const uint8_t* data, size_t size) {
  Desk desk;
  size_t at = 0;
  for (int n = 0; n < kTapeRequestsMax && at + 3 <= size; ++n) {
    const size_t kind = (data[at] & 31u) % kConvertedRequests, pause = data[at] >> 5;
    const size_t told = data[at + 1] | size_t{data[at + 2]} << 8;
    at += 3;
    const size_t length = std::min(told, size - at);
    const std::string bytes(reinterpret_cast<const char*>(data) + at, length);
    at += length;
    desk.Handle(kind, bytes, engine::Seconds(static_cast<int64_t>(pause * pause * pause)));
  }
  return desk.tally();
}

}  // namespace firstline::api
