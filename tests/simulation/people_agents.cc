// Agents: they log on and off, look at their work, and do it.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/simulation/people.h"
#include "tests/simulation/sight.h"

namespace firstline::simulation {

std::string People::SessionId(int number) const { return absl::StrCat(workspace_, "-s", number); }

void People::BeatAll() {
  std::vector<runtime::SessionRef> sessions;
  for (const Person& agent : agents_) {
    if (agent.here) sessions.push_back({agent.id, SessionId(agent.session)});
  }
  cluster_.BeatAll(workspace_, sessions);
  schedule_.After(1'000'000, [this] { BeatAll(); });
}

// No signs of life from now on.
void People::Leave(Person& agent) {
  judge_.OnSessionLeft(agent.id, SessionId(agent.session), kUnixUs + schedule_.now_us());
  agent.here = false;
}

void People::LogOn(size_t index, bool change_session, std::function<void()> then) {
  Person& agent = agents_[index];
  const int old_session = agent.session;
  if (change_session) {
    if (agent.here) Leave(agent);
    ++agent.session;
    agent.here = true;
  }
  engine::SetPresence presence{.agent_id = agent.id, .presence = engine::Presence::kAvailable,
                               .reason = "", .session_id = SessionId(agent.session),
                               .sequence = ++agent.sequence};
  Command(presence, [=, this](const runtime::Done&) {
    if (!change_session || old_session == 0) return then();
    judge_.OnCloseAsked(agents_[index].id, SessionId(old_session));
    Command(engine::CloseSession{agents_[index].id, SessionId(old_session)},
            [then](const runtime::Done&) { then(); });
  });
}

// True when the agent does nothing else for now: it is away, lets its work run out, or is gone
// without a word for longer than the grace.
bool People::GoAway(size_t index) {
  Person& agent = agents_[index];
  if (!options_.policies.absences || !IsBusy() || !random_.Chance(4)) return false;
  if (random_.Chance(25)) {
    Leave(agent);
    schedule_.After(12'000'000, [this, index] { AgentTurn(index); });
    return true;
  }
  const auto presence = random_.Chance(50) ? engine::Presence::kAway : engine::Presence::kDraining;
  Command(engine::SetPresence{.agent_id = agent.id, .presence = presence, .reason = "",
                              .session_id = SessionId(agent.session),
                              .sequence = ++agent.sequence},
          [this, index](const runtime::Done&) {
            schedule_.After(random_.Between(100'000, 2'000'000), [this, index] {
              AgentTurn(index);
            });
          });
  return true;
}

struct People::Seen {
  bool available = false;
  std::vector<Work> work;
  std::optional<size_t> waiting;      // one that waits
  std::vector<std::string> wrap_ups;  // ids of inquiries
};

People::Seen People::Look(const engine::Engine& engine, const std::string& agent) {
  Seen seen;
  const engine::AgentIx ix = engine.FindAgent(agent);
  if (!ix.IsSet()) return seen;
  const engine::Agent& found = engine.agent(ix);
  seen.available = found.presence == engine::Presence::kAvailable;
  size_t number = 0;
  for (engine::InquiryIx held : found.work) {
    const engine::Inquiry& inquiry = engine.inquiry(held);
    if (NumberOf(inquiry.id, number)) seen.work.push_back({number, SightOf(engine, inquiry)});
  }
  engine.ForEachInquiry([&](engine::InquiryIx, const engine::Inquiry& inquiry) {
    const bool waits = inquiry.state == engine::InquiryState::kWaiting;
    if (waits && NumberOf(inquiry.id, number)) seen.waiting = number;
    return !seen.waiting;
  });
  for (const engine::WrapUp& wrap_up : found.wrap_ups) seen.wrap_ups.push_back(wrap_up.inquiry_id);
  return seen;
}

void People::AgentTurn(size_t index) {
  const auto next = [this, index](int64_t delay_us) {
    schedule_.After(delay_us, [this, index] { AgentTurn(index); });
  };
  Person& agent = agents_[index];
  const bool change = !agent.here || random_.Chance(5);
  if (change) return LogOn(index, true, [next] { next(1000); });
  if (GoAway(index)) return;
  const int64_t since_us = schedule_.now_us();
  Query<Seen>([id = agent.id](const engine::Engine& engine) { return Look(engine, id); },
              [this, index, next, since_us](const Seen& seen) {
                for (const Work& work : seen.work) Saw(work.inquiry, since_us, work.sight);
                if (!seen.available) return LogOn(index, false, [next] { next(1000); });
                DoWork(index, seen.work);
                DoMore(index, seen);
                next(random_.Between(100'000, 500'000) * options_.pace);
              });
}

void People::DoMore(size_t index, const Seen& seen) {
  const std::string& agent = agents_[index].id;
  if (options_.policies.claims && seen.waiting && random_.Chance(30)) {
    CommandOn(*seen.waiting, {.kind = Op::Kind::kClaim, .agent = agent},
              engine::Claim{cases_[*seen.waiting].id, agent});
  }
  if (!options_.policies.extends) return;
  for (const std::string& inquiry : seen.wrap_ups) {
    if (random_.Chance(40)) {
      Command(engine::ExtendWrapUp{agent, inquiry, engine::Milliseconds(400)},
              [](const runtime::Done&) {});
    } else if (random_.Chance(30)) {
      Command(engine::FinishWrapUp{agent, inquiry}, [](const runtime::Done&) {});
    }
  }
}

void People::DoWork(size_t index, const std::vector<Work>& work) {
  for (const Work& item : work) {
    switch (item.sight.stage) {
      case Stage::kOffered: OnOffer(index, item); break;
      case Stage::kAssigned: OnAssigned(index, item); break;
      case Stage::kParked:
        if (random_.Chance(30)) {
          CommandOn(item.inquiry, {.kind = Op::Kind::kResume},
                    engine::Resume{cases_[item.inquiry].id});
        }
        break;
      default: break;
    }
  }
}

void People::OnOffer(size_t index, const Work& work) {
  const std::string& agent = agents_[index].id;
  const std::string& inquiry = cases_[work.inquiry].id;
  const uint32_t offer = work.sight.offer;
  const int64_t choice = random_.Below(10);
  if (choice < 7) {
    CommandOn(work.inquiry, {Op::Kind::kAccept, agent, offer},
              engine::Accept{inquiry, offer, agent});
  } else if (choice == 7) {
    CommandOn(work.inquiry, {Op::Kind::kDecline, agent, offer},
              engine::Decline{inquiry, offer, agent, engine::Seconds(1)});
  }
}

void People::OnAssigned(size_t index, const Work& work) {
  const std::string& agent = agents_[index].id;
  const std::string& inquiry = cases_[work.inquiry].id;
  const int64_t choice = random_.Below(10);
  if (choice < 4) {
    CommandOn(work.inquiry, {.kind = Op::Kind::kAgentMessage, .agent = agent},
              engine::RecordMessage{inquiry, absl::StrCat("m", ++last_request_),
                                    engine::Author::kAgent, agent});
  } else if (choice < 7) {
    CommandOn(work.inquiry, {.kind = Op::Kind::kClose, .agent = agent},
              engine::Close{inquiry, engine::Resolution::kResolved, agent});
  } else if (choice == 7) {
    CommandOn(work.inquiry, {.kind = Op::Kind::kPark}, engine::Park{inquiry, ""});
  } else if (choice == 8 && options_.policies.transfers && agents_.size() > 1) {
    engine::Transfer transfer;
    transfer.inquiry_id = inquiry;
    if (random_.Chance(50)) transfer.queue = kOtherQueue;
    if (random_.Chance(30)) transfer.preferred_agent = AnyAgent();
    transfer.agent_id = agent;
    CommandOn(work.inquiry, {.kind = Op::Kind::kTransfer, .agent = agent}, transfer);
  }
}

}  // namespace firstline::simulation
