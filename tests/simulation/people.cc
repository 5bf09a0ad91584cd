#include "tests/simulation/people.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {
namespace {

constexpr int64_t kAnswerTimeoutUs = 3'000'000;
constexpr char kQueue[] = "support";
constexpr char kChannel[] = "chat";

std::string SessionId(int number) { return absl::StrCat("s", number); }

}  // namespace

struct People::Request {
  runtime::CallBody body;
  bool is_mutation = false;
  bool create = false;
  Then then;
  EventId asked_after;     // what was acknowledged when this attempt began
  uint64_t attempt = 0;
  bool done = false;
};

People::People(Schedule& schedule, Random& random, Judge& judge, Cluster& cluster,
               WorkspaceId workspace, PeopleOptions options)
    : schedule_(schedule),
      random_(random),
      judge_(judge),
      cluster_(cluster),
      workspace_(std::move(workspace)),
      options_(options) {
  for (int a = 0; a < options_.agents; ++a) agents_.push_back({.id = absl::StrCat("a", a)});
  for (int i = 0; i < options_.inquiries; ++i) cases_.push_back({.id = absl::StrCat("i", i)});
}

// ---- Calling ------------------------------------------------------------------------------------

void People::Ask(runtime::CallBody body, bool is_mutation, Then then, bool create) {
  auto request = std::make_shared<Request>();
  request->body = std::move(body);
  request->is_mutation = is_mutation;
  request->create = create;
  request->then = std::move(then);
  Attempt(std::move(request));
}

void People::Attempt(std::shared_ptr<Request> request) {
  const uint64_t attempt = ++request->attempt;
  request->asked_after = judge_.Heard(workspace_);
  const auto again = [this, request, attempt](int64_t delay_us) {
    schedule_.After(delay_us, [this, request, attempt] {
      if (!request->done && request->attempt == attempt) Attempt(request);
    });
  };
  const int pod = random_.Chance(80) ? believed_owner_
                                     : static_cast<int>(random_.Below(cluster_.size()));
  runtime::Call call;
  call.workspace = workspace_;
  call.body = request->body;
  call.create_if_missing = request->create;
  const EventId asked_after = request->asked_after;
  cluster_.Send(pod, std::move(call), [=, this](const runtime::Answer& answer) {
    const auto* done = std::get_if<runtime::Done>(&answer);
    if (done != nullptr) {
      ++answers_;
      const bool applied = done->outcome.ok() && !done->outcome.receipt.replayed;
      judge_.OnHeard(workspace_, done->cursor, asked_after, request->is_mutation && applied);
    }
    if (request->done || request->attempt != attempt) return;
    if (done != nullptr) {
      request->done = true;
      believed_owner_ = pod;
      return request->then(*done);
    }
    if (const auto* other = std::get_if<runtime::NotOwner>(&answer)) {
      const int owner = cluster_.PodAt(other->address);
      if (owner >= 0) believed_owner_ = owner;
    }
    again(random_.Between(20'000, 300'000));
  });
  again(kAnswerTimeoutUs);
}

void People::Command(engine::Body body, Then then, bool create) {
  engine::Command command;
  command.body = std::move(body);
  command.request_id = absl::StrCat("r", ++last_request_);
  Ask(std::move(command), true, std::move(then), create);
}

template <class T>
void People::Query(std::function<T(const engine::Engine&)> read,
                   std::function<void(const T&)> then) {
  // The pod fills it on every attempt; the last one before the Done counts.
  auto result = std::make_shared<T>();
  runtime::Query query = [result, read = std::move(read)](const engine::Engine& engine) {
    *result = read(engine);
  };
  Ask(std::move(query), false,
      [result, then = std::move(then)](const runtime::Done&) { then(*result); });
}

// ---- The workspace ------------------------------------------------------------------------------

void People::Configure() {
  engine::ApplyConfig apply;
  apply.config.channels = {{.id = kChannel, .kind = engine::ChannelKind::kMessaging, .units = 1}};
  engine::QueueConfig queue;
  queue.id = kQueue;
  queue.offer_timeout = engine::Seconds(3);
  queue.wrap_up = engine::Milliseconds(300);
  queue.first_reply_timeout = engine::Seconds(8);
  apply.config.queues = {queue};
  apply.config.settings.presence_grace = engine::Seconds(8);
  apply.config.settings.back_off.after_misses = 3;
  apply.config.settings.back_off.duration = engine::Milliseconds(500);
  apply.config.settings.back_off.max_duration = engine::Seconds(2);
  std::vector<engine::AgentConfig> agents;
  for (size_t a = 0; a < agents_.size(); ++a) {
    engine::AgentConfig agent;
    agent.id = agents_[a].id;
    agent.units = 2;
    agent.skills = {{.name = a % 2 == 0 ? "billing" : "technical", .level = 5}};
    agents.push_back(agent);
  }
  apply.agents = agents;
  Command(apply, [this](const runtime::Done& done) {
    if (!done.outcome.ok()) judge_.Fail(absl::StrCat("config: ", done.outcome.subject));
    options_.configured();
    for (size_t a = 0; a < agents_.size(); ++a) AgentTurn(a);
    for (size_t i = 0; i < cases_.size(); ++i) {
      schedule_.After(random_.Below(options_.arrivals_until_us), [this, i] { Arrive(i); });
    }
    BeatAll();
  }, true);
}

void People::Start() { Configure(); }

// ---- Agents -------------------------------------------------------------------------------------

void People::BeatAll() {
  std::vector<runtime::SessionRef> sessions;
  for (const Person& agent : agents_) {
    if (agent.session > 0) sessions.push_back({agent.id, SessionId(agent.session)});
  }
  for (int p = 0; p < cluster_.size(); ++p) cluster_.Beat(p, workspace_, sessions);
  schedule_.After(1'000'000, [this] { BeatAll(); });
}

void People::LogOn(size_t index, bool change_session, std::function<void()> then) {
  Person& agent = agents_[index];
  const int old_session = agent.session;
  if (change_session) {
    judge_.OnSessionLeft(agent.id, SessionId(old_session));
    ++agent.session;
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

void People::AgentTurn(size_t index) {
  const auto next = [this, index](int64_t delay_us) {
    schedule_.After(delay_us, [this, index] { AgentTurn(index); });
  };
  Person& agent = agents_[index];
  const bool change = agent.session == 0 || (options_.change_sessions && random_.Chance(5));
  if (change) return LogOn(index, true, [next] { next(1000); });

  struct Seen {
    bool available = false;
    std::vector<Work> work;
  };
  const std::string id = agent.id;
  Query<Seen>(
      [id](const engine::Engine& engine) {
        Seen seen;
        const engine::AgentIx ix = engine.FindAgent(id);
        if (!ix.IsSet()) return seen;
        const engine::Agent& found = engine.agent(ix);
        seen.available = found.presence == engine::Presence::kAvailable;
        for (engine::InquiryIx held : found.work) {
          const engine::Inquiry& inquiry = engine.inquiry(held);
          seen.work.push_back({inquiry.id, inquiry.state, inquiry.offer_number});
        }
        return seen;
      },
      [this, index, next](const Seen& seen) {
        if (!seen.available) return LogOn(index, false, [next] { next(1000); });
        DoWork(index, seen.work);
        next(random_.Between(100'000, 500'000));
      });
}

void People::DoWork(size_t index, const std::vector<Work>& work) {
  const std::string& agent = agents_[index].id;
  const Then ignore = [](const runtime::Done&) {};
  for (const Work& item : work) {
    if (item.state == engine::InquiryState::kOffered) {
      const int64_t choice = random_.Below(10);
      if (choice < 7) {
        Command(engine::Accept{item.inquiry_id, item.offer_number, agent}, ignore);
      } else if (choice == 7) {
        Command(engine::Decline{item.inquiry_id, item.offer_number, agent, engine::Seconds(1)},
                ignore);
      }
    } else if (item.state == engine::InquiryState::kAssigned) {
      const int64_t choice = random_.Below(10);
      const std::string message = absl::StrCat("m", ++last_request_);
      if (choice < 4) {
        Command(engine::RecordMessage{item.inquiry_id, message, engine::Author::kAgent, agent},
                ignore);
      } else if (choice < 7) {
        Command(engine::Close{item.inquiry_id, engine::Resolution::kResolved, agent}, ignore);
      } else if (choice == 7) {
        Command(engine::Park{item.inquiry_id}, ignore);
      }
    } else if (item.state == engine::InquiryState::kParked && random_.Chance(30)) {
      Command(engine::Resume{item.inquiry_id}, ignore);
    }
  }
}

// ---- Customers ----------------------------------------------------------------------------------

void People::Arrive(size_t index) {
  Case& inquiry = cases_[index];
  inquiry.patience_us = random_.Chance(20) ? random_.Between(500'000, 8'000'000) : 0;
  engine::Submit submit;
  submit.inquiry_id = inquiry.id;
  submit.channel = kChannel;
  submit.queue = kQueue;
  if (index % 3 != 0) {
    submit.requirement.skills = {{.name = index % 3 == 1 ? "billing" : "technical", .level = 3}};
  }
  Command(submit, [this, index](const runtime::Done& done) {
    Case& mine = cases_[index];
    if (!done.outcome.ok()) {
      return judge_.Fail(absl::StrCat("submit of ", mine.id, " was rejected: ",
                                      std::string(ToString(done.outcome.rejection))));
    }
    mine.acknowledged = true;
    mine.submitted = done.cursor;
    Follow(index);
  });
}

void People::Follow(size_t index) {
  struct Seen {
    bool known = false;
    bool ended = false;
  };
  const std::string id = cases_[index].id;
  Query<Seen>(
      [id](const engine::Engine& engine) {
        const engine::InquiryIx ix = engine.FindInquiry(id);
        return Seen{ix.IsSet(), ix.IsSet() && engine::IsEnded(engine.inquiry(ix).state)};
      },
      [this, index](const Seen& seen) {
        Case& mine = cases_[index];
        if (!seen.known && judge_.two_owners()) {
          schedule_.After(500'000, [this, index] { Follow(index); });
          return;
        }
        if (!seen.known) {
          if (!judge_.IsExcused(workspace_, mine.submitted)) {
            return judge_.Fail(absl::StrCat("acknowledged ", mine.id, " is unknown"));
          }
          return Arrive(index);  // lost inside the stated window: the caller asks again
        }
        if (seen.ended) {
          mine.ended = true;
          ++served_;
          return;
        }
        if (random_.Chance(10)) {
          const std::string message = absl::StrCat("c", ++last_request_);
          Command(engine::RecordMessage{mine.id, message, engine::Author::kCustomer, ""},
                  [](const runtime::Done&) {});
        }
        if (mine.patience_us > 0 && random_.Chance(20)) {
          Command(engine::Cancel{mine.id, engine::CancelReason::kAbandoned},
                  [](const runtime::Done&) {});
        }
        schedule_.After(random_.Between(300'000, 1'000'000), [this, index] { Follow(index); });
      });
}

std::string People::Unserved() const {
  std::string names;
  for (const Case& mine : cases_) {
    if (!mine.ended) absl::StrAppend(&names, " ", mine.id);
  }
  return names;
}

}  // namespace firstline::simulation
