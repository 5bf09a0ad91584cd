#include "tests/simulation/host.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace firstline::simulation {
namespace {

using gateway::Ended;

constexpr int64_t kClientDelayMaxUs = 500;
constexpr int64_t kMillion = 1'000'000;

// As api::Forwarder reads it from the status that the answer becomes.
Ended EndedBy(const runtime::Answer& answer, bool peer) {
  using Reason = runtime::UnavailableReason;
  if (const auto* done = std::get_if<runtime::Done>(&answer)) return {.epoch = done->epoch};
  if (const auto* other = std::get_if<runtime::NotOwner>(&answer)) {
    return {.how = Ended::How::kNotThere, .owner = other->address};
  }
  if (const auto* unavailable = std::get_if<runtime::Unavailable>(&answer)) {
    if (unavailable->reason == Reason::kStarting) {
      return {.how = Ended::How::kLater, .retry_after = unavailable->retry_after};
    }
    if (peer && unavailable->reason == Reason::kShuttingDown) {
      return {.how = Ended::How::kNotThere};
    }
  }
  return {};
}

std::string MessageOf(const Question& question) {
  if (!question.is_command()) return {};
  const auto& body = std::get<engine::Command>(question.body).body;
  const auto* record = std::get_if<engine::RecordMessage>(&body);
  return record == nullptr ? std::string() : record->message_id;
}

}  // namespace

Host::Host(Surroundings& around, Random random, Options options, Find find)
    : around_(around), random_(random), options_(std::move(options)), find_(std::move(find)) {}

runtime::BootTime Host::BootNow() const {
  const int64_t now = around_.schedule.now_us();
  return {options_.boot_offset_us + now + now / 1000 * options_.boot_ppm / 1000};
}

// Not before the boot clock shows `boot`.
int64_t Host::VirtualOf(runtime::BootTime boot) const {
  const int64_t passed = boot.us - options_.boot_offset_us;
  return passed - passed / (kMillion + options_.boot_ppm) * options_.boot_ppm;
}

// ---- What arrives -------------------------------------------------------------------------------

void Host::Ask(Question question, Hear hear) {
  if (!takes_calls()) return;  // connection refused: the client tries elsewhere
  Do([this, question = std::move(question), hear = std::move(hear)](runtime::BootTime now) {
    const runtime::BootTime deadline =
        question.patience_us == 0 ? runtime::kNeverBoot
                                  : now + runtime::Span{question.patience_us};
    const gateway::WorkId id = gateway_->Submit(
        {.workspace = question.workspace, .ordered = question.is_command(), .deadline = deadline},
        now);
    works_[id] = {question, hear, 0, runtime::Unavailable{},
                  question.patience_us == 0 ? 0 : deadline.us};
  });
}

void Host::Serve(Forwarded call) {
  if (!up()) return;
  around_.judge.OnForwarded(call.question.hops);
  if (options_.forwards_again) return Ask(std::move(call.question), std::move(call.reply));
  Do([this, call = std::move(call)](runtime::BootTime) {
    SubmitToPod(call.question, call.epoch, call.reply);
  });
}

void Host::OnPeerLost(const std::string& address, const Network::Action& notice) {
  Do([this, address, notice](runtime::BootTime now) {
    notice();
    gateway_->OnPeerLost(address, now);
  });
}

void Host::Beat(const WorkspaceId& workspace, std::vector<runtime::SessionRef> sessions) {
  Do([this, workspace, sessions = std::move(sessions)](runtime::BootTime now) {
    pod_->Beat(workspace, sessions, now);
  });
}

void Host::Look(const WorkspaceId& workspace) {
  Do([this, workspace](runtime::BootTime now) { pod_->Look(workspace, now); });
}

void Host::HandOver(const WorkspaceId& workspace, const std::string& successor) {
  Do([this, workspace, successor](runtime::BootTime now) {
    pod_->HandOver(workspace, successor, now);
  });
}

// ---- One step -----------------------------------------------------------------------------------

void Host::Do(Input input) {
  if (!up()) return;
  if (around_.schedule.now_us() >= stalled_until_us_ && deferred_.empty()) return Run(input);
  // Its inputs wait in their sockets until it runs again.
  deferred_.push_back(std::move(input));
  if (deferred_.size() == 1) RunDeferred();
}

void Host::RunDeferred() {
  if (around_.schedule.now_us() < stalled_until_us_) {
    around_.schedule.At(stalled_until_us_, [this, life = life_] {
      if (life_ == life) RunDeferred();
    });
    return;
  }
  const uint64_t life = life_;
  while (life_ == life && !deferred_.empty()) {
    const Input input = std::move(deferred_.front());
    deferred_.pop_front();
    Run(input);
  }
}

void Host::Run(const Input& input) {
  if (dies_in_ > 1) --dies_in_;
  if (DiesAt(Place::kBefore)) return;
  input(BootNow());
  if (DiesAt(Place::kAfter)) return;
  Drain();
}

bool Host::DiesAt(Place place) {
  if (dies_in_ != 1 || dies_at_ != place) return false;
  Kill(false);
  return true;
}

void Host::Drain() {
  const uint64_t life = life_;
  bool more = true;
  while (more && life_ == life) {
    pod_->Advance(BootNow());
    gateway_->Advance(BootNow());
    SendRequests();
    if (DiesAt(Place::kAsked)) return;
    more = GiveAnswers();
    more = RunGateway() || more;
  }
  if (life_ != life) return;
  EndIfDrained();
  if (life_ == life) ScheduleWake();
}

void Host::SendRequests() {
  for (runtime::StoreRequest& request : pod_->TakeRequests()) {
    const runtime::BootTime sent = BootNow();
    const bool fast = request.lane == runtime::Lane::kFast;
    const RedisModel::Connection connection{options_.index, fast, life_};
    around_.redis.Send(connection, std::move(request.request),
                       [this, life = life_, id = request.id, sent](const store::Reply& reply) {
                         if (life_ != life) return;
                         Do([this, id, reply, sent](runtime::BootTime now) {
                           pod_->OnReply(id, reply, sent, now);
                         });
                       });
  }
}

bool Host::GiveAnswers() {
  std::vector<runtime::TicketAnswer> answers = pod_->TakeAnswers(BootNow());
  for (runtime::TicketAnswer& given : answers) {
    const auto at = open_.find(given.ticket);
    if (at == open_.end()) {
      around_.judge.Fail("a call was answered twice");
      continue;
    }
    const Open open = std::move(at->second);
    open_.erase(at);
    if (const auto* done = std::get_if<runtime::Done>(&given.answer)) {
      around_.judge.OnAnswer(open.workspace, done->cursor);
    } else if (EndedBy(given.answer, true).how == Ended::How::kFinal) {
      around_.judge.OnFailed(open.message);
    }
    open.then({std::move(given.answer), *open.value});
  }
  return !answers.empty();
}

void Host::SubmitToPod(const Question& question, uint64_t epoch, Hear then) {
  runtime::Call call;
  call.ticket = ++last_ticket_;
  call.workspace = question.workspace;
  call.create_if_missing = question.create_if_missing;
  call.epoch = epoch;
  if (question.patience_us != 0) call.deadline = BootNow() + runtime::Span{question.patience_us};
  auto value = std::make_shared<std::any>();
  if (question.is_command()) {
    call.body = std::get<engine::Command>(question.body);
  } else {
    call.body = runtime::Query([value, read = std::get<Read>(question.body)](
                                   const engine::Engine& engine) { *value = read(engine); });
  }
  open_[call.ticket] = {question.workspace, MessageOf(question), value, std::move(then)};
  pod_->Submit(std::move(call), BootNow());
}

// ---- The gateway's outputs ----------------------------------------------------------------------

bool Host::RunGateway() {
  if (!gateway_->has_output()) return false;
  for (const gateway::Attempt& attempt : gateway_->TakeAttempts()) Attempt(attempt);
  for (const gateway::WorkId id : gateway_->TakeGivenUp()) GiveUp(id);
  for (const WorkspaceId& workspace : gateway_->TakeLooks()) LookFor(workspace);
  return true;
}

void Host::Attempt(const gateway::Attempt& attempt) {
  const auto at = works_.find(attempt.id);
  if (at == works_.end()) return;
  Work& work = at->second;
  work.attempt = attempt.number;
  if (!attempt.where.empty()) return SendTo(attempt, work);
  SubmitToPod(work.question, attempt.epoch,
              [this, id = attempt.id, number = attempt.number](const Heard& heard) {
                EndAttempt(id, number, heard, false);
              });
}

void Host::SendTo(const gateway::Attempt& attempt, const Work& work) {
  Host* peer = find_(attempt.where);
  if (peer == nullptr) return around_.judge.Fail("a call was sent to no pod: " + attempt.where);
  Question question = work.question;
  ++question.hops;
  if (work.deadline_us != 0) {
    question.patience_us = std::max<int64_t>(work.deadline_us - BootNow().us, 1);
  }
  auto stream = std::make_shared<uint64_t>();
  const auto result = [this, life = life_, id = attempt.id, number = attempt.number](
                          const Heard& heard) {
    if (life_ != life) return;
    Do([this, id, number, heard](runtime::BootTime) { EndAttempt(id, number, heard, true); });
  };
  const auto reply = [this, stream, result](const Heard& heard) {
    around_.network.Answer(*stream, [result, heard] { result(heard); });
  };
  *stream = around_.network.Send(
      options_.index, peer->options_.index,
      [peer, question = std::move(question), epoch = attempt.epoch, reply] {
        peer->Serve({question, epoch, reply});
      });
}

bool Host::EndAttempt(gateway::WorkId id, uint64_t number, const Heard& heard, bool peer) {
  const auto at = works_.find(id);
  if (at == works_.end()) return false;
  const Ended ended = EndedBy(heard.answer, peer);
  if (ended.how != Ended::How::kFinal) at->second.refused = heard.answer;
  if (!gateway_->OnEnded(id, number, ended, BootNow())) return false;
  const Hear hear = std::move(at->second.hear);
  works_.erase(at);
  TellClient(hear, heard);
  return true;
}

void Host::GiveUp(gateway::WorkId id) {
  const auto at = works_.find(id);
  if (at == works_.end()) return;
  around_.judge.OnFailed(MessageOf(at->second.question));
  TellClient(at->second.hear, {at->second.refused, {}});
  works_.erase(at);
}

// What this pod sees now is told at once, what the look finds by the next one.
void Host::LookFor(const WorkspaceId& workspace) {
  pod_->Look(workspace, BootNow());
  SubmitToPod({.workspace = workspace,
               .body = Read([](const engine::Engine&) { return std::any(); })},
              0, [this, workspace](const Heard& heard) {
                const auto* other = std::get_if<runtime::NotOwner>(&heard.answer);
                if (other == nullptr && !std::holds_alternative<runtime::Done>(heard.answer)) {
                  return;
                }
                const bool here = other == nullptr || other->address == address();
                gateway_->OnSeen(workspace, here ? "" : other->address, BootNow());
              });
}

void Host::TellClient(const Hear& hear, const Heard& heard) {
  around_.schedule.After(random_.Between(50, kClientDelayMaxUs), [hear, heard] { hear(heard); });
}

void Host::HandedOver(const WorkspaceId& workspace, const std::string& successor) {
  Host* peer = find_(successor);
  if (peer == nullptr) return;
  around_.network.Send(options_.index, peer->options_.index,
                       [peer, workspace] { peer->Look(workspace); });
}

// ---- Time ---------------------------------------------------------------------------------------

void Host::ScheduleWake() {
  const runtime::BootTime wake = std::min(pod_->NextWake(), gateway_->NextWake());
  if (wake == runtime::kNeverBoot && !leaving_) return;
  int64_t due = wake == runtime::kNeverBoot ? leave_by_us_ : VirtualOf(wake) + 1;
  if (leaving_) due = std::min(due, leave_by_us_);
  due = std::max(due, around_.schedule.now_us() + 1);
  if (wake_us_ != 0 && wake_us_ <= due) return;
  wake_us_ = due;
  around_.schedule.At(due, [this, life = life_, due] {
    if (life_ != life || wake_us_ != due) return;
    wake_us_ = 0;
    Do([](runtime::BootTime) {});
  });
}

// ---- What happens to it -------------------------------------------------------------------------

void Host::Start() {
  ++life_;
  leaving_ = false;
  wake_us_ = 0;
  stalled_until_us_ = 0;
  dies_in_ = 0;
  runtime::Observer& observer = *this;
  pod_ = std::make_unique<runtime::Pod>(options_.pod, codec_, observer,
                                        [this] { return random_.Next(); });
  gateway_ = std::make_unique<gateway::Gateway>(
      gateway::Options{.self = address(), .bugs = options_.gateway_bugs});
  streams_ = std::make_shared<Streams>(
      around_.schedule, random_.Fork(), around_.redis,
      Streams::Options{.pod = options_.index,
                       .bugs = options_.tail_bugs,
                       .stalled_until_us = [this] { return stalled_until_us_; },
                       .ask = [this](Question question, Hear hear) {
                         Ask(std::move(question), std::move(hear));
                       }});
  around_.network.OnUp(options_.index);
  Do([](runtime::BootTime) {});
}

std::vector<WorkspaceId> Host::Held() const {
  std::vector<WorkspaceId> held;
  if (!up()) return held;
  for (const runtime::WorkspaceStatus& status : pod_->Workspaces()) {
    if (pod_->EngineOf(status.workspace) != nullptr) held.push_back(status.workspace);
  }
  return held;
}

std::vector<WorkspaceId> Host::Irreplaceable() const {
  std::vector<WorkspaceId> all = Held();
  if (!up()) return all;
  for (const runtime::WorkspaceStatus& status : pod_->Workspaces()) {
    if (status.keeps_tail) all.push_back(status.workspace);
  }
  return all;
}

void Host::Kill(bool silent) {
  if (!up()) return;
  const std::vector<WorkspaceId> held = Irreplaceable();
  ++life_;
  pod_.reset();
  gateway_.reset();
  streams_.reset();
  works_.clear();
  open_.clear();
  deferred_.clear();
  around_.network.OnDown(options_.index, silent);
  options_.died(held);
}

void Host::KillAtStep(int step, int place) {
  dies_in_ = step + 1;
  dies_at_ = static_cast<Place>(place);
}

void Host::Stall(int64_t us) {
  stalled_until_us_ = std::max(stalled_until_us_, around_.schedule.now_us() + us);
}

void Host::Leave(int64_t us) {
  if (!takes_calls()) return;
  leaving_ = true;
  leave_by_us_ = around_.schedule.now_us() + us;
  streams_->EndAll();
  Do([this](runtime::BootTime now) { pod_->Shutdown(now); });
}

void Host::EndIfDrained() {
  if (!leaving_) return;
  const bool drained = pod_->drained() && gateway_->open() == 0 && open_.empty();
  if (drained || around_.schedule.now_us() >= leave_by_us_) Kill(false);
}

}  // namespace firstline::simulation
