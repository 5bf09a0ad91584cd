#include "tests/engine/wait_world.h"

#include "absl/strings/str_cat.h"

namespace firstline::engine::proof {

WaitWorld::WaitWorld(const WorkspaceConfig& config, const std::vector<AgentConfig>& agents,
                     Time start) {
  ApplyConfig apply;
  apply.config = config;
  apply.config.settings.closed_max = 10;
  apply.agents = agents;
  Apply(start, std::move(apply));
}

void WaitWorld::LogOn(const std::string& agent, Time at, Time until) {
  due_.push({at, What::kOn, agent});
  if (until != kNever) due_.push({until, What::kOff, agent});
}

void WaitWorld::Apply(Time at, Body body) {
  engine_.Apply(at, {.body = std::move(body), .request_id = "", .when = {}});
  Note();
}

// Those who were just assigned: their wait is over.
void WaitWorld::Note() {
  std::vector<std::pair<std::string, Time>> ends;
  for (const Event& event : engine_.events()) {
    const auto* assigned = std::get_if<InquiryAssigned>(&event.body);
    if (assigned == nullptr) continue;
    const std::string& id = engine_.inquiry(assigned->inquiry).id;
    Told& told = open_.at(id);
    const auto waited_ms = (event.time - told.arrival).us / 1000;
    if (told.counts && told.waits) ++coverage_.waited;
    if (told.counts && told.p50_ms > 0) {
      ++coverage_.foretold;
      coverage_.within_p50 += waited_ms <= told.p50_ms ? 1 : 0;
      coverage_.within_p90 += waited_ms <= told.p90_ms ? 1 : 0;
    }
    told.until = kNever;
    due_.push({event.time + told.service, What::kEnd, id});
  }
  engine_.ClearEvents();
  engine_.TakeChanges();
}

void WaitWorld::Until(Time time) {
  while (!due_.empty() && std::get<0>(due_.top()) <= time) {
    const auto [at, what, id] = due_.top();
    due_.pop();
    switch (what) {
      case What::kEnd:
        Apply(at, Close{.inquiry_id = id});
        open_.erase(id);
        break;
      case What::kOff:
        Apply(at, SetPresence{.agent_id = id, .presence = Presence::kDraining});
        break;
      case What::kOn:
        Apply(at, SetPresence{.agent_id = id});
        break;
      case What::kGiveUp:
        if (open_.count(id) == 0 || open_.at(id).until != at) break;
        open_.erase(id);
        Apply(at, Cancel{.inquiry_id = id, .reason = CancelReason::kAbandoned});
        break;
    }
  }
}

Coverage WaitWorld::Run(const std::vector<Customer>& customers, Time count_from) {
  uint64_t number = 0;
  for (const Customer& customer : customers) {
    Until(customer.arrival);
    const std::string id = absl::StrCat("c", ++number);
    Told& told = open_[id];
    told.service = customer.service;
    told.arrival = customer.arrival;
    told.counts = customer.arrival >= count_from;
    Apply(customer.arrival, Submit{.inquiry_id = id, .channel = "phone", .queue = customer.queue});
    const Inquiry& inquiry = engine_.inquiry(engine_.FindInquiry(id));
    told.waits = inquiry.state == InquiryState::kWaiting;
    told.p50_ms = told.waits ? inquiry.expected_p50_ms : 0;
    told.p90_ms = inquiry.expected_p90_ms;
    if (!told.waits || customer.patience.us == 0) continue;
    told.until = customer.arrival + customer.patience;
    due_.push({told.until, What::kGiveUp, id});
  }
  return coverage_;
}

}  // namespace firstline::engine::proof
