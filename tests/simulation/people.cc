#include "tests/simulation/people.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/simulation/sight.h"

namespace firstline::simulation {
namespace {

constexpr int64_t kAnswerTimeoutUs = 3'000'000;
// When what clients saw of an ended inquiry is judged: all repeats have been answered long before.
constexpr int64_t kJudgedAfterUs = 120'000'000;

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

std::shared_ptr<People::Request> People::NewCommand(engine::Body body, bool create) {
  engine::Command command;
  command.body = std::move(body);
  command.request_id = absl::StrCat("r", ++last_request_);
  auto request = std::make_shared<Request>();
  request->question = {.workspace = workspace_, .body = std::move(command),
                       .create_if_missing = create};
  request->is_mutation = true;
  return request;
}

void People::Command(engine::Body body, Then then, bool create) {
  auto request = NewCommand(std::move(body), create);
  request->then = [then = std::move(then)](const runtime::Done& done, const std::any&) {
    then(done);
  };
  Ask(std::move(request));
}

void People::CommandOn(size_t inquiry, Op op, engine::Body body, Then then) {
  Case& mine = cases_[inquiry];
  const bool judged = !mine.checked;
  const int64_t begin_us = schedule_.now_us();
  const size_t call = judged ? mine.view.Begin(begin_us, op) : 0;
  auto request = NewCommand(std::move(body), false);
  request->then = [this, inquiry, judged, call, begin_us, op = std::move(op), sent = request.get(),
                   then = std::move(then)](const runtime::Done& done, const std::any&) {
    Case& answered = cases_[inquiry];
    if (judged && !answered.checked) {
      const OpResult result = ResultOf(done.outcome);
      answered.view.End(call, schedule_.now_us(), result);
      // Refusals are not remembered: an attempt that was given up may arrive later and be applied.
      if (result.how != OpResult::How::kApplied && sent->attempt > 1) {
        answered.view.Begin(begin_us, op);
      }
    }
    then(done);
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
    const std::string wrong = mine.view.Check(RulesOf(options_.policies));
    if (!wrong.empty()) judge_.Fail(absl::StrCat(workspace_, " ", mine.id, ": ", wrong));
  }
  mine.view = InquiryView();
}

void People::CheckViews() {
  for (Case& mine : cases_) CheckView(mine);
}

// ---- The workspace ------------------------------------------------------------------------------

void People::Configure() {
  const engine::ApplyConfig apply = ConfigOf(
      options_.policies, {options_.agents, options_.retention_us, options_.keep_events});
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

// ---- Customers ----------------------------------------------------------------------------------

void People::Arrive(size_t index) {
  Case& inquiry = cases_[index];
  inquiry.patience_us = random_.Chance(20) ? random_.Between(500'000, 8'000'000) : 0;
  const engine::Submit submit = SubmitOf(options_.policies, static_cast<int>(index));
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
    if (sight.stage == Stage::kClosed && MayReopen(mine)) return Reopen(index);
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
  if (IsBusy() && options_.policies.directs && random_.Chance(6)) Direct(index);
  if (IsBusy() && options_.policies.transfers && random_.Chance(3)) {
    CommandOn(index, {.kind = Op::Kind::kTransfer}, engine::Transfer{.inquiry_id = mine.id,
                                                                     .queue = kOtherQueue,
                                                                     .requirement = {},
                                                                     .preferred_agent = "",
                                                                     .agent_id = ""});
  }
  schedule_.After(random_.Between(300'000, 1'000'000) * options_.pace,
                  [this, index] { Follow(index); });
}

bool People::MayReopen(const Case& mine) {
  return options_.policies.reopens && !mine.reopened && random_.Chance(25);
}

// Once; it may be refused.
void People::Reopen(size_t index) {
  cases_[index].reopened = true;
  CommandOn(index, {.kind = Op::Kind::kReopen}, engine::Reopen{cases_[index].id, ""},
            [this, index](const runtime::Done&) { Follow(index); });
}

// A supervisor gives it to somebody, past some of what stands in the way.
void People::Direct(size_t index) {
  engine::AssignTo assign;
  assign.inquiry_id = cases_[index].id;
  assign.agent_id = AnyAgent();
  assign.with_offer = random_.Chance(40);
  assign.reason = "by hand";
  for (int by = 0; by <= static_cast<int>(engine::Override::kCapacity); ++by) {
    if (random_.Chance(50)) assign.overrides.push_back(static_cast<engine::Override>(by));
  }
  const Op::Kind kind = assign.with_offer ? Op::Kind::kAssignWithOffer : Op::Kind::kAssign;
  CommandOn(index, {.kind = kind, .agent = assign.agent_id}, assign);
}

std::string People::Unserved() const {
  std::string names;
  for (const Case& mine : cases_) {
    if (!mine.ended) absl::StrAppend(&names, " ", mine.id);
  }
  return names;
}

}  // namespace firstline::simulation
