#include "services/cli/load/tally.h"

#include <algorithm>

namespace firstline::load {

const char* NameOf(Operation operation) {
  switch (operation) {
    case Operation::kSubmit: return "submit";
    case Operation::kOffer: return "offer";
    case Operation::kAccept: return "accept";
    case Operation::kReply: return "reply";
    case Operation::kClose: return "close";
  }
  return "";
}

bool IsShed(const client::Error& error) {
  return error.code == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         error.code == grpc::StatusCode::UNAVAILABLE;
}

void Tally::Begin(Time start, Time begin, Time end) {
  sync::MutexLock lock(mutex_);
  start_ = start;
  begin_ = begin;
  end_ = end;
}

Window& Tally::WindowOf(Time due) {
  const auto since = std::max(due - start_, Time::duration(0));
  const auto index = static_cast<std::size_t>(since / kWindow);
  if (index >= windows_.size()) windows_.resize(index + 1);
  return windows_[index];
}

void Tally::Succeeded(Operation operation, Time due, Time now) {
  const auto o = static_cast<std::size_t>(operation);
  sync::MutexLock lock(mutex_);
  WindowOf(due).latencies[o].Add(now - due);
  OperationTally& total = totals_[o];
  if (IsMeasured(now)) ++total.finished;
  if (!IsMeasured(due)) return;
  ++total.done;
  total.latencies.Add(now - due);
}

void Tally::Refused(Operation operation, Time due, const client::Error& error) {
  const auto o = static_cast<std::size_t>(operation);
  sync::MutexLock lock(mutex_);
  if (IsShed(error)) ++WindowOf(due).shed[o];
  if (!IsMeasured(due)) return;
  OperationTally& total = totals_[o];
  ++total.refusals[error.reason.empty() ? client::CodeName(error.code) : error.reason];
  if (!IsShed(error)) return;
  ++total.shed;
  if (!error.retry_after) ++total.shed_without_time;
}

OperationTallies Tally::totals() const {
  sync::MutexLock lock(mutex_);
  return totals_;
}

std::vector<Window> Tally::windows() const {
  sync::MutexLock lock(mutex_);
  return windows_;
}

}  // namespace firstline::load
