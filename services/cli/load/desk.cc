#include "services/cli/load/desk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/client/retry.h"

namespace firstline::load {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// Where the router does not say when to come back.
constexpr std::chrono::milliseconds kRetry{100};
// Tasks done between two looks at the clock.
constexpr std::size_t kTasksAtOnce = 256;

}  // namespace

Desk::Desk(const LoadOptions& options, Parts parts)
    : options_(options),
      parts_(parts),
      attribute_(static_cast<std::size_t>(options.attribute_bytes), 'x'),
      random_(options.seed) {
  thread_ = sync::OwnedThread("fl-load-desk", [this] { Run(); });
}

void Desk::Stop() {
  {
    sync::MutexLock lock(mutex_);
    stopping_ = true;
    closed_loop_ = false;
  }
  changed_.NotifyAll();
  thread_.Join();
}

void Desk::Run() {
  std::vector<Task> due;
  while (true) {
    {
      sync::MutexLock lock(mutex_);
      due.clear();
      const Time now = steady_clock::now();
      while (!tasks_.empty() && tasks_.top().at <= now && due.size() < kTasksAtOnce) {
        due.push_back(tasks_.top());
        tasks_.pop();
      }
      if (stopping_) return;
      if (due.empty()) {
        if (tasks_.empty()) {
          changed_.Wait(mutex_);
        } else {
          changed_.WaitUntil(mutex_, tasks_.top().at);
        }
        continue;
      }
    }
    for (const Task& task : due) Do(task);
  }
}

void Desk::Schedule(Task task) {
  sync::MutexLock lock(mutex_);
  const bool first = tasks_.empty() || task.at < tasks_.top().at;
  tasks_.push(std::move(task));
  if (first) changed_.NotifyOne();
}

// ---- Customers ----------------------------------------------------------------------------------

void Desk::Come(Time due) { Submit(due); }

void Desk::ComeAgainAndAgain(std::size_t customers) {
  {
    sync::MutexLock lock(mutex_);
    closed_loop_ = true;
  }
  const Time now = steady_clock::now();
  for (std::size_t i = 0; i < customers; ++i) Schedule({.at = now, .due = now});
}

void Desk::ComeBack(Time at) {
  {
    sync::MutexLock lock(mutex_);
    if (!closed_loop_) return;
  }
  Schedule({.at = at, .due = at});
}

void Desk::EndOfCustomers() {
  sync::MutexLock lock(mutex_);
  closed_loop_ = false;
}

bool Desk::enough() const {
  sync::MutexLock lock(mutex_);
  return options_.count > 0 && come_ >= options_.count;
}

Latencies Desk::lateness() const {
  sync::MutexLock lock(mutex_);
  return lateness_;
}

void Desk::Submit(Time due) {
  {
    sync::MutexLock lock(mutex_);
    if (options_.count > 0 && come_ >= options_.count) return;
    ++come_;
  }
  const Number number = parts_.ledger.Open(due);
  parts_.submissions.Send(SubmissionOf(number),
                          [this, number, due](const client::Result<v1::Receipt>& answer) {
                            OnSubmitted(number, due, answer);
                          });
  const Time sent = steady_clock::now();
  sync::MutexLock lock(mutex_);
  lateness_.Add(sent - due);
}

v1::Command Desk::SubmissionOf(Number number) {
  v1::Command command;
  v1::SubmitInquiryRequest& request = *command.mutable_submit_inquiry();
  request.set_workspace(parts_.workspace.id());
  v1::InquirySpec& inquiry = *request.mutable_inquiry();
  inquiry.set_id(parts_.ledger.IdOf(number));
  inquiry.set_channel(parts_.workspace.channels(0).id());
  if (!attribute_.empty()) (*inquiry.mutable_attributes())["load"] = attribute_;
  sync::MutexLock lock(mutex_);
  const auto queues = static_cast<std::uint64_t>(parts_.workspace.queues_size());
  inquiry.set_queue(parts_.workspace.queues(static_cast<int>(random_() % queues)).id());
  return command;
}

void Desk::OnSubmitted(Number number, Time due, const client::Result<v1::Receipt>& answer) {
  const Time now = steady_clock::now();
  if (answer.ok()) {
    parts_.ledger.Acknowledge(number, Operation::kSubmit);
    parts_.tally.Succeeded(Operation::kSubmit, due, now);
    if (options_.agents == 0) ComeBack(now);
    return;
  }
  parts_.ledger.Refuse(number, answer.error());
  parts_.tally.Refused(Operation::kSubmit, due, answer.error());
  ComeBack(now + answer.error().retry_after.value_or(kRetry));
}

// ---- Agents -------------------------------------------------------------------------------------

void Desk::OnWork(const client::WorkChange& change) {
  if (change.kind != client::WorkChange::Kind::kOffered) return;
  Number number = 0;
  if (!parts_.ledger.NumberOf(change.work.inquiry_id(), number)) return;
  const Time now = steady_clock::now();
  parts_.tally.Succeeded(Operation::kOffer, parts_.ledger.DueOf(number), now);
  Schedule({.at = now,
            .due = now,
            .operation = Operation::kAccept,
            .number = number,
            .agent_id = change.agent_id,
            .offer_id = change.work.offer_id()});
}

v1::Command Desk::CommandOf(const Task& task) const {
  v1::Command command;
  const std::string& workspace = parts_.workspace.id();
  if (task.operation == Operation::kAccept) {
    v1::AcceptOfferRequest& request = *command.mutable_accept_offer();
    request.set_workspace(workspace);
    request.set_offer_id(task.offer_id);
    request.set_agent_id(task.agent_id);
  } else if (task.operation == Operation::kReply) {
    v1::RecordMessageRequest& request = *command.mutable_record_message();
    request.set_workspace(workspace);
    request.set_inquiry_id(parts_.ledger.IdOf(task.number));
    request.set_message_id("reply");
    request.set_author(v1::AUTHOR_AGENT);
    request.set_agent_id(task.agent_id);
  } else {
    v1::CloseInquiryRequest& request = *command.mutable_close_inquiry();
    request.set_workspace(workspace);
    request.set_inquiry_id(parts_.ledger.IdOf(task.number));
    request.set_resolution(v1::RESOLUTION_RESOLVED);
    request.set_agent_id(task.agent_id);
  }
  return command;
}

void Desk::Do(const Task& task) {
  if (task.operation == Operation::kSubmit) {
    {
      sync::MutexLock lock(mutex_);
      if (!closed_loop_) return;  // It ended while this one was on the way back.
    }
    return Submit(task.due);
  }
  parts_.service.Send(CommandOf(task), [this, task](const client::Result<v1::Receipt>& answer) {
    OnAnswer(task, answer);
  });
}

void Desk::OnAnswer(const Task& task, const client::Result<v1::Receipt>& answer) {
  const Time now = steady_clock::now();
  if (answer.ok()) {
    parts_.ledger.Acknowledge(task.number, task.operation);
    parts_.tally.Succeeded(task.operation, task.due, now);
    return GoOn(task, now);
  }
  parts_.tally.Refused(task.operation, task.due, answer.error());
  // Refused for good: the offer ran out, say, and another will come.
  if (!client::IsRetryable(answer.error())) return;
  Task again = task;
  again.at = now + answer.error().retry_after.value_or(kRetry);
  Schedule(std::move(again));
}

void Desk::GoOn(const Task& task, Time now) {
  if (task.operation == Operation::kClose) return ComeBack(now);
  Task next = task;
  next.operation =
      task.operation == Operation::kAccept ? Operation::kReply : Operation::kClose;
  {
    sync::MutexLock lock(mutex_);
    next.at = next.due = now + HalfHandle();
  }
  Schedule(std::move(next));
}

nanoseconds Desk::HalfHandle() {
  const double mean = static_cast<double>(options_.handle.count()) / 2;
  if (mean <= 0) return nanoseconds(0);
  const double drawn = options_.handle_by_chance
                           ? mean * std::exponential_distribution<double>(1)(random_)
                           : mean;
  return nanoseconds(static_cast<std::int64_t>(drawn));
}

}  // namespace firstline::load
