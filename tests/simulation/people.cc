#include "tests/simulation/people.h"

#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace firstline::simulation {
namespace {

constexpr int64_t kAnswerTimeoutUs = 3'000'000;
// When what clients saw of an ended inquiry is judged: all repeats have been answered long before.
constexpr int64_t kJudgedAfterUs = 120'000'000;

// "i7" -> 7; false for inquiries of others.
bool NumberOf(const std::string& inquiry, size_t& number) {
  return inquiry.starts_with('i') && absl::SimpleAtoi(inquiry.substr(1), &number);
}

Sight SightOf(const engine::Engine& engine, const engine::Inquiry& inquiry) {
  static constexpr Stage kStages[] = {Stage::kWaiting, Stage::kOffered, Stage::kAssigned,
                                      Stage::kParked,  Stage::kClosed,  Stage::kCancelled};
  Sight sight;
  sight.stage = kStages[static_cast<size_t>(inquiry.state)];
  sight.offer = inquiry.offer_number;
  if (!engine::IsEnded(inquiry.state) && inquiry.agent.IsSet()) {
    sight.agent = engine.AgentId(inquiry.agent);
  }
  return sight;
}

OpResult ResultOf(const engine::Outcome& outcome) {
  static constexpr Stage kStages[] = {Stage::kWaiting, Stage::kOffered, Stage::kAssigned,
                                      Stage::kParked,  Stage::kClosed,  Stage::kCancelled};
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

}  // namespace

People::People(Schedule& schedule, Random random, const Trace& trace, Judge& judge,
               Cluster& cluster, WorkspaceId workspace, PeopleOptions options)
    : schedule_(schedule),
      random_(random),
      trace_(trace),
      judge_(judge),
      cluster_(cluster),
      workspace_(std::move(workspace)),
      options_(std::move(options)) {
  for (int a = 0; a < options_.agents; ++a) agents_.push_back({.id = absl::StrCat("a", a)});
  for (int i = 0; i < options_.inquiries; ++i) {
    cases_.emplace_back();
    cases_.back().id = absl::StrCat("i", i);
  }
}

// ---- Calling ------------------------------------------------------------------------------------

// Calls until a Done comes back, whatever it takes, always with the same content.
void People::Ask(std::shared_ptr<Request> request) {
  const uint64_t attempt = ++request->attempt;
  request->asked_after = judge_.Heard(workspace_);
  request->asked_us = schedule_.now_us();
  request->pod = cluster_.Pick(random_, random_.Chance(60) ? pod_ : -1);
  const bool was_calm = schedule_.now_us() >= options_.calm_from_us && request->pod >= 0;
  request->question.patience_us = random_.Chance(30) ? random_.Between(50'000, 5'000'000) : 0;
  cluster_.Ask(request->pod, request->question,
               [this, request, attempt, asked_after = request->asked_after](const Heard& heard) {
                 OnHeard(request, attempt, asked_after, heard);
               });
  schedule_.After(kAnswerTimeoutUs, [this, request, attempt, was_calm] {
    if (!request->done && request->attempt == attempt) OnTimeout(request, was_calm);
  });
}

void People::OnTimeout(const std::shared_ptr<Request>& request, bool was_calm) {
  if (was_calm) {
    judge_.Fail(absl::StrCat("pod ", request->pod, " did not answer a call of ", workspace_,
                             ", though nothing was wrong any more"));
  }
  if (pod_ == request->pod) pod_ = -1;
  Ask(request);
}

void People::OnHeard(const std::shared_ptr<Request>& request, uint64_t attempt,
                     EventId asked_after, const Heard& heard) {
  Digest(request->pod, heard);
  if (trace_.on()) Tell(*request, heard);
  const auto* done = std::get_if<runtime::Done>(&heard.answer);
  if (done != nullptr) {
    ++answers_;
    const bool applied = done->outcome.ok() && !done->outcome.receipt.replayed;
    judge_.OnHeard(workspace_, done->cursor, asked_after, request->is_mutation && applied);
  }
  if (request->done || request->attempt != attempt) return;
  if (done != nullptr) {
    request->done = true;
    pod_ = request->pod;
    return request->then(*done, heard.value);
  }
  schedule_.After(random_.Between(20'000, 300'000), [this, request, attempt] {
    if (!request->done && request->attempt == attempt) Ask(request);
  });
}

void People::Tell(const Request& request, const Heard& heard) const {
  static constexpr const char* kAnswers[] = {"done",       "not owner",        "unknown workspace",
                                             "unavailable", "overloaded",      "clock not driven",
                                             "deadline passed"};
  std::string what = "a read";
  if (request.question.is_command()) {
    const auto& command = std::get<engine::Command>(request.question.body);
    what = absl::StrCat(command.request_id, ", command ", command.body.index());
  }
  std::string answer = kAnswers[heard.answer.index()];
  if (const auto* done = std::get_if<runtime::Done>(&heard.answer)) {
    absl::StrAppend(&answer, " ", ToString(done->cursor), " ",
                    std::string(ToString(done->outcome.rejection)));
  }
  trace_("%s %s at pod %d since %.6f s: %s", workspace_, what, request.pod,
         static_cast<double>(request.asked_us) / 1e6, answer);
}

void People::Digest(int pod, const Heard& heard) {
  const auto add = [this](uint64_t value) { digest_ = (digest_ ^ value) * 1099511628211u; };
  add(static_cast<uint64_t>(schedule_.now_us()));
  add(static_cast<uint64_t>(pod) + 1);
  add(heard.answer.index());
  if (const auto* done = std::get_if<runtime::Done>(&heard.answer)) {
    add(done->cursor.epoch);
    add(done->cursor.n);
    add(static_cast<uint64_t>(done->outcome.rejection));
  }
}

void People::Command(engine::Body body, Then then, bool create) {
  engine::Command command;
  command.body = std::move(body);
  command.request_id = absl::StrCat("r", ++last_request_);
  auto request = std::make_shared<Request>();
  request->question = {.workspace = workspace_, .body = std::move(command),
                       .create_if_missing = create};
  request->is_mutation = true;
  request->then = [then = std::move(then)](const runtime::Done& done, const std::any&) {
    then(done);
  };
  Ask(std::move(request));
}

void People::CommandOn(size_t inquiry, Op op, engine::Body body, Then then) {
  Case& mine = cases_[inquiry];
  const bool judged = !mine.checked;
  const size_t call = judged ? mine.view.Begin(schedule_.now_us(), std::move(op)) : 0;
  Command(std::move(body), [this, inquiry, judged, call, then = std::move(then)](
                               const runtime::Done& done) {
    Case& answered = cases_[inquiry];
    if (judged && !answered.checked) {
      answered.view.End(call, schedule_.now_us(), ResultOf(done.outcome));
    }
    then(done);
  });
}

template <class T>
void People::Query(std::function<T(const engine::Engine&)> read,
                   std::function<void(const T&)> then) {
  auto request = std::make_shared<Request>();
  request->question = {.workspace = workspace_,
                       .body = Read([read = std::move(read)](const engine::Engine& engine) {
                         return std::any(read(engine));
                       })};
  request->then = [then = std::move(then)](const runtime::Done&, const std::any& value) {
    then(std::any_cast<const T&>(value));
  };
  Ask(std::move(request));
}

void People::Saw(size_t inquiry, int64_t since_us, const Sight& sight) {
  Case& mine = cases_[inquiry];
  if (mine.checked) return;
  const size_t call = mine.view.Begin(since_us, {.kind = Op::Kind::kRead});
  mine.view.End(call, schedule_.now_us(), {.seen = sight});
}

void People::CheckView(Case& mine) {
  if (mine.checked) return;
  mine.checked = true;
  if (judge_.IsWhole(workspace_)) {
    judged_ += static_cast<int64_t>(mine.view.answered());
    const std::string wrong = mine.view.Check({.agents_lose_work = options_.agents_lose_work});
    if (!wrong.empty()) judge_.Fail(absl::StrCat(workspace_, " ", mine.id, ": ", wrong));
  }
  mine.view = InquiryView();
}

void People::CheckViews() {
  for (Case& mine : cases_) CheckView(mine);
}

// ---- The workspace ------------------------------------------------------------------------------

void People::Configure() {
  engine::ApplyConfig apply;
  apply.config.channels = {{.id = kChannel, .kind = engine::ChannelKind::kMessaging, .units = 1}};
  engine::QueueConfig queue;
  queue.id = kQueue;
  queue.offer_timeout = engine::Seconds(3);
  queue.wrap_up = engine::Milliseconds(300);
  if (options_.agents_lose_work) queue.first_reply_timeout = engine::Seconds(8);
  apply.config.queues = {queue};
  apply.config.settings.presence_grace = engine::Seconds(8);
  apply.config.settings.closed_retention = engine::Span{options_.retention_us};
  if (options_.keep_events > 0) apply.config.settings.keep_events_max = options_.keep_events;
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

std::string People::SessionId(int number) const { return absl::StrCat(workspace_, "-s", number); }

void People::BeatAll() {
  std::vector<runtime::SessionRef> sessions;
  for (const Person& agent : agents_) {
    if (agent.session > 0) sessions.push_back({agent.id, SessionId(agent.session)});
  }
  cluster_.BeatAll(workspace_, sessions);
  schedule_.After(1'000'000, [this] { BeatAll(); });
}

void People::LogOn(size_t index, bool change_session, std::function<void()> then) {
  Person& agent = agents_[index];
  const int old_session = agent.session;
  if (change_session) {
    judge_.OnSessionLeft(agent.id, SessionId(old_session), kUnixUs + schedule_.now_us());
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
  const bool change = agent.session == 0 || random_.Chance(5);
  if (change) return LogOn(index, true, [next] { next(1000); });

  struct Seen {
    bool available = false;
    std::vector<Work> work;
  };
  const std::string id = agent.id;
  const int64_t since_us = schedule_.now_us();
  Query<Seen>(
      [id](const engine::Engine& engine) {
        Seen seen;
        const engine::AgentIx ix = engine.FindAgent(id);
        if (!ix.IsSet()) return seen;
        const engine::Agent& found = engine.agent(ix);
        seen.available = found.presence == engine::Presence::kAvailable;
        for (engine::InquiryIx held : found.work) {
          const engine::Inquiry& inquiry = engine.inquiry(held);
          size_t number = 0;
          if (NumberOf(inquiry.id, number)) {
            seen.work.push_back({number, SightOf(engine, inquiry)});
          }
        }
        return seen;
      },
      [this, index, next, since_us](const Seen& seen) {
        for (const Work& work : seen.work) Saw(work.inquiry, since_us, work.sight);
        if (!seen.available) return LogOn(index, false, [next] { next(1000); });
        DoWork(index, seen.work);
        next(random_.Between(100'000, 500'000) * options_.pace);
      });
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
    CommandOn(work.inquiry, {.kind = Op::Kind::kPark}, engine::Park{inquiry});
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
  CommandOn(index, {.kind = Op::Kind::kSubmit}, submit, [this, index](const runtime::Done& done) {
    Case& mine = cases_[index];
    if (!done.outcome.ok()) {
      return judge_.Fail(absl::StrCat("submit of ", mine.id, " was rejected: ",
                                      std::string(ToString(done.outcome.rejection))));
    }
    mine.submitted = done.cursor;
    Follow(index);
  });
}

void People::Follow(size_t index) {
  const std::string id = cases_[index].id;
  const int64_t since_us = schedule_.now_us();
  Query<Sight>(
      [id](const engine::Engine& engine) {
        const engine::InquiryIx ix = engine.FindInquiry(id);
        return ix.IsSet() ? SightOf(engine, engine.inquiry(ix)) : Sight{};
      },
      [this, index, since_us](const Sight& sight) { OnSeen(index, since_us, sight); });
}

void People::OnSeen(size_t index, int64_t since_us, const Sight& sight) {
  Case& mine = cases_[index];
  Saw(index, since_us, sight);
  if (sight.stage == Stage::kNone) {
    if (judge_.two_owners()) {
      schedule_.After(500'000, [this, index] { Follow(index); });
      return;
    }
    if (!judge_.IsExcused(workspace_, mine.submitted)) {
      return judge_.Fail(absl::StrCat("acknowledged ", mine.id, " is unknown"));
    }
    return Arrive(index);  // lost inside the stated window: the caller asks again
  }
  if (sight.stage >= Stage::kClosed) {
    mine.ended = true;
    ++served_;
    schedule_.After(kJudgedAfterUs, [this, index] { CheckView(cases_[index]); });
    return;
  }
  if (random_.Chance(10)) {
    CommandOn(index, {.kind = Op::Kind::kCustomerMessage},
              engine::RecordMessage{mine.id, absl::StrCat("c", ++last_request_),
                                    engine::Author::kCustomer, ""});
  }
  if (mine.patience_us > 0 && random_.Chance(20)) {
    CommandOn(index, {.kind = Op::Kind::kCancel},
              engine::Cancel{mine.id, engine::CancelReason::kAbandoned});
  }
  schedule_.After(random_.Between(300'000, 1'000'000) * options_.pace,
                  [this, index] { Follow(index); });
}

std::string People::Unserved() const {
  std::string names;
  for (const Case& mine : cases_) {
    if (!mine.ended) absl::StrAppend(&names, " ", mine.id);
  }
  return names;
}

}  // namespace firstline::simulation
